import Base
import Storage

/// The facts of files; their bytes are in the blob store.
struct FileStore: Sendable {
    let storage: Storage

    func insert(_ file: StoredFile, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "file.insert",
            """
            INSERT INTO inbox_files (tenant_id, id, channel_id, conversation_id, message_id, origin, owner, person_id, kind,
                name, media_type, bytes, created_at)
            VALUES (\(tenant), \(file.id), \(file.channelID), \(file.conversationID), \(file.messageID), \(file.origin),
                \(file.owner), \(file.personID), \(file.kind), \(file.name), \(file.mediaType), \(file.bytes),
                \(file.createdAt))
            ON CONFLICT DO NOTHING
            """)
    }

    func file(
        _ id: ID<StoredFile>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> StoredFile? {
        try await reading.first(
            StoredFile.self, "file.byID",
            "SELECT \(sql: StoredFile.columns) FROM inbox_files f WHERE f.tenant_id = \(tenant) AND f.id = \(id)")
    }

    /// Some files of what is gone.
    func some(
        of gone: FilesGone, limit: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [StoredFile] {
        let which: SQL =
            switch gone {
            case .conversation(let id): "f.conversation_id = \(id)"
            case .message(let id, let conversation): "f.conversation_id = \(conversation) AND f.message_id = \(id)"
            case .file(let id): "f.id = \(id)"
            }
        return try await reading.list(
            StoredFile.self, "file.gone",
            """
            SELECT \(sql: StoredFile.columns) FROM inbox_files f WHERE f.tenant_id = \(tenant) AND \(sql: which)
            """, limit: limit)
    }

    func delete(
        _ ids: [ID<StoredFile>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "file.delete",
            "DELETE FROM inbox_files WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids)))")
    }

    // MARK: What nothing leads to

    /// Some uploads from before a time that no message has taken.
    func loose(
        before time: Timestamp, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [StoredFile] {
        try await storage.reader(for: tenant).list(
            StoredFile.self, "file.loose",
            """
            SELECT \(sql: StoredFile.columns) FROM inbox_files f
            WHERE f.tenant_id = \(tenant) AND f.message_id IS NULL AND f.origin IN ('visitor', 'agent')
                AND f.created_at < \(time) ORDER BY f.created_at, f.id
            """, limit: limit)
    }

    /// Deletes uploads unless a message has taken them meanwhile; returns which are gone.
    func deleteLoose(_ ids: [ID<StoredFile>], in tenant: Tenant) async throws(StorageError) -> Set<ID<StoredFile>> {
        guard !ids.isEmpty else { return [] }
        return Set(
            try await storage.writer(for: tenant).returning(
                IDRow<StoredFile>.self, "file.deleteLoose",
                """
                DELETE FROM inbox_files WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids)))
                    AND message_id IS NULL RETURNING id
                """, limit: ids.count
            ).map(\.id))
    }

    /// Which of these there are.
    func known(_ ids: [ID<StoredFile>], in tenant: Tenant) async throws(StorageError) -> Set<ID<StoredFile>> {
        guard !ids.isEmpty else { return [] }
        return Set(
            try await storage.reader(for: tenant).list(
                IDRow<StoredFile>.self, "file.known",
                "SELECT f.id FROM inbox_files f WHERE f.tenant_id = \(tenant) AND f.id IN (\(rows: SQLRows(ids)))",
                limit: ids.count
            ).map(\.id))
    }

    /// Notes to which message an agent's file belongs; `false` when the file is gone.
    func attach(
        _ id: ID<StoredFile>, to message: Message, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "file.attach",
            """
            UPDATE inbox_files SET conversation_id = \(message.conversationID), message_id = \(message.id)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    /// Gives an upload to the message that it came for; `nil` when it is somebody else's, or belongs to another message.
    func claim(
        _ id: ID<StoredFile>, of owner: String, for message: Message, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> StoredFile? {
        try await writing.returning(
            StoredFile.self, "file.claim",
            """
            UPDATE inbox_files SET conversation_id = \(message.conversationID), message_id = \(message.id)
            WHERE tenant_id = \(tenant) AND id = \(id) AND owner = \(owner) AND channel_id = \(message.channelID)
                AND message_id IS NULL
            RETURNING id, channel_id, conversation_id, message_id, origin, owner, person_id, kind, name, media_type, bytes,
                created_at
            """, limit: 1
        ).first
    }
}

extension StoredFile: RowDecodable {
    static let columns: SQL = """
        f.id, f.channel_id, f.conversation_id, f.message_id, f.origin, f.owner, f.person_id, f.kind, f.name, f.media_type,
        f.bytes, f.created_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), channelID: try row.value(at: 1), conversationID: try row.optional(at: 2),
            messageID: try row.optional(at: 3), origin: try row.value(at: 4), owner: try row.optional(at: 5),
            personID: try row.optional(at: 6), kind: try row.value(at: 7), name: try row.optional(at: 8),
            mediaType: try row.value(at: 9), bytes: try row.value(at: 10), createdAt: try row.value(at: 11))
    }
}
