public import Base
public import Coordination
public import Storage
import Synchronization
import Telemetry

/// What a vendor allows to all nodes together: so many starts per time, and so many calls at once.
///
/// Exact: "10 starts per 2 seconds and at most 50 at once" holds over the whole cluster, whatever crashes: the state is one row
/// and one row per call, decided under the row's lock and by the database's time. Who waits stands in a line and is
/// served in its order; a place that is free is kept for those before. A holder that dies frees its place when its time
/// to live ends.
///
/// For tens of starts a second: a start costs about five statements. Rates of requests are ``RateLimiter``'s.
///
/// ```swift
/// let calls = SharedSlots("vendor.instagram", starts: GCRA(limit: 10, per: .seconds(2)), atOnce: 50, …)
/// let profile = try await calls.run(within: .seconds(30)) { try await vendor.profile(of: name) }
/// ```
public final class SharedSlots: Sendable {
    private enum Bounds {
        /// The least and the longest time between two looks of one who waits.
        static let pauseMin = Duration.milliseconds(20)
        static let pauseMax = Duration.seconds(2)
        /// How long a place in the line outlives its last look.
        static let lineTTL = Duration.seconds(10)
        /// Who may wait at once; more are refused.
        static let waiting = 10_000
    }

    /// The right to one call, for a while.
    public struct Pass: Sendable, Hashable {
        /// Its number in the line; later ones are higher.
        public let ticket: Int64
    }

    /// The name, as in `vendor.instagram`; the same on all nodes.
    public let name: String
    private let starts: GCRA?
    private let atOnce: Int?
    private let ttl: Duration
    private let store: SlotStore
    private let clock: any WallClock
    private let randomness: any Randomness
    private let counts: Mutex<LimitStatistics>

    /// Makes the node's access to the slots.
    ///
    /// - Parameters:
    ///   - name: the same on all nodes; 1 to 100 bytes.
    ///   - starts: how many calls may start; `nil` for any number.
    ///   - atOnce: how many calls may run; `nil` for any number.
    ///   - ttl: when a place is freed that nobody renews. Defaults to 60 seconds; 1 second to 1 day.
    ///   - storage: where the rows are.
    ///   - clock: paces those who wait.
    ///   - randomness: spreads their looks.
    ///   - registry: shows the decisions to operators.
    public convenience init(
        _ name: String, starts: GCRA?, atOnce: Int?, ttl: Duration = .seconds(60), storage: Storage,
        clock: any WallClock, randomness: any Randomness, in registry: LimitRegistry
    ) {
        self.init(
            name, starts: starts, atOnce: atOnce, ttl: ttl, storage: storage, time: nil, clock: clock,
            randomness: randomness)
        registry.enter(self)
    }

    /// With `time` that clock is believed instead of the database's, as simulations need.
    init(
        _ name: String, starts: GCRA?, atOnce: Int?, ttl: Duration, storage: Storage, time: (any WallClock)?,
        clock: any WallClock, randomness: any Randomness
    ) {
        precondition((1...100).contains(name.utf8.count), "the name of slots has 1 to 100 bytes, not \(name)")
        precondition(atOnce ?? 1 > 0, "\(name): nobody can hold one of \(atOnce ?? 0) slots")
        precondition((.seconds(1) ... .seconds(86_400)).contains(ttl), "\(name): a place for \(ttl): 1 s to 1 day")
        self.name = name
        self.starts = starts
        self.atOnce = atOnce
        self.ttl = ttl
        self.clock = clock
        self.randomness = randomness
        store = SlotStore(storage: storage, gate: name, time: time ?? clock, believesClock: time != nil)
        counts = Mutex(
            LimitStatistics(rule: name, limit: atOnce ?? starts?.burst ?? 0, period: "slots of all nodes"))
    }

    // MARK: Taking

    /// Waits in line for a place, at most `patience`.
    ///
    /// - Parameter patience: the longest wait; zero asks once. Defaults to 30 seconds.
    /// - Returns: the pass, to be given back with ``release(_:)``.
    /// - Throws: ``LimitsError`` when it is not one's turn in time, with the wait that would have been needed;
    ///   `CancellationError`; `StorageError`.
    public func take(within patience: Duration = .seconds(30)) async throws -> Pass {
        Cost.current?.add(to: .limitDecisions)
        let deadline = clock.uptime() + patience
        var ticket = try await store.enter(until: Bounds.lineTTL, waitingMax: Bounds.waiting)
        do {
            while let mine = ticket {
                let answer = try await store.look(
                    mine, starts: starts, atOnce: atOnce, ttl: ttl, lineTTL: Bounds.lineTTL)
                switch answer {
                case .taken:
                    counts.withLock { $0.granted += 1 }
                    return Pass(ticket: mine)
                case .lost:
                    // This process slept longer than its place in the line lasts.
                    ticket = try await store.enter(until: Bounds.lineTTL, waitingMax: Bounds.waiting)
                case .waits(let wait):
                    let left = deadline - clock.uptime()
                    let pause = min(max(wait, Bounds.pauseMin), Bounds.pauseMax)
                    guard left > .zero, wait <= left else {
                        try await store.leave(mine)
                        throw refusal(after: wait)
                    }
                    try await clock.sleep(for: min(left, pause * (1 + randomness.fraction() / 4)))
                }
            }
        } catch is CancellationError {
            // Whoever no longer waits must not hold up those behind: the row goes at once, or by its end.
            if let ticket { try? await store.leave(ticket) }
            throw CancellationError()
        }
        throw refusal(after: .seconds(1))
    }

    private func refusal(after wait: Duration) -> LimitsError {
        counts.withLock { $0.refused += 1 }
        return LimitsError(
            Refusal(
                reason: atOnce == nil ? .rate : .concurrency, rule: name, limit: atOnce ?? starts?.burst ?? 0,
                remaining: 0, retryAfter: wait))
    }

    /// Keeps a place for another time to live; returns whether it was still held.
    @discardableResult
    public func renew(_ pass: Pass) async throws -> Bool { try await store.renew(pass.ticket, for: ttl) }

    /// Gives a place back; nothing happens when its time is over.
    public func release(_ pass: Pass) async throws { try await store.leave(pass.ticket) }

    /// Runs work in a place of its own, renewed while it runs and given back when it ends.
    ///
    /// - Throws: as ``take(within:)`` does; else what the work throws.
    public func run<Result: Sendable>(
        within patience: Duration = .seconds(30), _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let pass = try await take(within: patience)
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(
                try await withThrowingTaskGroup(of: Result?.self) { group in
                    group.addTask { try await work() }
                    group.addTask {
                        while true {
                            try await self.clock.sleep(for: self.ttl / 3)
                            try await self.renew(pass)
                        }
                    }
                    defer { group.cancelAll() }
                    while let ended = try await group.next() {
                        if let result = ended { return result }
                    }
                    throw CancellationError()
                })
        } catch {
            outcome = .failure(error)
        }
        // A place that cannot be given back now is freed when its time is over.
        try? await release(pass)
        return try outcome.get()
    }

    /// How many hold a place and how many wait, on all nodes.
    public func usage() async throws -> (held: Int, waiting: Int) { try await store.usage() }

    /// What has been decided in this process.
    public var statistics: LimitStatistics { counts.withLock { $0 } }
}
