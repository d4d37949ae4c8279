import Base
import Storage

/// Rows that were written before tags and mentions carried a place, and before words stood under their day.
struct BackfillStore: Sendable {
    /// The right to see which companies have such rows.
    static let mending = SystemCapability(
        name: "inbox.mending", reason: "What an older version has written is brought up to date, of whichever company.")

    enum Bounds {
        /// Rows of one step.
        static let rows = 500
    }

    let storage: Storage

    /// The next company that has something left; `nil` when all is done.
    func tenant(after last: Tenant?) async throws(StorageError) -> Tenant? {
        var more: SQL = ""
        if let last { more = "WHERE b.tenant_id > \(last.id)" }
        return try await storage.reader(bypassingTenant: Self.mending).first(
            TenantRow.self, "backfill.tenant",
            "SELECT b.tenant_id FROM inbox_backfills b \(sql: more) ORDER BY b.tenant_id"
        )?.tenant
    }

    /// Gives some tags and mentions the place of their conversation; returns how many.
    ///
    /// A conversation that moves meanwhile writes its own place, before or after: one that has a place is left alone.
    func place(in tenant: Tenant) async throws(StorageError) -> Int {
        let writer = storage.writer(for: tenant)
        let tagged = try await writer.execute(
            "backfill.tagged",
            """
            UPDATE inbox_tagged SET state = c.state, last_message_at = c.last_message_at FROM inbox_conversations c
            WHERE inbox_tagged.tenant_id = \(tenant) AND inbox_tagged.state = '' AND c.tenant_id = \(tenant)
                AND c.id = inbox_tagged.conversation_id AND (inbox_tagged.tag_id, inbox_tagged.conversation_id) IN (
                    SELECT o.tag_id, o.conversation_id FROM inbox_tagged o WHERE o.tenant_id = \(tenant)
                        AND o.state = '' ORDER BY o.tag_id, o.conversation_id LIMIT \(Bounds.rows))
            """)
        let mentioned = try await writer.execute(
            "backfill.mentions",
            """
            UPDATE inbox_mentions SET state = c.state, last_message_at = c.last_message_at FROM inbox_conversations c
            WHERE inbox_mentions.tenant_id = \(tenant) AND inbox_mentions.state = '' AND c.tenant_id = \(tenant)
                AND c.id = inbox_mentions.conversation_id
                AND (inbox_mentions.person_id, inbox_mentions.conversation_id) IN (
                    SELECT o.person_id, o.conversation_id FROM inbox_mentions o WHERE o.tenant_id = \(tenant)
                        AND o.state = '' ORDER BY o.person_id, o.conversation_id LIMIT \(Bounds.rows))
            """)
        return tagged + mentioned
    }

    /// The newest messages whose words are still to be written anew, held so that nobody changes them meanwhile; `nil` when
    /// the company is done.
    func messages(through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> [Message]? {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE" : ""
        let left = try await writing.returning(
            PlaceRow.self, "backfill.left",
            "SELECT b.before_id FROM inbox_backfills b WHERE b.tenant_id = \(tenant)\(sql: lock)", limit: 1
        ).first
        guard let left else { return nil }
        let hold: SQL = storage.dialect == .postgres ? " FOR UPDATE OF m" : ""
        return try await writing.returning(
            Message.self, "backfill.messages",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant) AND m.id < \(left.before)
            ORDER BY m.id DESC LIMIT \(Bounds.rows)\(sql: hold)
            """, limit: Bounds.rows)
    }

    /// Notes how far words were written; `nil` ends it.
    func note(
        before last: ID<Message>?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        if let last {
            try await writing.execute(
                "backfill.note", "UPDATE inbox_backfills SET before_id = \(last) WHERE tenant_id = \(tenant)")
        } else {
            try await writing.execute("backfill.end", "DELETE FROM inbox_backfills WHERE tenant_id = \(tenant)")
        }
    }
}

private struct TenantRow: RowDecodable {
    let tenant: Tenant

    init(row: SQLRow) throws(StorageError) { tenant = Tenant(try row.value(at: 0)) }
}

private struct PlaceRow: RowDecodable {
    let before: ID<Message>

    init(row: SQLRow) throws(StorageError) { before = try row.value(at: 0) }
}
