import Base
import Storage

/// The heads of conversations.
///
/// Whoever changes something of a conversation locks its head first, then its messages.
struct ConversationStore: Sendable {
    let storage: Storage

    private var lock: SQL { storage.dialect == .postgres ? " FOR UPDATE OF c" : "" }

    /// The conversation of a point that is not closed, else the one that was last, locked until the transaction ends.
    func locked(
        of point: ID<ContactPoint>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Conversation? {
        try await writing.returning(
            Conversation.self, "conversation.lockedOfPoint",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.contact_point_id = \(point)
            ORDER BY CASE WHEN c.state = 'closed' THEN 1 ELSE 0 END, c.id DESC LIMIT 1\(sql: lock)
            """, limit: 1
        ).first
    }

    /// A conversation, locked until the transaction ends.
    func locked(
        _ id: ID<Conversation>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Conversation? {
        try await writing.returning(
            Conversation.self, "conversation.locked",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)\(sql: lock)
            """, limit: 1
        ).first
    }

    func conversation(
        _ id: ID<Conversation>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Conversation? {
        try await reading.first(
            Conversation.self, "conversation.byID",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
    }

    /// Writes a new conversation of a point.
    ///
    /// The point is held until the transaction ends, so that nobody deletes the contact beside it.
    ///
    /// - Throws: `storage.serializationFailure` when the contact was deleted since it was read: the transaction then begins
    ///   again, and makes somebody new.
    func insert(
        _ conversation: Conversation, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let head = conversation
        let hold: SQL = storage.dialect == .postgres ? " FOR KEY SHARE OF p" : ""
        let written = try await writing.execute(
            "conversation.insert",
            """
            INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name,
                state, bot, last_message_at, opened_at, created_at)
            SELECT \(tenant), \(head.id), p.contact_id, p.id, \(head.channelID), \(head.contactName),
                \(head.state), \(head.bot), \(head.lastMessageAt), \(head.openedAt), \(head.createdAt)
            FROM inbox_contact_points p WHERE p.tenant_id = \(tenant) AND p.id = \(head.pointID)\(sql: hold)
            """)
        guard written == 1 else {
            throw StorageError(.serializationFailure, "The contact was deleted while somebody wrote.")
        }
    }

    /// Writes all that may change of a head that is locked.
    func update(
        _ conversation: Conversation, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let head = conversation
        try await writing.execute(
            "conversation.update",
            """
            UPDATE inbox_conversations SET state = \(head.state), bot = \(head.bot), bot_epoch = \(head.botEpoch),
                bot_failures = \(head.botFailures), bot_replies = \(head.botReplies),
                assignee_id = \(head.assigneeID), team_id = \(head.teamID), priority = \(head.priority),
                last_sequence = \(head.lastSequence), customer_total = \(head.customerTotal),
                reply_sequence = \(head.replySequence), last_message_at = \(head.lastMessageAt),
                last_customer_at = \(head.lastCustomerAt), window_ends_at = \(head.windowEndsAt),
                preview = \(head.preview.text), preview_role = \(head.preview.role),
                preview_at = \(head.preview.sentAt), preview_sequence = \(head.preview.sequence),
                snoozed_until = \(head.snoozedUntil), closings = \(head.closings), closed_at = \(head.closedAt),
                opened_at = \(head.openedAt), first_reply_at = \(head.firstReplyAt), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(head.id)
            """)
    }

    /// Notes that a note names people; the head is locked.
    func mention(
        _ people: [ID<Person>], in id: ID<Conversation>, at time: Timestamp, through writing: some Writing,
        of tenant: Tenant
    ) async throws(StorageError) {
        guard !people.isEmpty else { return }
        try await writing.execute(
            "conversation.mention",
            """
            WITH input (person_id) AS (\(rows: SQLRows(Array(Set(people)).sorted())))
            INSERT INTO inbox_mentions (tenant_id, person_id, conversation_id, mentioned_at, state, last_message_at)
            SELECT \(tenant), i.person_id, c.id, \(time), c.state, c.last_message_at
            FROM input i CROSS JOIN inbox_conversations c WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            ON CONFLICT (tenant_id, person_id, conversation_id) DO UPDATE SET mentioned_at = excluded.mentioned_at
            """)
    }
}

// MARK: Rows

extension Conversation: RowDecodable {
    static let columns: SQL = """
        c.id, c.contact_id, c.contact_point_id, c.channel_id, c.contact_name, c.state, c.bot, c.bot_epoch,
        c.bot_failures, c.bot_replies, c.assignee_id, c.team_id, c.priority, c.last_sequence, c.customer_total,
        c.reply_sequence, c.last_message_at, c.last_customer_at, c.window_ends_at, c.preview, c.preview_role,
        c.preview_at, c.preview_sequence, c.snoozed_until, c.closings, c.closed_at, c.opened_at, c.first_reply_at,
        c.created_at
        """
    /// The columns as `RETURNING` takes them, which knows no alias of the changed table on SQLite.
    static let returned: SQL = """
        id, contact_id, contact_point_id, channel_id, contact_name, state, bot, bot_epoch, bot_failures, bot_replies,
        assignee_id, team_id, priority, last_sequence, customer_total, reply_sequence, last_message_at,
        last_customer_at, window_ends_at, preview, preview_role, preview_at, preview_sequence, snoozed_until, closings,
        closed_at, opened_at, first_reply_at, created_at
        """
    /// How many columns there are.
    static let columnCount = 29

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), contactID: try row.value(at: 1), pointID: try row.value(at: 2),
            channelID: try row.value(at: 3), contactName: try row.value(at: 4), state: try row.value(at: 5),
            bot: try row.value(at: 6), botEpoch: try row.value(at: 7), botFailures: try row.value(at: 8),
            botReplies: try row.value(at: 9), assigneeID: try row.optional(at: 10), teamID: try row.optional(at: 11),
            priority: try row.value(at: 12), lastSequence: try row.value(at: 13),
            customerTotal: try row.value(at: 14), replySequence: try row.value(at: 15),
            lastMessageAt: try row.value(at: 16), lastCustomerAt: try row.optional(at: 17),
            windowEndsAt: try row.optional(at: 18),
            preview: Preview(
                text: try row.value(at: 19), role: try row.value(at: 20), sentAt: try row.optional(at: 21),
                sequence: try row.value(at: 22)),
            snoozedUntil: try row.optional(at: 23), closings: try row.value(at: 24),
            closedAt: try row.optional(at: 25), openedAt: try row.value(at: 26),
            firstReplyAt: try row.optional(at: 27), createdAt: try row.value(at: 28))
    }
}
