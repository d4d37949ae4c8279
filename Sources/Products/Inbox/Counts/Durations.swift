import Foundation

/// How many things took how long, in steps that each are a fifth longer than the one before: sums of it are sums of its
/// steps, and a percentile is right within a tenth.
struct Durations: Sendable, Hashable {
    enum Bounds {
        /// Steps in which a time doubles.
        static let perDoubling = 4.0
        /// The last step: more than a year.
        static let steps = 102
    }

    /// How many fell into each step.
    private(set) var amounts: [Int: Int64] = [:]

    var count: Int64 { amounts.values.reduce(0, +) }

    /// The step of so many seconds; what takes no second is step 0.
    static func step(of seconds: Int64) -> Int {
        guard seconds > 0 else { return 0 }
        return min(Bounds.steps, 1 + Int((log2(Double(seconds)) * Bounds.perDoubling).rounded(.down)))
    }

    /// Seconds that stand for a step: the middle of it.
    static func seconds(of step: Int) -> Int64 {
        guard step > 0 else { return 0 }
        return Int64(exp2((Double(step) - 0.5) / Bounds.perDoubling).rounded())
    }

    mutating func add(_ amount: Int64, at step: Int) { amounts[step, default: 0] += amount }

    mutating func add(seconds: Int64) { add(1, at: Self.step(of: seconds)) }

    /// The seconds within which a part of all was done, as in 0.9 for nine of ten; `nil` when there is nothing.
    func percentile(_ part: Double) -> Int64? {
        let count = count
        guard count > 0 else { return nil }
        let rank = max(1, Int64((Double(count) * part).rounded(.up)))
        var sum: Int64 = 0
        for (step, amount) in amounts.sorted(by: { $0.key < $1.key }) {
            sum += amount
            if sum >= rank { return Self.seconds(of: step) }
        }
        return nil
    }
}
