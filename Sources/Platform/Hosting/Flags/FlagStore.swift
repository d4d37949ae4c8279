import Base
import Storage

/// The table of decisions about flags.
struct FlagStore: Sendable {
    static let schema = SchemaModule(
        name: "hosting",
        tables: [TableDeclaration("feature_flags"), CostStore.table],
        migrations: [
            Migration(
                1, "flags",
                [
                    .both(
                        """
                        CREATE TABLE feature_flags (
                            tenant_id uuid NOT NULL,
                            key text NOT NULL,
                            is_enabled boolean NOT NULL,
                            percentage bigint NOT NULL CHECK (percentage BETWEEN 0 AND 100),
                            version bigint NOT NULL,
                            PRIMARY KEY (tenant_id, key)
                        )
                        """),
                    .both("CREATE INDEX feature_flags_by_version ON feature_flags (version)"),
                ]),
            CostStore.migration,
        ])

    static let watcher = SystemCapability(
        name: "hosting.flagWatcher", reason: "One read a second learns of changed flags of all tenants together.")

    let storage: Storage

    /// A decision as the table holds it.
    struct Entry: RowDecodable {
        var tenant: Tenant
        var key: String
        var state: FlagState
        var version: Int64

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            key = try row.value(at: 1)
            state = FlagState(checked: try row.value(at: 2), percentage: try row.value(at: 3))
            version = try row.value(at: 4)
        }
    }

    func changes(since version: Int64, limit: Int) async throws(StorageError) -> [Entry] {
        try await storage.reader(bypassingTenant: Self.watcher).list(
            Entry.self, "flag.changes",
            """
            SELECT tenant_id, key, is_enabled, percentage, version FROM feature_flags
            WHERE version > \(version) ORDER BY version, tenant_id, key
            """, limit: limit)
    }

    /// Writes a decision.
    ///
    /// Its version is the time, or one more than the last when the clock has not moved on.
    func set(_ key: String, to state: FlagState, for tenant: Tenant, at time: Timestamp) async throws -> Entry {
        let entries = try await storage.writer(for: tenant).returning(
            Entry.self, "flag.set",
            """
            INSERT INTO feature_flags (tenant_id, key, is_enabled, percentage, version)
            VALUES (\(tenant), \(key), \(state.isEnabled), \(state.percentage), \(time.microseconds))
            ON CONFLICT (tenant_id, key) DO UPDATE SET
                is_enabled = excluded.is_enabled, percentage = excluded.percentage,
                version = CASE WHEN feature_flags.version >= excluded.version
                    THEN feature_flags.version + 1 ELSE excluded.version END
            RETURNING tenant_id, key, is_enabled, percentage, version
            """, limit: 1)
        guard let entry = entries.first else { throw StorageError(.notOne, "flag.set returned no row") }
        return entry
    }
}
