public import Base

/// The pauses between a job's attempts.
public struct Backoff: Sendable, Hashable {
    let first: Duration
    let last: Duration

    /// Doubles from attempt to attempt, spread at random between half of it and all of it.
    ///
    /// - Parameters:
    ///   - first: The pause after the first attempt, 1 millisecond to 1 day.
    ///   - last: The longest pause, `first` to 30 days.
    public static func exponential(from first: Duration, to last: Duration) -> Backoff {
        precondition(
            (.milliseconds(1) ... .seconds(86_400)).contains(first) && (first ... .seconds(30 * 86_400)).contains(last),
            "a back-off from \(first) to \(last): 1 ms to 1 day, up to 30 days are possible")
        return Backoff(first: first, last: last)
    }

    /// About the same pause each time, spread at random between half of it and all of it.
    public static func steady(_ pause: Duration) -> Backoff { .exponential(from: pause, to: pause) }

    /// The pause after `attempt` attempts (from 1) have failed.
    public func pause(after attempt: Int, using randomness: some Randomness) -> Duration {
        let doubled = first.inSeconds * Double(UInt64(1) << UInt64(min(max(attempt, 1) - 1, 40)))
        let longest = min(doubled, last.inSeconds)
        return .microseconds(Int64(longest * (0.5 + 0.5 * randomness.fraction()) * 1_000_000))
    }
}
