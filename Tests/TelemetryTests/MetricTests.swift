import Base
import BaseTestKit
import Foundation
import Logging
import Telemetry
import Testing

@Suite struct MetricTests {
    enum Outcome: String, CaseIterable { case ok, failed }

    private func filled() -> MetricRegistry {
        let registry = MetricRegistry()
        let votes = registry.counter(
            "capstan_votes_total", "Votes, with \\ and\nline feed.", labels: [MetricLabel("outcome", Outcome.self)])
        votes.add(3, "ok")
        votes.series("failed").add()
        registry.gauge("capstan_open_connections", "Open connections.").set(-2)
        let took = registry.histogram(
            "capstan_took_seconds", "Times.", bounds: [1_000, 2_000], labels: [MetricLabel("route", ["a\"b\\c\nd"])])
        for microseconds in [1, 1_000, 1_001, 2_000, 9_000_000] { took.observe(microseconds, "a\"b\\c\nd") }
        registry.sampled("capstan_pool_size", "Pool.", labels: ["pool"]) { [.init(4, "read"), .init(1, "write")] }
        registry.sampled("capstan_pool_size", "Pool.", labels: ["pool"]) { [.init(2, "read")] }
        ProcessMetrics.declare(in: registry)
        CostLedger(clock: SimClock()).declareMetrics(in: registry)
        return registry
    }

    @Test func `the exposition can be read back with all labels and numbers`() throws {
        let page = try PrometheusParser(filled().prometheusText())
        #expect(page.value("capstan_votes_total", ["outcome": "ok"]) == 3)
        #expect(page.value("capstan_votes_total", ["outcome": "failed"]) == 1)
        #expect(page.value("capstan_open_connections") == -2)
        #expect(page.types["capstan_took_seconds"] == "histogram")
        let route = "a\"b\\c\nd"
        #expect(page.value("capstan_took_seconds_bucket", ["route": route, "le": "0.001"]) == 2)
        #expect(page.value("capstan_took_seconds_bucket", ["route": route, "le": "0.002"]) == 4)
        #expect(page.value("capstan_took_seconds_bucket", ["route": route, "le": "+Inf"]) == 5)
        #expect(page.value("capstan_took_seconds_count", ["route": route]) == 5)
        #expect(page.value("capstan_took_seconds_sum", ["route": route]) == 9.004002)
        #expect(page.value("capstan_pool_size", ["pool": "read"]) == 6)
        #expect((page.value("process_resident_memory_bytes") ?? 0) > 1_000_000)
        #expect((page.value("process_open_fds") ?? 0) >= 3)
        #expect((page.value("process_cpu_seconds_total") ?? 0) > 0)
    }

    @Test func `promtool finds nothing to object to`() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool") else { return }
        let registry = filled()
        _ = EventLog(logger: .init(label: "test") { _ in CapturedLog() }, metrics: registry, clock: SimClock())
        let ledger = CostLedger(clock: SimClock())
        ledger.route("votes.cast").record(Cost(), took: .milliseconds(3), failed: false)
        ledger.declareMetrics(in: registry)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        process.arguments = ["check", "metrics"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        input.fileHandleForWriting.write(Data(registry.prometheusText().utf8))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(said == "")
    }

    @Test func `an undeclared label value is counted as other and never becomes a series`() throws {
        let registry = MetricRegistry()
        let counter = registry.counter(
            "capstan_hits_total", "Hits.",
            labels: [MetricLabel("route", ["home"]), MetricLabel("code", ["200", "404"])])
        #expect(try PrometheusParser(registry.prometheusText()).samples.count == 2)
        for user in 0..<100 { counter.add(1, "user-\(user)", "200") }
        let page = try PrometheusParser(registry.prometheusText())
        #expect(page.samples.count == 3)
        #expect(page.value("capstan_hits_total", ["route": "other", "code": "200"]) == 100)
    }

    @Test func `declaring a metric again returns the same one`() {
        let registry = MetricRegistry()
        registry.counter("capstan_a_total", "A.").add(2)
        registry.counter("capstan_a_total", "A.").add(3)
        #expect(registry.counter("capstan_a_total", "A.").value() == 5)
        #expect(registry.names == ["capstan_a_total"])
    }

    @Test func `a metric that is read when asked for shows a bounded number of samples`() throws {
        let registry = MetricRegistry()
        registry.sampled("capstan_many", "Many.", labels: ["key"]) { (0..<5_000).map { .init($0, String($0)) } }
        #expect(try PrometheusParser(registry.prometheusText()).samples.count == MetricRegistry.samplesMax)
    }

    @Test func `additions of many threads are all counted`() async {
        let registry = MetricRegistry()
        let counter = registry.counter("capstan_b_total", "B.", labels: [MetricLabel("x", ["one", "two"])])
        let histogram = registry.histogram("capstan_b_seconds", "B.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for round in 0..<5_000 {
                        counter.add(1, round % 2 == 0 ? "one" : "two")
                        histogram.observe(round)
                    }
                }
            }
        }
        #expect(counter.value("one") == 20_000)
        #expect(counter.value("two") == 20_000)
        #expect(histogram.series().count == 40_000)
        #expect(histogram.series().sum == 8 * (4_999 * 5_000 / 2))
    }

    @Test func `a metric declared with another shape stops the process`() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry()
            _ = registry.counter("capstan_a_total", "A.")
            _ = registry.counter("capstan_a_total", "A.", labels: [MetricLabel("x", ["y"])])
        }
    }

    @Test func `more series than the bound stop the process`() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry(seriesMax: 100)
            _ = registry.counter("capstan_a_total", "A.", labels: [MetricLabel("x", (0..<100).map(String.init))])
        }
    }
}
