/// How an observed cost grows, and how far that can be said.
///
/// An answer is a range, and there is none beyond twice the range in which was measured: a fit below the knee of a curve
/// says nothing about what is behind it.
public struct Projection: Sendable, Codable, Hashable {
    /// How a resource grows with its driver.
    public enum Law: String, Sendable, Codable, CaseIterable {
        /// Does not grow with use.
        case constant
        /// In proportion: rows of a list, statements of a loop.
        case linear
        /// With the square: a blob rewritten at each append, a socket that tells every other.
        case quadratic
        /// Arrival rate times service time: connections, workers.
        case little
        /// Growth times time: tables, sequences.
        case accumulation
        /// Not a matter of load: it goes wrong by chance, more often with more traffic.
        case chance
    }

    /// From where to where was measured.
    public struct Measured: Sendable, Codable, Hashable {
        /// The smallest driver seen.
        public var low: Double
        /// The largest driver seen.
        public var high: Double
        /// What the driver is.
        public var unit: String
    }

    /// The answer at one point.
    public struct Answer: Sendable, Codable, Hashable {
        /// The driver's value.
        public var at: Double
        /// The lower end.
        public var low: Double
        /// The upper end.
        public var high: Double
        /// In what.
        public var unit: String
    }

    private enum Bounds {
        /// Beyond this many times the measured range there is no answer.
        static let reach = 2.0
    }

    /// How it grows.
    public var law: Law
    /// What grows it.
    public var driver: String
    /// What runs out first.
    public var firstResource: String
    /// What was measured; `nil` when only text was read, and then there are no answers.
    public var measured: Measured?
    /// Answers inside the reach.
    public var answers: [Answer] = []
    /// Points that were asked for and are too far out to answer.
    public var refused: [Double] = []

    /// A growth that was read, not measured.
    public static func unmeasured(_ law: Law, with driver: String, exhausting resource: String) -> Projection {
        Projection(law: law, driver: driver, firstResource: resource)
    }

    /// Answers at `points` from what was measured; those beyond twice the largest driver are refused.
    ///
    /// - Parameters:
    ///   - law: How the cost grows.
    ///   - driver: What grows it.
    ///   - resource: What runs out first.
    ///   - measured: The range of the driver.
    ///   - cost: The cost at the largest driver, as the range of what was measured there.
    ///   - unit: The cost's unit.
    ///   - points: Values of the driver that are asked for.
    /// - Returns: The projection, with an answer or a refusal for each point.
    public static func measured(
        _ law: Law, with driver: String, exhausting resource: String, over measured: Measured,
        cost: ClosedRange<Double>, unit: String, at points: [Double]
    ) -> Projection {
        var projection = Projection(law: law, driver: driver, firstResource: resource, measured: measured)
        for point in points.sorted() {
            guard point <= measured.high * Bounds.reach, measured.high > 0, point >= 0 else {
                projection.refused.append(point)
                continue
            }
            let factor = law.factor(point / measured.high)
            projection.answers.append(
                Answer(at: point, low: cost.lowerBound * factor, high: cost.upperBound * factor, unit: unit))
        }
        return projection
    }

    /// Whether no answer goes further than the measurement carries.
    public var isHonest: Bool {
        guard let measured else { return answers.isEmpty }
        return answers.allSatisfy { $0.at <= measured.high * Bounds.reach && $0.low <= $0.high }
    }
}

extension Projection.Law {
    /// What the cost is multiplied by when the driver is.
    func factor(_ ratio: Double) -> Double {
        switch self {
        case .constant, .chance: 1
        case .linear, .little, .accumulation: ratio
        case .quadratic: ratio * ratio
        }
    }

    /// In words, for people.
    public var text: String {
        switch self {
        case .constant: "does not grow with"
        case .linear: "grows in proportion to"
        case .quadratic: "grows with the square of"
        case .little: "grows with the arrival rate times the service time of"
        case .accumulation: "accumulates with"
        case .chance: "goes wrong by chance, more often with"
        }
    }
}
