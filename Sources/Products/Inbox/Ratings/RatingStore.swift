import Base
import Storage

/// What customers thought.
struct RatingStore: Sendable {
    let storage: Storage

    /// Writes a rating; `false` when the closing has one already.
    func insert(_ rating: Rating, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await writing.execute(
            "rating.insert",
            """
            INSERT INTO inbox_ratings (tenant_id, id, conversation_id, closing, channel_id, person_id, points, body,
                created_at)
            VALUES (\(tenant), \(rating.id), \(rating.conversationID), \(rating.closing), \(rating.channelID),
                \(rating.personID), \(rating.points), \(rating.text), \(rating.createdAt))
            ON CONFLICT (tenant_id, conversation_id, closing) DO NOTHING
            """) == 1
    }

    /// The rating of a closing.
    func rating(
        of conversation: ID<Conversation>, closing: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Rating? {
        try await reading.first(
            Rating.self, "rating.ofClosing",
            """
            SELECT \(sql: Rating.columns) FROM inbox_ratings r WHERE r.tenant_id = \(tenant)
                AND r.conversation_id = \(conversation) AND r.closing = \(closing)
            """)
    }

    /// All ratings, the newest first.
    func page(after cursor: Cursor?, limit: Int, in tenant: Tenant) async throws(StorageError) -> Page<Rating> {
        try await storage.reader(for: tenant).page(
            Rating.self, "rating.page",
            "SELECT \(sql: Rating.columns) FROM inbox_ratings r WHERE r.tenant_id = \(tenant)",
            order: .descending("r.id"), after: cursor, limit: limit)
    }
}

extension Rating: RowDecodable {
    static let columns: SQL =
        "r.id, r.conversation_id, r.closing, r.channel_id, r.person_id, r.points, r.body, r.created_at"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), conversationID: try row.value(at: 1), closing: try row.value(at: 2),
            channelID: try row.value(at: 3), personID: try row.optional(at: 4), points: try row.value(at: 5),
            text: try row.optional(at: 6), createdAt: try row.value(at: 7))
    }
}
