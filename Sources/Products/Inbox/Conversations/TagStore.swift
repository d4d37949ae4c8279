import Base
import Storage

/// Words that agents put on conversations.
struct TagStore: Sendable {
    let storage: Storage

    func all(in tenant: Tenant) async throws(StorageError) -> [Tag] {
        try await storage.reader(for: tenant).list(
            Tag.self, "tag.all",
            "SELECT g.id, g.label FROM inbox_tags g WHERE g.tenant_id = \(tenant) ORDER BY g.label",
            limit: Tag.Bounds.tags)
    }

    /// Makes a tag, or takes the one of its label; `nil` when there are as many as there may be.
    func make(
        _ tag: Tag, at time: Timestamp, in tenant: Tenant
    ) async throws(StorageError) -> Tag? {
        try await storage.writer(for: tenant).returning(
            Tag.self, "tag.make",
            """
            INSERT INTO inbox_tags AS g (tenant_id, id, label, created_at)
            SELECT \(tenant), \(tag.id), \(tag.label), \(time)
            WHERE (SELECT count(*) FROM inbox_tags o WHERE o.tenant_id = \(tenant)) < \(Tag.Bounds.tags)
            ON CONFLICT (tenant_id, label) DO UPDATE SET label = g.label RETURNING id, label
            """, limit: 1
        ).first
    }

    /// Puts a tag on a conversation; `false` without such a tag or conversation, or with too many tags.
    ///
    /// The conversation is held, so that its place in lists cannot move between being read and being written.
    func put(
        _ tag: ID<Tag>, on conversation: ID<Conversation>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let hold: SQL = storage.dialect == .postgres ? " FOR SHARE OF c" : ""
        return try await writing.execute(
            "tag.put",
            """
            INSERT INTO inbox_tagged AS d (tenant_id, tag_id, conversation_id, state, last_message_at)
            SELECT \(tenant), g.id, c.id, c.state, c.last_message_at FROM inbox_tags g
            JOIN inbox_conversations c ON c.tenant_id = \(tenant) AND c.id = \(conversation)
            WHERE g.tenant_id = \(tenant) AND g.id = \(tag)
                AND (SELECT count(*) FROM inbox_tagged o WHERE o.tenant_id = \(tenant)
                    AND o.conversation_id = \(conversation)) < \(Tag.Bounds.each)\(sql: hold)
            ON CONFLICT (tenant_id, tag_id, conversation_id) DO UPDATE SET tag_id = d.tag_id
            """) == 1
    }

    func take(
        _ tag: ID<Tag>, off conversation: ID<Conversation>, in tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "tag.take",
            """
            DELETE FROM inbox_tagged WHERE tenant_id = \(tenant) AND tag_id = \(tag)
                AND conversation_id = \(conversation)
            """)
    }

    /// The tags of conversations that are shown together.
    func tags(
        of conversations: [ID<Conversation>], in tenant: Tenant
    ) async throws(StorageError) -> [ID<Conversation>: [Tag]] {
        guard !conversations.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            TaggedRow.self, "tag.of",
            """
            SELECT g.id, g.label, d.conversation_id FROM inbox_tagged d
            JOIN inbox_tags g ON g.tenant_id = \(tenant) AND g.id = d.tag_id
            WHERE d.tenant_id = \(tenant) AND d.conversation_id IN (\(rows: SQLRows(conversations)))
            ORDER BY g.label
            """, limit: conversations.count * Tag.Bounds.each)
        return Dictionary(grouping: rows, by: \.conversation).mapValues { $0.map(\.tag) }
    }
}

extension Tag: RowDecodable {
    init(row: SQLRow) throws(StorageError) { self.init(id: try row.value(at: 0), label: try row.value(at: 1)) }
}

private struct TaggedRow: RowDecodable {
    let tag: Tag
    let conversation: ID<Conversation>

    init(row: SQLRow) throws(StorageError) {
        tag = try Tag(row: row)
        conversation = try row.value(at: 2)
    }
}
