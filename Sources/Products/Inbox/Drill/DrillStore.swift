import Base
import Storage

/// Counts a company's messages anew, without any figure that is kept beside them.
struct DrillStore: Sendable {
    let storage: Storage

    private struct Count: RowDecodable {
        let conversation: ID<Conversation>
        let count: Int64

        init(row: SQLRow) throws(StorageError) {
            conversation = try row.value(at: 0)
            count = try row.value(at: 1)
        }
    }

    private struct Faults: RowDecodable {
        let faults: Int
        let messages: Int

        init(row: SQLRow) throws(StorageError) {
            faults = try row.value(at: 0)
            messages = try row.value(at: 1)
        }
    }

    /// The customer's messages behind an agent's cursor; for who has none, those that came since they answer here.
    func unread(
        _ conversations: [ID<Conversation>], by agent: Agent, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Conversation>: Int64] {
        guard !conversations.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            Count.self, "drill.unread",
            """
            SELECT m.conversation_id, count(*) FROM inbox_messages m
            LEFT JOIN inbox_cursors r ON r.tenant_id = \(tenant) AND r.person_id = \(agent.person)
                AND r.conversation_id = m.conversation_id
            WHERE m.tenant_id = \(tenant) AND m.role = 'customer'
                AND m.conversation_id IN (\(rows: SQLRows(conversations)))
                AND CASE WHEN r.read_sequence IS NULL THEN m.created_at >= \(agent.joinedAt)
                    ELSE m.sequence > r.read_sequence END
            GROUP BY m.conversation_id
            """, limit: conversations.count)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.conversation, $0.count) })
    }

    /// Conversations whose head says something else than their messages, and how many messages customers have.
    func faults(in tenant: Tenant) async throws(StorageError) -> (faults: Int, messages: Int) {
        let found = try await storage.reader(for: tenant).aggregate(
            Faults.self, "drill.faults",
            """
            SELECT coalesce(sum(CASE WHEN c.last_sequence = m.total AND c.last_sequence = m.last
                    AND c.customer_total = m.customers AND c.customer_total = m.indexed THEN 0 ELSE 1 END), 0),
                coalesce(sum(m.customers), 0)
            FROM inbox_conversations c JOIN (
                SELECT o.conversation_id, count(*) AS total, max(o.sequence) AS last,
                    sum(CASE WHEN o.role = 'customer' THEN 1 ELSE 0 END) AS customers,
                    max(o.customer_index) AS indexed
                FROM inbox_messages o WHERE o.tenant_id = \(tenant) GROUP BY o.conversation_id) m
                ON m.conversation_id = c.id WHERE c.tenant_id = \(tenant)
            """)
        return (found.faults, found.messages)
    }
}
