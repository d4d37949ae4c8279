import Base
import Storage

/// The settings of widgets, and who visits them.
struct WidgetStore: Sendable {
    let storage: Storage

    func settings(of channel: ID<Channel>, in tenant: Tenant) async throws(StorageError) -> WidgetSettings? {
        try await storage.reader(for: tenant).first(
            SettingsRow.self, "widget.settings",
            """
            SELECT w.content FROM inbox_widgets w WHERE w.tenant_id = \(tenant) AND w.channel_id = \(channel)
            """)?.settings
    }

    func set(
        _ settings: WidgetSettings, of channel: ID<Channel>, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "widget.set",
            """
            INSERT INTO inbox_widgets (tenant_id, channel_id, content, changed_at)
            VALUES (\(tenant), \(channel), \(try StoredJSON.text(settings)), \(time))
            ON CONFLICT (tenant_id, channel_id) DO UPDATE SET content = excluded.content, changed_at = excluded.changed_at
            """)
    }

    /// A visitor's newest conversation.
    func conversation(
        of point: ID<ContactPoint>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Conversation? {
        try await reading.first(
            Conversation.self, "widget.conversation",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.contact_point_id = \(point) ORDER BY c.id DESC
            """)
    }

    /// What a visitor may see of a thread, in the order of its numbers.
    func shown(
        of conversation: ID<Conversation>, after sequence: Int64, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        try await storage.reader(for: tenant).list(
            Message.self, "widget.shown",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = \(conversation) AND m.sequence > \(sequence)
                AND m.role IN ('customer', 'agent', 'bot') AND m.delivery NOT IN ('failed', 'withdrawn')
            ORDER BY m.sequence
            """, limit: limit)
    }

    /// How many wait for a person at a channel since before a time, at most a hundred.
    func waiting(
        before time: Timestamp, at channel: ID<Channel>, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await storage.reader(for: tenant).first(
            CountRow.self, "widget.waiting",
            """
            SELECT count(*) FROM (SELECT 1 FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
                AND c.state = 'open' AND c.assignee_id IS NULL AND c.channel_id = \(channel)
                AND c.bot IN ('waiting', 'off') AND c.opened_at < \(time) LIMIT 100) w
            """)?.count ?? 0
    }

    /// Fills in what a visitor has told of themselves; what is known already stays.
    func introduce(
        _ contact: Contact, at point: ID<ContactPoint>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "widget.introduce",
            """
            UPDATE inbox_contacts SET name = CASE WHEN name = \(Contact.nameless) THEN \(contact.name) ELSE name END,
                search_name = CASE WHEN name = \(Contact.nameless) THEN \(contact.name.lowercased()) ELSE search_name END,
                email = coalesce(email, \(contact.email)), phone = coalesce(phone, \(contact.phone)),
                locale = coalesce(\(contact.locale), locale), version = version + 1
            WHERE tenant_id = \(tenant) AND id = (SELECT p.contact_id FROM inbox_contact_points p
                WHERE p.tenant_id = \(tenant) AND p.id = \(point))
            """) == 1
    }
}

private struct SettingsRow: RowDecodable {
    let settings: WidgetSettings

    init(row: SQLRow) throws(StorageError) { settings = try StoredJSON.read(try row.value(at: 0)) }
}

private struct CountRow: RowDecodable {
    let count: Int

    init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
}
