import Base
import Synchronization

/// The distribution of amounts over fixed buckets.
///
/// An observation is a search among the bounds and two atomic additions.
public final class Histogram: Sendable {
    /// One combination of label values of a histogram.
    public final class Series: Sendable {
        let bounds: [Int]
        private let buckets: [Counter.Series]
        private let total = Atomic<Int>(0)

        init(bounds: [Int]) {
            self.bounds = bounds
            buckets = (0...bounds.count).map { _ in Counter.Series() }
        }

        /// Counts an amount, in microseconds when the histogram's unit is seconds.
        public func observe(_ amount: Int) {
            var low = 0
            var high = bounds.count
            while low < high {
                let middle = (low + high) / 2
                if bounds[middle] < amount { low = middle + 1 } else { high = middle }
            }
            buckets[low].add()
            total.wrappingAdd(amount, ordering: .relaxed)
        }

        /// Counts a time; for histograms in seconds.
        public func observe(_ duration: Duration) { observe(Int(duration.microseconds)) }

        /// How many amounts were counted.
        public var count: Int { buckets.reduce(0) { $0 + $1.value } }

        /// The sum of all amounts.
        public var sum: Int { total.load(ordering: .relaxed) }

        /// How many amounts were at most each bound; the last element counts all.
        var cumulative: [Int] {
            var running = 0
            return buckets.map {
                running += $0.value
                return running
            }
        }
    }

    /// Bounds for times of requests and statements in microseconds: 0.5 ms to 10 s.
    public static let latencyBounds = [
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000,
    ]

    /// Bounds for sizes in bytes: 256 B to 64 MiB.
    public static let sizeBounds = (0..<10).map { 256 << ($0 * 2) }

    /// Bounds for small counts, such as rows of a batch: 1 to 1,024.
    public static let countBounds = (0...10).map { 1 << $0 }

    let space: SeriesSpace
    let bounds: [Int]
    let series: [Series]

    init(_ space: SeriesSpace, bounds: [Int]) {
        self.space = space
        self.bounds = bounds
        series = (0..<space.count).map { _ in Series(bounds: bounds) }
    }

    /// The series of these label values, in the order the labels were declared in.
    public func series(_ values: String...) -> Series { series[space.index(values)] }

    /// Counts an amount in the series of these label values.
    public func observe(_ amount: Int, _ values: String...) { series[space.index(values)].observe(amount) }

    /// Counts a time in the series of these label values; for histograms in seconds.
    public func observe(_ duration: Duration, _ values: String...) {
        series[space.index(values)].observe(duration)
    }
}
