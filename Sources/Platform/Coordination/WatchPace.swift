public import Base

/// How often a node asks the database what others have changed: seldom while word of it arrives, often while none can.
///
/// Word is a hint and may be lost; asking is what makes it certain.
public struct WatchPace: Sendable {
    /// Between two questions while word arrives.
    public let told: Duration
    /// Between two questions while none can: also how soon is noticed that it has ceased.
    public let untold: Duration
    private let isTold: @Sendable () -> Bool

    /// Sets a pace.
    ///
    /// - Parameters:
    ///   - untold: Between two questions while nobody tells; at least 10 milliseconds.
    ///   - told: Between two questions while others tell; at least `untold`. Defaults to 30 seconds.
    ///   - isTold: Whether word arrives, answered from memory. Defaults to never.
    public init(
        untold: Duration, told: Duration = .seconds(30), isTold: @escaping @Sendable () -> Bool = { false }
    ) {
        precondition(untold >= .milliseconds(10) && told >= untold, "a node that asks every \(untold) to \(told)")
        self.told = told
        self.untold = untold
        self.isTold = isTold
    }

    /// Waits until the next question is due.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, nothing else.
    public func wait(on clock: any WallClock) async throws {
        let start = clock.uptime()
        repeat { try await clock.sleep(for: untold) } while isTold() && clock.uptime() - start < told
    }
}

extension CoordinationServices {
    /// A pace for what the bus tells of, too: `untold` while the store is out of reach.
    public func pace(untold: Duration) -> WatchPace {
        WatchPace(untold: untold) { [status] in status().isReachable }
    }
}
