import Base
import Foundation
import Testing

@testable import Auditor

@Suite struct WorkloadTests {
    private func report(
        _ findings: [Finding] = [], users: Double = 5_000, prices: Prices = Workshop.prices
    ) -> Report {
        Samples.report(findings, users: users, prices: prices, catalogue: Workshop.catalogue)
    }

    @Test func `a band ends where a resource is used up, in proportion to users`() throws {
        let bands = report().capacity
        #expect(bands.map(\.name) == ["connections", "processor"])
        // 20 of 100 connections for 1,000 users; half of 4 cores.
        #expect(bands.map(\.to) == [5_000, 8_000])
        #expect(bands.map(\.from) == [0, 5_000])
        #expect(bands[0].earliest == 3_500)
        #expect(bands.allSatisfy { $0.certainty == .bound })
    }

    @Test func `what lies within twice of today is an answer, and no more than a bound beyond`() {
        var catalogue = Workshop.catalogue
        catalogue.connections = [("web", "idle", 60, 1), ("jobs", "idle", 30, 1)]
        let report = Samples.report([], prices: Workshop.prices, catalogue: catalogue)
        #expect(report.capacity.map(\.certainty) == [.projected, .bound])
        #expect(report.contradictions == [])
        catalogue.connections = [("web", "idle", 100, 1)]
        #expect(Samples.report([], catalogue: catalogue).capacity[0].certainty == .measured)
    }

    @Test func `without users of today there are no bands and no costs of tomorrow, and that is said`() {
        var catalogue = Workshop.catalogue
        catalogue.tables = []
        let report = Samples.report([Samples.finding("a")], prices: Workshop.prices, catalogue: catalogue)
        #expect(report.capacity == [] && report.costs.atUsers == [])
        #expect(report.costs.note.contains("users.now"))
        #expect(report.summary.headline.contains { $0.contains("users.now") })
        #expect(report.contradictions == [])
    }

    @Test func `users that are given count more than rows of a table`() {
        var prices = Workshop.prices
        prices.quantities?.append(
            Prices.Quantity(name: "users.now", value: 400, unit: "users", date: "2026-11-01", source: "analytics"))
        let report = report(prices: prices)
        #expect(report.capacity.first?.to == 2_000)
        #expect(report.assumptions.first { $0.name == "users.now" }?.origin.contains("analytics") == true)
        #expect(report.contradictions == [])
    }

    @Test func `costs are quantities times prices, now, then, and after the fixes`() throws {
        var index = Samples.finding("index", severity: .low, rule: "unused-index")
        index.observation.numbers = [Finding.Quantity(name: "size", value: 8_000, unit: "MB")]
        let report = report([index])
        let storage = try #require(report.costs.now.first { $0.price == "database.gigabyte.month" })
        #expect(storage.micros == 10_000_000)
        #expect(report.costs.atUsers.first { $0.price == storage.price }?.micros == 50_000_000)
        // 8 of 80 GB are an index that nobody reads.
        #expect(report.costs.afterFixes.first { $0.price == storage.price }?.micros == 45_000_000)
        #expect(report.findings.first?.cost?.micros == 1_000_000)
        // Half a core for 730 hours at five cents.
        #expect(report.costs.now.first { $0.price == "database.core.hour" }?.micros == 18_250_000)
        #expect(report.costs.note.contains("not a forecast"))
        #expect(report.contradictions == [])
    }

    @Test func `a trial says how much of a statement's time a fix spares`() throws {
        var finding = Samples.finding("slow", rule: "missing-index")
        finding.location.statement = "SELECT 1"
        finding.observation.numbers = [Finding.Quantity(name: "total", value: 43_200_000, unit: "ms")]
        finding.trial = Finding.Trial(method: "hypopg", result: "", costBefore: 1_000, costAfter: 500)
        let report = report([finding])
        let after = try #require(report.costs.afterFixes.first { $0.price == "database.core.hour" })
        #expect(after.micros == 45_625_000)
        #expect(report.roadmap.first?.effect.contains("1,000 to 500") == true)
    }

