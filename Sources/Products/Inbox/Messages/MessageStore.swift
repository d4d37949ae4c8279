import Base
import InboxVendors
import Storage

/// The messages of conversations; all writers hold the lock on the conversation's head.
struct MessageStore: Sendable {
    let storage: Storage

    // MARK: Writing

    /// Writes messages behind the others, in order and without a gap, and returns them with their numbers; those whose
    /// vendor's id the channel knows already are left out.
    func append(
        _ messages: [Message], to head: Conversation, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        guard !messages.isEmpty else { return [] }
        var lines: [(place: Int, message: Message, files: String, sources: String)] = []
        for (place, message) in messages.enumerated() {
            lines.append(
                (place, message, try StoredJSON.text(message.files), try StoredJSON.text(message.sources)))
        }
        let input = SQLRows(
            lines, { $0.place }, { $0.message.id }, { $0.message.role.rawValue }, { $0.message.externalID },
            { $0.message.clientID }, { $0.message.personID }, { $0.message.body }, { $0.files }, { $0.message.epoch },
            { $0.message.delivery.rawValue }, { $0.message.sendAfter }, { $0.message.sentAt },
            { $0.message.createdAt }, { $0.message.editedAt }, { $0.message.deletedAt }, { $0.sources })
        let numbers = try await writing.returningPerRow(
            NumberRow.self, "message.append",
            """
            WITH input (place, id, role, external_id, client_id, person_id, body, files, epoch, delivery,
                send_after, sent_at, created_at, edited_at, deleted_at, sources) AS (\(rows: input)),
            fresh AS (
                SELECT i.*, row_number() OVER (ORDER BY i.place) AS step,
                    sum(CASE WHEN i.role = 'customer' THEN 1 ELSE 0 END) OVER (ORDER BY i.place) AS customers
                FROM input i WHERE i.external_id IS NULL OR NOT EXISTS (
                    SELECT 1 FROM inbox_messages m WHERE m.tenant_id = \(tenant) AND m.channel_id = \(head.channelID)
                        AND m.external_id = i.external_id))
            INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, external_id,
                client_id, person_id, body, files, customer_index, epoch, delivery, send_after, sent_at, created_at,
                edited_at, deleted_at, sources)
            SELECT \(tenant), \(head.id), \(head.lastSequence) + f.step, f.id, \(head.channelID), f.role, f.external_id,
                f.client_id, f.person_id, f.body, f.files, \(head.customerTotal) + f.customers, f.epoch, f.delivery,
                f.send_after, f.sent_at, f.created_at, f.edited_at, f.deleted_at, f.sources
            FROM fresh f WHERE true RETURNING id, sequence, customer_index
            """, rows: messages.count)
        let byID = Dictionary(uniqueKeysWithValues: numbers.map { ($0.id, $0) })
        return messages.compactMap { message in
            guard let number = byID[message.id] else { return nil }
            var message = message
            message.sequence = number.sequence
            message.customerIndex = number.customerIndex
            return message
        }.sorted { $0.sequence < $1.sequence }
    }

    /// Gives a message of ours that is on its way the vendor's id of its echo: the one that the echo names, else the
    /// first that says the same; `false` when there is none, or the id is known.
    func adopt(
        _ echo: InboundEntry, _ externalID: String, of head: Conversation, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        var which: SQL = "o.body = \(echo.text)"
        if let id = echo.reference.flatMap(ID<Message>.init) { which = "o.id = \(id)" }
        return try await writing.execute(
            "message.adopt",
            """
            UPDATE inbox_messages SET external_id = \(externalID), delivery = 'sent', failure = NULL
            WHERE tenant_id = \(tenant) AND conversation_id = \(head.id) AND sequence = (
                SELECT min(o.sequence) FROM inbox_messages o WHERE o.tenant_id = \(tenant)
                    AND o.conversation_id = \(head.id) AND o.delivery IN ('sending', 'unknown')
                    AND o.external_id IS NULL AND \(sql: which))
                AND NOT EXISTS (SELECT 1 FROM inbox_messages k WHERE k.tenant_id = \(tenant)
                    AND k.channel_id = \(head.channelID) AND k.external_id = \(externalID))
            """) == 1
    }

