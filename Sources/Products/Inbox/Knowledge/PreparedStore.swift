import Base
import Storage

/// Answers that were prepared: they hold for one state of a company's documents and one policy, and for no other.
struct PreparedStore: Sendable {
    let storage: Storage

    /// The answer to a question as documents and policy are now: one statement.
    func answer(
        to question: Question, locale: String, policy: Int64, in tenant: Tenant
    ) async throws(StorageError) -> PreparedAnswer? {
        try await storage.reader(for: tenant).first(
            PreparedRow.self, "prepared.answer",
            """
            SELECT p.answer, p.sources, p.score FROM inbox_prepared p
            JOIN inbox_knowledge k ON k.tenant_id = \(tenant) AND k.number = p.knowledge
            WHERE p.tenant_id = \(tenant) AND p.hash = \(question.hash) AND p.locale = \(locale) AND p.policy = \(policy)
            """)?.answer
    }

    /// The number of what a company knows; 0 before the first document.
    func knowledge(in tenant: Tenant) async throws(StorageError) -> Int64 {
        try await storage.reader(for: tenant).first(
            NumberRow.self, "prepared.knowledge",
            "SELECT k.number FROM inbox_knowledge k WHERE k.tenant_id = \(tenant)")?.number ?? 0
    }

    func put(
        _ answer: PreparedAnswer, to question: Question, locale: String, knowledge: Int64, policy: Int64,
        at time: Timestamp, in tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "prepared.put",
            """
            INSERT INTO inbox_prepared (tenant_id, hash, locale, knowledge, policy, answer, sources, score, made_at)
            VALUES (\(tenant), \(question.hash), \(locale), \(knowledge), \(policy), \(answer.text),
                \(try StoredJSON.text(answer.sources)), \(answer.score), \(time))
            ON CONFLICT (tenant_id, hash, locale) DO UPDATE SET knowledge = excluded.knowledge, policy = excluded.policy,
                answer = excluded.answer, sources = excluded.sources, score = excluded.score, made_at = excluded.made_at
            """)
    }
}

private struct PreparedRow: RowDecodable {
    let answer: PreparedAnswer

    init(row: SQLRow) throws(StorageError) {
        answer = PreparedAnswer(
            text: try row.value(at: 0), sources: try StoredJSON.read(try row.value(at: 1)),
            score: try row.optional(at: 2))
    }
}

private struct NumberRow: RowDecodable {
    let number: Int64

    init(row: SQLRow) throws(StorageError) { number = try row.value(at: 0) }
}
