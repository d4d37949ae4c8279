import Base
import Foundation
import Testing

@testable import Auditor

enum Samples {
    static func finding(
        _ id: String, severity: Severity = .high, component: Component = .database, rule: String = "n-plus-one"
    ) -> Finding {
        Finding(
            id: id, rule: rule, severity: severity, component: component, title: "a title",
            location: Finding.Location(
                file: "app/api/lists/route.ts", line: 7, table: "lists", statement: nil, route: nil),
            observation: Finding.Observation(summary: "seen", numbers: [], command: "capstan audit .", window: nil),
            projection: .unmeasured(.linear, with: "rows", exhausting: "memory"), cost: nil,
            fix: Finding.Fix(summary: "do it", code: "SELECT 1", undo: nil), trial: nil, effort: "1 h",
            confidence: .shown,
            covers: ["G4"], suppression: nil)
    }

    static func report(
        _ findings: [Finding], baseline: Baseline? = nil, suppressions: Suppressions = Suppressions(suppressed: []),
        users: Double = 1_000, prices: Prices = .none, catalogue: Catalogue? = nil
    ) -> Report {
        var builder = ReportBuilder(users: users, prices: prices, day: "2026-11-26")
        var result = SourcePass.Result()
        result.findings = findings
        builder.add(result, isCut: false)
        if let catalogue {
            var measured = DatabasePass.Result()
            measured.catalogue = catalogue
            builder.add(measured)
        }
        return builder.report(target: "shop", baseline: baseline, suppressions: suppressions)
    }
}

@Suite struct ProjectionTests {
    private let measured = Projection.Measured(low: 10, high: 1_000, unit: "rows")

    private func projection(_ law: Projection.Law, at points: [Double]) -> Projection {
        .measured(law, with: "rows", exhausting: "time", over: measured, cost: 10...20, unit: "ms", at: points)
    }

    @Test func `an answer beyond twice what was measured is refused`() {
        let projection = projection(.linear, at: [500, 2_000, 2_001, 1e9])
        #expect(projection.answers.map(\.at) == [500, 2_000])
        #expect(projection.refused == [2_001, 1e9])
        #expect(projection.isHonest)
    }

    @Test func `an answer is a range that follows the law`() {
        #expect(projection(.linear, at: [2_000]).answers[0].low == 20)
        #expect(projection(.quadratic, at: [2_000]).answers[0].high == 80)
        #expect(projection(.constant, at: [2_000]).answers[0].high == 20)
    }

    @Test func `what was only read has no answers, and one that is written in is found out`() {
        var read = Projection.unmeasured(.linear, with: "rows", exhausting: "memory")
        #expect(read.isHonest)
        read.answers = [Projection.Answer(at: 5, low: 1, high: 2, unit: "ms")]
        #expect(!read.isHonest)
    }
}

@Suite struct ReportTests {
    @Test func `a report that was put together does not contradict itself`() {
        let report = Samples.report([Samples.finding("a"), Samples.finding("b", severity: .low, component: .jobs)])
        #expect(report.contradictions == [])
        #expect(report.summary.grades.first { $0.component == .database }?.letter == "D")
        #expect(report.summary.grades.first { $0.component == .jobs }?.letter == "B")
        #expect(report.summary.grades.first { $0.component == .client }?.letter == "A")
        #expect(report.roadmap.map(\.finding) == ["a", "b"])
    }

    @Test(arguments: 0..<8) func `each disagreement of two sections is found`(_ which: Int) {
        var report = Samples.report([Samples.finding("a"), Samples.finding("b", severity: .low)])
        switch which {
        case 0: report.summary.counts["high"] = 2
        case 1: report.findings[1].id = "a"
        case 2: report.roadmap.removeLast()
        case 3: report.timeline.append(Report.Milestone(when: "now", what: "x", finding: "nobody"))
        case 4: report.costs.totalsMicros = [5, 0, 0]
        case 5: report.summary.grades[0].letter = "A"
        case 6: report.findings[0].projection.answers = [Projection.Answer(at: 1, low: 1, high: 1, unit: "ms")]
        default: report.findings[0].observation.command = ""
        }
        #expect(!report.contradictions.isEmpty)
    }

    @Test func `the same report is the same bytes, and comes back as it was`() throws {
        let report = Samples.report([Samples.finding("b"), Samples.finding("a")])
        #expect(try report.json() == (try report.json()))
        #expect(try JSONDecoder().decode(Report.self, from: report.json()) == report)
        let text = String(decoding: try report.json(), as: UTF8.self)
        #expect(text.contains("app/api/lists/route.ts"))
    }

    @Test func `the command fails from the asked severity on, and with a baseline only for what is new`() {
        let report = Samples.report([Samples.finding("a", severity: .medium)])
        #expect(report.exitStatus(failingOn: nil) == 0)
        #expect(report.exitStatus(failingOn: .high) == 0)
        #expect(report.exitStatus(failingOn: .medium) == 1)
        let known = Samples.report([Samples.finding("a", severity: .medium)], baseline: Baseline(ids: ["a", "gone"]))
        #expect(known.exitStatus(failingOn: .low) == 0)
        #expect(known.comparison?.fixed == ["gone"])
        let new = Samples.report([Samples.finding("b", severity: .medium)], baseline: Baseline(ids: ["a"]))
        #expect(new.exitStatus(failingOn: .low) == 1)
    }

    @Test func `what is suppressed is not counted, until its day is over`() {
        let kept = Suppressions(suppressed: [
            Suppressions.Entry(id: "a", reason: "ten rows for ever", until: nil),
            Suppressions.Entry(id: "b", reason: "until the move", until: "2026-11-25"),
        ])
        let report = Samples.report([Samples.finding("a"), Samples.finding("b")], suppressions: kept)
        #expect(report.counted.map(\.id) == ["b"])
        #expect(report.summary.suppressed == 1)
        #expect(report.contradictions == [])
        #expect(report.exitStatus(failingOn: .high) == 1)
    }