    /// Changes a message's text as the customer has; `nil` when it is not there, was deleted, or is newer.
    func edit(
        _ externalID: String, to body: String, on time: Timestamp, former: ID<FormerText>, at channel: ID<Channel>,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await keepFormer(externalID, unless: body, before: time, former, at: channel, through: writing, in: tenant)
        return try await writing.returning(
            Message.self, "message.edit",
            """
            UPDATE inbox_messages AS m SET body = \(body), edited_at = \(time)
            WHERE m.tenant_id = \(tenant) AND m.channel_id = \(channel) AND m.external_id = \(externalID)
                AND m.deleted_at IS NULL AND (m.edited_at IS NULL OR m.edited_at <= \(time))
            RETURNING \(sql: Message.returned)
            """, limit: 1
        ).first
    }

    /// Empties a message that the customer has deleted; `nil` when it is not there, or was deleted before.
    func delete(
        _ externalID: String, on time: Timestamp, former: ID<FormerText>, at channel: ID<Channel>,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await keepFormer(externalID, unless: "", before: nil, former, at: channel, through: writing, in: tenant)
        return try await writing.returning(
            Message.self, "message.delete",
            """
            UPDATE inbox_messages AS m SET body = '', files = '[]', deleted_at = \(time)
            WHERE m.tenant_id = \(tenant) AND m.channel_id = \(channel) AND m.external_id = \(externalID)
                AND m.deleted_at IS NULL
            RETURNING \(sql: Message.returned)
            """, limit: 1
        ).first
    }

    private func keepFormer(
        _ externalID: String, unless body: String, before time: Timestamp?, _ id: ID<FormerText>,
        at channel: ID<Channel>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        var condition: SQL = ""
        if let time { condition = "AND (m.edited_at IS NULL OR m.edited_at <= \(time))" }
        try await writing.execute(
            "message.keepFormer",
            """
            INSERT INTO inbox_former_texts (tenant_id, id, message_id, body, changed_at)
            SELECT \(tenant), \(id), m.id, m.body, \(storage.now) FROM inbox_messages m
            WHERE m.tenant_id = \(tenant) AND m.channel_id = \(channel) AND m.external_id = \(externalID)
                AND m.deleted_at IS NULL AND m.body <> \(body) \(sql: condition)
            """)
    }

