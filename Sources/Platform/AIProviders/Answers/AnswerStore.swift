import Base
import Storage

/// The statements of answers and their parts.
struct AnswerStore: Sendable {
    struct Part: Sendable, RowDecodable {
        var number: Int
        var endsAt: Int
        var body: String
        var madeAt: Timestamp

        init(number: Int, endsAt: Int, body: String, madeAt: Timestamp) {
            self.number = number
            self.endsAt = endsAt
            self.body = body
            self.madeAt = madeAt
        }

        init(row: SQLRow) throws(StorageError) {
            number = try row.value(at: 0)
            endsAt = try row.value(at: 1)
            body = try row.value(at: 2)
            madeAt = try row.value(at: 3)
        }
    }

    /// How an answer ended, as it is noted.
    struct Ending: Sendable {
        var state: Answer.State
        var ending: String
        var model: String
        var isStandIn: Bool
        var bytes: Int
        var usage: TokenUsage
        var money: Int
    }

    let storage: Storage

    /// Notes that an answer is coming; `false` when there is one of this id.
    func begin(_ id: ID<Answer>, for tenant: Tenant, in transaction: WriteTransaction) async throws -> Bool {
        try await transaction.execute(
            "ai.answer.begin",
            """
            INSERT INTO ai_answers (tenant_id, id, state, ending, model, is_stand_in, bytes, input_tokens,
                output_tokens, money, made_at)
            VALUES (\(tenant), \(id), 'open', '', '', false, 0, 0, 0, 0, \(storage.now))
            ON CONFLICT (tenant_id, id) DO NOTHING
            """) == 1
    }

    /// Adds a part, once: an attempt whose outcome is unknown is made again.
    func add(_ part: Part, to id: ID<Answer>, for tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "ai.answer.add",
            """
            INSERT INTO ai_answer_parts (tenant_id, answer_id, number, ends_at, body, made_at)
            VALUES (\(tenant), \(id), \(part.number), \(part.endsAt), \(part.body), \(part.madeAt))
            ON CONFLICT (tenant_id, answer_id, number) DO NOTHING
            """)
    }

    /// Adds several parts in the transaction that ends an answer.
    func add(
        _ parts: [Part], to id: ID<Answer>, for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) {
        guard !parts.isEmpty else { return }
        let rows = SQLRows(parts, { $0.number }, { $0.endsAt }, { $0.body }, { $0.madeAt })
        try await transaction.execute(
            "ai.answer.addLast",
            """
            WITH input(number, ends_at, body, made_at) AS (\(rows: rows))
            INSERT INTO ai_answer_parts (tenant_id, answer_id, number, ends_at, body, made_at)
            SELECT \(tenant), \(id), i.number, i.ends_at, i.body, i.made_at FROM input i WHERE true
            ON CONFLICT (tenant_id, answer_id, number) DO NOTHING
            """)
    }

    /// Ends an answer that is open.
    func finish(
        _ id: ID<Answer>, _ ending: Ending, for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) {
        try await transaction.execute(
            "ai.answer.finish",
            """
            UPDATE ai_answers SET state = \(ending.state), ending = \(ending.ending), model = \(ending.model),
                is_stand_in = \(ending.isStandIn), bytes = \(ending.bytes), input_tokens = \(ending.usage.input),
                output_tokens = \(ending.usage.output), money = \(ending.money), finished_at = \(storage.now)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'open'
            """)
    }

    /// An answer as far as it is noted.
    func answer(_ id: ID<Answer>, in tenant: Tenant) async throws(StorageError) -> Answer? {
        try await storage.reader(for: tenant).first(
            Answer.self, "ai.answer.read",
            "SELECT \(sql: Answer.columns) FROM ai_answers WHERE tenant_id = \(tenant) AND id = \(id)")
    }

    /// The next parts behind a part and a position, in order.
    func parts(
        of id: ID<Answer>, behind number: Int, after position: Int, in tenant: Tenant, limit: Int
    ) async throws(StorageError) -> [Part] {
        try await storage.reader(for: tenant).list(
            Part.self, "ai.answer.parts",
            """
            SELECT number, ends_at, body, made_at FROM ai_answer_parts
            WHERE tenant_id = \(tenant) AND answer_id = \(id) AND number > \(number) AND ends_at > \(position)
            ORDER BY number
            """, limit: limit)
    }
}