    @Test func `a suppression without a reason is refused, by name`() async throws {
        try await Searching.inFolder { folder in
            let file = folder.appending(path: Suppressions.fileName)
            try Data(#"{"suppressed":[{"id":"n-plus-one:x","reason":"  "}]}"#.utf8).write(to: file)
            let error = #expect(throws: AuditError.self) { try Suppressions.read(file) }
            #expect(error?.code == .suppressions)
            #expect(error?.message.contains("n-plus-one:x") == true)
        }
    }

    @Test func `two findings of one name are told apart`() {
        let findings = SourcePass.distinct([Samples.finding("a"), Samples.finding("a"), Samples.finding("b")])
        #expect(findings.map(\.id) == ["a", "a-2", "b"])
    }

    @Test func `a fingerprint stays when only the layout changes`() {
        #expect(Fingerprint.of("a  b\n c") == Fingerprint.of("\ta b c "))
        #expect(Fingerprint.of("a b") != Fingerprint.of("ab"))
        #expect(Fingerprint.of("").count == 16)
    }
}

@Suite struct PricesTests {
    private let prices = Prices(
        currency: "USD",
        prices: [Prices.Price(name: "model.call", micros: 10_000, unit: "call", date: "2026-11-01", source: "vendor")])

    @Test func `a hundred messages a day at a cent are a dollar, not a tenth of one`() {
        #expect(prices.line(100, of: "model.call", per: "day")?.micros == 1_000_000)
        #expect(prices.line(500_000, of: "model.call", per: "day")?.micros == 5_000_000_000)
    }

    @Test func `without a price nothing has a cost`() {
        #expect(prices.line(1, of: "egress.gigabyte", per: "month") == nil)
        #expect(Prices.none.line(1, of: "model.call", per: "day") == nil)
        #expect(prices.line(.infinity, of: "model.call", per: "day") == nil)
        #expect(prices.line(1e300, of: "model.call", per: "day") == nil)
    }

    @Test func `a table with two prices of one name is refused`() async throws {
        try await Searching.inFolder { folder in
            let file = folder.appending(path: "prices.json")
            var twice = prices
            twice.prices += prices.prices
            try JSONEncoder().encode(twice).write(to: file)
            #expect(throws: AuditError.self) { try Prices.read(file) }
        }
    }
}

@Suite struct RenderingTests {
    @Test func `every format names every finding`() throws {
        let report = Samples.report([Samples.finding("rule:a@1"), Samples.finding("rule:b@2", severity: .critical)])
        let texts = [
            MarkdownReport(report).text(), HTMLReport(report).text(),
            String(decoding: try SARIFReport(report).data(), as: UTF8.self),
            String(decoding: try report.json(), as: UTF8.self),
        ]
        for text in texts {
            #expect(text.contains("rule:a@1"))
            #expect(text.contains("rule:b@2"))
        }
    }

    @Test func `what an application wrote cannot become marks of the page`() {
        var finding = Samples.finding("a")
        finding.observation.excerpt = "</pre><script>alert(1)</script>\n```\nend"
        finding.title = "<b>title</b> | [link](x)"
        let report = Samples.report([finding])
        let html = HTMLReport(report).text()
        #expect(!html.contains("<script>"))
        #expect(!html.contains("<b>title</b>"))
        #expect(MarkdownReport(report).text().contains("````ts"))
    }

    @Test func `code is shown without the indentation of its place, and back-ticks as code`() {
        #expect(HTMLReport.outdented("    a\n      b\n\n    c") == "a\n  b\n\nc")
        #expect(HTMLReport.marked("use `a<b` now") == "use <code>a&lt;b</code> now")
    }

    @Test func `the page has every section, and each finding can be reached`() {
        let report = Samples.report(
            [Samples.finding("a")], prices: Workshop.prices, catalogue: Workshop.catalogue)
        let html = HTMLReport(report).text()
        for id in [
            "summary", "findings", "good", "capacity", "timeline", "costs", "roadmap", "watch", "questions",
            "not-examined", "assumptions",
        ] { #expect(html.contains("<section id=\"\(id)\">"), "\(id)") }
        #expect(html.contains("id=\"finding-1\"") && html.contains("href=\"#finding-1\""))
        #expect(!html.contains("<script"))
        #expect(html.contains("aria-label=\"Users by the resource that ends a band\""))
    }

    @Test func `SARIF has what readers of it ask for`() throws {
        let report = Samples.report([Samples.finding("a", severity: .critical), Samples.finding("b", severity: .low)])
        let log = try #require(
            try JSONSerialization.jsonObject(with: try SARIFReport(report).data()) as? [String: Any])
        #expect(log["version"] as? String == "2.1.0")
        #expect((log["$schema"] as? String)?.contains("sarif-2.1.0") == true)
        let run = try #require((log["runs"] as? [[String: Any]])?.first)
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(results.compactMap { $0["level"] as? String } == ["error", "note"])
        let rules = try #require(
            ((run["tool"] as? [String: Any])?["driver"] as? [String: Any])?["rules"] as? [[String: Any]])
        for result in results {
            let index = try #require(result["ruleIndex"] as? Int)
            #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
        }
    }

    @Test(arguments: [
        (0, "0"), (1_234_567, "1,234,567"), (0.05, "0.05"), (99.5, "99.50"), (-1_500, "-1,500"), (100.4, "100"),
    ]) func `figures are grouped and short`(_ value: Double, _ text: String) {
        #expect(Figures.text(value) == text)
    }
}
