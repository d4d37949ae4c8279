import Base
import BaseTestKit
import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct JSONLogHandlerTests {
    final class Sink: Sendable {
        let lines = Mutex<[String]>([])

        var objects: [[String: Any]] {
            get throws {
                try lines.withLock { $0 }.map { line in
                    #expect(line.hasSuffix("\n") && !line.dropLast().contains("\n"))
                    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                    return try #require(object as? [String: Any])
                }
            }
        }
    }

    private func logger(_ sink: Sink, _ level: LogLevelSetting = LogLevelSetting(.info)) -> Logger {
        Logger(label: "capstan.test") { label in
            JSONLogHandler(label: label, level: level, clock: SimClock()) { line in
                let line = copy line
                sink.lines.withLock { $0.append(line) }
            }
        }
    }

    @Test func `each line is one JSON object`() throws {
        let sink = Sink()
        var logger = logger(sink)
        logger[metadataKey: "module"] = "web"
        logger.error(
            "tab\t, quote\", feed\n, nul\u{0}, 🏁",
            metadata: [
                "status": .stringConvertible(500), "ratio": .stringConvertible(0.5), "ok": .stringConvertible(true),
                "time": "mine", "list": ["a", ["b": "c"]],
            ])
        let line = try #require(try sink.objects.first)
        #expect(line["message"] as? String == "tab\t, quote\", feed\n, nul\u{0}, 🏁")
        #expect(line["level"] as? String == "error")
        #expect(line["label"] as? String == "capstan.test")
        #expect(line["time"] as? String == "2026-01-01T00:00:00.000000Z")
        #expect(line["time_"] as? String == "mine")
        #expect(line["status"] as? Int == 500)
        #expect(line["ratio"] as? Double == 0.5)
        #expect(line["ok"] as? Bool == true)
        #expect(line["module"] as? String == "web")
        #expect((line["list"] as? [Any])?.count == 2)
    }

    @Test func `the level can be changed while running and per logger`() throws {
        let sink = Sink()
        let level = LogLevelSetting(.warning)
        var logger = logger(sink, level)
        logger.info("no")
        level.level = .debug
        logger.debug("yes")
        logger.logLevel = .critical
        logger.error("no")
        #expect(try sink.objects.map { $0["message"] as? String } == ["yes"])
    }

    @Test func `a line carries the trace of its task`() throws {
        let sink = Sink()
        let logger = logger(sink)
        let context = try #require(TraceContext(traceparent: TraceContextTests.good))
        TraceContext.$current.withValue(context) { logger.info("here") }
        #expect(try sink.objects.first?["trace"] as? String == "0af7651916cd43dd8448eb211c80319c")
        #expect(try sink.objects.first?["span"] as? String == "b7ad6b7169203331")
    }

    @Test func `long values, many fields and deep nesting are cut`() throws {
        let sink = Sink()
        var deep: Logger.MetadataValue = "bottom"
        for _ in 0..<100 { deep = ["down": deep] }
        var metadata: Logger.Metadata = ["a": deep, "b": .string(String(repeating: "x", count: 100_000))]
        for index in 0..<500 { metadata["c\(index)"] = "1" }
        logger(sink).info("long", metadata: metadata)
        let line = try #require(sink.lines.withLock { $0.first })
        #expect(line.utf8.count < 8_192)
        #expect(try sink.objects.first?.count == 68)
    }

    @Test func `a secret does not print`() throws {
        let sink = Sink()
        logger(sink).info("key", metadata: ["key": "\(Secret("hunter2"))"])
        #expect(try sink.objects.first?["key"] as? String == "<secret>")
    }
}
