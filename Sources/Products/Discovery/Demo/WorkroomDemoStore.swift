import Base
import Storage

/// What the demo's lists are made of.
struct WorkroomDemoStore: Sendable {
    let storage: Storage

    private struct CreatorRow: RowDecodable {
        let id: ID<Creator>

        init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
    }

    /// The first creators of a workspace.
    func creators(limit: Int, in tenant: Tenant) async throws(StorageError) -> [ID<Creator>] {
        try await storage.reader(for: tenant).list(
            CreatorRow.self, "demo.creators",
            "SELECT c.id FROM creators c WHERE c.tenant_id = \(tenant) ORDER BY c.id", limit: limit
        ).map(\.id)
    }
}
