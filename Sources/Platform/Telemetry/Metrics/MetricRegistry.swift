import Synchronization

/// All metrics of a process; renders them for Prometheus.
///
/// Metrics are declared at start, by whoever feeds them. Declaring the same metric again returns the one that is there,
/// so that two pools may share it; declaring it with another shape stops the process with a sentence that says so. The
/// registry is locked for declarations and rendering only, never for an observation.
public final class MetricRegistry: Sendable {
    /// What a metric that is read when asked for is.
    public enum SampledKind: Sendable, Hashable {
        /// Goes up and down.
        case gauge
        /// Only grows.
        case counter
    }

    /// One value of a metric that is read when asked for.
    public struct Sample: Sendable {
        /// The label values, in the order the labels were declared in.
        public var labels: [String]
        /// The amount, in microseconds when the metric's unit is seconds.
        public var value: Int

        /// Makes a sample.
        public init(_ value: Int, _ labels: String...) {
            self.labels = labels
            self.value = value
        }

        /// Makes a sample from a list of label values.
        public init(_ value: Int, labels: [String]) {
            self.labels = labels
            self.value = value
        }
    }

    /// What was declared, in the order of the declarations.
    struct Metric: Sendable {
        enum Body: Sendable {
            case counter(Counter)
            case gauge(Gauge)
            case histogram(Histogram)
            case sampled(SampledKind, labels: [String], readers: [@Sendable () -> [Sample]])
        }

        var name: String
        var help: String
        var unit: MetricUnit
        var body: Body
    }

    private struct State {
        var order: [String] = []
        var metrics: [String: Metric] = [:]
        var seriesCount = 0
    }

    private let state = Mutex(State())

    /// How many series all metrics may have together.
    public let seriesMax: Int

    /// How many samples one metric that is read when asked for may show.
    public static let samplesMax = 2_000

    /// Makes an empty registry.
    ///
    /// - Parameter seriesMax: How many series all metrics may have together, histograms counted by bucket. Defaults to
    ///   50,000, at 50 bytes each; 100 to 1,000,000.
    public init(seriesMax: Int = 50_000) {
        precondition((100...1_000_000).contains(seriesMax), "seriesMax is \(seriesMax), not within 100 to 1,000,000")
        self.seriesMax = seriesMax
    }

    /// Declares a counter, or returns the one of this name.
    ///
    /// - Parameters:
    ///   - name: Lower-case words joined by `_`, ending in `_total`.
    ///   - help: One sentence.
    ///   - unit: What is counted.
    ///   - labels: The dimensions, each with its closed set of values.
    /// - Returns: The counter, all series at zero when it is new.
    public func counter(
        _ name: String, _ help: String, unit: MetricUnit = .count, labels: [MetricLabel] = []
    ) -> Counter {
        precondition(name.hasSuffix("_total"), "the counter \(name) must be named …_total")
        let space = SeriesSpace(labels)
        let made = declare(name, help, unit, seriesCount: space.count) { .counter(Counter(space)) }
        guard case .counter(let counter) = made, counter.space == space else { declaredOtherwise(name) }
        return counter
    }

    /// Declares a gauge, or returns the one of this name.
    public func gauge(_ name: String, _ help: String, unit: MetricUnit = .count, labels: [MetricLabel] = []) -> Gauge {
        let space = SeriesSpace(labels)
        let made = declare(name, help, unit, seriesCount: space.count) { .gauge(Gauge(space)) }
        guard case .gauge(let gauge) = made, gauge.space == space else { declaredOtherwise(name) }
        return gauge
    }

    /// Declares a histogram, or returns the one of this name.
    ///
    /// - Parameters:
    ///   - name: Lower-case words joined by `_`, ending in the unit (`_seconds`, `_bytes`).
    ///   - help: One sentence.
    ///   - unit: What is observed.
    ///   - bounds: Upper bounds of the buckets, ascending; in microseconds when the unit is seconds. At most 40.
    ///   - labels: The dimensions, each with its closed set of values.
    /// - Returns: The histogram, empty when it is new.
    public func histogram(
        _ name: String, _ help: String, unit: MetricUnit = .seconds, bounds: [Int] = Histogram.latencyBounds,
        labels: [MetricLabel] = []
    ) -> Histogram {
        precondition((1...40).contains(bounds.count), "\(name) has \(bounds.count) buckets, not 1 to 40")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "the bounds of \(name) do not ascend")
        let space = SeriesSpace(labels)
        let made = declare(name, help, unit, seriesCount: space.count * (bounds.count + 2)) {
            .histogram(Histogram(space, bounds: bounds))
        }
        guard case .histogram(let histogram) = made, histogram.space == space, histogram.bounds == bounds else {
            declaredOtherwise(name)
        }
        return histogram
    }

    /// Declares a metric whose values are read when the metrics are; several readers may share one name.
    ///
    /// - Parameters:
    ///   - name: Lower-case words joined by `_`.
    ///   - help: One sentence.
    ///   - kind: Whether the values only grow.
    ///   - unit: What the values are.
    ///   - labels: Names of the labels; the reader must take their values from a closed set. Of one metric at most
    ///     ``samplesMax`` samples are shown.
    ///   - read: Returns the values; must not block.
    public func sampled(
        _ name: String, _ help: String, kind: SampledKind = .gauge, unit: MetricUnit = .count, labels: [String] = [],
        read: @escaping @Sendable () -> [Sample]
    ) {
        precondition(labels.allSatisfy(isMetricName), "one of \(labels) cannot be the name of a label")
        let made = declare(name, help, unit, seriesCount: 1) { .sampled(kind, labels: labels, readers: []) }
        guard case .sampled(kind, labels, _) = made else { declaredOtherwise(name) }
        state.withLock { state in
            guard var metric = state.metrics[name], case .sampled(_, _, var readers) = metric.body else { return }
            precondition(readers.count < 64, "\(name) has 64 readers; does somebody declare it per request?")
            readers.append(read)
            metric.body = .sampled(kind, labels: labels, readers: readers)
            state.metrics[name] = metric
        }
    }

    /// All metrics, in the order they were declared in.
    var metrics: [Metric] {
        state.withLock { state in state.order.compactMap { state.metrics[$0] } }
    }

    /// The names of all metrics, in the order they were declared in.
    public var names: [String] { state.withLock(\.order) }

    private func declare(
        _ name: String, _ help: String, _ unit: MetricUnit, seriesCount: Int, make: () -> Metric.Body
    ) -> Metric.Body {
        precondition(isMetricName(name), "a metric cannot be named \(name)")
        return state.withLock { state in
            if let known = state.metrics[name] {
                if known.unit != unit { declaredOtherwise(name) }
                return known.body
            }
            state.seriesCount += seriesCount
            precondition(
                state.seriesCount <= seriesMax,
                "\(name) brings the metrics to \(state.seriesCount) series, over the bound of \(seriesMax)")
            let metric = Metric(name: name, help: help, unit: unit, body: make())
            state.metrics[name] = metric
            state.order.append(name)
            return metric.body
        }
    }

    private func declaredOtherwise(_ name: String) -> Never {
        preconditionFailure("the metric \(name) was declared before with another kind, unit, label or bucket")
    }
}
