import Base
import Foundation
import Testing

@testable import Auditor

@Suite struct SwiftStatementTests {
    private let source = #"""
        import Storage

        struct ClipStore {
            // "SELECT no FROM comment"
            func clip(_ id: ID<Clip>, for asker: Asker) async throws -> Clip? {
                try await reading.first(Clip.self, "clip.byID", "SELECT id FROM clips WHERE id = \(id)")
            }

            func all(in tenant: Tenant) async throws -> Data {
                try await transaction.execute(
                    "clip.all",
                    """
                    SELECT id, title FROM clips
                    WHERE tenant_id = \(tenant) AND name <> '{ \(name(of: tenant)) }'
                    """)
            }

            func sum(of ids: [ID<Clip>]) async throws {
                for id in ids {
                    try await transaction.execute("clip.touch", "UPDATE clips SET seen = \(now) WHERE id = \(id)")
                }
                for chunk in ids.chunks(of: 100) {
                    try await transaction.execute("clip.drop", "DELETE FROM clips WHERE id = ANY(\(chunk))")
                }
                try await storage.write(for: tenant) { _ in "SELECT \(sql: columns) FROM clips" }
            }
        }
        """#

    @Test func `literals that are statements are found with their call, line and loop`() {
        let found = SwiftStatements(source).found
        #expect(found.map(\.line) == [6, 12, 20, 23, 25])
        #expect(found.map(\.call) == ["first", "execute", "execute", "execute", ""] || found[4].call == "write")
        #expect(found.map(\.isInLoop) == [false, false, true, false, false])
        #expect(found.map(\.isPartial) == [false, false, false, false, true])
        #expect(found[0].text == "SELECT id FROM clips WHERE id = $1")
        #expect(found[1].text.contains("name <> '{ $2 }'"))
    }

    @Test func `a label named for is no loop`() {
        let text = """
            func a(for tenant: Tenant, in transaction: Writing) async throws {
                try await storage.reader(for: tenant).list(Clip.self, "a", "SELECT id FROM clips WHERE b = 1", limit: 5)
            }
            """
        #expect(SwiftStatements(text).found.map(\.isInLoop) == [false])
    }

    @Test func `a product's reads without a bound and statements in loops are found, with its schema`() async throws {
        try await Searching.inFolder { folder in
            let schema = """
                import Storage
                let steps: [Migration.Step] = [
                    .both("CREATE TABLE clips (tenant_id uuid, id uuid, title text, PRIMARY KEY (tenant_id, id))"),
                ]
                """
            try Data(schema.utf8).write(to: folder.appending(path: "Schema.swift"))
            try Data(source.utf8).write(to: folder.appending(path: "ClipStore.swift"))
            let options = AuditOptions(astGrep: Searching.astGrep)
            let report = try await Audit(target: folder.path, options: options, clock: SystemClock()).run()
            #expect(report.findings.filter { $0.rule == "n-plus-one" }.map(\.location.line) == [20])
            #expect(report.findings.filter { $0.rule == "unbounded-result" }.map(\.location.line) == [12])
            #expect(report.notJudged.contains { $0.rule == "statements" })
            #expect(report.examined.first { $0.name == "tables in schemas" }?.value == 1)
        }
    }
}

@Suite struct RunningTests {
    private static let answers: [String: String] = [
        "/api/console/routes": """
        [{"name":"clip.list","count":5000,"errors":0,"budget":2,"statementsMax":2,"statementsMean":1.5,"overBudget":0,
          "p50":4,"p95":9,"p99":20,"rowsMean":20,"bytesMean":9000},
         {"name":"board.show","count":1000,"errors":80,"budget":3,"statementsMax":40,"statementsMean":9,"overBudget":200,
          "p50":1200,"p95":2000,"p99":3000,"rowsMean":12000,"bytesMean":900000},
         {"name":"rare.show","count":3,"errors":3,"statementsMax":9,"statementsMean":9,"overBudget":0,
          "p50":1,"p95":1,"p99":9000,"rowsMean":1,"bytesMean":1}]
        """,
        "/api/console/statements": """
        [{"name":"board.rows","count":4000,"failures":0,"rowsMean":3,"millisecondsMean":8,"millisecondsMax":90,"share":0.6},
         {"name":"clip.list","count":4000,"failures":0,"rowsMean":3,"millisecondsMean":1,"millisecondsMax":2,"share":0.1}]
        """,
        "/api/console/caches": """
        [{"name":"clips","entries":5,"hits":10,"misses":4000,"loads":1,"isShared":false,"sharedHits":0,"hitRatio":0.0025},
         {"name":"flags","entries":5,"hits":9000,"misses":10,"loads":1,"isShared":false,"sharedHits":0,"hitRatio":0.99}]
        """,
        "/api/console/costs?days=1": """
        [{"tenant":"a","product":"tournament","requests":6000,"statements":9000,"databaseMilliseconds":50,
          "bytes":2000000000,"jobs":0,"tokens":5000,"moneyMillionths":0}]
        """,
    ]

    private func audit(_ answers: [String: String] = answers, prices: Prices = .none) async throws -> Report {
        var options = AuditOptions(prices: prices)
        options.ask = { path in Data((answers[path] ?? "no").utf8) }
        return try await Audit(target: "https://capstan.example", options: options, clock: SystemClock()).run()
    }

    @Test func `a server's own records say which routes break`() async throws {
        let report = try await audit()
        let rules = report.findings.filter { $0.location.route == "board.show" }.map(\.rule).sorted()
        #expect(rules == ["n-plus-one", "over-fetching", "route-errors", "slow-route", "unbounded-result"])
        #expect(report.findings.filter { $0.location.route == "clip.list" } == [])
        #expect(report.findings.contains { $0.rule == "hot-statement" && $0.location.route == "board.rows" })
        #expect(report.findings.filter { $0.rule == "cold-cache" }.map(\.location.route) == ["clips"])
        #expect(report.findings.allSatisfy { $0.confidence == .measured && $0.observation.command.hasPrefix("curl") })
        #expect(report.good.contains { $0.rule == "good-budget" && $0.places == ["clip.list"] })
        #expect(report.notJudged.contains { $0.rule == "routes" })
        #expect(report.contradictions == [])
    }

    @Test func `what it handed out in a day is priced for a month`() async throws {
        let prices = Prices(
            currency: "EUR",
            prices: [
                Prices.Price(name: "egress.gigabyte", micros: 80_000, unit: "GB", date: "2026-11-01", source: "plan")
            ],
            quantities: [
                Prices.Quantity(name: "users.now", value: 5_000, unit: "users", date: "2026-11-01", source: "analytics")
            ])
        let report = try await audit(prices: prices)
        #expect(report.costs.now.map(\.micros) == [4_800_000])
        #expect(report.costs.atUsers.map(\.micros) == [9_600_000])
        #expect(report.costs.currency == "EUR")
    }

    @Test func `what is no console is refused, and so is a server without a key`() async throws {
        var other = Self.answers
        other["/api/console/caches"] = "<html>"
        let error = await #expect(throws: AuditError.self) { try await audit(other) }
        #expect(error?.code == .running)
        #expect(throws: AuditError.self) {
            try Audit(target: "https://capstan.example", options: AuditOptions(), clock: SystemClock())
        }
    }
}
