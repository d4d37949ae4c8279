import Base
import Storage

/// Who belongs to a list, and whose star it has.
extension ListStore {
    /// Gives a role, or takes it away with `nil`; `false` when that would leave the list without an owner or with too many.
    ///
    /// The list is locked by the caller, so that two owners cannot both leave as the last one.
    func setMember(
        _ person: ID<Person>, _ role: ListRole?, of list: ID<CreatorList>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "list.setMember",
            """
            INSERT INTO list_members AS m (tenant_id, person_id, list_id, role)
            SELECT \(tenant), \(person), \(list), \(role)
            WHERE (\(role == .owner) OR EXISTS (
                    SELECT 1 FROM list_members o WHERE o.tenant_id = \(tenant) AND o.list_id = \(list)
                        AND o.role = 'owner' AND o.person_id <> \(person)))
                AND (SELECT count(*) FROM list_members o WHERE o.tenant_id = \(tenant) AND o.list_id = \(list)
                    AND o.person_id <> \(person) AND o.role IS NOT NULL) < \(CreatorList.Bounds.members)
            ON CONFLICT (tenant_id, person_id, list_id) DO UPDATE SET role = excluded.role
            """) == 1
    }

    /// Puts a star on a list that who asks sees, or takes it off; `false` when they do not see it.
    func star(
        _ list: ID<CreatorList>, _ isStarred: Bool, by asker: Asker, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "list.star",
            """
            INSERT INTO list_members AS m2 (tenant_id, person_id, list_id, is_favourite, starred_at)
            SELECT \(tenant), \(asker.person), l.id, \(isStarred), \(isStarred ? time : nil)
            FROM creator_lists l \(sql: Self.membership(asker, tenant))
            WHERE l.tenant_id = \(tenant) AND l.id = \(list) AND \(sql: Self.may(.viewer, asker))
            ON CONFLICT (tenant_id, person_id, list_id) DO UPDATE
            SET is_favourite = excluded.is_favourite, starred_at = excluded.starred_at
            """) == 1
    }

    /// The people with a role of their own in a list.
    func members(of list: ID<CreatorList>, in tenant: Tenant) async throws(StorageError) -> [ListMember] {
        try await storage.reader(for: tenant).list(
            ListMember.self, "list.members",
            """
            SELECT m.person_id, m.role FROM list_members m
            WHERE m.tenant_id = \(tenant) AND m.list_id = \(list) AND m.role IS NOT NULL ORDER BY m.person_id
            """, limit: CreatorList.Bounds.members)
    }
}

/// A board that is put into other buckets.
extension ListStore {
    /// A list whose cards are being put into other buckets, and up to which number of its clock; locked.
    func regrouping(
        _ id: ID<CreatorList>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> (list: CreatorList, upto: Int64)? {
        let lock: SQL = isPostgres ? " FOR UPDATE OF l" : ""
        return try await writing.returning(
            RegroupingRow.self, "list.regrouping",
            """
            SELECT \(sql: CreatorList.columns), l.regroup_upto FROM creator_lists l
            WHERE l.tenant_id = \(tenant) AND l.id = \(id) AND l.regroup_to IS NOT NULL\(sql: lock)
            """, limit: 1
        ).first.map { ($0.list, $0.upto) }
    }

    func advance(
        _ id: ID<CreatorList>, upto: Int64, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "list.advance",
            "UPDATE creator_lists SET regroup_upto = \(upto) WHERE tenant_id = \(tenant) AND id = \(id)")
    }

    /// Takes the old buckets off the board and lets it be worked on again.
    func finishRegrouping(
        _ list: CreatorList, _ buckets: [String], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "list.finishRegrouping",
            """
            UPDATE creator_lists SET bucket_field = regroup_to, regroup_to = NULL, regroup_upto = 0, version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(list.id)
            """)
        _ = try await hideEmpty(
            list.buckets.filter { !buckets.contains($0) }, of: list.id, through: writing, in: tenant)
    }
}

private struct RegroupingRow: RowDecodable {
    let list: CreatorList
    let upto: Int64

    init(row: SQLRow) throws(StorageError) {
        list = try CreatorList(row: row)
        upto = try row.value(at: 12)
    }
}

/// Somebody with a role of their own in a list.
struct ListMember: Sendable, Hashable, RowDecodable {
    let person: ID<Person>
    let role: ListRole

    init(row: SQLRow) throws(StorageError) {
        person = try row.value(at: 0)
        role = try row.value(at: 1)
    }
}
