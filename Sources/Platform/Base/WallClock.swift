#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where time comes from.
///
/// A parameter of everything that waits, expires or stamps, so that tests and simulations move it themselves.
public protocol WallClock: Sendable {
    /// The time of day. May step when the machine's clock is set.
    func now() -> Timestamp
    /// Time since an arbitrary start that never steps back: for measuring and for deadlines.
    func uptime() -> Duration
    /// Suspends for at least `duration`; returns at once when it is not positive.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The machine's clocks.
public struct SystemClock: WallClock {
    private static let start = ContinuousClock.now

    /// Makes the clock; all of them agree.
    public init() { _ = Self.start }

    /// The machine's time of day (`CLOCK_REALTIME`).
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Time since the first use in this process.
    public func uptime() -> Duration { Self.start.duration(to: .now) }

    /// Sleeps on the continuous clock.
    public func sleep(for duration: Duration) async throws {
        guard duration > .zero else { return }
        try await Task.sleep(for: duration, clock: .continuous)
    }
}
