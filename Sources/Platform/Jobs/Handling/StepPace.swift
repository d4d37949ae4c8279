public import Base
import Synchronization

/// How large the steps of long work are and how long each waits after the last, so that nobody else feels it.
///
/// Pure. A step that takes longer than it should halves the next one, quick ones let it grow; and between two steps the
/// work rests for so long that it takes no more than its share of the time.
public struct StepPace: Sendable, Hashable {
    /// Bounds of all paces.
    public enum Bounds {
        /// The longest rest, however long a step has taken.
        public static let rest = Duration.seconds(5)
    }

    private let sizes: ClosedRange<Int>
    private let target: Duration
    private let share: Double
    /// Rows, or whatever is counted, of the next step.
    public private(set) var size: Int
    /// How long the next step waits.
    public private(set) var rest: Duration

    /// Begins with the smallest step.
    ///
    /// - Parameters:
    ///   - sizes: The smallest and the largest step, from 1.
    ///   - target: How long a step should take, 1 millisecond to 10 seconds.
    ///   - share: Which part of the time the work may take, above 0 to 1.
    public init(sizes: ClosedRange<Int>, target: Duration, share: Double) {
        precondition(sizes.lowerBound >= 1, "steps of \(sizes): at least 1 is possible")
        precondition((.milliseconds(1) ... .seconds(10)).contains(target), "steps of \(target): 1 ms to 10 s")
        precondition(share > 0 && share <= 1, "a share of \(share): above 0 to 1 is possible")
        self.sizes = sizes
        self.target = target
        self.share = share
        size = sizes.lowerBound
        rest = .zero
        rest = rest(after: target)
    }

    /// Learns how long a step took that was made of `size`.
    public mutating func took(_ time: Duration, for size: Int) {
        if time > target {
            self.size = max(sizes.lowerBound, size / 2)
        } else if size >= self.size {
            self.size = min(sizes.upperBound, size + max(1, size / 4))
        }
        rest = rest(after: time)
    }

    private func rest(after time: Duration) -> Duration {
        min(Bounds.rest, .microseconds(Int64(Double(time.microseconds) * (1 / share - 1))))
    }
}

/// The pace of one kind of long work in this process.
///
/// Each step is a job that enqueues the next one, after the rest: so it goes on after a crash, and other jobs between.
///
/// ```swift
/// try await pacer.step { step in
///     try await storage.write(for: tenant) { transaction in
///         step.begin()
///         guard try await sweep(max: step.size, transaction) else { return }
///         try transaction.enqueue(Self.sweep, input, after: step.rest)
///     }
/// }
/// ```
public final class StepPacer: Sendable {
    private let clock: any WallClock
    private let pace: Mutex<StepPace>

    /// Begins at `pace`.
    public init(_ pace: StepPace, clock: any WallClock) {
        self.clock = clock
        self.pace = Mutex(pace)
    }

    /// Runs a step; one that throws has taken its time like any other, and one that never began is learned nothing from.
    public func step<Result>(_ body: (Step) async throws -> Result) async rethrows -> Result {
        let step = pace.withLock { Step(size: $0.size, rest: $0.rest, clock: clock) }
        defer { if let taken = step.taken { pace.withLock { $0.took(taken, for: step.size) } } }
        return try await body(step)
    }

    /// A step that is being made.
    public final class Step: Sendable {
        /// Rows, or whatever is counted, that it takes at most.
        public let size: Int
        /// After which time the next one is made.
        public let rest: Duration
        private let clock: any WallClock
        private let start = Mutex<Duration?>(nil)

        init(size: Int, rest: Duration, clock: any WallClock) {
            self.size = size
            self.rest = rest
            self.clock = clock
        }

        /// The work begins now: the connection is there, and there is something to do.
        public func begin() { start.withLock { $0 = clock.uptime() } }

        fileprivate var taken: Duration? { start.withLock { $0 }.map { clock.uptime() - $0 } }
    }
}
