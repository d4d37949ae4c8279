import Base
import Storage

/// The tables of lists, their members and the totals of their buckets.
///
/// All writers lock in one order: list, head of the totals, entries, totals by bucket.
struct ListStore: Sendable {
    let storage: Storage

    var isPostgres: Bool { storage.dialect == .postgres }

    // MARK: Who may

    /// The membership of who asks, beside `creator_lists l`.
    static func membership(_ asker: Asker, _ tenant: Tenant) -> SQL {
        """
        LEFT JOIN list_members m ON m.tenant_id = \(tenant) AND m.person_id = \(asker.person) AND m.list_id = l.id
        """
    }

    /// Whether who asks has at least a role in `l`, as ``ListRole/effective(own:visibility:seat:)`` says it too.
    static func may(_ role: ListRole, _ asker: Asker) -> SQL {
        guard role == .viewer || asker.seat > .viewer else { return "1 = 0" }
        switch role {
        case .viewer: return "(m.role IS NOT NULL OR l.visibility <> 'private')"
        case .editor: return "(m.role IN ('owner', 'editor') OR (m.role IS NULL AND l.visibility <> 'private'))"
        case .owner where asker.seat == .owner:
            return "(m.role = 'owner' OR (m.role IS NULL AND l.visibility <> 'private'))"
        case .owner: return "m.role = 'owner'"
        }
    }

    /// A condition that holds when who asks may edit the list of an id and it is at rest.
    static func mayEdit(_ list: SQL, _ asker: Asker, _ tenant: Tenant) -> SQL {
        """
        EXISTS (SELECT 1 FROM creator_lists l \(sql: membership(asker, tenant))
            WHERE l.tenant_id = \(tenant) AND l.id = \(sql: list) AND l.regroup_to IS NULL AND NOT l.is_archived
                AND \(sql: may(.editor, asker)))
        """
    }

    // MARK: Reading

    private static let shown: SQL = """
        SELECT \(sql: CreatorList.columns), m.role, m.is_favourite, t.entries, t.followers_sum
        """

    private static func head(_ tenant: Tenant) -> SQL {
        " JOIN bucket_totals t ON t.tenant_id = \(tenant) AND t.list_id = l.id AND t.bucket = '' "
    }

