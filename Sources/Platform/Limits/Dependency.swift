public import Base
public import Outbound
import Synchronization
import Telemetry

/// A vendor or store that this process calls: tried again when that may help, left alone while it fails.
///
/// A client of a vendor is a few lines on top of this. Calls go through one ``CircuitBreaker``; what fails is sent again
/// within a ``RetryPolicy`` and a ``RetryBudget``, but only when that cannot do the thing twice: requests that may be
/// repeated, or that certainly never arrived, or that the other side refused with 429 or 503. A `Retry-After` is obeyed;
/// one that is longer than ``DependencyOptions/waitMax`` is the caller's to schedule.
///
/// A `Retry-After` of a 429 or 503 holds for all calls, and so does an open breaker; in a ``LimitRegistry`` with a bus
/// for those of all nodes, as ``PauseBoard`` says. How many calls run at once may be found by trying:
/// ``DependencyOptions/concurrency``.
public final class Dependency: Sendable {
    /// What has happened so far, for the operator's console.
    public struct Statistics: Sendable, Hashable {
        /// The dependency's name.
        public var name: String
        /// What the breaker lets through now.
        public var state: CircuitState
        /// Requests sent, further attempts included.
        public var attempts = 0
        /// Attempts after the first.
        public var retries = 0
        /// Attempts that failed for the other side's fault.
        public var failures = 0
        /// Calls that were not made, because the breaker was open, the other side had asked to wait, or too many waited.
        public var refusals = 0
        /// How many calls may run at once now; `nil` for any number.
        public var limit: Int?
        /// Calls that run and that wait for their turn, where their number is limited.
        public var running = 0
        /// Calls that wait for their turn.
        public var waiting = 0
        /// For how much longer no call is made because the other side asked to wait; `nil` when it did not.
        public var pausedFor: Duration?
    }

    /// Why nodes leave a dependency alone, as they tell each other.
    private enum PauseReason: String {
        case retryAfter, breakerOpen
    }

    private struct State {
        var attempts = 0
        var retries = 0
        var failures = 0
        var refusals = 0
        var shown = CircuitState.closed
        var openedAt = Duration.zero
        var pausedUntil = Duration.zero
        var toldOpening: UInt64?
        var following: PauseFollowing?
    }

    /// A response that says that the same request may succeed later.
    private struct Unwilling: Error {
        let response: OutboundDownload
        let retryAfter: Duration?
    }

    /// The dependency's name, in events, metrics and the console.
    public let name: String
    private let client: OutboundClient
    private let options: DependencyOptions
    private let breaker: CircuitBreaker
    private let gate: AdaptiveGate?
    private let pauses: PauseBoard?
    private let retrier: Retrier
    private let randomness: any Randomness
    private let clock: any WallClock
    private let events: EventLog
    private let state = Mutex(State())

    /// Makes the way to a dependency.
    ///
    /// Calls nothing.
    ///
    /// - Parameters:
    ///   - name: A word from the program's text, never a user's.
    ///   - client: The way out.
    ///   - options: When it is tried again and when it is left alone.
    ///   - clock: What pauses are measured by.
    ///   - randomness: Draws the pauses.
    ///   - registry: Shows the dependency to operators, under a name that is new there, and carries its pauses to the
    ///     other nodes. Defaults to none.
    public init(
        _ name: String, through client: OutboundClient, _ options: DependencyOptions = DependencyOptions(),
        clock: any WallClock, randomness: any Randomness, in registry: LimitRegistry? = nil
    ) {
        self.name = name
        self.client = client
        self.options = options
        self.clock = clock
        events = client.events
        breaker = CircuitBreaker(name, options.breaker, clock: clock)
        gate = options.concurrency.map { AdaptiveGate(name, $0, waitingMax: options.waitingMax, clock: clock) }
        retrier = Retrier(options.retries, budget: options.budget, clock: clock, randomness: randomness)
        self.randomness = randomness
        pauses = registry?.pauses
        registry?.enter(self)
        let following = pauses?.follow(name) { [weak self] in self?.hear($0) }
        state.withLock { $0.following = following }
    }

