public import Base

extension Bus {
    /// Hands every event of `topic` to `body`, one after the other, until the task is cancelled.
    ///
    /// A subscription that fails or ends is made again after a second. `body` is told ``BusEvent/missed`` at the start
    /// and after each gap: it then looks at the truth.
    ///
    /// - Parameters:
    ///   - topic: what is listened to.
    ///   - clock: paces attempts.
    ///   - body: takes an event; the next one waits.
    /// - Throws: `CancellationError`, nothing else.
    public func follow(
        _ topic: String, clock: any WallClock, _ body: (BusEvent) async -> Void
    ) async throws {
        while true {
            do throws(CoordinationError) {
                let subscription = try await subscribe(to: topic)
                await body(.missed)
                while let event = await subscription.next() { await body(event) }
            } catch {
                // Whoever carries the bus has told of it; the body's own schedule goes on meanwhile.
            }
            try await clock.sleep(for: .seconds(1))
        }
    }
}
