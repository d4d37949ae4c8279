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
        case open(until: Int64)
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

    mutating func ask(now: Int64) -> Decision {
        switch phase {
        case .closed: return .allowed(Ticket(generation: generation))
        case .open(let until):
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
            generation += 1
            phase = .closed
            openTime = options.openTime.microseconds
            buckets = Array(repeating: Bucket(), count: Self.bucketCount)
        }
    }

    private mutating func record(isFailure: Bool, now: Int64) {
        let number = now / max(1, options.window.microseconds / Int64(Self.bucketCount))
        let position = Int(number % Int64(Self.bucketCount))
        if buckets[position].number != number { buckets[position] = Bucket(number: number) }
        buckets[position].calls += 1
        buckets[position].failures += isFailure ? 1 : 0
        guard isFailure else { return }
        let current = buckets.filter { $0.number > number - Int64(Self.bucketCount) }
        let calls = current.reduce(0) { $0 + $1.calls }
        let failures = current.reduce(0) { $0 + $1.failures }
        if calls >= options.callsMin, Double(failures) >= Double(calls) * options.failureRatio { open(now: now) }
    }

    private mutating func open(now: Int64) {
        generation += 1
        phase = .open(until: now + openTime)
    }
}
