import Base
import Storage

/// What the demo reads and writes past the desks.
struct DemoStore: Sendable {
    let storage: Storage

    /// Whether there are conversations already; then there is nothing to do.
    func hasConversations(in tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.reader(for: tenant).exists(
            "demo.anyConversation", "SELECT c.id FROM inbox_conversations c WHERE c.tenant_id = \(tenant)")
    }

    /// Has a channel's token end at a time.
    func setTokenEnd(
        _ time: Timestamp, of channel: ID<Channel>, in tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "demo.tokenEnd",
            """
            UPDATE inbox_channels SET token_expires_at = \(time) WHERE tenant_id = \(tenant) AND id = \(channel)
            """)
    }
}
