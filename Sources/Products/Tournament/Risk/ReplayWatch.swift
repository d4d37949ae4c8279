import Base

/// Who has sent a token again that was made for one use, or for somebody else.
///
/// Counted by request, and a few are forgiven: an answer that was lost is asked for again, and whoever signs in still
/// holds tokens of the device.
struct ReplayWatch: Sendable {
    enum Bounds {
        static let voters = 50_000
        static let memory: Duration = .seconds(3_600)
        /// Requests that a bad network and a sign-in explain.
        static let forgiven = 3
    }

    private struct Replays {
        var count: Int
        var until: Timestamp
    }

    private var replays: BoundedMap<ID<Voter>, Replays>

    init(voters: Int = Bounds.voters) { replays = BoundedMap(capacity: voters) }

    /// Takes note of a request: tokens that were not made for this voter, and those that had counted already.
    mutating func note(_ voter: ID<Voter>, foreign: Int, repeated: Int, at now: Timestamp) {
        guard foreign > 0 || repeated > 0 else { return }
        let before = replays[voter].flatMap { $0.until > now ? $0.count : nil } ?? 0
        let count = before + (repeated > 0 ? 1 : 0) + (foreign > 0 ? 1 : 0)
        replays[voter] = Replays(count: min(count, 1_000_000), until: now + Bounds.memory)
    }

    func hasReplayed(_ voter: ID<Voter>, at now: Timestamp) -> Bool {
        replays[voter].map { $0.until > now && $0.count > Bounds.forgiven } ?? false
    }
}
