import Base
import Storage

/// Which plan a workspace has.
struct WorkspaceStore: Sendable {
    let storage: Storage

    func workspace(in tenant: Tenant) async throws(StorageError) -> Workspace? {
        try await storage.reader(for: tenant).first(
            Workspace.self, "workspace.plan",
            """
            SELECT w.plan, w.started_at, w.zone, w.subscription, w.is_active FROM workspaces w
            WHERE w.tenant_id = \(tenant)
            """)
    }

    /// Begins a workspace unless it has begun.
    func begin(_ workspace: Workspace, in tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "workspace.begin",
            """
            INSERT INTO workspaces (tenant_id, plan, started_at, zone, told_at, told_by, is_active)
            VALUES (\(tenant), \(workspace.plan), \(workspace.startedAt), \(workspace.zone), \(Timestamp.epoch), '', true)
            ON CONFLICT (tenant_id) DO NOTHING
            """)
    }

    /// Sets the plan as an event told it, unless a newer event has.
    ///
    /// Of two of the same moment that with the greater id counts, so that every order of arrival ends the same.
    func set(
        _ workspace: Workspace, toldAt time: Timestamp, by event: String, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "workspace.set",
            """
            INSERT INTO workspaces (tenant_id, plan, started_at, zone, told_at, told_by, subscription, is_active)
            VALUES (\(tenant), \(workspace.plan), \(workspace.startedAt), \(workspace.zone), \(time), \(event),
                \(workspace.subscription), \(workspace.isActive))
            ON CONFLICT (tenant_id) DO UPDATE SET plan = excluded.plan, started_at = excluded.started_at,
                told_at = excluded.told_at, told_by = excluded.told_by, subscription = excluded.subscription,
                is_active = excluded.is_active
            WHERE workspaces.told_at < excluded.told_at
                OR (workspaces.told_at = excluded.told_at AND workspaces.told_by < excluded.told_by)
            """) == 1
    }
}

extension Workspace: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            plan: try row.value(at: 0), startedAt: try row.value(at: 1), zone: try row.value(at: 2),
            subscription: try row.optional(at: 3), isActive: try row.value(at: 4))
    }
}
