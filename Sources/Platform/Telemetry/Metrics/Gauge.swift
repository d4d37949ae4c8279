import Synchronization

/// One number that goes up and down.
///
/// For what is already counted elsewhere (a pool's connections, a queue's depth) prefer
/// ``MetricRegistry/sampled(_:_:kind:unit:labels:read:)``, which asks when the metrics are read.
public final class Gauge: Sendable {
    /// One combination of label values of a gauge.
    public final class Series: Sendable {
        private let current = Atomic<Int>(0)

        init() {}

        /// Replaces the value.
        public func set(_ value: Int) { current.store(value, ordering: .relaxed) }

        /// Adds; a negative amount subtracts.
        public func add(_ amount: Int) { current.wrappingAdd(amount, ordering: .relaxed) }

        /// The value now.
        public var value: Int { current.load(ordering: .relaxed) }
    }

    let space: SeriesSpace
    let series: [Series]

    init(_ space: SeriesSpace) {
        self.space = space
        series = (0..<space.count).map { _ in Series() }
    }

    /// The series of these label values, in the order the labels were declared in.
    public func series(_ values: String...) -> Series { series[space.index(values)] }

    /// Replaces the value of the series of these label values.
    public func set(_ value: Int, _ values: String...) { series[space.index(values)].set(value) }

    /// Adds to the series of these label values.
    public func add(_ amount: Int, _ values: String...) { series[space.index(values)].add(amount) }

    /// The value now of these label values.
    public func value(_ values: String...) -> Int { series[space.index(values)].value }
}
