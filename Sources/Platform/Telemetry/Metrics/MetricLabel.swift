/// A dimension of a metric with a closed set of values, declared before the first observation.
///
/// The number of series of a metric is the product of its labels' value counts, so it is known at start. A value that
/// was not declared is counted under `other`, never as a series of its own: no user, tenant or address can get into a
/// label.
public struct MetricLabel: Sendable, Hashable {
    /// The value under which everything undeclared is counted.
    public static let other = "other"

    /// The label's name, as in `route`.
    public let name: String
    /// The declared values in order; ``other`` stands last.
    public let values: [String]

    /// Declares a label with these values.
    public init(_ name: String, _ values: [String]) {
        precondition(isMetricName(name) && !name.hasPrefix("__"), "a label cannot be named \(name)")
        precondition(!values.isEmpty, "the label \(name) needs at least one value")
        precondition(Set(values).count == values.count, "the label \(name) declares a value twice")
        self.name = name
        self.values = values.filter { $0 != Self.other } + [Self.other]
    }

    /// Declares a label whose values are the cases of an enumeration.
    public init<Value: CaseIterable & RawRepresentable<String>>(_ name: String, _ values: Value.Type) {
        self.init(name, Value.allCases.map(\.rawValue))
    }
}

/// The unit of a metric's amounts and how they are shown.
public enum MetricUnit: Sendable, Hashable {
    /// Plain numbers, shown as they are.
    case count
    /// Sizes in bytes, shown as they are.
    case bytes
    /// Times: recorded in whole microseconds, shown in seconds as Prometheus wants them.
    case seconds
}

/// Which series of a metric a combination of label values is.
struct SeriesSpace: Sendable, Hashable {
    let labels: [MetricLabel]
    let count: Int
    private let positions: [[String: Int]]

    init(_ labels: [MetricLabel]) {
        self.labels = labels
        count = labels.reduce(1) { $0 * $1.values.count }
        positions = labels.map { label in
            Dictionary(uniqueKeysWithValues: label.values.enumerated().map { ($1, $0) })
        }
    }

    func index(_ values: [String]) -> Int {
        precondition(
            values.count == labels.count,
            "a metric with the labels \(labels.map(\.name)) was given \(values.count) label values")
        var index = 0
        for (position, value) in values.enumerated() {
            let label = labels[position]
            index = index * label.values.count + (positions[position][value] ?? label.values.count - 1)
        }
        return index
    }

    /// The label values of a series, in the order of the labels.
    func values(_ index: Int) -> [String] {
        var rest = index
        var values: [String] = []
        for label in labels.reversed() {
            values.append(label.values[rest % label.values.count])
            rest /= label.values.count
        }
        return values.reversed()
    }

    /// Whether one of the values is ``MetricLabel/other``; such series are only shown once they counted something.
    func isOther(_ index: Int) -> Bool { values(index).contains(MetricLabel.other) }
}

func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (97...122).contains(first) || first == 95 else { return false }
    return name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
}
