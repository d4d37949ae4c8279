import Base
import Storage

/// What the bot is told, and what it did.
struct BotStore: Sendable {
    let storage: Storage

    // MARK: Policies

    /// The policy that holds now with its number; `nil` when nobody has set one.
    func policy(in tenant: Tenant) async throws(StorageError) -> NumberedPolicy? {
        try await storage.reader(for: tenant).first(
            NumberedPolicy.self, "bot.policy",
            """
            SELECT p.number, p.content FROM inbox_bot_policies p WHERE p.tenant_id = \(tenant) ORDER BY p.number DESC
            """)
    }

    /// Writes a policy as the next number.
    func write(
        _ policy: BotPolicy, by person: ID<Person>, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> NumberedPolicy? {
        try await writing.returning(
            NumberedPolicy.self, "bot.writePolicy",
            """
            INSERT INTO inbox_bot_policies (tenant_id, number, content, person_id, created_at)
            SELECT \(tenant), coalesce((SELECT max(p.number) FROM inbox_bot_policies p WHERE p.tenant_id = \(tenant)), 0) + 1,
                \(try StoredJSON.text(policy)), \(person), \(time)
            RETURNING number, content
            """, limit: 1
        ).first
    }

    // MARK: Turns

    /// Begins a turn, also one that a dead worker had begun; `nil` when it was had already.
    func begin(_ turn: BotTurn, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> BotTurn?
    {
        try await writing.returning(
            BotTurn.self, "bot.begin",
            """
            INSERT INTO inbox_bot_turns AS t (tenant_id, id, conversation_id, after_sequence, epoch, policy, created_at)
            VALUES (\(tenant), \(turn.id), \(turn.conversationID), \(turn.afterSequence), \(turn.epoch), \(turn.policy),
                \(turn.createdAt))
            ON CONFLICT (tenant_id, conversation_id, after_sequence) DO UPDATE SET epoch = excluded.epoch,
                policy = excluded.policy WHERE t.outcome IS NULL
            RETURNING id, conversation_id, after_sequence, epoch, policy, created_at
            """, limit: 1
        ).first
    }

    /// What a turn came to.
    struct End: Sendable {
        var outcome: BotTurn.Outcome
        var reason: String?
        var passages: [String] = []
        var score: Double?
        var tokens = 0
        var micros = 0
        var firstTextMillis: Int?
    }

    func end(
        _ turn: BotTurn, _ end: End, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "bot.end",
            """
            UPDATE inbox_bot_turns SET outcome = \(end.outcome), reason = \(end.reason),
                passages = \(try StoredJSON.text(end.passages)), score = \(end.score), tokens = \(end.tokens),
                micros = \(end.micros), first_text_millis = \(end.firstTextMillis)
            WHERE tenant_id = \(tenant) AND id = \(turn.id)
            """)
    }

    /// What a turn needs of its conversation, in the order of the thread: the newest messages that were said.
    func said(
        in conversation: ID<Conversation>, limit: Int, of tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        try await storage.reader(for: tenant).list(
            Message.self, "bot.said",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = \(conversation) AND m.role IN ('customer', 'agent', 'bot')
                AND m.deleted_at IS NULL AND m.delivery <> 'withdrawn' ORDER BY m.sequence DESC
            """, limit: limit
        ).reversed()
    }

    /// The number of the customer's last message.
    func newestOfCustomer(
        in head: Conversation, through reading: some Reading, of tenant: Tenant
    ) async throws(StorageError) -> Int64 {
        try await reading.first(
            SequenceRow.self, "bot.newest",
            """
            SELECT m.sequence FROM inbox_messages m WHERE m.tenant_id = \(tenant) AND m.conversation_id = \(head.id)
                AND m.role = 'customer' ORDER BY m.sequence DESC
            """)?.sequence ?? 0
    }

    // MARK: Suggestions

    /// Keeps what an agent may send, in place of what was suggested before.
    func suggest(
        _ suggestion: Suggestion, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "bot.suggest",
            """
            INSERT INTO inbox_suggestions (tenant_id, conversation_id, after_sequence, body, sources, made_at)
            VALUES (\(tenant), \(suggestion.conversationID), \(suggestion.afterSequence), \(suggestion.body),
                \(try StoredJSON.text(suggestion.sources)), \(suggestion.madeAt))
            ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET after_sequence = excluded.after_sequence,
                body = excluded.body, sources = excluded.sources, made_at = excluded.made_at
            """)
    }

    func suggestion(
        for conversation: ID<Conversation>, in tenant: Tenant
    ) async throws(StorageError) -> Suggestion? {
        try await storage.reader(for: tenant).first(
            Suggestion.self, "bot.suggestion",
            """
            SELECT s.conversation_id, s.after_sequence, s.body, s.sources, s.made_at FROM inbox_suggestions s
            WHERE s.tenant_id = \(tenant) AND s.conversation_id = \(conversation)
            """)
    }

    // MARK: Questions

    /// Counts that something was asked.
    func count(_ question: Question, at time: Timestamp, in tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "bot.countQuestion",
            """
            INSERT INTO inbox_questions AS q (tenant_id, hash, text, asked, last_at)
            VALUES (\(tenant), \(question.hash), \(question.text), 1, \(time))
            ON CONFLICT (tenant_id, hash) DO UPDATE SET asked = q.asked + 1, last_at = excluded.last_at
            """)
    }

    /// What is asked most.
    func popular(limit: Int, in tenant: Tenant) async throws(StorageError) -> [Question] {
        try await storage.reader(for: tenant).list(
            Question.self, "bot.popular",
            """
            SELECT q.hash, q.text FROM inbox_questions q WHERE q.tenant_id = \(tenant) ORDER BY q.asked DESC, q.hash DESC
            """, limit: limit)
    }
}

/// A policy with its number; the defaults have the number 0.
struct NumberedPolicy: RowDecodable {
    let number: Int64
    let policy: BotPolicy

    init(number: Int64, policy: BotPolicy) {
        self.number = number
        self.policy = policy
    }

    init(row: SQLRow) throws(StorageError) {
        number = try row.value(at: 0)
        policy = try StoredJSON.read(try row.value(at: 1))
    }
}

extension BotTurn: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), conversationID: try row.value(at: 1), afterSequence: try row.value(at: 2),
            epoch: try row.value(at: 3), policy: try row.value(at: 4), createdAt: try row.value(at: 5))
    }
}

extension Suggestion: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            conversationID: try row.value(at: 0), afterSequence: try row.value(at: 1), body: try row.value(at: 2),
            sources: try StoredJSON.read(try row.value(at: 3)), madeAt: try row.value(at: 4))
    }
}

extension Question: RowDecodable {
    init(row: SQLRow) throws(StorageError) { self.init(hash: try row.value(at: 0), text: try row.value(at: 1)) }
}

private struct SequenceRow: RowDecodable {
    let sequence: Int64

    init(row: SQLRow) throws(StorageError) { sequence = try row.value(at: 0) }
}
