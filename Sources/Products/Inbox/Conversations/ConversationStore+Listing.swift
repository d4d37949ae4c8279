import Base
import Storage

/// Lists of conversations: one statement with what each agent has read.
extension ConversationStore {
    /// How many messages of `c` an agent has not read: a difference for who has a cursor `r`, else what has come since
    /// they answer here.
    private static func unread(_ agent: Agent, _ tenant: Tenant) -> SQL {
        """
        CASE WHEN r.read_customer IS NOT NULL THEN c.customer_total - r.read_customer
            WHEN c.created_at >= \(agent.joinedAt) THEN c.customer_total
            ELSE (SELECT count(*) FROM (SELECT 1 AS one FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = c.id AND m.role = 'customer' AND m.created_at >= \(agent.joinedAt)
                LIMIT \(SeenConversation.Bounds.unreadOfNew)) u) END
        """
    }

    private static func cursor(of agent: Agent, _ tenant: Tenant) -> SQL {
        """
        LEFT JOIN inbox_cursors r ON r.tenant_id = \(tenant) AND r.person_id = \(agent.person)
            AND r.conversation_id = c.id
        """
    }

    /// Only conversations of channels that an agent sees.
    static func visible(_ agent: Agent) -> SQL {
        agent.hidden.isEmpty ? "" : " AND c.channel_id NOT IN (\(rows: SQLRows(agent.hidden)))"
    }

    /// The conversations with a contact that an agent sees, the newest first.
    func conversations(
        with contact: ID<Contact>, for agent: Agent, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Conversation] {
        try await storage.reader(for: tenant).list(
            Conversation.self, "conversation.ofContact",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.contact_id = \(contact)\(sql: Self.visible(agent))
            ORDER BY c.last_message_at DESC
            """, limit: limit)
    }

    /// A page of a view, the one that was written in last first.
    ///
    /// Mentions and tags are lists of their own: their rows carry where the conversation stands, so that a page costs the
    /// same however few have them.
    func page(
        _ view: ConversationView, for agent: Agent, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<SeenConversation> {
        var more = Self.visible(agent)
        switch view.name {
        case .mine: more = more.appending(" AND c.assignee_id = \(agent.person)")
        case .unassigned: more = more.appending(" AND c.assignee_id IS NULL")
        case .all, .mentions, .snoozed, .closed: break
        }
        if let channel = view.channel { more = more.appending(" AND c.channel_id = \(channel)") }
        if let team = view.team { more = more.appending(" AND c.team_id = \(team)") }
        let reader = storage.reader(for: tenant)
        let (state, columns) = (view.name.state, seenColumns(agent, tenant))
        if view.name == .mentions {
            if let tag = view.tag {
                more = more.appending(
                    """
                     AND EXISTS (SELECT 1 FROM inbox_tagged t WHERE t.tenant_id = \(tenant) AND t.tag_id = \(tag)
                        AND t.conversation_id = c.id)
                    """)
            }
            return try await reader.page(
                SeenConversation.self, "conversation.pageOfMentions",
                """
                SELECT \(sql: columns), n.conversation_id FROM inbox_mentions n
                JOIN inbox_conversations c ON c.tenant_id = \(tenant) AND c.id = n.conversation_id
                \(sql: Self.cursor(of: agent, tenant))
                WHERE n.tenant_id = \(tenant) AND n.person_id = \(agent.person) AND n.state = \(state)\(sql: more)
                """, order: .descending("n.last_message_at", "n.conversation_id"), after: cursor, limit: limit)
        }
        if let tag = view.tag {
            return try await reader.page(
                SeenConversation.self, "conversation.pageOfTag",
                """
                SELECT \(sql: columns), t.conversation_id FROM inbox_tagged t
                JOIN inbox_conversations c ON c.tenant_id = \(tenant) AND c.id = t.conversation_id
                \(sql: Self.cursor(of: agent, tenant))
                WHERE t.tenant_id = \(tenant) AND t.tag_id = \(tag) AND t.state = \(state)\(sql: more)
                """, order: .descending("t.last_message_at", "t.conversation_id"), after: cursor, limit: limit)
        }
        return try await reader.page(
            SeenConversation.self, "conversation.page",
            """
            SELECT \(sql: columns) FROM inbox_conversations c \(sql: Self.cursor(of: agent, tenant))
            WHERE c.tenant_id = \(tenant) AND c.state = \(state)\(sql: more)
            """, order: .descending("c.last_message_at", "c.id"), after: cursor, limit: limit)
    }

    private func seenColumns(_ agent: Agent, _ tenant: Tenant) -> SQL {
        "\(sql: Conversation.columns), r.read_sequence, \(sql: Self.unread(agent, tenant)) AS unread"
    }

    /// One conversation as an agent sees it.
    func seen(
        _ id: ID<Conversation>, by agent: Agent, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> SeenConversation? {
        try await reading.first(
            SeenConversation.self, "conversation.seen",
            """
            SELECT \(sql: seenColumns(agent, tenant))
            FROM inbox_conversations c \(sql: Self.cursor(of: agent, tenant))
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
    }

    /// How many of the newest open conversations hold something that an agent has not read.
    func badges(of agent: Agent, in tenant: Tenant) async throws(StorageError) -> Badges {
        try await storage.reader(for: tenant).aggregate(
            Badges.self, "conversation.badges",
            """
            SELECT count(*), coalesce(sum(CASE WHEN b.assignee_id = \(agent.person) THEN 1 ELSE 0 END), 0),
                coalesce(sum(CASE WHEN b.assignee_id IS NULL THEN 1 ELSE 0 END), 0)
            FROM (SELECT c.assignee_id, \(sql: Self.unread(agent, tenant)) AS unread
                FROM inbox_conversations c \(sql: Self.cursor(of: agent, tenant))
                WHERE c.tenant_id = \(tenant) AND c.state = 'open'\(sql: Self.visible(agent))
                ORDER BY c.last_message_at DESC, c.id DESC LIMIT \(Badges.Bounds.depth)) b
            WHERE b.unread > 0
            """)
    }
}

// MARK: Rows

extension SeenConversation: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            head: try Conversation(row: row), readSequence: try row.optional(at: Conversation.columnCount),
            unread: max(0, try row.value(at: Conversation.columnCount + 1)))
    }
}

extension Badges: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(all: try row.value(at: 0), mine: try row.value(at: 1), unassigned: try row.value(at: 2))
    }
}
