import Base
import Limits
import Synchronization
import Telemetry

/// The way to one provider: left alone while it fails, asked again when that may help and cannot show text twice.
final class ProviderLine: Sendable {
    private struct State {
        /// Until when the vendor has asked us to wait, by the clock's uptime.
        var pausedUntil = Duration.zero
        var shown = CircuitState.closed
        var openedAt = Duration.zero
        var failures = 0
    }

    let provider: any AIProvider
    private let options: AIModelsOptions
    private let breaker: CircuitBreaker
    private let retrier: Retrier
    private let clock: any WallClock
    private let events: EventLog
    private let state = Mutex(State())

    init(
        _ provider: any AIProvider, _ options: AIModelsOptions, clock: any WallClock, randomness: any Randomness,
        events: EventLog
    ) {
        self.provider = provider
        self.options = options
        self.clock = clock
        self.events = events
        breaker = CircuitBreaker("ai.\(provider.name)", options.breaker, clock: clock)
        retrier = Retrier(options.retries, budget: options.retryBudget, clock: clock, randomness: randomness)
    }

    /// What the breaker lets through now.
    var circuit: CircuitState { breaker.state }

    /// Runs a call, and again while it fails before any text for a reason that may go away.
    ///
    /// - Throws: ``AIError``; `CancellationError`; what a receiver of text throws.
    func run<Result>(_ work: () async throws -> Result) async throws -> Result {
        defer { watch() }
        do {
            return try await retrier.run(
                isTransient: { error in
                    guard let error = error as? AIError, error.isTransient else { return false }
                    return error.retryAfter ?? .zero <= options.waitMax
                }, hint: { ($0 as? AIError)?.retryAfter }
            ) { _ in
                try await pass()
                return try await breaker.run(isFailure: { ($0 as? AIError)?.isVendorFailure ?? false }) {
                    try await attempt(work)
                }
            }
        } catch let error as LimitsError {
            throw AIError(
                .circuitOpen, "\(provider.name) fails and is left alone for a while.",
                retryAfter: error.refusal.retryAfter, context: ["provider": provider.name])
        }
    }

    private func attempt<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch let error as AIError {
            // Whoever cancels says nothing about the vendor.
            if error.code == .cancelled { throw CancellationError() }
            state.withLock { state in
                if error.isVendorFailure { state.failures += 1 }
                if let wait = error.retryAfter { state.pausedUntil = max(state.pausedUntil, clock.uptime() + wait) }
            }
            throw error
        }
    }

    /// Waits as long as the vendor has asked everybody to, or refuses at once when that is too long.
    private func pass() async throws {
        let left = state.withLock { $0.pausedUntil } - clock.uptime()
        guard left > .zero else { return }
        guard left <= options.waitMax else {
            throw AIError(
                .busy, "\(provider.name) has asked us to wait.", retryAfter: left,
                context: ["provider": provider.name, "status": "429"])
        }
        try await clock.sleep(for: left)
    }

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
        let name = "ai.\(provider.name)"
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
