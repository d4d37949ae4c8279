import Base
import Storage

/// Which agents are named for which channels.
struct VisibilityStore: Sendable {
    enum Bounds {
        /// All names of a company: a hundred channels with a hundred agents each.
        static let rows = 10_000
    }

    let storage: Storage

    func all(in tenant: Tenant) async throws(StorageError) -> [ID<Channel>: Set<ID<Person>>] {
        let rows = try await storage.reader(for: tenant).list(
            NamedRow.self, "visibility.all",
            "SELECT a.channel_id, a.person_id FROM inbox_channel_agents a WHERE a.tenant_id = \(tenant)",
            limit: Bounds.rows)
        return Dictionary(grouping: rows, by: \.channel).mapValues { Set($0.map(\.person)) }
    }

    /// Puts those who see a channel in the place of those who did.
    func set(
        _ people: [ID<Person>], for channel: ID<Channel>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "visibility.clear",
            "DELETE FROM inbox_channel_agents WHERE tenant_id = \(tenant) AND channel_id = \(channel)")
        guard !people.isEmpty else { return }
        try await writing.execute(
            "visibility.set",
            """
            WITH input (person_id) AS (\(rows: SQLRows(people)))
            INSERT INTO inbox_channel_agents (tenant_id, channel_id, person_id)
            SELECT \(tenant), \(channel), i.person_id FROM input i WHERE true
            """)
    }
}

private struct NamedRow: RowDecodable {
    let channel: ID<Channel>
    let person: ID<Person>

    init(row: SQLRow) throws(StorageError) {
        channel = try row.value(at: 0)
        person = try row.value(at: 1)
    }
}
