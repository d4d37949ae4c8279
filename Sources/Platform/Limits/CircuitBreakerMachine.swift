import Base

/// Every decision of a breaker.
///
/// Pure; times are microseconds of an uptime.
struct CircuitBreakerMachine: Sendable {
    /// The permission for one call.
    ///
    /// It belongs to one stretch of one state: what a call from before a change reports after it says nothing about
    /// now.
    struct Ticket: Sendable, Hashable {
        let generation: UInt64
    }

    enum Decision: Sendable, Hashable {
        case allowed(Ticket)
        case refused(after: Int64)
    }

    enum Outcome: Sendable, Hashable { case succeeded, failed, abandoned }

    private enum Phase: Sendable {
        case closed
        /// `isTold` when another node has found it, not this one.
        case open(until: Int64, isTold: Bool)
        case halfOpen(running: Int, succeeded: Int, since: Int64)
    }

    private struct Bucket: Sendable {
        var number: Int64 = -1
        var calls = 0
        var failures = 0
    }

    private static let bucketCount = 10

    private let options: CircuitBreakerOptions
    private var phase = Phase.closed
    private var generation: UInt64 = 0
    private var buckets = Array(repeating: Bucket(), count: Self.bucketCount)
    private var openTime: Int64

    init(_ options: CircuitBreakerOptions) {
        self.options = options
        openTime = options.openTime.microseconds
    }

    var state: CircuitState {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// When it opened by this node's own calls: which opening, and until when.
    var opening: (generation: UInt64, until: Int64)? {
        if case .open(let until, isTold: false) = phase { (generation, until) } else { nil }
    }

    mutating func ask(now: Int64) -> Decision {
        switch phase {
        case .closed: return .allowed(Ticket(generation: generation))
        case .open(let until, _):
            guard now >= until else { return .refused(after: until - now) }
            return probe(now: now)
        case .halfOpen(let running, let succeeded, let since):
            guard running + succeeded < options.probes else {
                // Probes that never report (their task was lost) must not keep it half open for ever.
                guard now - since < options.openTimeMax.microseconds else { return probe(now: now) }
                return .refused(after: options.openTime.microseconds)
            }
            phase = .halfOpen(running: running + 1, succeeded: succeeded, since: since)
            return .allowed(Ticket(generation: generation))
        }
    }

    private mutating func probe(now: Int64) -> Decision {
        generation += 1
        phase = .halfOpen(running: 1, succeeded: 0, since: now)
        return .allowed(Ticket(generation: generation))
    }

    mutating func report(_ ticket: Ticket, _ outcome: Outcome, now: Int64) {
        guard ticket.generation == generation else { return }
        switch (phase, outcome) {
        case (.open, _), (.closed, .abandoned): break
        case (.closed, _): record(isFailure: outcome == .failed, now: now)
        case (.halfOpen(let running, let succeeded, let since), .abandoned):
            phase = .halfOpen(running: running - 1, succeeded: succeeded, since: since)
        case (.halfOpen, .failed):
            openTime = min(openTime * 2, options.openTimeMax.microseconds)
            open(now: now)
        case (.halfOpen(let running, let succeeded, let since), .succeeded):
            guard succeeded + 1 >= options.probes else {
                phase = .halfOpen(running: running - 1, succeeded: succeeded + 1, since: since)
                return
            }
            close()
        }
    }

    // MARK: Other nodes

    /// Another node's breaker has opened, for so long.
    ///
    /// Who has no answers of its own believes that. Who has been answered lately asks carefully instead: a node with a
    /// bad line must not cut off the others.
    mutating func hearOpening(for duration: Int64, now: Int64) {
        switch phase {
        case .closed:
            generation += 1
            let recent = recent(at: now)
            phase =
                recent.calls > recent.failures
                ? .halfOpen(running: 0, succeeded: 0, since: now) : .open(until: now + duration, isTold: true)
        case .open(let until, isTold: true): phase = .open(until: max(until, now + duration), isTold: true)
        case .open, .halfOpen: break
        }
    }

    /// Another node's breaker has closed: who was only told that it is open closes too.
    mutating func hearClosing() {
        guard case .open(_, isTold: true) = phase else { return }
        close()
    }

    private mutating func close() {
        generation += 1
        phase = .closed
        openTime = options.openTime.microseconds
        buckets = Array(repeating: Bucket(), count: Self.bucketCount)
    }

    private func number(at now: Int64) -> Int64 {
        now / max(1, options.window.microseconds / Int64(Self.bucketCount))
    }

    private func recent(at now: Int64) -> (calls: Int, failures: Int) {
        let current = buckets.filter { $0.number > number(at: now) - Int64(Self.bucketCount) }
        return (current.reduce(0) { $0 + $1.calls }, current.reduce(0) { $0 + $1.failures })
    }

    private mutating func record(isFailure: Bool, now: Int64) {
        let number = number(at: now)
        let position = Int(number % Int64(Self.bucketCount))
        if buckets[position].number != number { buckets[position] = Bucket(number: number) }
        buckets[position].calls += 1
        buckets[position].failures += isFailure ? 1 : 0
        guard isFailure else { return }
        let (calls, failures) = recent(at: now)
        if calls >= options.callsMin, Double(failures) >= Double(calls) * options.failureRatio { open(now: now) }
    }

    private mutating func open(now: Int64) {
        generation += 1
        phase = .open(until: now + openTime, isTold: false)
    }
}
