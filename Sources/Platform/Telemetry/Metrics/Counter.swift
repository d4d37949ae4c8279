import Base
import Synchronization

/// One number that only grows.
///
/// Adding is one atomic instruction. Hot paths keep the ``Series`` of their label values; others pass the values.
public final class Counter: Sendable {
    /// One combination of label values of a counter.
    public final class Series: Sendable {
        private let total = Atomic<Int>(0)

        init() {}

        /// Adds; the amount must not be negative.
        ///
        /// In microseconds when the counter's unit is seconds.
        public func add(_ amount: Int = 1) {
            assert(amount >= 0, "a counter cannot shrink by \(amount)")
            total.wrappingAdd(max(0, amount), ordering: .relaxed)
        }

        /// The sum so far.
        public var value: Int { total.load(ordering: .relaxed) }
    }

    let space: SeriesSpace
    let series: [Series]

    init(_ space: SeriesSpace) {
        self.space = space
        series = (0..<space.count).map { _ in Series() }
    }

    /// The series of these label values, in the order the labels were declared in.
    public func series(_ values: String...) -> Series { series[space.index(values)] }

    /// Adds to the series of these label values.
    public func add(_ amount: Int = 1, _ values: String...) { series[space.index(values)].add(amount) }

    /// Adds a time to the series of these label values; for counters in seconds.
    public func add(_ duration: Duration, _ values: String...) {
        series[space.index(values)].add(Int(duration.microseconds))
    }

    /// The sum so far of these label values.
    public func value(_ values: String...) -> Int { series[space.index(values)].value }
}
