public import Logging

/// A kind of thing that happens: its name, how loud it is, what is told about it, and the metric it feeds.
///
/// Events are declared once, as static constants in a catalogue; nothing logs or counts under a name made up on the
/// spot. The platform's are in ``platform``; a product declares its own in its manifest.
public struct Event: Sendable, Hashable {
    /// A metric that an event feeds beside `capstan_events_total`.
    public struct Feed: Sendable, Hashable {
        enum Kind: Sendable, Hashable { case counter, histogram }

        let kind: Kind
        /// The metric's name.
        public let metric: String
        /// The metric's one label; `nil` for none.
        public let label: MetricLabel?
        let unit: MetricUnit
        let bounds: [Int]

        /// Adds the event's amount (1 unless given) to a counter.
        public static func counter(_ metric: String, by label: MetricLabel? = nil, unit: MetricUnit = .count) -> Feed {
            Feed(kind: .counter, metric: metric, label: label, unit: unit, bounds: [])
        }

        /// Counts the event's amount in a histogram.
        public static func histogram(
            _ metric: String, by label: MetricLabel? = nil, unit: MetricUnit = .seconds,
            bounds: [Int] = Histogram.latencyBounds
        ) -> Feed {
            Feed(kind: .histogram, metric: metric, label: label, unit: unit, bounds: bounds)
        }
    }

    /// The name: `noun.verbPast`, as in `job.claimed`.
    public let name: String
    /// The level it is logged at.
    public let level: Logger.Level
    /// One sentence: what has happened.
    public let summary: String
    /// The names of the fields that are told with it.
    public let fields: [String]
    /// The metric it feeds; `nil` for none but `capstan_events_total`.
    public let feed: Feed?

    /// Declares an event.
    ///
    /// - Parameters:
    ///   - name: `noun.verbPast` in camelCase, as in `lease.expired` or `rateLimit.refused`.
    ///   - level: The level it is logged at. Values of users are told at `debug` at most.
    ///   - summary: One sentence: what has happened.
    ///   - fields: The names of the fields that are told with it, camelCase.
    ///   - feed: The metric it feeds beside `capstan_events_total`.
    public init(
        _ name: String, _ level: Logger.Level, _ summary: String, fields: [String] = [], feeds feed: Feed? = nil
    ) {
        precondition(Self.isWellFormed(name), "an event is named noun.verbPast, not \(name)")
        precondition(fields.count <= 16, "the event \(name) has \(fields.count) fields, over the bound of 16")
        precondition(Set(fields).count == fields.count, "the event \(name) names a field twice")
        self.name = name
        self.level = level
        self.summary = summary
        self.fields = fields
        self.feed = feed
    }

    private static func isWellFormed(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        return parts.allSatisfy { part in
            guard let first = part.utf8.first, (97...122).contains(first) else { return false }
            return part.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
            }
        }
    }

    /// Tells events apart by name.
    public static func == (left: Self, right: Self) -> Bool { left.name == right.name }

    /// Hashes the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What a field of an event may hold.
public enum EventValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    /// A text; over 512 characters it is cut and ends in `…`.
    case text(String)
    /// A whole number.
    case number(Int)
    /// A time, logged in seconds.
    case time(Duration)
    /// Yes or no.
    case flag(Bool)

    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .number(value) }
    /// Yes or no.
    public init(booleanLiteral value: Bool) { self = .flag(value) }
}
