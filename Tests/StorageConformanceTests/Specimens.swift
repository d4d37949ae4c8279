import Base
import BaseTestKit
import Storage
import StorageTestKit

/// The tables on which the conformance suite works.
enum Specimens {
    static let module = SchemaModule(
        name: "specimens",
        tables: [
            TableDeclaration("specimens"), TableDeclaration("parents"), TableDeclaration("children"),
            TableDeclaration("events", retention: .after(column: "made_at", age: .seconds(3_600))),
            TableDeclaration("tallies", .system),
        ],
        migrations: [
            Migration(
                1, "specimens",
                [
                    .both(
                        """
                        CREATE TABLE specimens (
                            tenant_id uuid NOT NULL, id bigint NOT NULL, a_bool boolean, an_integer bigint,
                            a_double double precision, a_text text, some_bytes bytea, a_json jsonb, a_time timestamptz,
                            a_uuid uuid, PRIMARY KEY (tenant_id, id))
                        """),
                    .both(
                        """
                        CREATE TABLE parents (
                            tenant_id uuid NOT NULL, id bigint NOT NULL, name text NOT NULL CHECK (name <> ''),
                            PRIMARY KEY (tenant_id, id), CONSTRAINT parents_name UNIQUE (tenant_id, name))
                        """),
                    .both(
                        """
                        CREATE TABLE children (
                            tenant_id uuid NOT NULL, id bigint NOT NULL, parent_id bigint NOT NULL,
                            PRIMARY KEY (tenant_id, id),
                            FOREIGN KEY (tenant_id, parent_id) REFERENCES parents (tenant_id, id))
                        """),
                    .both(
                        """
                        CREATE TABLE events (
                            tenant_id uuid NOT NULL, id bigint NOT NULL, made_at timestamptz NOT NULL,
                            kind text NOT NULL, PRIMARY KEY (tenant_id, id))
                        """),
                    .both("CREATE INDEX events_by_time ON events (tenant_id, made_at, id)"),
                    .both("CREATE TABLE tallies (name text PRIMARY KEY, value bigint NOT NULL)"),
                ])
        ])

    static let system = SystemCapability(name: "specimens.all", reason: "tests look at everything")
    static let tenant = Tenant(ID(high: 0xA, low: 1))
    static let other = Tenant(ID(high: 0xB, low: 2))
}

/// The first column of a row.
struct Single<Value: SQLDecodable>: RowDecodable {
    let value: Value

    init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
}

extension Storage {
    /// Reads one number across tenants.
    func count(_ sql: SQL) async throws -> Int {
        try await reader(bypassingTenant: Specimens.system).one(Single<Int>.self, "specimen.count", sql).value
    }

    func insertEvents(_ count: Int, tenant: Tenant = Specimens.tenant, from first: Int = 1, time: Timestamp = .epoch)
        async throws
    {
        let rows = SQLRows(first..<(first + count), { $0 }, { time + .milliseconds($0 / 3) })
        try await writer(for: tenant).execute(
            "event.insertMany",
            """
            WITH input(id, made_at) AS (\(rows: rows))
            INSERT INTO events (tenant_id, id, made_at, kind) SELECT \(tenant), id, made_at, 'plain' FROM input
            """)
    }
}

/// Runs `work`, which must fail, and returns its error.
func failure(
    _ work: () async throws -> Void
) async -> StorageError? {
    do {
        try await work()
        return nil
    } catch {
        return error as? StorageError
    }
}
