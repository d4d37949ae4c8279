import Base
import Storage

/// Entries as boards and tables show them.
extension EntryStore {
    private static func cards(_ tenant: Tenant, of entries: SQL = "list_entries") -> SQL {
        """
        SELECT \(sql: ListEntry.columns), c.platform, c.handle, c.name, c.followers AS followers_now, c.engagement,
            c.email, c.country, h.person_id AS contacted_by, h.at AS contacted_at
        FROM \(sql: entries) e
        JOIN creators c ON c.tenant_id = \(tenant) AND c.id = e.creator_id
        LEFT JOIN contact_heads h ON h.tenant_id = \(tenant) AND h.creator_id = e.creator_id
        """
    }

    /// The first cards of each bucket in one statement, whose cost does not depend on how many there are behind them.
    func firstCards(
        of list: ID<CreatorList>, buckets: [String], each limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [String: [EntryCard]] {
        precondition((1...ListEntry.Bounds.firstCards).contains(limit), "\(limit) cards of each bucket are too many")
        guard !buckets.isEmpty else { return [:] }
        var parts: SQL = ""
        for (index, bucket) in buckets.prefix(CreatorList.Bounds.buckets * 2).enumerated() {
            // Cut before anything is joined: a few rows are looked up, whatever is believed of the list's size.
            let first: SQL = """
                (SELECT * FROM list_entries o
                 WHERE o.tenant_id = \(tenant) AND o.list_id = \(list) AND o.bucket = \(bucket) AND o.removed_at IS NULL
                 ORDER BY o.rank, o.id LIMIT \(limit))
                """
            let part = Self.cards(tenant, of: first)
            parts = index == 0 ? part : parts.appending(" UNION ALL ").appending(part)
        }
        let rows = try await storage.reader(for: tenant).list(
            EntryCard.self, "entry.firstCards", parts, limit: limit * buckets.count)
        return Dictionary(grouping: rows) { $0.entry.bucket }
            .mapValues { $0.sorted { ($0.entry.rank, $0.entry.id) < ($1.entry.rank, $1.entry.id) } }
    }

    /// A page of a bucket in the order of the board, when who asks sees the list.
    func page(
        of list: ID<CreatorList>, bucket: String, for asker: Asker, after cursor: Cursor?, limit: Int,
        in tenant: Tenant
    ) async throws(StorageError) -> Page<EntryCard> {
        try await storage.reader(for: tenant).page(
            EntryCard.self, "entry.bucketPage",
            """
            \(sql: Self.cards(tenant))
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(list) AND e.bucket = \(bucket) AND e.removed_at IS NULL
                AND \(sql: Self.sees(list, asker, tenant))
            """, order: .ascending("e.rank", "e.id"), after: cursor, limit: limit)
    }

    /// A page of the whole list in the order in which creators came.
    func page(
        of list: ID<CreatorList>, for asker: Asker, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<EntryCard> {
        try await storage.reader(for: tenant).page(
            EntryCard.self, "entry.page",
            """
            \(sql: Self.cards(tenant))
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(list) AND e.removed_at IS NULL
                AND \(sql: Self.sees(list, asker, tenant))
            """, order: .ascending("e.sequence"), after: cursor, limit: limit)
    }

    /// A page of a list that a link shows, without who asks.
    func sharedPage(
        of list: ID<CreatorList>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<EntryCard> {
        try await storage.reader(for: tenant).page(
            EntryCard.self, "entry.sharedPage",
            """
            \(sql: Self.cards(tenant))
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(list) AND e.removed_at IS NULL
            """, order: .ascending("e.sequence"), after: cursor, limit: limit)
    }

    /// Whether somebody sees a list; a constant for the whole statement.
    private static func sees(_ list: ID<CreatorList>, _ asker: Asker, _ tenant: Tenant) -> SQL {
        """
        EXISTS (SELECT 1 FROM creator_lists l \(sql: ListStore.membership(asker, tenant))
            WHERE l.tenant_id = \(tenant) AND l.id = \(list) AND \(sql: ListStore.may(.viewer, asker)))
        """
    }

    /// Which lists a creator is in, of those that who asks sees.
    func lists(
        of creator: ID<Creator>, for asker: Asker, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [CreatorPlace] {
        try await storage.reader(for: tenant).list(
            CreatorPlace.self, "entry.listsOfCreator",
            """
            SELECT l.id, l.name, e.id, e.bucket FROM list_entries e
            JOIN creator_lists l ON l.tenant_id = \(tenant) AND l.id = e.list_id AND NOT l.is_archived
            \(sql: ListStore.membership(asker, tenant))
            WHERE e.tenant_id = \(tenant) AND e.creator_id = \(creator) AND e.removed_at IS NULL
                AND \(sql: ListStore.may(.viewer, asker))
            ORDER BY l.id DESC
            """, limit: limit)
    }

    // MARK: Work on whole lists

    /// Some entries of a list by its clock, for work in steps; locked where the engine locks rows.
    func some(
        of list: ID<CreatorList>, after sequence: Int64, limit: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ListEntry] {
        try await writing.returning(
            ListEntry.self, "entry.some",
            """
            SELECT \(sql: ListEntry.columns) FROM list_entries e
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(list) AND e.sequence > \(sequence) AND e.removed_at IS NULL
            ORDER BY e.sequence LIMIT \(limit)
            """, limit: limit)
    }

    /// Some entries of a bucket in the order of the board.
    func some(
        of list: ID<CreatorList>, bucket: String, after place: (rank: Rank, id: ID<ListEntry>)?, limit: Int,
        through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ListEntry] {
        let behind: SQL = place.map { " AND (e.rank, e.id) > (\($0.rank), \($0.id))" } ?? ""
        return try await reading.list(
            ListEntry.self, "entry.someOfBucket",
            """
            SELECT \(sql: ListEntry.columns) FROM list_entries e
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(list) AND e.bucket = \(bucket)
                AND e.removed_at IS NULL\(sql: behind)
            ORDER BY e.rank, e.id
            """, limit: limit)
    }

    /// Writes places and fields of entries as the steps of a job have worked them out.
    func place(
        _ entries: [ListEntry], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !entries.isEmpty else { return }
        var fields: [String] = []
        for entry in entries { fields.append(try StoredJSON.text(entry.fields)) }
        let rows = Array(zip(entries, fields))
        try await writing.execute(
            "entry.place",
            """
            WITH input (entry_id, to_bucket, to_rank, to_fields) AS (
                \(rows: SQLRows(rows, { $0.0.id }, { $0.0.bucket }, { $0.0.rank }, { $0.1 })))
            UPDATE list_entries AS e SET bucket = i.to_bucket, rank = i.to_rank, fields = i.to_fields
            FROM input i WHERE e.tenant_id = \(tenant) AND e.id = i.entry_id
            """)
    }

    /// Writes the ranks of entries that still stand where they stood.
    func rank(
        _ entries: [ListEntry], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !entries.isEmpty else { return }
        try await writing.execute(
            "entry.rank",
            """
            WITH input (entry_id, in_bucket, to_rank, seen) AS (
                \(rows: SQLRows(entries, { $0.id }, { $0.bucket }, { $0.rank }, { $0.version })))
            UPDATE list_entries AS e SET rank = i.to_rank FROM input i
            WHERE e.tenant_id = \(tenant) AND e.id = i.entry_id AND e.bucket = i.in_bucket AND e.version = i.seen
            """)
    }

    /// Deletes some entries of a list for good; returns how many.
    func clear(
        _ list: ID<CreatorList>, limit: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await writing.execute(
            "entry.clear",
            """
            DELETE FROM list_entries WHERE tenant_id = \(tenant) AND id IN (
                SELECT e.id FROM list_entries e WHERE e.tenant_id = \(tenant) AND e.list_id = \(list)
                ORDER BY e.sequence LIMIT \(limit))
            """)
    }

    /// The rank of the first card of a bucket, for those who move a card without a script.
    func firstRank(
        of list: ID<CreatorList>, bucket: String, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Rank? {
        try await reading.first(
            RankRow.self, "entry.firstRank",
            """
            SELECT e.rank FROM list_entries e
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(list) AND e.bucket = \(bucket) AND e.removed_at IS NULL
            ORDER BY e.rank, e.id
            """)?.rank
    }
}

/// A list that a creator is in.
struct CreatorPlace: Sendable, Hashable, RowDecodable {
    let list: ID<CreatorList>
    let name: String
    let entry: ID<ListEntry>
    let bucket: String

    init(row: SQLRow) throws(StorageError) {
        list = try row.value(at: 0)
        name = try row.value(at: 1)
        entry = try row.value(at: 2)
        bucket = try row.value(at: 3)
    }
}

extension EntryCard: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            entry: try ListEntry(row: row), platform: try row.value(at: 11), handle: try row.value(at: 12),
            name: try row.value(at: 13), followersNow: try row.optional(at: 14), engagement: try row.optional(at: 15),
            email: try row.optional(at: 16), country: try row.optional(at: 17), contactedBy: try row.optional(at: 18),
            contactedAt: try row.optional(at: 19))
    }
}

private struct RankRow: RowDecodable {
    let rank: Rank

    init(row: SQLRow) throws(StorageError) { rank = try row.value(at: 0) }
}
