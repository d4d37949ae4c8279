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

    /// The searches of a workspace, the oldest first.
    func searches(limit: Int, in tenant: Tenant) async throws(StorageError) -> [ID<Search>] {
        try await storage.reader(for: tenant).list(
            SearchRow.self, "demo.searches",
            "SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) ORDER BY s.id", limit: limit
        ).map(\.id)
    }

    private struct SearchRow: RowDecodable {
        let id: ID<Search>

        init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
    }

    /// Makes searches runs of campaigns.
    func assign(_ runs: [(ID<Search>, ID<Campaign>)], in tenant: Tenant) async throws(StorageError) {
        guard !runs.isEmpty else { return }
        try await storage.writer(for: tenant).execute(
            "demo.assign",
            """
            WITH input (search_id, to_campaign) AS (\(rows: SQLRows(runs, { $0.0 }, { $0.1 })))
            UPDATE searches SET campaign_id = i.to_campaign FROM input i
            WHERE searches.tenant_id = \(tenant) AND searches.id = i.search_id
            """)
    }
}
