import Base
import Synchronization

/// The time of the demo's past: it moves when it is told to.
final class DemoClock: WallClock {
    private let time: Mutex<Timestamp>

    init(at start: Timestamp) { time = Mutex(start) }

    func now() -> Timestamp { time.withLock { $0 } }
    func uptime() -> Duration { now() - .epoch }

    /// Pauses pass at once; what would wait longer is a deadline of something that is under way, and really waits.
    func sleep(for duration: Duration) async throws {
        guard duration >= .seconds(5) else { return pass(duration) }
        try await Task.sleep(for: duration)
    }

    func pass(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    func set(_ new: Timestamp) { time.withLock { $0 = new } }
}