    /// Sends a request and reads all of the response, which may come from a second or third attempt.
    ///
    /// - Parameter request: Its deadline counts for each attempt.
    /// - Returns: The response of the last attempt, whatever its status: a 503 that did not go away is returned.
    /// - Throws: ``DependencyError``.
    public func send(_ request: OutboundRequest) async throws(DependencyError) -> OutboundResponse {
        let download = try await open(request)
        do throws(OutboundError) {
            return OutboundResponse(download, content: try await download.content.collect())
        } catch {
            throw DependencyError(error)
        }
    }

    /// Sends a request and returns when the head of a response is there, with its content still to be read.
    ///
    /// - Parameter request: Its deadline counts for each attempt.
    /// - Returns: The head of the last attempt's response, and the reader of its content.
    /// - Throws: ``DependencyError``.
    public func open(_ request: OutboundRequest) async throws(DependencyError) -> OutboundDownload {
        do {
            return try await retrier.run(isTransient: { isWorthRepeating($0, request) }, hint: Self.hint) { attempt in
                try await self.attempt(attempt, request)
            }
        } catch let unwilling as Unwilling {
            return unwilling.response
        } catch let error as OutboundError {
            throw DependencyError(error)
        } catch let error as LimitsError {
            state.withLock { $0.refusals += 1 }
            throw DependencyError(error)
        } catch {
            throw DependencyError(OutboundError(.cancelled, "The task that made the call was cancelled."))
        }
    }

    /// What has happened so far.
    public var statistics: Statistics {
        let now = clock.uptime()
        let load = gate?.load
        return state.withLock { state in
            Statistics(
                name: name, state: breaker.state, attempts: state.attempts, retries: state.retries,
                failures: state.failures, refusals: state.refusals, limit: load?.limit, running: load?.running ?? 0,
                waiting: load?.waiting ?? 0,
                pausedFor: state.pausedUntil > now ? state.pausedUntil - now : nil)
        }
    }

    // MARK: Attempts

    private func attempt(_ attempt: Int, _ request: OutboundRequest) async throws -> OutboundDownload {
        var left = options.waitMax
        while true {
            try await waitForPause(&left)
            guard let gate else { return try await call(attempt, request) }
            do {
                return try await gate.run(outcome: Self.outcome) {
                    // While it waited for its turn the other side may have asked to be left alone.
                    guard pausedFor == nil else { throw Paused() }
                    return try await call(attempt, request)
                }
            } catch is Paused {
                continue
            }
        }
    }

    /// That a call's turn came in a pause.
    private struct Paused: Error {}

    private var pausedFor: Duration? {
        let now = clock.uptime()
        return state.withLock { $0.pausedUntil > now ? $0.pausedUntil - now : nil }
    }

    /// Waits for the end of a pause that the other side asked for, if that is near enough.
    private func waitForPause(_ left: inout Duration) async throws {
        while let wait = pausedFor {
            guard wait <= left else {
                throw LimitsError(
                    Refusal(reason: .circuitOpen, rule: name, limit: 0, remaining: 0, retryAfter: wait))
            }
            // Those who wait do not begin again all at once.
            let pause = min(left, wait * (1 + randomness.fraction() / 4))
            left -= pause
            try await clock.sleep(for: pause)
        }
    }

    private static func outcome(_ result: Result<OutboundDownload, any Error>) -> AdaptiveMachine.Outcome? {
        switch result {
        case .success: .good
        case .failure(let error as Unwilling) where [429, 503].contains(error.response.status): .throttled
        case .failure(let error): isFailure(error) ? .failed : nil
        }
    }

    private func call(_ attempt: Int, _ request: OutboundRequest) async throws -> OutboundDownload {
        defer { watch() }
        return try await breaker.run(isFailure: Self.isFailure) {
            state.withLock { state in
                state.attempts += 1
                if attempt > 1 { state.retries += 1 }
            }
            do {
                let response = try await client.open(request)
                guard Self.unwilling.contains(response.status) else { return response }
                let retryAfter = response.headers["retry-after"].flatMap {
                    RetryAfter.duration($0, now: clock.now())
                }
                if [429, 503].contains(response.status), let retryAfter { pause(for: retryAfter) }
                throw Unwilling(response: response, retryAfter: retryAfter)
            } catch {
                if Self.isFailure(error) { state.withLock { $0.failures += 1 } }
                throw error
            }
        }
    }

    private static let unwilling: Set<Int> = [429, 500, 502, 503, 504]

