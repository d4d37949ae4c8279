import Base
import Storage

/// What companies promise.
struct ServiceLevelStore: Sendable {
    let storage: Storage

    func all(in tenant: Tenant) async throws(StorageError) -> [ServiceLevel] {
        try await storage.reader(for: tenant).list(
            ServiceLevel.self, "serviceLevel.all",
            """
            SELECT s.id, s.name, s.first_minutes, s.next_minutes, s.resolution_minutes, s.channels, s.hours_id,
                s.created_at
            FROM inbox_service_levels s WHERE s.tenant_id = \(tenant) ORDER BY s.name, s.id
            """, limit: ServiceLevel.Bounds.levels)
    }

    /// Writes one; `false` when there are as many as there may be.
    func insert(
        _ level: ServiceLevel, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "serviceLevel.insert",
            """
            INSERT INTO inbox_service_levels (tenant_id, id, name, first_minutes, next_minutes, resolution_minutes,
                channels, hours_id, created_at)
            SELECT \(tenant), \(level.id), \(level.name), \(level.first), \(level.next), \(level.resolution),
                \(try StoredJSON.text(level.channels)), \(level.hours), \(level.createdAt)
            WHERE (SELECT count(*) FROM inbox_service_levels o WHERE o.tenant_id = \(tenant))
                < \(ServiceLevel.Bounds.levels)
            """) == 1
    }

    func delete(
        _ id: ID<ServiceLevel>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "serviceLevel.delete", "DELETE FROM inbox_service_levels WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }
}

extension ServiceLevel: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), name: try row.value(at: 1), first: try row.optional(at: 2),
            next: try row.optional(at: 3), resolution: try row.optional(at: 4),
            channels: try StoredJSON.read(try row.value(at: 5)), hours: try row.optional(at: 6),
            createdAt: try row.value(at: 7))
    }
}
