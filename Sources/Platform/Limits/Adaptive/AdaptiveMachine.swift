import Base

/// Decides how much may run at once against something whose capacity nobody knows: pure.
///
/// Additive increase, multiplicative decrease, which is what lets many that do not know of each other share fairly
/// (D.-M. Chiu, R. Jain: “Analysis of the increase and decrease algorithms for congestion avoidance in computer
/// networks”, 1989): it grows by one after as many good ends as run at once, and halves when the other side throttles or
/// more than a tenth of the recent ends were failures, at most once in the time that a run takes, as all that ran at that
/// moment say the same. It does not grow while runs take more than twice as long as the quickest have taken, which is
/// the sign of a queue on the other side before it refuses (L. Brakmo, L. Peterson: “TCP Vegas”, 1995), nor
/// while its places are not used.
public struct AdaptiveMachine: Sendable {
    /// How a run ended.
    public enum Outcome: Sendable, Hashable {
        /// Well.
        case good
        /// By the other side's fault.
        case failed
        /// The other side said that it is too much.
        case throttled
    }

    private enum Bounds {
        static let window = 20
        static let pauseMin = Duration.milliseconds(100)
    }

    /// What the limit stays within.
    public let range: ClosedRange<Int>
    /// How many may run now.
    public private(set) var limit: Int
    private var goodEnds = 0
    private var recent: [Bool] = []
    private var average = 0.0
    private var quickest = 0.0
    private var shrunkAt: Duration?

    /// Begins with the least of `range`, which is at least 1.
    public init(_ range: ClosedRange<Int>) {
        precondition(range.lowerBound > 0, "nothing can run within \(range.lowerBound) places")
        self.range = range
        limit = range.lowerBound
    }

    /// Takes how a run ended; `isFull` tells whether all places were taken.
    public mutating func note(_ outcome: Outcome, took: Duration, isFull: Bool, at now: Duration) {
        if outcome == .good {
            // A refusal is quick and says nothing of how long the work takes.
            let seconds = took.inSeconds
            average = average == 0 ? seconds : average * 0.9 + seconds * 0.1
            // What was quickest is forgotten slowly: the other side may have become slower for good.
            quickest = quickest == 0 ? average : min(average, quickest * 1.001 + 1e-9)
        }
        recent.append(outcome != .good)
        if recent.count > Bounds.window { recent.removeFirst() }
        if outcome == .throttled || recent.count(where: { $0 }) * 10 > Bounds.window {
            let pause = max(.microseconds(Int64(average * 1_000_000)), Bounds.pauseMin)
            if let shrunkAt, now - shrunkAt < pause { return }
            limit = max(range.lowerBound, limit / 2)
            shrunkAt = now
            goodEnds = 0
            recent = []
            return
        }
        guard outcome == .good, isFull else { return }
        guard average <= quickest * 2 + 0.001 else {
            goodEnds = 0
            return
        }
        goodEnds += 1
        if goodEnds >= limit {
            goodEnds = 0
            limit = min(range.upperBound, limit + 1)
        }
    }
}
