import Base
import Storage

/// Since when people answer here.
struct AgentStore: Sendable {
    let storage: Storage

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

private struct JoinedRow: RowDecodable {
    let joinedAt: Timestamp

    init(row: SQLRow) throws(StorageError) { joinedAt = try row.value(at: 0) }
}
