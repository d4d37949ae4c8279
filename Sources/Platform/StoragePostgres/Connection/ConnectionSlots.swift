import Base

/// Which of a fixed number of connections are open, and when a broken one is tried again.
///
/// While the server is down, one slot at a time tries, each time after a longer and jittered pause.
struct ConnectionSlots {
    private enum Bounds {
        static let pauseMin = Duration.milliseconds(50)
        static let pauseMax = Duration.seconds(5)
    }

    enum State: Equatable {
        case closed, opening, open
    }

    private(set) var states: [State]
    private(set) var openCount = 0
    private(set) var failures = 0
    private var retryAt: Duration?

    init(count: Int) { states = Array(repeating: .closed, count: count) }

    /// The time before which no connection is tried.
    var pauseEnd: Duration? { retryAt }

    /// Names a slot that should be opened now, if one may; it counts as opening from here on.
    mutating func open(now: Duration) -> Int? {
        if failures > 0, let retryAt, now < retryAt { return nil }
        if failures > 0, states.contains(.opening) { return nil }
        guard let slot = states.firstIndex(of: .closed) else { return nil }
        states[slot] = .opening
        return slot
    }

    mutating func opened(_ slot: Int) {
        states[slot] = .open
        openCount += 1
        failures = 0
        retryAt = nil
    }

    /// Notes that a slot could not be opened.
    ///
    /// `fraction` in `0..<1` jitters the pause.
    mutating func refused(_ slot: Int, now: Duration, fraction: Double) {
        states[slot] = .closed
        failures += 1
        retryAt = now + Self.pause(afterFailures: failures, fraction: fraction)
    }

    /// Notes that an open connection broke; it may be opened again at once.
    mutating func lost(_ slot: Int) {
        states[slot] = .closed
        openCount -= 1
    }

    /// 50 ms doubled per failure up to 5 s, of which the upper half is drawn.
    static func pause(afterFailures failures: Int, fraction: Double) -> Duration {
        let full = min(Bounds.pauseMax, Bounds.pauseMin * (1 << min(failures - 1, 10)))
        return full * (0.5 + 0.5 * fraction)
    }
}
