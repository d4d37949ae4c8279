import Base
import Storage

/// Answers on their way to customers.
struct ReplyStore: Sendable {
    let storage: Storage

    /// What an answer needs of its conversation.
    struct Ask: Sendable {
        let conversation: ID<Conversation>
        let person: ID<Person>
        let clientID: String
        /// The number of the newest message that whoever answers has seen; `nil` when they answer all the same.
        let seen: Int64?
        let preview: String
        let at: Timestamp
        /// Answers are too late for a customer who wrote before; `nil` where it does not matter.
        let customerSince: Timestamp?
    }

    /// Takes the next number of a conversation for an answer, unless something stands against it; returns the head as it
    /// is then.
    ///
    /// One statement: the row itself decides between two who answer at once.
    func take(
        _ ask: Ask, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Conversation? {
        var conditions: SQL = ""
        if let seen = ask.seen { conditions = " AND reply_sequence <= \(seen)" }
        if let since = ask.customerSince { conditions = conditions.appending(" AND last_customer_at >= \(since)") }
        return try await writing.returning(
            Conversation.self, "reply.take",
            """
            UPDATE inbox_conversations SET last_sequence = last_sequence + 1, reply_sequence = last_sequence + 1,
                bot_epoch = CASE WHEN bot IN ('active', 'waiting') THEN bot_epoch + 1 ELSE bot_epoch END,
                bot = CASE WHEN bot IN ('active', 'waiting') THEN 'human' ELSE bot END,
                assignee_id = coalesce(assignee_id, \(ask.person)),
                last_message_at = CASE WHEN last_message_at > \(ask.at) THEN last_message_at ELSE \(ask.at) END,
                preview = \(ask.preview), preview_role = 'agent',
                preview_at = CASE WHEN last_message_at > \(ask.at) THEN last_message_at ELSE \(ask.at) END,
                preview_sequence = last_sequence + 1, first_reply_at = coalesce(first_reply_at, \(ask.at)),
                version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(ask.conversation) AND state <> 'closed'\(sql: conditions)
                AND NOT EXISTS (SELECT 1 FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                    AND m.conversation_id = \(ask.conversation) AND m.client_id = \(ask.clientID))
            RETURNING \(sql: Conversation.returned)
            """, limit: 1
        ).first
    }

    /// Writes an answer at the number that was taken for it.
    func insert(_ message: Message, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "reply.insert",
            """
            INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, client_id, person_id,
                body, files, customer_index, epoch, delivery, send_after, sent_at, created_at)
            VALUES (\(tenant), \(message.conversationID), \(message.sequence), \(message.id), \(message.channelID),
                \(message.role), \(message.clientID), \(message.personID), \(message.body),
                \(try StoredJSON.text(message.files)), \(message.customerIndex), \(message.epoch), \(message.delivery),
                \(message.sendAfter), \(message.sentAt), \(message.createdAt))
            """)
    }

    /// A message by what its author's client knows it by.
    func message(
        client: String, in conversation: ID<Conversation>, through reading: some Reading, of tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await reading.first(
            Message.self, "reply.byClient",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = \(conversation) AND m.client_id = \(client)
            """)
    }

    func message(
        _ id: ID<Message>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await reading.first(
            Message.self, "reply.byID",
            "SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant) AND m.id = \(id)")
    }

    /// What others have answered behind a message, the newest last.
    func answers(
        after sequence: Int64, notBy person: ID<Person>, in conversation: ID<Conversation>, limit: Int,
        through reading: some Reading, of tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        try await reading.list(
            Message.self, "reply.answers",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = \(conversation) AND m.sequence > \(sequence) AND m.role IN ('agent', 'bot')
                AND m.delivery <> 'withdrawn' AND (m.person_id IS NULL OR m.person_id <> \(person))
            ORDER BY m.sequence
            """, limit: limit)
    }

    // MARK: Sending

    /// What is on its way, in the order of the thread.
    func leaving(
        _ conversation: ID<Conversation>, limit: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        try await reading.list(
            Message.self, "reply.leaving",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = \(conversation) AND m.delivery IN ('queued', 'sending', 'unknown')
            ORDER BY m.sequence
            """, limit: limit)
    }

    /// Writes what has become of a message that nobody else has settled meanwhile; `nil` when somebody has.
    func settle(
        _ message: Message, as delivery: Message.Delivery, from former: [Message.Delivery],
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await writing.returning(
            Message.self, "reply.settle",
            """
            UPDATE inbox_messages SET delivery = \(delivery), external_id = \(message.externalID),
                failure = \(message.failure), attempts = \(message.attempts), send_after = \(message.sendAfter),
                tried_at = \(message.triedAt)
            WHERE tenant_id = \(tenant) AND id = \(message.id)
                AND delivery IN (\(rows: SQLRows(former.map(\.rawValue))))
            RETURNING \(sql: Message.returned)
            """, limit: 1
        ).first
    }

    /// Changes what an answer says that nobody has begun to send; `nil` when somebody has.
    ///
    /// Its head is locked.
    func rewrite(
        _ id: ID<Message>, to body: String, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await writing.returning(
            Message.self, "reply.rewrite",
            """
            UPDATE inbox_messages SET body = \(body)
            WHERE tenant_id = \(tenant) AND id = \(id) AND delivery = 'queued' AND attempts = 0
            RETURNING \(sql: Message.returned)
            """, limit: 1
        ).first
    }

    /// Hides an echo that was taken for somebody else's message, and frees the vendor's id for the message that it is.
    func release(
        _ externalID: String, at channel: ID<Channel>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await writing.returning(
            Message.self, "reply.release",
            """
            UPDATE inbox_messages SET external_id = NULL, delivery = 'withdrawn'
            WHERE tenant_id = \(tenant) AND channel_id = \(channel) AND external_id = \(externalID)
                AND role = 'agent' AND person_id IS NULL
            RETURNING \(sql: Message.returned)
            """, limit: 1
        ).first
    }
}
