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
        /// Calls that were not made, because the breaker was open.
        public var refusals = 0
    }

    private struct State {
        var attempts = 0
        var retries = 0
        var failures = 0
        var refusals = 0
        var shown = CircuitState.closed
        var openedAt = Duration.zero
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
    private let retrier: Retrier
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
    public init(
        _ name: String, through client: OutboundClient, _ options: DependencyOptions = DependencyOptions(),
        clock: any WallClock, randomness: any Randomness
    ) {
        self.name = name
        self.client = client
        self.options = options
        self.clock = clock
        events = client.events
        breaker = CircuitBreaker(name, options.breaker, clock: clock)
        retrier = Retrier(options.retries, budget: options.budget, clock: clock, randomness: randomness)
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
        let state = state.withLock { $0 }
        return Statistics(
            name: name, state: breaker.state, attempts: state.attempts, retries: state.retries,
            failures: state.failures, refusals: state.refusals)
    }

    private func attempt(_ attempt: Int, _ request: OutboundRequest) async throws -> OutboundDownload {
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
}

/// When a dependency is tried again and when it is left alone.
public struct DependencyOptions: Sendable {
    /// How often and how fast a failed call is made again.
    ///
    /// Defaults to ``RetryPolicy``'s.
    public var retries: RetryPolicy
    /// How large a part of the calls may be repetitions.
    ///
    /// Defaults to ``RetryBudget``'s.
    public var budget: RetryBudget
    /// When calls stop.
    ///
    /// Defaults to ``CircuitBreakerOptions``'s.
    public var breaker: CircuitBreakerOptions
    /// The longest `Retry-After` that a call waits for; a longer one is returned to the caller at once.
    ///
    /// Defaults to 10 seconds; not negative.
    public var waitMax: Duration

    /// Options with the defaults stated at each.
    public init(
        retries: RetryPolicy = RetryPolicy(), budget: RetryBudget = RetryBudget(),
        breaker: CircuitBreakerOptions = CircuitBreakerOptions(), waitMax: Duration = .seconds(10)
    ) {
        precondition(waitMax >= .zero, "a wait of \(waitMax) is negative")
        self.retries = retries
        self.budget = budget
        self.breaker = breaker
        self.waitMax = waitMax
    }
}
