public import Base
import Synchronization

/// Leaves a dependency alone while it fails, and asks it again carefully.
public final class CircuitBreaker: Sendable {
    private let clock: any WallClock
    private let machine: Mutex<CircuitBreakerMachine>
    /// The breaker's name, for refusals.
    public let name: String

    /// Makes a closed breaker.
    public init(_ name: String, _ options: CircuitBreakerOptions = CircuitBreakerOptions(), clock: any WallClock) {
        self.name = name
        self.clock = clock
        machine = Mutex(CircuitBreakerMachine(options))
    }

    /// What the breaker lets through now.
    public var state: CircuitState { machine.withLock { $0.state } }

    /// Runs `work` unless the breaker is open, and learns from how it ends.
    ///
    /// A `CancellationError` says nothing about the dependency, and neither does an error that `isFailure` clears.
    ///
    /// - Throws: ``LimitsError`` with ``Refusal/Reason/circuitOpen`` when open; else what the work throws.
    public func run<Result>(
        isFailure: (any Error) -> Bool = { _ in true }, _ work: () async throws -> Result
    ) async throws -> Result {
        switch machine.withLock({ $0.ask(now: clock.uptime().microseconds) }) {
        case .refused(let after):
            throw LimitsError(
                Refusal(
                    reason: .circuitOpen, rule: name, limit: 0, remaining: 0, retryAfter: .microseconds(after)))
        case .allowed(let ticket):
            do {
                let result = try await work()
                report(ticket, .succeeded)
                return result
            } catch {
                let isNeutral = error is CancellationError
                report(ticket, isNeutral ? .abandoned : isFailure(error) ? .failed : .succeeded)
                throw error
            }
        }
    }

    // MARK: Other nodes

    /// The last opening by this node's own calls: which, and how long it still lasts; `nil` when it is not open by them.
    var opening: (generation: UInt64, remaining: Duration)? {
        let now = clock.uptime().microseconds
        return machine.withLock { machine in
            machine.opening.map { ($0.generation, .microseconds(max(0, $0.until - now))) }
        }
    }

    /// Another node's breaker of the same dependency has opened.
    func hearOpening(for duration: Duration) {
        let now = clock.uptime().microseconds
        machine.withLock { $0.hearOpening(for: duration.microseconds, now: now) }
    }

    /// Another node's breaker of the same dependency has closed.
    func hearClosing() { machine.withLock { $0.hearClosing() } }

    private func report(_ ticket: CircuitBreakerMachine.Ticket, _ outcome: CircuitBreakerMachine.Outcome) {
        machine.withLock { $0.report(ticket, outcome, now: clock.uptime().microseconds) }
    }
}

/// What a breaker lets through.
public enum CircuitState: String, Sendable, Hashable, CaseIterable {
    /// Everything.
    case closed
    /// Nothing.
    case open
    /// A few probes.
    case halfOpen
}

/// When a breaker opens and how it closes.
public struct CircuitBreakerOptions: Sendable {
    /// The time that failures are counted over.
    ///
    /// Defaults to 10 seconds; at least 10 microseconds.
    public var window: Duration
    /// Calls in the window below which nothing is concluded.
    ///
    /// Defaults to 20; at least 1.
    public var callsMin: Int
    /// The part of failed calls at which it opens.
    ///
    /// Defaults to 0.5; more than 0, at most 1.
    public var failureRatio: Double
    /// How long it stays open the first time; doubled each time a probe fails.
    ///
    /// Defaults to 1 second; more than zero.
    public var openTime: Duration
    /// The longest that it stays open.
    ///
    /// Defaults to 60 seconds; at least ``openTime``.
    public var openTimeMax: Duration
    /// Probes at once while half open, and successes needed to close.
    ///
    /// Defaults to 3; at least 1.
    public var probes: Int

    /// Options with the defaults stated at each.
    public init(
        window: Duration = .seconds(10), callsMin: Int = 20, failureRatio: Double = 0.5,
        openTime: Duration = .seconds(1), openTimeMax: Duration = .seconds(60), probes: Int = 3
    ) {
        precondition(window >= .microseconds(10) && callsMin > 0, "a window of \(window), \(callsMin) calls at least")
        precondition(failureRatio > 0 && failureRatio <= 1, "a failure ratio of \(failureRatio) is outside of 0 to 1")
        precondition(
            openTime > .zero && openTimeMax >= openTime && probes > 0,
            "open for \(openTime) to \(openTimeMax) with \(probes) probes makes no sense")
        self.window = window
        self.callsMin = callsMin
        self.failureRatio = failureRatio
        self.openTime = openTime
        self.openTimeMax = openTimeMax
        self.probes = probes
    }
}
