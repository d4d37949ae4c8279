import Base
import BaseTestKit
import Telemetry
import Testing

@Suite struct CostLedgerTests {
    @Test func `a quantile is never too low and at most a sixteenth too high`() {
        let randomness = SeededRandomness(seed: 3)
        for magnitude in [10, 1_000, 100_000, 50_000_000] {
            var histogram = LatencyHistogram()
            let times = (0..<5_000).map { _ in randomness.below(magnitude) }
            for time in times { histogram.record(.microseconds(time)) }
            let sorted = times.sorted()
            for fraction in [0.01, 0.5, 0.95, 0.99, 1] {
                let exact = sorted[max(0, Int((fraction * 5_000).rounded(.up)) - 1)]
                let shown = Int(histogram.quantile(fraction)?.microseconds ?? -1)
                #expect(shown >= exact && Double(shown) <= Double(exact) * 1.0625 + 1, "\(fraction) of \(magnitude)")
            }
        }
    }

    @Test func `every time up to 19 hours lies within its bucket`() {
        var histogram = LatencyHistogram()
        for exponent in 0..<36 {
            for offset in [-1, 0, 1] {
                let time = max(0, 1 << exponent + offset)
                histogram.clear()
                histogram.record(.microseconds(time))
                histogram.record(.seconds(100_000))
                let shown = Int(histogram.quantile(0.5)?.microseconds ?? -1)
                #expect(shown >= time && shown <= time + time / 16, "\(time)")
            }
        }
        #expect(histogram.max == .seconds(100_000))
        #expect(LatencyHistogram().quantile(0.5) == nil)
    }

    @Test func `a route adds up what its runs cost`() async throws {
        let ledger = CostLedger(clock: SimClock())
        let route = ledger.route("feed.show", statementBudget: 1)
        for statements in [1, 1, 3] {
            let cost = Cost()
            cost.add(statements, to: .statements)
            cost.add(10, to: .rowsRead)
            cost.add(2_000, to: .bytesSent)
            cost.add(statements == 3 ? 0 : 1, to: .cacheHits)
            cost.add(statements == 3 ? 2 : 0, to: .cacheMisses)
            #expect(route.record(cost, took: .milliseconds(statements), failed: statements == 3) == (statements == 3))
        }
        let line = try #require(ledger.lines.first)
        #expect(line.route == "feed.show")
        #expect(line.total.count == 3 && line.total.errors == 1 && line.total.overBudget == 1)
        #expect(line.total[.statements] == 5 && line.total.statementsMax == 3)
        #expect(line.total[.rowsRead] == 30)
        #expect(line.total[.bytesSent] == 6_000)
        #expect(line.total.mean(.rowsRead) == 10)
        #expect(line.total.cacheHitRatio == 0.5)
        #expect(line.total.latency.max == .milliseconds(3))
        #expect((line.total.latency.quantile(0.5) ?? .zero) >= .milliseconds(1))
    }

    @Test func `the recent figures forget, the total does not`() {
        let clock = SimClock()
        let ledger = CostLedger(clock: clock, window: .seconds(60))
        let route = ledger.route("a")
        route.record(Cost(), took: .seconds(5), failed: false)
        clock.advance(by: .seconds(60))
        route.record(Cost(), took: .milliseconds(1), failed: false)
        #expect(route.line.recent.count == 2)
        clock.advance(by: .seconds(60))
        #expect(route.line.recent.count == 1)
        #expect(route.line.recent.latency.max == .milliseconds(1))
        clock.advance(by: .seconds(600))
        #expect(route.line.recent.count == 0)
        #expect(route.line.total.count == 2)
    }

    @Test func `names beyond the bound are added up under other`() throws {
        let ledger = CostLedger(clock: SimClock(), routesMax: 3)
        for index in 0..<50 { ledger.route("route\(index)").record(Cost(), took: .zero, failed: false) }
        #expect(ledger.lines.map(\.route) == ["route0", "route1", "route2", "other"])
        #expect(ledger.lines.last?.total.count == 47)
        let registry = MetricRegistry()
        ledger.declareMetrics(in: registry)
        let page = try PrometheusParser(registry.prometheusText())
        #expect(page.value("capstan_route_runs_total", ["route": "other"]) == 47)
    }
}