    /// Whether an attempt says that the other side is not well.
    ///
    /// That we ask too often (429) does not.
    private static func isFailure(_ error: any Error) -> Bool {
        switch error {
        case let error as Unwilling: error.response.status != 429
        case let error as OutboundError:
            switch error.code {
            case .unresolved, .unreachable, .tls, .timedOut, .closed, .malformed: true
            case .requestInvalid, .addressRefused, .tooLarge, .redirectRefused, .busy, .contentFailed, .cancelled:
                false
            }
        default: false
        }
    }

    private func isWorthRepeating(_ error: any Error, _ request: OutboundRequest) -> Bool {
        switch error {
        case let error as Unwilling:
            guard error.retryAfter ?? .zero <= options.waitMax, request.content.isRepeatable else { return false }
            // These two say that nothing was done; after the others it may have been.
            return error.response.status == 429 || error.response.status == 503 || request.method.isIdempotent
        case let error as OutboundError:
            return error.isTransient
                && (request.isRepeatable || (error.isBeforeSending && request.content.isRepeatable))
        default: return false
        }
    }

    // MARK: Pauses

    /// The other side asks to be left alone: by all calls of all nodes.
    private func pause(for duration: Duration) {
        let duration = min(duration, options.pauseMax)
        guard duration > .zero else { return }
        hold(for: duration, because: .retryAfter, isTold: false)
        pauses?.begin(name, because: PauseReason.retryAfter.rawValue, for: duration)
    }

    private func hold(for duration: Duration, because reason: PauseReason, isTold: Bool) {
        let now = clock.uptime()
        let isNew = state.withLock { state in
            defer { state.pausedUntil = max(state.pausedUntil, now + duration) }
            return state.pausedUntil <= now
        }
        if isNew { tell(reason, for: duration, isTold: isTold) }
    }

    private func tell(_ reason: PauseReason, for duration: Duration, isTold: Bool) {
        events.record(
            .dependencyPaused,
            [
                "dependency": .text(name), "reason": .text(reason.rawValue), "retryIn": .time(duration),
                "from": .text(isTold ? "node" : "answer"),
            ])
    }

    /// Takes what another node has found.
    private func hear(_ change: PauseChange) {
        switch change {
        case .began(let word, let remaining):
            switch PauseReason(rawValue: word) {
            case .retryAfter: hold(for: min(remaining, options.pauseMax), because: .retryAfter, isTold: true)
            case .breakerOpen:
                breaker.hearOpening(for: min(remaining, options.breaker.openTimeMax))
                tell(.breakerOpen, for: remaining, isTold: true)
            case nil: break  // A newer node knows reasons that this one does not.
            }
        case .ended(let word):
            if PauseReason(rawValue: word) == .breakerOpen { breaker.hearClosing() }
        }
        watch()
    }

    private static func hint(_ error: any Error) -> Duration? { (error as? Unwilling)?.retryAfter }

    /// Tells when the breaker has changed since it was last looked at.
    private func watch() {
        let now = clock.uptime()
        let current = breaker.state
        let change: (failures: Int, openFor: Duration)? = state.withLock { state in
            // Half open is neither: it is told when it has been decided.
            guard current != .halfOpen, current != state.shown else { return nil }
            state.shown = current
            defer { if current == .open { state.openedAt = now } }
            return (state.failures, now - state.openedAt)
        }
        share(current)
        guard let change else { return }
        if current == .open {
            events.record(
                .breakerOpened,
                [
                    "dependency": .text(name), "failures": .number(change.failures),
                    "retryIn": .time(options.breaker.openTime),
                ])
        } else {
            events.record(.breakerClosed, ["dependency": .text(name), "openFor": .time(change.openFor)])
        }
    }

    /// Tells the other nodes of each opening by this node's own calls, and that it answers again.
    private func share(_ current: CircuitState) {
        guard let pauses else { return }
        let opening = breaker.opening
        let (isNew, isOver) = state.withLock { state in
            if let opening, state.toldOpening != opening.generation {
                state.toldOpening = opening.generation
                return (true, false)
            }
            guard current == .closed, state.toldOpening != nil else { return (false, false) }
            state.toldOpening = nil
            return (false, true)
        }
        let reason = PauseReason.breakerOpen.rawValue
        if isNew, let opening { pauses.begin(name, because: reason, for: opening.remaining) }
        if isOver { pauses.end(name, because: reason) }
    }
}