    /// A list as somebody sees it; `nil` when they do not.
    func list(
        _ id: ID<CreatorList>, for asker: Asker, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> ShownList? {
        try await reading.first(
            ShownListRow.self, "list.byID",
            """
            \(sql: Self.shown) FROM creator_lists l \(sql: Self.head(tenant)) \(sql: Self.membership(asker, tenant))
            WHERE l.tenant_id = \(tenant) AND l.id = \(id) AND \(sql: Self.may(.viewer, asker))
            """)?.shown(for: asker)
    }

    /// A list with the totals of its buckets in one statement; `nil` when who asks does not see it.
    func board(
        _ id: ID<CreatorList>, for asker: Asker, in tenant: Tenant
    ) async throws(StorageError) -> Board? {
        let rows = try await storage.reader(for: tenant).list(
            BoardRow.self, "list.board",
            """
            \(sql: Self.shown), b.bucket, b.place, b.entries, b.followers_sum
            FROM creator_lists l \(sql: Self.head(tenant)) \(sql: Self.membership(asker, tenant))
            JOIN bucket_totals b ON b.tenant_id = \(tenant) AND b.list_id = l.id AND b.bucket <> '' AND b.is_shown
            WHERE l.tenant_id = \(tenant) AND l.id = \(id) AND \(sql: Self.may(.viewer, asker))
            ORDER BY b.place, b.bucket
            """, limit: CreatorList.Bounds.buckets * 2)
        guard let shown = rows.first?.list.shown(for: asker) else { return nil }
        return Board(shown: shown, buckets: rows.map(\.total))
    }

    /// Which lists somebody wants to see.
    struct Filter: Sendable, Hashable {
        var words: String?
        var isStarred = false
        var isArchived = false
        var campaign: ID<Campaign>?
        /// Only those that who asks may change.
        var isEditable = false
    }

    /// A page of the lists that somebody sees, the newest first.
    func page(
        _ filter: Filter, for asker: Asker, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<ShownList> {
        var more: SQL = ""
        if let words = filter.words {
            more = more.appending(" AND l.search_name LIKE \(Self.pattern(words)) ESCAPE '!'")
        }
        if filter.isStarred { more = more.appending(" AND m.is_favourite") }
        if let campaign = filter.campaign { more = more.appending(" AND l.campaign_id = \(campaign)") }
        if filter.isEditable { more = more.appending(" AND \(sql: Self.may(.editor, asker))") }
        return try await storage.reader(for: tenant).page(
            ShownListRow.self, "list.page",
            """
            \(sql: Self.shown) FROM creator_lists l \(sql: Self.head(tenant)) \(sql: Self.membership(asker, tenant))
            WHERE l.tenant_id = \(tenant) AND l.is_archived = \(filter.isArchived)
                AND \(sql: Self.may(.viewer, asker))\(sql: more)
            """, order: .descending("l.id"), after: cursor, limit: limit
        ).map { $0.shown(for: asker) }
    }

    /// What `LIKE` finds words by; its own signs stand for themselves.
    static func pattern(_ words: String) -> String {
        "%" + words.lowercased().replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_") + "%"
    }

    // MARK: Making and changing

    /// Takes one of a limited number of places; `false` when there is none.
    func take(
        _ noun: String, max: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "list.take",
            """
            INSERT INTO discovery_counts AS c (tenant_id, noun, count) VALUES (\(tenant), \(noun), 1)
            ON CONFLICT (tenant_id, noun) DO UPDATE SET count = c.count + 1 WHERE c.count < \(max)
            """) == 1
    }

    /// Gives such a place back.
    func giveBack(_ noun: String, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "list.giveBack",
            """
            UPDATE discovery_counts SET count = count - 1 WHERE tenant_id = \(tenant) AND noun = \(noun) AND count > 0
            """)
    }

