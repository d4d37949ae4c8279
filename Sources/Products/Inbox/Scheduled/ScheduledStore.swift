import Base
import Storage

/// Answers that are to be sent later.
struct ScheduledStore: Sendable {
    let storage: Storage

    /// Writes one; `false` without such a conversation that is not closed, or with too many that wait.
    func insert(
        _ message: ScheduledMessage, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "scheduled.insert",
            """
            INSERT INTO inbox_scheduled (tenant_id, id, conversation_id, person_id, body, due_at, cancels_on_reply,
                seen_customer, state, created_at)
            SELECT \(tenant), \(message.id), c.id, \(message.personID), \(message.body), \(message.dueAt),
                \(message.cancelsOnReply), c.customer_total, 'waiting', \(time)
            FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.id = \(message.conversationID) AND c.state <> 'closed'
                AND (SELECT count(*) FROM inbox_scheduled o WHERE o.tenant_id = \(tenant)
                    AND o.conversation_id = \(message.conversationID) AND o.state = 'waiting')
                    < \(ScheduledMessage.Bounds.each)
            """) == 1
    }

    func message(
        _ id: ID<ScheduledMessage>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> ScheduledMessage? {
        try await reading.first(
            ScheduledMessage.self, "scheduled.byID",
            """
            SELECT \(sql: ScheduledMessage.columns) FROM inbox_scheduled s
            WHERE s.tenant_id = \(tenant) AND s.id = \(id)
            """)
    }

    /// What waits in a conversation, in the order in which it was written.
    func waiting(
        in conversation: ID<Conversation>, of tenant: Tenant
    ) async throws(StorageError) -> [ScheduledMessage] {
        try await storage.reader(for: tenant).list(
            ScheduledMessage.self, "scheduled.waiting",
            """
            SELECT \(sql: ScheduledMessage.columns) FROM inbox_scheduled s
            WHERE s.tenant_id = \(tenant) AND s.conversation_id = \(conversation) AND s.state = 'waiting' ORDER BY s.id
            """, limit: ScheduledMessage.Bounds.each)
    }

    /// Ends the waiting of one; `false` when it had ended.
    func settle(
        _ id: ID<ScheduledMessage>, as state: ScheduledMessage.State, _ reason: String?, of person: ID<Person>?,
        at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        var mine: SQL = ""
        if let person { mine = " AND person_id = \(person)" }
        return try await writing.execute(
            "scheduled.settle",
            """
            UPDATE inbox_scheduled SET state = \(state), reason = \(reason), settled_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'waiting'\(sql: mine)
            """) == 1
    }
}

extension ScheduledMessage: RowDecodable {
    static let columns: SQL = """
        s.id, s.conversation_id, s.person_id, s.body, s.due_at, s.cancels_on_reply, s.seen_customer, s.state, s.reason
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), conversationID: try row.value(at: 1), personID: try row.value(at: 2),
            body: try row.value(at: 3), dueAt: try row.value(at: 4), cancelsOnReply: try row.value(at: 5),
            seenCustomer: try row.value(at: 6), state: try row.value(at: 7), reason: try row.optional(at: 8))
    }
}
