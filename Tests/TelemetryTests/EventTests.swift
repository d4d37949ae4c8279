import Base
import BaseTestKit
import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct EventTests {
    private func log(
        level: Logger.Level = .trace, linesPerSecondMax: Int = 200, products: [Event] = []
    ) -> (EventLog, CapturedLog.Lines, SimClock) {
        let lines = CapturedLog.Lines()
        let clock = SimClock()
        let logger = Logger(label: "test") { _ in CapturedLog(lines, level: level) }
        let log = EventLog(
            logger: logger, metrics: MetricRegistry(), clock: clock, products: products,
            linesPerSecondMax: linesPerSecondMax)
        return (log, lines, clock)
    }

    @Test func `an event is logged with its fields and counted under its name`() throws {
        let (log, lines, _) = log()
        log.record(.requestAborted, ["route": "votes.cast", "took": .time(.milliseconds(1_500))])
        let line = try #require(lines.all.first)
        #expect(line.level == .notice)
        #expect(line.metadata?["event"] == "request.aborted")
        #expect(line.metadata?["route"]?.description == "votes.cast")
        #expect(line.metadata?["took"]?.description == "1.5")
        let page = try PrometheusParser(log.metrics.prometheusText())
        #expect(page.value("capstan_events_total", ["event": "request.aborted"]) == 1)
    }

    @Test func `an event feeds its own metric`() throws {
        let (log, _, _) = log()
        log.record(.rowsRetired, amount: 40)
        log.record(.requestServed, took: .milliseconds(7))
        log.record(.signInRefused, label: "limited")
        let page = try PrometheusParser(log.metrics.prometheusText())
        #expect(page.value("capstan_rows_retired_total") == 40)
        #expect(page.value("capstan_request_duration_seconds_sum") == 0.007)
        #expect(page.value("capstan_sign_in_refused_total", ["reason": "limited"]) == 1)
    }

    @Test func `fields of an event below the level are not even made`() throws {
        let (log, lines, _) = log(level: .info)
        let made = Atomic(0)
        func fields() -> EventLog.Fields {
            made.add(1, ordering: .relaxed)
            return ["route": "votes.cast"]
        }
        log.record(.requestRefused, fields())
        #expect(made.load(ordering: .relaxed) == 0)
        #expect(lines.all.isEmpty)
        log.record(.requestFailed, fields())
        #expect(made.load(ordering: .relaxed) == 1)
    }

    @Test func `a storm of one event is cut off, counted and told with the next line`() throws {
        let (log, lines, clock) = log(linesPerSecondMax: 10)
        for _ in 0..<1_000 { log.record(.connectionLost) }
        log.record(.connectionRefused)
        #expect(lines.all.count == 11)
        clock.advance(by: .seconds(1))
        log.record(.connectionLost)
        #expect(lines.all.last?.metadata?["suppressed"]?.description == "990")
        let page = try PrometheusParser(log.metrics.prometheusText())
        #expect(page.value("capstan_events_total", ["event": "connection.lost"]) == 1_001)
        #expect(page.value("capstan_log_lines_suppressed_total") == 990)
    }

    @Test func `a long text is cut`() throws {
        let (log, lines, _) = log()
        log.record(.statementFailed, ["statement": .text(String(repeating: "é", count: 10_000))])
        let shown = try #require(lines.all.first?.metadata?["statement"]?.description)
        #expect(shown.count == 513)
    }

    @Test func `a product's events stand beside the platform's`() throws {
        let cast = Event("vote.cast", .debug, "A vote was cast.")
        let (log, _, _) = log(products: [cast])
        log.record(cast)
        let page = try PrometheusParser(log.metrics.prometheusText())
        #expect(page.value("capstan_events_total", ["event": "vote.cast"]) == 1)
    }

    @Test func `an event outside the catalogue stops the process`() async {
        await #expect(processExitsWith: .failure) {
            EventLog.silent().record(Event("vote.cast", .debug, "A vote was cast."))
        }
    }

    @Test func `every constant stands in the catalogue once`() throws {
        #expect(Set(Event.platform.map(\.name)).count == Event.platform.count)
        let source = try String(
            contentsOf: root.appending(path: "Sources/Platform/Telemetry/Events/Event+Platform.swift"), encoding: .utf8)
        #expect(source.components(separatedBy: " = Event(").count - 1 == Event.platform.count)
    }

    @Test func `the reference page shows exactly the platform's events`() throws {
        let page = try String(
            contentsOf: root.appending(path: "Documentation/Reference/events.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let wanted = Event.platform.map(Self.row)
        #expect(
            rows == wanted,
            "Documentation/Reference/events.md is not up to date; its table should be:\n\(wanted.joined(separator: "\n"))"
        )
    }

    private static func row(_ event: Event) -> String {
        let fields = event.fields.map { "`\($0)`" }.joined(separator: " ")
        let metric = event.feed.map { "`\($0.metric)`" } ?? ""
        return "| `\(event.name)` | \(event.level) | \(event.summary) | \(fields) | \(metric) |"
    }

    private var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }
}
