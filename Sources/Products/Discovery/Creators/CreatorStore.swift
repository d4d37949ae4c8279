import Base
import Storage

/// The tables of creators, of their days and of their posts.
struct CreatorStore: Sendable {
    enum Bounds {
        /// Days of a history.
        static let days = 731
        /// Creators that look alike.
        static let similar = 12
        /// Bios that are read for further keywords.
        static let bios = 200
    }

    let storage: Storage

    // MARK: Reading

    func creator(
        _ id: ID<Creator>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Creator? {
        try await reading.first(
            Creator.self, "creator.byID",
            "SELECT \(sql: Creator.columns) FROM creators c WHERE c.tenant_id = \(tenant) AND c.id = \(id)")
    }

    /// Creators by id, in no order; those that are not there are left out.
    func creators(
        _ ids: [ID<Creator>], through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [Creator] {
        guard !ids.isEmpty else { return [] }
        return try await reading.list(
            Creator.self, "creator.byIDs",
            """
            SELECT \(sql: Creator.columns) FROM creators c
            WHERE c.tenant_id = \(tenant) AND c.id IN (\(rows: SQLRows(ids)))
            """, limit: ids.count)
    }

    /// A page of a workspace's creators, the newest first; those with all of the words where some are given, or with the
    /// handle.
    func page(
        matching words: [String], handle: String?, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Creator> {
        let reader = storage.reader(for: tenant)
        if let handle {
            return try await reader.page(
                Creator.self, "creator.pageByHandle",
                """
                SELECT \(sql: Creator.columns) FROM creators c
                WHERE c.tenant_id = \(tenant) AND c.handle = \(handle.lowercased())
                """, order: .descending("c.id"), after: cursor, limit: limit)
        }
        guard !words.isEmpty else {
            return try await reader.page(
                Creator.self, "creator.page",
                "SELECT \(sql: Creator.columns) FROM creators c WHERE c.tenant_id = \(tenant)",
                order: .descending("c.id"), after: cursor, limit: limit)
        }
        return try await reader.page(
            Creator.self, "creator.pageByWords",
            """
            SELECT \(sql: Creator.columns) FROM creators c
            WHERE c.tenant_id = \(tenant) AND \(sql: CreatorStore.having(words, in: storage.dialect))
            """, order: .descending("c.id"), after: cursor, limit: limit)
    }

    /// What was known of a creator day by day, the newest first.
    func history(
        of id: ID<Creator>, days: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [CreatorDay] {
        try await reading.list(
            CreatorDay.self, "creator.history",
            """
            SELECT d.day, d.followers, d.posts, d.median_views, d.engagement FROM creator_days d
            WHERE d.tenant_id = \(tenant) AND d.creator_id = \(id) ORDER BY d.day DESC
            """, limit: min(days, Bounds.days))
    }

    func posts(
        of id: ID<Creator>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [CreatorPost] {
        try await reading.list(
            CreatorPost.self, "creator.posts",
            """
            SELECT p.external_id, p.posted_at, p.caption, p.url, p.views, p.likes, p.comments FROM creator_posts p
            WHERE p.tenant_id = \(tenant) AND p.creator_id = \(id)
            """, limit: 100)
    }

    /// Creators of the same platform and about the same size who were found by the same searches, those found together
    /// most often first.
    func similar(to creator: Creator, in tenant: Tenant) async throws(StorageError) -> [Creator] {
        let followers = creator.facts.followers
        var size: SQL = ""
        if let followers { size = " AND c.followers BETWEEN \(followers / 3) AND \(followers * 3)" }
        return try await storage.reader(for: tenant).list(
            Creator.self, "creator.similar",
            """
            SELECT \(sql: Creator.columns) FROM (
                SELECT o.creator_id, count(*) AS together FROM (
                    SELECT m.search_id, m.sequence FROM matches m WHERE m.tenant_id = \(tenant)
                        AND m.creator_id = \(creator.id) ORDER BY m.found_at DESC LIMIT 10) own
                JOIN matches o ON o.tenant_id = \(tenant) AND o.search_id = own.search_id
                    AND o.sequence BETWEEN own.sequence - 100 AND own.sequence + 100
                WHERE o.creator_id <> \(creator.id) GROUP BY o.creator_id) near
            JOIN creators c ON c.tenant_id = \(tenant) AND c.id = near.creator_id
            WHERE c.platform = \(creator.platform)\(sql: size) ORDER BY near.together DESC, c.id
            """, limit: Bounds.similar)
    }

    /// What the first creators of a search say about themselves, for further keywords.
    func bios(of search: ID<Search>, in tenant: Tenant) async throws(StorageError) -> [String] {
        try await storage.reader(for: tenant).list(
            TextRow.self, "creator.bios",
            """
            SELECT c.bio FROM matches m JOIN creators c ON c.tenant_id = m.tenant_id AND c.id = m.creator_id
            WHERE m.tenant_id = \(tenant) AND m.search_id = \(search) ORDER BY m.sequence DESC
            """, limit: Bounds.bios
        ).map(\.text)
    }

    // MARK: Writing

    /// Leaves a creator out of searches, or no longer; `false` when there is none.
    func setBlocked(
        _ time: Timestamp?, _ id: ID<Creator>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "creator.setBlocked",
            """
            UPDATE creators SET blocked_at = \(time), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    /// Where the picture of a creator is: at the vendor's address, or under its hash in our store.
    func picture(of id: ID<Creator>, in tenant: Tenant) async throws(StorageError) -> PictureRow? {
        try await storage.reader(for: tenant).first(
            PictureRow.self, "creator.picture",
            """
            SELECT c.picture_url, c.picture_hash FROM creators c WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
    }

    func setPicture(
        _ hash: String?, from address: String, of id: ID<Creator>, in tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "creator.setPicture",
            """
            UPDATE creators SET picture_hash = \(hash), picture_url = CASE WHEN \(hash != nil) THEN picture_url END
            WHERE tenant_id = \(tenant) AND id = \(id) AND picture_url = \(address)
            """)
    }
}

/// Where a picture is.
struct PictureRow: Sendable, RowDecodable {
    let address: String?
    let hash: String?

    init(row: SQLRow) throws(StorageError) {
        address = try row.optional(at: 0)
        hash = try row.optional(at: 1)
    }
}

struct TextRow: RowDecodable {
    let text: String

    init(row: SQLRow) throws(StorageError) { text = try row.value(at: 0) }
}

extension Creator: RowDecodable {
    /// The columns of `creators c`.
    static let columns: SQL = """
        c.id, c.platform, c.external_id, c.handle, c.name, c.bio, c.followers, c.posts, c.engagement, c.median_views,
        c.language, c.country, c.email, c.links, CASE WHEN c.picture_url IS NULL AND c.picture_hash IS NULL THEN 0
        ELSE 1 END AS has_picture, c.enrichment, c.enriched_at, c.blocked_at, c.created_at, c.updated_at
        """
    /// The same where no alias may be named.
    static let plainColumns: SQL = """
        id, platform, external_id, handle, name, bio, followers, posts, engagement, median_views, language, country,
        email, links, CASE WHEN picture_url IS NULL AND picture_hash IS NULL THEN 0 ELSE 1 END, enrichment,
        enriched_at, blocked_at, created_at, updated_at
        """
    static let columnCount = 20

    init(row: SQLRow) throws(StorageError) { try self.init(row: row, at: 0) }

    init(row: SQLRow, at place: Int) throws(StorageError) {
        let blockedAt: Timestamp? = try row.optional(at: place + 17)
        self.init(
            id: try row.value(at: place), platform: try row.value(at: place + 1),
            externalID: try row.value(at: place + 2),
            handle: try row.value(at: place + 3), name: try row.value(at: place + 4), bio: try row.value(at: place + 5),
            facts: CreatorFacts(
                followers: try row.optional(at: place + 6), posts: try row.optional(at: place + 7),
                engagement: try row.optional(at: place + 8), medianViews: try row.optional(at: place + 9),
                language: try row.optional(at: place + 10), country: try row.optional(at: place + 11),
                email: try row.optional(at: place + 12)), links: try StoredJSON.read(try row.value(at: place + 13)),
            hasPicture: try row.value(at: place + 14, as: Int.self) == 1, enrichment: try row.value(at: place + 15),
            enrichedAt: try row.optional(at: place + 16), isBlocked: blockedAt != nil,
            createdAt: try row.value(at: place + 18), updatedAt: try row.value(at: place + 19))
    }
}

extension CreatorDay: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            day: try row.value(at: 0), followers: try row.optional(at: 1), posts: try row.optional(at: 2),
            medianViews: try row.optional(at: 3), engagement: try row.optional(at: 4))
    }
}

extension CreatorPost: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            externalID: try row.value(at: 0), postedAt: try row.optional(at: 1), caption: try row.value(at: 2),
            url: try row.optional(at: 3), views: try row.optional(at: 4), likes: try row.optional(at: 5),
            comments: try row.optional(at: 6))
    }
}
