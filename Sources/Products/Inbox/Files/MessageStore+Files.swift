import Base
import Storage

extension MessageStore {
    /// Writes what has become of a message's files; `nil` when it is gone or was deleted.
    func set(
        _ files: [MessageFile], of id: ID<Message>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Message? {
        try await writing.returning(
            Message.self, "message.setFiles",
            """
            UPDATE inbox_messages SET files = \(try StoredJSON.text(files))
            WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL RETURNING \(sql: Message.returned)
            """, limit: 1
        ).first
    }
}
