import Base
import Storage

/// Since when people answer here.
struct AgentStore: Sendable {
    enum Bounds {
        /// Those who have ever answered in a company and are offered to assign to.
        static let agents = 1_000
    }

    let storage: Storage

    /// All who answer or have answered here.
    func all(in tenant: Tenant) async throws(StorageError) -> [ID<Person>] {
        try await storage.reader(for: tenant).list(
            PersonRow.self, "agent.all",
            "SELECT a.person_id FROM inbox_agents a WHERE a.tenant_id = \(tenant) ORDER BY a.person_id",
            limit: Bounds.agents
        ).map(\.person)
    }

    /// Since when somebody answers here: from now on, when they never did.
    func joined(_ person: ID<Person>, at time: Timestamp, in tenant: Tenant) async throws(StorageError) -> Timestamp {
        try await storage.writer(for: tenant).returning(
            JoinedRow.self, "agent.joined",
            """
            INSERT INTO inbox_agents AS a (tenant_id, person_id, joined_at) VALUES (\(tenant), \(person), \(time))
            ON CONFLICT (tenant_id, person_id) DO UPDATE SET joined_at = a.joined_at RETURNING joined_at
            """, limit: 1
        ).first?.joinedAt ?? time
    }
}

private struct PersonRow: RowDecodable {
    let person: ID<Person>

    init(row: SQLRow) throws(StorageError) { person = try row.value(at: 0) }
}

private struct JoinedRow: RowDecodable {
    let joinedAt: Timestamp

    init(row: SQLRow) throws(StorageError) { joinedAt = try row.value(at: 0) }
}