    /// Marks what we sent as delivered or read; never backwards.
    func mark(
        _ delivery: Message.Delivery, _ mark: InboundMark, of head: Conversation, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> [ID<Message>] {
        let before: SQL = delivery == .read ? "('sent', 'delivered')" : "('sent')"
        let which: SQL =
            switch mark {
            case .until(let time): "m.sent_at <= \(time)"
            case .messages(let ids): "m.external_id IN (\(rows: SQLRows(ids)))"
            }
        return try await writing.returning(
            MarkedRow.self, "message.mark",
            """
            UPDATE inbox_messages AS m SET delivery = \(delivery)
            WHERE m.tenant_id = \(tenant) AND m.conversation_id = \(head.id)
                AND m.sequence > \(max(0, head.lastSequence - Int64(Conversation.Bounds.previewDepth)))
                AND m.role IN ('agent', 'bot') AND m.delivery IN \(sql: before) AND \(sql: which)
            RETURNING id
            """, limit: Conversation.Bounds.previewDepth
        ).map(\.id)
    }

    // MARK: Reading

    /// The message that comes last of those that are shown.
    func newestShown(
        of head: Conversation, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await reading.first(
            Message.self, "message.newestShown",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m
            WHERE m.tenant_id = \(tenant) AND m.conversation_id = \(head.id)
                AND m.sequence > \(max(0, head.lastSequence - Int64(Conversation.Bounds.previewDepth)))
                AND m.role IN ('customer', 'agent', 'bot') AND m.deleted_at IS NULL AND m.delivery <> 'withdrawn'
            ORDER BY m.sent_at DESC, m.sequence DESC
            """)
    }

    /// Which of a vendor's ids a channel knows already.
    func known(
        _ externalIDs: [String], at channel: ID<Channel>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Set<String> {
        guard !externalIDs.isEmpty else { return [] }
        return Set(
            try await reading.list(
                ExternalRow.self, "message.known",
                """
                SELECT m.external_id FROM inbox_messages m
                WHERE m.tenant_id = \(tenant) AND m.channel_id = \(channel)
                    AND m.external_id IN (\(rows: SQLRows(externalIDs)))
                """, limit: externalIDs.count
            ).map(\.externalID))
    }

    /// A part of a thread in the order of its numbers: behind one, or the newest before one.
    func some(
        of conversation: ID<Conversation>, _ part: ThreadPart, limit: Int, through reading: some Reading,
        in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        let condition: SQL
        switch part {
        case .after(let sequence): condition = "AND m.sequence > \(sequence) ORDER BY m.sequence"
        case .before(let sequence): condition = "AND m.sequence < \(sequence) ORDER BY m.sequence DESC"
        }
        let found = try await reading.list(
            Message.self, "message.some",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m
            WHERE m.tenant_id = \(tenant) AND m.conversation_id = \(conversation) \(sql: condition)
            """, limit: limit)
        if case .before = part { return found.reversed() }
        return found
    }
}

/// Which part of a thread is asked for.
enum ThreadPart: Sendable, Hashable {
    case after(Int64)
    case before(Int64)
}

/// What a message said before it was changed: the entity that its id names.
enum FormerText {}

// MARK: Rows

extension Message: RowDecodable {
    static let columns: SQL = """
        m.id, m.conversation_id, m.sequence, m.channel_id, m.role, m.external_id, m.client_id, m.person_id, m.body,
        m.files, m.customer_index, m.epoch, m.delivery, m.failure, m.attempts, m.send_after,
        m.tried_at, m.sent_at, m.created_at, m.edited_at, m.deleted_at, m.sources
        """

    /// How many columns there are.
    static let columnCount = 22

    /// The columns as `RETURNING` takes them, which knows no alias of the changed table on SQLite.
    static let returned: SQL = """
        id, conversation_id, sequence, channel_id, role, external_id, client_id, person_id, body, files,
        customer_index, epoch, delivery, failure, attempts, send_after, tried_at, sent_at, created_at, edited_at,
        deleted_at, sources
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), conversationID: try row.value(at: 1), sequence: try row.value(at: 2),
            channelID: try row.value(at: 3), role: try row.value(at: 4), externalID: try row.optional(at: 5),
            clientID: try row.optional(at: 6), personID: try row.optional(at: 7), body: try row.value(at: 8),
            files: try StoredJSON.read(try row.value(at: 9)), customerIndex: try row.value(at: 10),
            epoch: try row.value(at: 11), delivery: try row.value(at: 12), failure: try row.optional(at: 13),
            attempts: try row.value(at: 14), sendAfter: try row.optional(at: 15), triedAt: try row.optional(at: 16),
            sentAt: try row.value(at: 17), createdAt: try row.value(at: 18), editedAt: try row.optional(at: 19),
            deletedAt: try row.optional(at: 20), sources: try StoredJSON.read(try row.value(at: 21)))
    }
}

private struct NumberRow: RowDecodable {
    let id: ID<Message>
    let sequence: Int64
    let customerIndex: Int64

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        sequence = try row.value(at: 1)
        customerIndex = try row.value(at: 2)
    }
}

private struct ExternalRow: RowDecodable {
    let externalID: String

    init(row: SQLRow) throws(StorageError) { externalID = try row.value(at: 0) }
}

private struct MarkedRow: RowDecodable {
    let id: ID<Message>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}
