import Base
import Storage

/// What companies keep for how long, and the deleting of what they keep no longer.
struct RetentionStore: Sendable {
    let storage: Storage

    /// What a company has said; that it keeps everything when it has said nothing.
    func record(through reading: some Reading, in tenant: Tenant) async throws(StorageError) -> RetentionRecord {
        try await reading.first(
            RetentionRecord.self, "retention.record",
            """
            SELECT t.conversation_days, t.file_days, t.changed_at, t.conversations, t.files, t.last_at
            FROM inbox_retention t WHERE t.tenant_id = \(tenant)
            """) ?? RetentionRecord()
    }

    func set(
        _ rules: RetentionRules, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "retention.set",
            """
            INSERT INTO inbox_retention (tenant_id, conversation_days, file_days, changed_at)
            VALUES (\(tenant), \(rules.conversationDays), \(rules.fileDays), \(time))
            ON CONFLICT (tenant_id) DO UPDATE SET conversation_days = excluded.conversation_days,
                file_days = excluded.file_days, changed_at = excluded.changed_at
            """)
    }

    /// Adds up what has gone.
    func note(
        conversations: Int = 0, files: Int = 0, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "retention.note",
            """
            UPDATE inbox_retention SET conversations = conversations + \(conversations), files = files + \(files),
                last_at = \(time)
            WHERE tenant_id = \(tenant)
            """)
    }

    // MARK: Conversations

    /// Locks some conversations that were closed before a time, the oldest first: whoever opens one again meanwhile keeps it.
    func closed(
        before time: Timestamp, max count: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Conversation>] {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE OF c SKIP LOCKED" : ""
        return try await writing.returning(
            IDRow<Conversation>.self, "retention.closed",
            """
            SELECT c.id FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.state = 'closed' AND c.closed_at < \(time)
            ORDER BY c.closed_at, c.id LIMIT \(count)\(sql: lock)
            """, limit: count
        ).map(\.id)
    }

    /// Notes that the messages of conversations are to go.
    func retire(
        _ ids: [ID<Conversation>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "retention.retire",
            """
            INSERT INTO inbox_retired (tenant_id, conversation_id)
            SELECT \(tenant), i.id FROM (WITH v(id) AS (\(rows: SQLRows(ids))) SELECT * FROM v) i WHERE true
            ON CONFLICT (tenant_id, conversation_id) DO NOTHING
            """)
    }

    /// Some conversations that are gone, whose messages are not.
    func retired(through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> [ID<Conversation>] {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE OF r SKIP LOCKED" : ""
        return try await writing.returning(
            IDRow<Conversation>.self, "retention.retired",
            """
            SELECT r.conversation_id FROM inbox_retired r WHERE r.tenant_id = \(tenant)
            ORDER BY r.conversation_id LIMIT \(RetentionRules.Bounds.conversations)\(sql: lock)
            """, limit: RetentionRules.Bounds.conversations
        ).map(\.id)
    }

    func settle(
        _ ids: [ID<Conversation>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "retention.settle",
            """
            DELETE FROM inbox_retired WHERE tenant_id = \(tenant) AND conversation_id IN (\(rows: SQLRows(ids)))
            """)
    }

    // MARK: Files

    /// Some files that came before a time, the oldest first.
    ///
    /// Pictures of contacts belong to the contact and stay.
    func files(before time: Timestamp, in tenant: Tenant) async throws(StorageError) -> [StoredFile] {
        try await storage.reader(for: tenant).list(
            StoredFile.self, "retention.files",
            """
            SELECT \(sql: StoredFile.columns) FROM inbox_files f
            WHERE f.tenant_id = \(tenant) AND f.created_at < \(time) AND f.origin <> 'picture'
            ORDER BY f.created_at, f.id
            """, limit: RetentionRules.Bounds.files)
    }

    /// What messages say about their files, locked.
    func attachments(
        of messages: [ID<Message>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [(message: ID<Message>, files: [MessageFile])] {
        guard !messages.isEmpty else { return [] }
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE OF m" : ""
        return try await writing.returning(
            FilesRow.self, "retention.attachments",
            """
            SELECT m.id, m.files FROM inbox_messages m
            WHERE m.tenant_id = \(tenant) AND m.id IN (\(rows: SQLRows(messages))) ORDER BY m.id\(sql: lock)
            """, limit: messages.count
        ).map { ($0.id, $0.files) }
    }

    func set(
        _ files: [(message: ID<Message>, files: [MessageFile])], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !files.isEmpty else { return }
        var texts: [(id: ID<Message>, text: String)] = []
        for line in files { texts.append((line.message, try StoredJSON.text(line.files))) }
        try await writing.execute(
            "retention.setFiles",
            """
            WITH input (id, files) AS (\(rows: SQLRows(texts, { $0.id }, { $0.text })))
            UPDATE inbox_messages SET files = input.files FROM input
            WHERE inbox_messages.tenant_id = \(tenant) AND inbox_messages.id = input.id
            """)
    }
}

extension RetentionRecord: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            rules: RetentionRules(conversationDays: try row.optional(at: 0), fileDays: try row.optional(at: 1)),
            changedAt: try row.value(at: 2), conversations: try row.value(at: 3), files: try row.value(at: 4),
            lastAt: try row.optional(at: 5))
    }
}

private struct FilesRow: RowDecodable {
    let id: ID<Message>
    let files: [MessageFile]

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        files = try StoredJSON.read(try row.value(at: 1))
    }
}
