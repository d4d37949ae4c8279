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

/// Chance that repeats itself, so that the demo is the same everywhere: SplitMix64 (Steele, Lea and Flood, 2014).
final class DemoChance: Randomness {
    private let state: Mutex<UInt64>

    init(seed: UInt64) { state = Mutex(seed) }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }
}