    /// Writes a list with its owner and its buckets.
    func insert(_ list: CreatorList, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "list.insert",
            """
            INSERT INTO creator_lists (tenant_id, id, person_id, campaign_id, name, search_name, kind, visibility,
                bucket_field, fields, is_archived, created_at, version)
            VALUES (\(tenant), \(list.id), \(list.personID), \(list.campaignID), \(list.name),
                \(list.name.lowercased()), \(list.kind), \(list.visibility), \(list.bucketField),
                \(try StoredJSON.text(list.fields)), \(list.isArchived), \(list.createdAt), 1)
            """)
        try await writing.execute(
            "list.insertOwner",
            """
            INSERT INTO list_members (tenant_id, person_id, list_id, role)
            VALUES (\(tenant), \(list.personID), \(list.id), 'owner')
            """)
        try await setBuckets([""] + list.buckets, of: list.id, through: writing, in: tenant)
    }

    /// Makes buckets be shown in this order, and those that are not named no longer.
    func setBuckets(
        _ buckets: [String], of list: ID<CreatorList>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let places = buckets.enumerated().map { ($0.element, $0.offset) }
        try await writing.execute(
            "list.setBuckets",
            """
            WITH input (bucket, place) AS (\(rows: SQLRows(places, { $0.0 }, { $0.1 })))
            INSERT INTO bucket_totals (tenant_id, list_id, bucket, place)
            SELECT \(tenant), \(list), i.bucket, i.place FROM input i WHERE true
            ON CONFLICT (tenant_id, list_id, bucket) DO UPDATE SET place = excluded.place, is_shown = true
            """)
    }

    /// Takes buckets off the board that hold nothing; returns how many.
    func hideEmpty(
        _ buckets: [String], of list: ID<CreatorList>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        guard !buckets.isEmpty else { return 0 }
        return try await writing.execute(
            "list.hideBuckets",
            """
            DELETE FROM bucket_totals WHERE tenant_id = \(tenant) AND list_id = \(list) AND entries = 0
                AND bucket IN (\(rows: SQLRows(buckets))) AND bucket <> ''
            """)
    }

    /// A list, locked until the transaction ends, when who asks has at least a role in it.
    func locked(
        _ id: ID<CreatorList>, for asker: Asker, atLeast role: ListRole, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> ShownList? {
        let lock: SQL = isPostgres ? " FOR UPDATE OF l" : ""
        return try await writing.returning(
            ShownListRow.self, "list.locked",
            """
            \(sql: Self.shown) FROM creator_lists l \(sql: Self.head(tenant)) \(sql: Self.membership(asker, tenant))
            WHERE l.tenant_id = \(tenant) AND l.id = \(id) AND \(sql: Self.may(role, asker))\(sql: lock)
            """, limit: 1
        ).first?.shown(for: asker)
    }

    /// Writes what may change of a list.
    func update(_ list: CreatorList, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "list.update",
            """
            UPDATE creator_lists SET name = \(list.name), search_name = \(list.name.lowercased()), kind = \(list.kind),
                visibility = \(list.visibility), campaign_id = \(list.campaignID), bucket_field = \(list.bucketField),
                fields = \(try StoredJSON.text(list.fields)), is_archived = \(list.isArchived),
                regroup_to = \(list.regroupTo), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(list.id)
            """)
    }

    /// Removes a list with what belongs to it; its entries go in steps before.
    func delete(_ id: ID<CreatorList>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "list.deleteLinks", "DELETE FROM list_links WHERE tenant_id = \(tenant) AND list_id = \(id)")
        try await writing.execute(
            "list.deleteMembers", "DELETE FROM list_members WHERE tenant_id = \(tenant) AND list_id = \(id)")
        try await writing.execute(
            "list.deleteTotals", "DELETE FROM bucket_totals WHERE tenant_id = \(tenant) AND list_id = \(id)")
        try await writing.execute(
            "list.delete", "DELETE FROM creator_lists WHERE tenant_id = \(tenant) AND id = \(id)")
    }
}

// MARK: Rows

extension CreatorList: RowDecodable {
    static let columns: SQL = """
        l.id, l.person_id, l.campaign_id, l.name, l.kind, l.visibility, l.bucket_field, l.fields, l.is_archived,
        l.regroup_to, l.created_at, l.version
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), personID: try row.value(at: 1), campaignID: try row.optional(at: 2),
            name: try row.value(at: 3), kind: try row.value(at: 4), visibility: try row.value(at: 5),
            bucketField: try row.value(at: 6), fields: try StoredJSON.read(try row.value(at: 7)),
            isArchived: try row.value(at: 8), regroupTo: try row.optional(at: 9), createdAt: try row.value(at: 10),
            version: try row.value(at: 11))
    }
}

private struct ShownListRow: RowDecodable {
    let list: CreatorList
    let role: ListRole?
    let isFavourite: Bool
    let entries: Int
    let followers: Int64

    init(row: SQLRow) throws(StorageError) {
        list = try CreatorList(row: row)
        role = try row.optional(at: 12)
        isFavourite = try row.optional(at: 13) ?? false
        entries = try row.value(at: 14)
        followers = try row.value(at: 15)
    }

    func shown(for asker: Asker) -> ShownList {
        ShownList(
            list: list,
            role: ListRole.effective(own: role, visibility: list.visibility, seat: asker.seat) ?? .viewer,
            isFavourite: isFavourite, entries: entries, followers: followers)
    }
}

private struct BoardRow: RowDecodable {
    let list: ShownListRow
    let total: BucketTotal

    init(row: SQLRow) throws(StorageError) {
        list = try ShownListRow(row: row)
        total = BucketTotal(
            bucket: try row.value(at: 16), place: try row.value(at: 17), entries: try row.value(at: 18),
            followers: try row.value(at: 19))
    }
}
