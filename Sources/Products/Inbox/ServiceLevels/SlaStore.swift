import Base
import Storage

/// The clocks of conversations.
struct SlaStore: Sendable {
    /// The right to see in which companies a clock is to be looked at.
    static let watching = SystemCapability(
        name: "inbox.serviceLevels", reason: "Clocks run out in whichever company they run.")

    let storage: Storage

    /// What is to be looked at.
    struct Due: Sendable, Hashable {
        let tenant: Tenant
        let conversation: ID<Conversation>
    }

    /// Whether there is anything to look at, of whichever company.
    func hasDue(at now: Timestamp) async throws(StorageError) -> Bool {
        try await !due(at: now, limit: 1).isEmpty
    }

    /// What is to be looked at, the longest overdue first, of all companies.
    func due(at now: Timestamp, limit: Int) async throws(StorageError) -> [Due] {
        try await storage.reader(bypassingTenant: Self.watching).list(
            Due.self, "sla.due",
            """
            SELECT k.tenant_id, k.conversation_id FROM inbox_sla_clocks k
            WHERE k.look_at <= \(now) ORDER BY k.look_at, k.tenant_id, k.conversation_id
            """, limit: limit)
    }

    /// Has conversations be looked at, in which something has happened.
    func touch(
        _ conversations: [ID<Conversation>], at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !conversations.isEmpty else { return }
        try await writing.execute(
            "sla.touch",
            """
            WITH input (id) AS (\(rows: SQLRows(conversations)))
            INSERT INTO inbox_sla_clocks AS k (tenant_id, conversation_id, seen_sequence, story, look_at)
            SELECT \(tenant), i.id, 0, '', \(time) FROM input i WHERE true
            ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET look_at =
                CASE WHEN k.look_at < excluded.look_at THEN k.look_at ELSE excluded.look_at END
            """)
    }

    /// The clocks of a conversation, locked until the transaction ends; new ones when there are none yet.
    func locked(
        _ conversation: ID<Conversation>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> SlaStory? {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE" : ""
        return try await writing.returning(
            StoryRow.self, "sla.locked",
            """
            SELECT k.story FROM inbox_sla_clocks k
            WHERE k.tenant_id = \(tenant) AND k.conversation_id = \(conversation)\(sql: lock)
            """, limit: 1
        ).first?.story
    }

    /// The clocks of a conversation as they were last looked at.
    func story(of conversation: ID<Conversation>, in tenant: Tenant) async throws(StorageError) -> SlaStory? {
        try await storage.reader(for: tenant).first(
            StoryRow.self, "sla.story",
            """
            SELECT k.story FROM inbox_sla_clocks k
            WHERE k.tenant_id = \(tenant) AND k.conversation_id = \(conversation)
            """
        )?.story
    }

    func write(
        _ story: SlaStory, lookingAt look: Timestamp?, of conversation: ID<Conversation>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "sla.write",
            """
            UPDATE inbox_sla_clocks SET seen_sequence = \(story.seen), story = \(try StoredJSON.text(story)),
                look_at = \(look)
            WHERE tenant_id = \(tenant) AND conversation_id = \(conversation)
            """)
    }

    /// A line of a thread, as far as clocks care.
    struct Line: RowDecodable {
        let sequence: Int64
        let role: Message.Role
        let happening: String
        let delivery: Message.Delivery
        let attempts: Int
        let sendAfter: Timestamp?
        let createdAt: Timestamp
        let isDeleted: Bool

        init(row: SQLRow) throws(StorageError) {
            sequence = try row.value(at: 0)
            role = try row.value(at: 1)
            happening = try row.value(at: 2)
            delivery = try row.value(at: 3)
            attempts = try row.value(at: 4)
            sendAfter = try row.optional(at: 5)
            createdAt = try row.value(at: 6)
            let deletedAt: Timestamp? = try row.optional(at: 7)
            isDeleted = deletedAt != nil
        }
    }

    /// The lines of a thread behind one, in order.
    func lines(
        of conversation: ID<Conversation>, after sequence: Int64, limit: Int, through reading: some Reading,
        in tenant: Tenant
    ) async throws(StorageError) -> [Line] {
        try await reading.list(
            Line.self, "sla.lines",
            """
            SELECT m.sequence, m.role, CASE WHEN m.role = 'event' THEN m.body ELSE '' END, m.delivery, m.attempts,
                m.send_after, m.created_at, m.deleted_at
            FROM inbox_messages m WHERE m.tenant_id = \(tenant) AND m.conversation_id = \(conversation)
                AND m.sequence > \(sequence) ORDER BY m.sequence
            """, limit: limit)
    }

    /// Has a conversation stand above others; `false` when it does already.
    func escalate(
        _ conversation: ID<Conversation>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "sla.escalate",
            """
            UPDATE inbox_conversations SET priority = 3, version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(conversation) AND priority < 3
            """) == 1
    }
}

extension SlaStore.Due: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(tenant: Tenant(try row.value(at: 0)), conversation: try row.value(at: 1))
    }
}

private struct StoryRow: RowDecodable {
    let story: SlaStory

    init(row: SQLRow) throws(StorageError) {
        let text: String = try row.value(at: 0)
        story = text.isEmpty ? SlaStory() : try StoredJSON.read(text)
    }
}
