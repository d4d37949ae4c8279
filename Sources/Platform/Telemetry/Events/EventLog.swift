public import Base
public import Logging
import Synchronization

/// Where events go: to the log and to their metrics.
///
/// Recording an event whose level is not logged costs a look-up and two atomic additions, and allocates nothing: its
/// fields are not even made. Of each event at most ``linesPerSecondMax`` lines are logged per second; what was left out
/// is counted and told with the next line as `suppressed`.
public final class EventLog: Sendable {
    private final class Slot: Sendable {
        struct Window {
            var second: Int64 = -1
            var lines = 0
            var suppressed = 0
        }

        enum Sink: Sendable {
            case none
            case counter(Counter)
            case histogram(Histogram)
        }

        let count: Counter.Series
        let sink: Sink
        let window = Mutex(Window())

        init(count: Counter.Series, sink: Sink) {
            self.count = count
            self.sink = sink
        }
    }

    /// A field's name and value.
    public typealias Fields = KeyValuePairs<String, EventValue>

    /// All events that can be recorded here.
    public let catalogue: [Event]
    /// How many lines of one event are logged per second.
    public let linesPerSecondMax: Int
    /// The metrics that events feed.
    public let metrics: MetricRegistry

    private let logger: Logger
    private let clock: any WallClock
    private let slots: [String: Slot]
    private let suppressed: Counter.Series

    /// Makes a log of a closed set of events.
    ///
    /// - Parameters:
    ///   - logger: Where lines go.
    ///   - metrics: Where the events' metrics are declared.
    ///   - clock: What seconds are measured by.
    ///   - products: The events that products declare beside the platform's; names must be unique among all.
    ///   - linesPerSecondMax: How many lines of one event are logged per second. Defaults to 200; 1 to 100,000.
    public init(
        logger: Logger, metrics: MetricRegistry, clock: any WallClock, products: [Event] = [],
        linesPerSecondMax: Int = 200
    ) {
        precondition(
            (1...100_000).contains(linesPerSecondMax),
            "linesPerSecondMax is \(linesPerSecondMax), not within 1 to 100,000")
        let catalogue = Event.platform + products
        let counted = metrics.counter(
            "capstan_events_total", "Things that happened, by the name of the event.",
            labels: [MetricLabel("event", catalogue.map(\.name))])
        slots = Dictionary(
            catalogue.map { ($0.name, Slot(count: counted.series($0.name), sink: Self.sink($0, metrics))) }
        ) { _, _ in preconditionFailure("two events have the same name") }
        suppressed = metrics.counter(
            "capstan_log_lines_suppressed_total", "Log lines left out because one event happened too often."
        ).series()
        self.catalogue = catalogue
        self.logger = logger
        self.clock = clock
        self.metrics = metrics
        self.linesPerSecondMax = linesPerSecondMax
    }

    /// A log that writes no lines, with metrics of its own: for tests and tools.
    public static func silent(clock: any WallClock = SystemClock(), products: [Event] = []) -> EventLog {
        EventLog(
            logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }, metrics: MetricRegistry(), clock: clock,
            products: products)
    }

    /// Records that something has happened.
    ///
    /// - Parameters:
    ///   - event: What. Must be in the ``catalogue``.
    ///   - amount: What its metric is fed: how many, or how long in microseconds.
    ///   - label: The value of its metric's label, when it has one.
    ///   - fields: What is told about it; the names must be the event's. Not evaluated when nothing is logged.
    public func record(
        _ event: Event, amount: Int = 1, label: String = MetricLabel.other, _ fields: @autoclosure () -> Fields = [:]
    ) {
        guard let slot = slots[event.name] else {
            preconditionFailure("the event \(event.name) stands in no catalogue; declare it before recording it")
        }
        slot.count.add()
        switch (slot.sink, event.feed?.label) {
        case (.none, _): break
        case (.counter(let counter), nil): counter.add(amount)
        case (.counter(let counter), _?): counter.add(amount, label)
        case (.histogram(let histogram), nil): histogram.observe(amount)
        case (.histogram(let histogram), _?): histogram.observe(amount, label)
        }
        if logger.logLevel <= event.level { log(event, slot, fields()) }
    }

    /// Records that something has happened, feeding a time to its metric.
    public func record(
        _ event: Event, took duration: Duration, label: String = MetricLabel.other,
        _ fields: @autoclosure () -> Fields = [:]
    ) {
        record(event, amount: Int(duration.microseconds), label: label, fields())
    }

    private func log(_ event: Event, _ slot: Slot, _ fields: Fields) {
        let second = clock.uptime().components.seconds
        let admitted: Int? = slot.window.withLock { window in
            if window.second != second {
                window.second = second
                window.lines = 0
            }
            guard window.lines < linesPerSecondMax else {
                window.suppressed += 1
                return nil
            }
            window.lines += 1
            defer { window.suppressed = 0 }
            return window.suppressed
        }
        guard let admitted else { return suppressed.add() }
        var metadata: Logger.Metadata = ["event": .string(event.name)]
        for (name, value) in fields {
            assert(event.fields.contains(name), "the event \(event.name) declares no field \(name)")
            metadata[name] = Self.shown(value)
        }
        if admitted > 0 { metadata["suppressed"] = .stringConvertible(admitted) }
        logger.log(level: event.level, "\(event.summary)", metadata: metadata)
    }

    private static func shown(_ value: EventValue) -> Logger.MetadataValue {
        switch value {
        case .text(let text) where text.utf8.count > 512: .string(text.prefix(512) + "…")
        case .text(let text): .string(text)
        case .number(let number): .stringConvertible(number)
        case .time(let duration): .stringConvertible(duration.inSeconds)
        case .flag(let flag): .stringConvertible(flag)
        }
    }

    private static func sink(_ event: Event, _ metrics: MetricRegistry) -> Slot.Sink {
        guard let feed = event.feed else { return .none }
        let labels = feed.label.map { [$0] } ?? []
        let help = "Fed by the event \(event.name)."
        switch feed.kind {
        case .counter:
            return .counter(metrics.counter(feed.metric, help, unit: feed.unit, labels: labels))
        case .histogram:
            return .histogram(
                metrics.histogram(feed.metric, help, unit: feed.unit, bounds: feed.bounds, labels: labels))
        }
    }
}
