import Base
import Storage

/// Replies of which the author of the comment is still to be told: marked by the statement that writes a reply, so that
/// posting costs nothing more.
struct ReplyStore: Sendable {
    enum Bounds {
        /// Replies that one transaction tells of.
        static let told = 100
        /// Tenants that one look finds.
        static let tenantsPerLook = 200
    }

    static let watcher = SystemCapability(
        name: "tournament.replies", reason: "One look every ten seconds finds new replies of all tenants together.")

    /// A reply that has just been taken.
    struct Reply: Sendable {
        let id: ID<Comment>
        let clipID: ID<Clip>
        let author: String
        /// Whom it answers; `nil` for who answers themselves, or somebody whose comment is gone.
        let answered: ID<Person>?
    }

    let storage: Storage

    /// Whether somebody is to be told, in any tenant.
    func hasUntold() async throws(StorageError) -> Bool {
        try await storage.reader(bypassingTenant: Self.watcher).exists(
            "reply.any",
            """
            SELECT c.tenant_id FROM comments c
            WHERE c.parent_id IS NOT NULL AND c.state = 'approved' AND NOT c.is_told ORDER BY c.tenant_id
            """)
    }

    /// Tenants in which somebody is to be told.
    func tenants() async throws(StorageError) -> [Tenant] {
        try await storage.reader(bypassingTenant: Self.watcher).list(
            TenantRow.self, "reply.tenants",
            """
            SELECT DISTINCT c.tenant_id FROM comments c
            WHERE c.parent_id IS NOT NULL AND c.state = 'approved' AND NOT c.is_told ORDER BY c.tenant_id
            """, limit: Bounds.tenantsPerLook
        ).map(\.tenant)
    }

    /// Takes some replies, whose authors the same transaction tells.
    func take(through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> [Reply] {
        let skip: SQL = storage.dialect == .postgres ? " FOR UPDATE SKIP LOCKED" : ""
        let taken = try await writing.returning(
            ReplyRow.self, "reply.take",
            """
            WITH chosen AS MATERIALIZED (
                SELECT c.id FROM comments c WHERE c.tenant_id = \(tenant) AND c.parent_id IS NOT NULL
                    AND c.state = 'approved' AND NOT c.is_told ORDER BY c.id LIMIT \(Bounds.told)\(sql: skip))
            UPDATE comments SET is_told = true
            WHERE tenant_id = \(tenant) AND id IN (SELECT c.id FROM chosen c)
            RETURNING id, clip_id, person_id, author, parent_id
            """, limit: Bounds.told)
        guard !taken.isEmpty else { return [] }
        let parents = try await writing.list(
            ParentRow.self, "reply.parents",
            """
            SELECT c.id, c.person_id FROM comments c
            WHERE c.tenant_id = \(tenant) AND c.id IN (\(rows: SQLRows(Array(Set(taken.map(\.parentID))))))
            """, limit: Bounds.told)
        let authors = Dictionary(parents.map { ($0.id, $0.personID) }, uniquingKeysWith: { first, _ in first })
        return taken.map { row in
            let answered = authors[row.parentID]
            return Reply(
                id: row.id, clipID: row.clipID, author: row.author,
                answered: answered == row.personID ? nil : answered)
        }
    }
}

private struct TenantRow: RowDecodable {
    let tenant: Tenant

    init(row: SQLRow) throws(StorageError) { tenant = Tenant(try row.value(at: 0)) }
}

private struct ReplyRow: RowDecodable {
    let id: ID<Comment>
    let clipID: ID<Clip>
    let personID: ID<Person>
    let author: String
    let parentID: ID<Comment>

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        clipID = try row.value(at: 1)
        personID = try row.value(at: 2)
        author = try row.value(at: 3)
        parentID = try row.value(at: 4)
    }
}

private struct ParentRow: RowDecodable {
    let id: ID<Comment>
    let personID: ID<Person>

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        personID = try row.value(at: 1)
    }
}
