import Base
import Web

/// What tenants cost, for operators: as a page, as JSON, and as CSV.
struct CostRoutes {
    let costs: TenantCosts
    let nameOf: @Sendable (Tenant) -> String?

    struct Span: Input {
        var days: Int

        static let fields: [Field] = [
            .query("days", optional: .integer(1...100), default: 1, "How many days back, from now.")
        ]
    }

    struct Line: Output {
        var tenant: ID<Tenant>
        var name: String?
        var product: String
        var requests: Int
        var statements: Int
        var databaseMilliseconds: Int
        var bytes: Int
        var jobs: Int
        var tokens: Int
        var moneyMillionths: Int

        static let shape = Shape.object([
            .body("tenant", .id), .body("name", optional: .text), .body("product", .text), .body("requests", .integer),
            .body("statements", .integer), .body("databaseMilliseconds", .integer), .body("bytes", .integer),
            .body("jobs", .integer), .body("tokens", .integer), .body("moneyMillionths", .integer),
        ])

        init(_ line: CostLine, name: String?) {
            tenant = line.tenant.id
            self.name = name
            product = line.product
            requests = line.sums.requests
            statements = line.sums.statements
            databaseMilliseconds = line.sums.databaseMicroseconds / 1_000
            bytes = line.sums.bytes
            jobs = line.sums.jobs
            tokens = line.sums.tokens
            moneyMillionths = line.sums.money
        }
    }

    private static let limit = RouteLimit.per(.person, "console", 120)

    private func lines(_ now: Timestamp, days: Int) async throws -> [Line] {
        try await costs.lines(since: now - .seconds(days * 86_400)).map { Line($0, name: nameOf($0.tenant)) }
    }

    var routes: [Route] {
        [
            Route(
                .get, "/console/costs", "console.showCosts", "Shows what tenants have cost in the last day.",
                policy: .operator, limit: Self.limit, budget: 1
            ) { (request: Request<NoInput>) in
                let table = ConsoleTable.costs(try await lines(request.receivedAt, days: 1))
                return ConsolePages.listPage(
                    "Costs", "What each tenant has cost in the last 24 hours; the heaviest for the database first.",
                    table)
            },
            Route(
                .get, "/api/console/costs", "console.listCosts", "Lists what tenants cost: the 200 heaviest.",
                policy: .operator, limit: Self.limit, budget: 1
            ) { (request: Request<Span>) in try await lines(request.receivedAt, days: request.input.days) },
            Route(
                .get, "/api/console/costs/export", "console.exportCosts",
                "Streams what tenants cost in each ten minutes, the oldest first, as CSV.", policy: .operator,
                limit: .per(.person, "console.export", 10), budget: 1, deadline: .seconds(600)
            ) { [costs] (request: Request<Span>) in
                let start = request.receivedAt - .seconds(request.input.days * 86_400)
                return CSVExport("costs", columns: Self.columns) { rows in
                    try await costs.export(since: start) { row in
                        rows.time(row.startsAt)
                        rows.id(row.tenant.id)
                        rows.text(row.product)
                        for value in [
                            row.sums.requests, row.sums.statements, row.sums.databaseMicroseconds, row.sums.bytes,
                            row.sums.jobs, row.sums.tokens, row.sums.money,
                        ] { rows.integer(value) }
                        try await rows.endRow()
                    }
                }
            },
        ]
    }

    private static let columns = [
        "starts_at", "tenant", "product", "requests", "statements", "database_microseconds", "bytes", "jobs", "tokens",
        "money_millionths",
    ]
}

extension ConsoleTable {
    static func costs(_ lines: [CostRoutes.Line]) -> ConsoleTable {
        ConsoleTable(
            "What tenants have cost", empty: "No tenant has cost anything yet; costs are written once a minute.",
            columns: [
                Column("Tenant", isNumber: false), Column("Product", isNumber: false), Column("Requests"),
                Column("Statements"), Column("Database"), Column("Sent"), Column("Jobs"), Column("Tokens"),
                Column("Money"),
            ],
            rows: lines.map { line in
                [
                    line.name.map { Cell(text: $0) } ?? .code(line.tenant.description), .code(line.product),
                    .count(line.requests), .count(line.statements), .milliseconds(Double(line.databaseMilliseconds)),
                    .number(Figures.bytes(Double(line.bytes)), Double(line.bytes)), .count(line.jobs),
                    .count(line.tokens),
                    .number(
                        Figures.decimal(Double(line.moneyMillionths) / 1_000_000, places: 2),
                        Double(line.moneyMillionths)),
                ]
            })
    }
}
