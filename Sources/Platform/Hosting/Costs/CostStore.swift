import Base
import Storage

/// The table of what tenants cost.
struct CostStore: Sendable {
    static let table = TableDeclaration(
        "tenant_costs", retention: .after(column: "starts_at", age: .seconds(100 * 86_400)))

    static let migration = Migration(
        2, "costs of tenants",
        [
            .both(
                """
                CREATE TABLE tenant_costs (
                    tenant_id uuid NOT NULL, starts_at timestamptz NOT NULL, product text NOT NULL,
                    requests bigint NOT NULL, statements bigint NOT NULL, database_microseconds bigint NOT NULL,
                    bytes bigint NOT NULL, jobs bigint NOT NULL, tokens bigint NOT NULL, money bigint NOT NULL,
                    PRIMARY KEY (tenant_id, starts_at, product))
                """),
            .both("CREATE INDEX tenant_costs_by_time ON tenant_costs (starts_at, tenant_id, product)"),
        ])

    static let capability = SystemCapability(
        name: "hosting.costs", reason: "Operators see what each tenant costs; a flush writes those of all together.")

    private static let sums: SQL = """
        CAST(sum(requests) AS bigint), CAST(sum(statements) AS bigint), CAST(sum(database_microseconds) AS bigint),
        CAST(sum(bytes) AS bigint), CAST(sum(jobs) AS bigint), CAST(sum(tokens) AS bigint),
        CAST(sum(money) AS bigint)
        """

    let storage: Storage

    func add(_ cells: [(key: TenantCosts.Cell, value: CostSums)]) async throws(StorageError) {
        let rows = SQLRows(
            cells, { $0.key.tenant.id }, { $0.key.startsAt }, { $0.key.product }, { $0.value.requests },
            { $0.value.statements }, { $0.value.databaseMicroseconds }, { $0.value.bytes }, { $0.value.jobs },
            { $0.value.tokens }, { $0.value.money })
        try await storage.writer(bypassingTenant: Self.capability).execute(
            "hosting.costs.add",
            """
            WITH input (tenant_id, starts_at, product, requests, statements, spent, bytes, jobs, tokens, money)
                AS (\(rows: rows))
            INSERT INTO tenant_costs AS c (tenant_id, starts_at, product, requests, statements, database_microseconds,
                bytes, jobs, tokens, money)
            SELECT i.tenant_id, i.starts_at, i.product, i.requests, i.statements, i.spent, i.bytes, i.jobs, i.tokens,
                i.money
            FROM input i WHERE true
            ON CONFLICT (tenant_id, starts_at, product) DO UPDATE SET requests = c.requests + excluded.requests,
                statements = c.statements + excluded.statements,
                database_microseconds = c.database_microseconds + excluded.database_microseconds,
                bytes = c.bytes + excluded.bytes, jobs = c.jobs + excluded.jobs, tokens = c.tokens + excluded.tokens,
                money = c.money + excluded.money
            """)
    }

    /// What each tenant has cost since `start` in the products; those that cost most when there are more than `limit`.
    func sums(since start: Timestamp, limit: Int) async throws(StorageError) -> [Tenant: CostSums] {
        let rows = try await storage.reader(bypassingTenant: Self.capability).list(
            TenantRow.self, "hosting.costs.sums",
            """
            SELECT tenant_id, \(sql: Self.sums) FROM tenant_costs
            WHERE starts_at >= \(start) AND product <> 'platform'
            GROUP BY tenant_id ORDER BY sum(database_microseconds) DESC, tenant_id
            """, limit: min(limit, ReadBounds.listRows))
        return Dictionary(rows.map { ($0.tenant, $0.sums) }, uniquingKeysWith: { first, _ in first })
    }

    /// The 200 tenants and products that cost most of the database's time.
    func lines(since start: Timestamp) async throws(StorageError) -> [CostLine] {
        try await storage.reader(bypassingTenant: Self.capability).list(
            CostLine.self, "hosting.costs.list",
            """
            SELECT tenant_id, product, \(sql: Self.sums) FROM tenant_costs WHERE starts_at >= \(start)
            GROUP BY tenant_id, product ORDER BY sum(database_microseconds) DESC, tenant_id, product
            """, limit: 200)
    }

    func export(since start: Timestamp, _ body: (CostRow) async throws -> Void) async throws {
        try await storage.read(bypassingTenant: Self.capability) { transaction in
            try await transaction.stream(
                "hosting.costs.export",
                """
                SELECT tenant_id, product, requests, statements, database_microseconds, bytes, jobs, tokens, money,
                    starts_at
                FROM tenant_costs WHERE starts_at >= \(start) ORDER BY starts_at, tenant_id, product
                """
            ) { rows in
                for index in 0..<rows.rowCount {
                    let row = SQLRow(source: rows, index: index)
                    try await body(
                        CostRow(
                            startsAt: row.value(at: 9), tenant: Tenant(row.value(at: 0)), product: row.value(at: 1),
                            sums: CostSums(row, from: 2)))
                }
            }
        }
    }

    private struct TenantRow: RowDecodable {
        let tenant: Tenant
        let sums: CostSums

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            sums = try CostSums(row, from: 1)
        }
    }
}

/// What a tenant has cost in a product.
struct CostLine: Sendable, RowDecodable {
    let tenant: Tenant
    let product: String
    let sums: CostSums

    init(row: SQLRow) throws(StorageError) {
        tenant = Tenant(try row.value(at: 0))
        product = try row.value(at: 1)
        sums = try CostSums(row, from: 2)
    }
}

/// What a tenant has cost in a product in one group of ten minutes.
struct CostRow: Sendable {
    let startsAt: Timestamp
    let tenant: Tenant
    let product: String
    let sums: CostSums
}

extension CostSums {
    fileprivate init(_ row: SQLRow, from first: Int) throws(StorageError) {
        requests = try row.value(at: first)
        statements = try row.value(at: first + 1)
        databaseMicroseconds = try row.value(at: first + 2)
        bytes = try row.value(at: first + 3)
        jobs = try row.value(at: first + 4)
        tokens = try row.value(at: first + 5)
        money = try row.value(at: first + 6)
    }
}