    @Test func `the timeline says what is reached at the asked number of users`() {
        let timeline = report([Samples.finding("pool", rule: "no-pool")], users: 6_000).timeline
        #expect(timeline.compactMap(\.isReached) == [true, false])
        #expect(timeline.first?.finding == "pool")
        #expect(timeline.first?.when.contains("5,000") == true)
        let read = Samples.report([Samples.finding("a", severity: .critical), Samples.finding("b", severity: .low)])
        #expect(read.timeline.map(\.finding) == ["a"])
        #expect(read.timeline.allSatisfy { $0.when.contains("no date") && $0.users == nil })
    }

    @Test func `the roadmap puts what is urgent and quick first`() {
        var long = Samples.finding("long", severity: .high)
        long.effort = "1-2 weeks"
        let steps = Samples.report([
            long, Samples.finding("quick", severity: .high), Samples.finding("late", severity: .low),
        ])
        .roadmap
        #expect(steps.map(\.finding) == ["quick", "long", "late"])
        #expect(steps.map(\.phase) == [.week, .month, .quarter])
    }

    @Test func `a number that a section has from elsewhere is found out`() {
        var report = report()
        report.capacity[0].to = 6_000
        report.capacity[1].from = 6_000
        #expect(report.contradictions.contains { $0.contains("connections") })
        report = self.report()
        report.costs.atUsers[0].quantity *= 2
        #expect(report.contradictions.contains { $0.contains("does not follow") })
        report = self.report()
        report.costs.now[0].period = "day"
        #expect(report.contradictions.contains { $0.contains("months") })
    }

    @Test(arguments: [
        #""quantities":[{"name":"a","value":-1,"unit":"x","date":"d","source":"s"}]"#,
        #""quantities":[{"name":"a","value":1,"unit":"x","price":"none","date":"d","source":"s"}]"#,
        #""quantities":[{"name":"a","value":1,"unit":"x","period":"year","date":"d","source":"s"}]"#,
        #""quantities":[{"name":"a","value":1,"unit":"x","date":"d","source":"s"},{"name":"a","value":1,"unit":"x","date":"d","source":"s"}]"#,
    ]) func `a quantity that cannot be is refused`(_ text: String) async throws {
        try await Searching.inFolder { folder in
            let file = folder.appending(path: "prices.json")
            try Data("{\"currency\":\"USD\",\"prices\":[],\(text)}".utf8).write(to: file)
            #expect(throws: AuditError.self) { try Prices.read(file) }
        }
    }
}

@Suite struct PlannerTests {
    @Test(
        arguments: [
            ("SELECT a FROM t WHERE b = $1;", "SELECT a FROM t WHERE b = $1"),
            ("UPDATE t SET a = $1 WHERE b = $2 RETURNING id", "SELECT 1 FROM t WHERE b = $2"),
            (
                "DELETE FROM s.\"Order\" AS o WHERE o.b IN (SELECT x FROM y WHERE z = $1)",
                "SELECT 1 FROM s.\"Order\" AS o WHERE o.b IN (SELECT x FROM y WHERE z = $1)"
            ),
            ("SELECT a FROM t WHERE b = $1 FOR UPDATE SKIP LOCKED", "SELECT a FROM t WHERE b = $1"),
            ("UPDATE t SET a = 1", nil), ("INSERT INTO t VALUES ($1)", nil), ("SELECT 1; SELECT 2", nil),
            ("UPDATE t SET a = u.a FROM u WHERE u.id = t.id", nil), ("SELECT a INTO b FROM t", nil),
            ("WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone", nil),
            ("SELECT a FROM t WHERE b IN (SELECT c FROM u FOR UPDATE)", nil), ("VACUUM", nil), ("no sql", nil),
        ] as [(String, String?)]) func `what changes rows is planned as their reading`(_ text: String, _ read: String?)
    {
        #expect(Planner.reading(text) == read)
    }

    @Test func `a proposal has a name that is free and not too long, and can be taken back`() {
        let long = IndexProposal(table: String(repeating: "t", count: 80), columns: ["a"])
        #expect(long.name.utf8.count <= 63)
        let second = IndexProposal(schema: "s", table: "Order", columns: ["a"], taken: ["Order_a_idx"])
        #expect(second.code == "CREATE INDEX CONCURRENTLY \"Order_a_idx2\" ON s.\"Order\" (a);")
        #expect(second.undo == "DROP INDEX CONCURRENTLY s.\"Order_a_idx2\";")
    }
}
