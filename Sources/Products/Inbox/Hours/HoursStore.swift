import Base
import Storage

/// When companies answer.
struct HoursStore: Sendable {
    let storage: Storage

    func all(in tenant: Tenant) async throws(StorageError) -> [BusinessHours] {
        try await storage.reader(for: tenant).list(
            BusinessHours.self, "hours.all",
            """
            SELECT h.id, h.name, h.plan, h.is_usual FROM inbox_hours h
            WHERE h.tenant_id = \(tenant) ORDER BY h.name, h.id
            """, limit: BusinessHours.Bounds.plans)
    }

    /// Writes hours; `false` when there are as many as there may be.
    func insert(
        _ hours: BusinessHours, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "hours.insert",
            """
            INSERT INTO inbox_hours (tenant_id, id, name, plan, is_usual, created_at)
            SELECT \(tenant), \(hours.id), \(hours.name), \(try StoredJSON.text(hours.plan)), \(hours.isUsual), \(time)
            WHERE (SELECT count(*) FROM inbox_hours o WHERE o.tenant_id = \(tenant)) < \(BusinessHours.Bounds.plans)
            """) == 1
    }

    func update(
        _ hours: BusinessHours, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "hours.update",
            """
            UPDATE inbox_hours SET name = \(hours.name), plan = \(try StoredJSON.text(hours.plan)),
                is_usual = \(hours.isUsual)
            WHERE tenant_id = \(tenant) AND id = \(hours.id)
            """) == 1
    }

    /// Has none be the usual ones.
    func clearUsual(through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "hours.clearUsual", "UPDATE inbox_hours SET is_usual = false WHERE tenant_id = \(tenant) AND is_usual")
    }

    func delete(
        _ id: ID<BusinessHours>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "hours.delete", "DELETE FROM inbox_hours WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }
}

extension BusinessHours: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), name: try row.value(at: 1), plan: try StoredJSON.read(try row.value(at: 2)),
            isUsual: try row.value(at: 3))
    }
}
