import Base
import BaseTestKit

/// The time of a simulated clock, and the pauses of the machine's.
///
/// Storage tries a transaction again that met another one, after some milliseconds. On a clock that stands still it would
/// wait for ever.
struct ImpatientClock: WallClock {
    let simulated: SimClock

    func now() -> Timestamp { simulated.now() }

    func uptime() -> Duration { simulated.uptime() }

    func sleep(for duration: Duration) async throws { try await SystemClock().sleep(for: duration) }
}
