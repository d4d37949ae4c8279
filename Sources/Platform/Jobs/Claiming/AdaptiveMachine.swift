import Base

/// Decides how many jobs of a kind run at once in this process: pure.
///
/// Grows by one after as many good ends as run at once, while it was used to the full and handlers took no more than twice
/// as long as when they were quickest; halves, at most once in the time that a handler takes, when the other side throttles
/// or more than a tenth of the recent ends were failures.
struct AdaptiveMachine: Sendable {
    enum Outcome: Sendable {
        case good
        case failed
        case throttled
    }

    private enum Bounds {
        static let window = 20
        static let pauseMin = Duration.milliseconds(100)
    }

    let range: ClosedRange<Int>
    /// How many may run now.
    private(set) var limit: Int
    private var goodEnds = 0
    private var recent: [Bool] = []
    private var average = 0.0
    private var quickest = 0.0
    private var shrunkAt: Duration?

    init(_ range: ClosedRange<Int>) {
        self.range = range
        limit = range.lowerBound
    }

    /// Takes how a run ended; `isFull` tells whether all places were taken.
    mutating func note(_ outcome: Outcome, took: Duration, isFull: Bool, at now: Duration) {
        let seconds = took.inSeconds
        average = average == 0 ? seconds : average * 0.9 + seconds * 0.1
        // What was quickest is forgotten slowly: the other side may have become slower for good.
        quickest = quickest == 0 ? average : min(average, quickest * 1.001 + 1e-9)
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
