import Base
import Storage

/// Answers that agents have begun.
struct DraftStore: Sendable {
    let storage: Storage

    /// What somebody has begun to answer; `nil` for nothing.
    func draft(
        of person: ID<Person>, in conversation: ID<Conversation>, of tenant: Tenant
    ) async throws(StorageError) -> Draft? {
        try await storage.reader(for: tenant).first(
            Draft.self, "draft.byPerson",
            """
            SELECT d.body, d.changed_at FROM inbox_drafts d
            WHERE d.tenant_id = \(tenant) AND d.conversation_id = \(conversation) AND d.person_id = \(person)
            """)
    }

    /// Keeps what somebody has begun; `false` without such a conversation.
    func keep(
        _ draft: Draft, of person: ID<Person>, in conversation: ID<Conversation>, through writing: some Writing,
        of tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "draft.keep",
            """
            INSERT INTO inbox_drafts (tenant_id, conversation_id, person_id, body, changed_at)
            SELECT \(tenant), c.id, \(person), \(draft.body), \(draft.changedAt) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.id = \(conversation)
            ON CONFLICT (tenant_id, conversation_id, person_id)
                DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at
            """) == 1
    }

    func drop(
        of person: ID<Person>, in conversation: ID<Conversation>, of tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "draft.drop",
            """
            DELETE FROM inbox_drafts WHERE tenant_id = \(tenant) AND conversation_id = \(conversation)
                AND person_id = \(person)
            """)
    }
}

/// An answer that somebody has begun.
struct Draft: RowDecodable {
    let body: String
    let changedAt: Timestamp

    init(body: String, changedAt: Timestamp) {
        self.body = body
        self.changedAt = changedAt
    }

    init(row: SQLRow) throws(StorageError) {
        body = try row.value(at: 0)
        changedAt = try row.value(at: 1)
    }
}
