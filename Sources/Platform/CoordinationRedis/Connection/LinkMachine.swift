import NIOCore

/// What a link to one server decides: what waits, what may be sent, what a broken connection costs.
///
/// Pure: events go in, what is to be done comes out. ``RedisLink`` holds it under a lock and does it.
///
/// Until the first connection stands, calls wait. When a connection breaks or is silent beyond a deadline everything that
/// waits fails, and calls are refused at once until another connection has answered: an outage costs each caller nothing
/// but the first ones a deadline.
struct LinkMachine {
    enum Phase: Hashable {
        /// An attempt is under way; the first one has callers wait, later ones do not.
        case connecting(Int)
        case ready(Int)
        /// Between two attempts.
        case pausing
        case closed
    }

    struct Limits {
        var calls: Int
        var bytes: Int
    }

    private(set) var phase = Phase.connecting(0)
    /// Attempts that failed since the last connection that stood.
    private(set) var failures = 0
    /// Since when calls are refused; `nil` while they are taken.
    private(set) var downSince: Duration?
    private var queue: [RedisCall] = []
    private var inFlight = CircularBuffer<RedisCall>()
    private var bytes = 0
    private var connections = 0
    private var isSendScheduled = false
    private var isWatched = false
    private let limits: Limits

    init(limits: Limits) { self.limits = limits }

    /// Calls that wait to be sent or answered.
    var waiting: Int { queue.count + inFlight.count }

    var isUp: Bool { if case .ready = phase { true } else { false } }

    // MARK: Calls

    enum Submission {
        /// Taken; whether sending has to be scheduled.
        case taken(mustWake: Bool)
        case refused(RedisError)
    }

    /// Takes calls that must be sent one directly after the other.
    mutating func submit(_ calls: [RedisCall]) -> Submission {
        let more = calls.reduce(0) { $0 + $1.encoded.count }
        if let refusal = refusal(of: calls.count, bytes: more) { return .refused(refusal) }
        queue += calls
        return took(more)
    }

    /// Takes one call, which is the usual case and allocates nothing.
    mutating func submit(_ call: RedisCall) -> Submission {
        let more = call.encoded.count
        if let refusal = refusal(of: 1, bytes: more) { return .refused(refusal) }
        queue.append(call)
        return took(more)
    }

    private mutating func took(_ more: Int) -> Submission {
        bytes += more
        defer { isSendScheduled = true }
        return .taken(mustWake: !isSendScheduled)
    }

    private func refusal(of count: Int, bytes more: Int) -> RedisError? {
        switch phase {
        case .closed: return RedisError(.closed, "The client was shut down before the command was sent.")
        case .pausing: return Self.away
        case .connecting where downSince != nil: return Self.away
        case .connecting, .ready: break
        }
        guard waiting + count > limits.calls || bytes + more > limits.bytes else { return nil }
        return RedisError(.busy, "\(waiting) commands of \(bytes) bytes wait for the server, as many as may.")
    }

    private static var away: RedisError {
        RedisError(.unavailable, "The server is away; it is being asked for a connection in the background.")
    }

    /// What is to be written now, when connection `id` is the one that is ready.
    mutating func takeForSending(on id: Int?) -> [RedisCall] {
        isSendScheduled = false
        guard case .ready(let current) = phase, id == nil || id == current else { return [] }
        defer { queue.removeAll(keepingCapacity: true) }
        for call in queue {
            if case .noReply = call.receiver { bytes -= call.encoded.count } else { inFlight.append(call) }
        }
        return queue
    }

    /// The calls that the next `count` replies of connection `id` belong to; `nil` when there are fewer.
    mutating func takeAnswered(_ count: Int, on id: Int) -> [RedisCall]? {
        guard phase == .ready(id) else { return [] }
        guard count <= inFlight.count else { return nil }
        var answered: [RedisCall] = []
        answered.reserveCapacity(count)
        for _ in 0..<count {
            guard let call = inFlight.popFirst() else { break }
            bytes -= call.encoded.count
            answered.append(call)
        }
        return answered
    }

    // MARK: Deadlines

    /// Whether a watch over deadlines has to be begun.
    mutating func beginWatch() -> Bool {
        guard !isWatched, waiting > 0 else { return false }
        isWatched = true
        return true
    }

    enum Watch: Hashable {
        case over
        case again(at: Duration)
        /// The oldest call is beyond its deadline.
        case expired
    }

    mutating func look(at now: Duration) -> Watch {
        isWatched = false
        guard let oldest = inFlight.first ?? queue.first else { return .over }
        if oldest.deadline <= now { return .expired }
        isWatched = true
        return .again(at: oldest.deadline)
    }

    // MARK: Connections

    /// Begins an attempt; `nil` when none is due.
    mutating func beginConnecting() -> Int? {
        switch phase {
        case .closed, .ready: return nil
        case .connecting, .pausing:
            connections += 1
            phase = .connecting(connections)
            return connections
        }
    }

    struct Standing: Hashable {
        /// For how long calls were refused before; `nil` when they were not.
        var gap: Duration?
    }

    /// A connection stands; `nil` when it is no longer wanted.
    mutating func established(_ id: Int, at now: Duration) -> Standing? {
        guard phase == .connecting(id) else { return nil }
        phase = .ready(id)
        failures = 0
        defer { downSince = nil }
        return Standing(gap: downSince.map { now - $0 })
    }

    struct Loss {
        var calls: [RedisCall]
        /// Whether callers were served, or waited to be, until now.
        var isNew: Bool
        var failures: Int
    }

    /// Connection `id`, or the attempt at it, is over, or with `nil` whichever there is; `nil` when it was already.
    mutating func lost(_ id: Int?, at now: Duration) -> Loss? {
        switch phase {
        case .closed, .pausing: return nil
        case .connecting(let current), .ready(let current):
            guard id == nil || id == current else { return nil }
        }
        phase = .pausing
        failures += 1
        let isNew = downSince == nil
        if isNew { downSince = now }
        return Loss(calls: takeAll(), isNew: isNew, failures: failures)
    }

    mutating func close() -> [RedisCall] {
        phase = .closed
        return takeAll()
    }

    private mutating func takeAll() -> [RedisCall] {
        defer {
            inFlight.removeAll()
            queue.removeAll()
            bytes = 0
        }
        return Array(inFlight) + queue
    }
}
