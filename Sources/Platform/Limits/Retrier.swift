public import Base
import Synchronization

/// Runs work again when it fails, within a policy and the dependency's retry budget.
public final class Retrier: Sendable {
    private let policy: RetryPolicy
    private let budget: Mutex<RetryBudget>
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Makes the retrier of one dependency.
    public init(
        _ policy: RetryPolicy = RetryPolicy(), budget: RetryBudget = RetryBudget(), clock: any WallClock,
        randomness: any Randomness
    ) {
        self.policy = policy
        self.budget = Mutex(budget)
        self.clock = clock
        self.randomness = randomness
    }

    /// Runs `work`, and again while it throws an error for which `isTransient` holds and retries are left.
    ///
    /// - Parameters:
    ///   - isTransient: Whether an error may go away by itself.
    ///   - hint: The least pause that an error asks for. Defaults to what a refusal of a limit says.
    ///   - work: What is run; it is told the number of the attempt, counted from 1.
    /// - Returns: what the work returns.
    /// - Throws: the last error of the work; `CancellationError` when cancelled in a pause.
    public func run<Result>(
        isTransient: (any Error) -> Bool,
        hint: (any Error) -> Duration? = { ($0 as? LimitsError)?.refusal.retryAfter },
        _ work: (_ attempt: Int) async throws -> Result
    ) async throws -> Result {
        budget.withLock { $0.recordAttempt() }
        var attempt = 1
        while true {
            do {
                return try await work(attempt)
            } catch {
                guard !(error is CancellationError), isTransient(error) else { throw error }
                let least = hint(error)
                let decision = budget.withLock { budget in
                    draw(&budget, attempt, least)
                }
                guard case .retry(let pause) = decision else { throw error }
                try await clock.sleep(for: pause)
                attempt += 1
            }
        }
    }

    private func draw(_ budget: inout RetryBudget, _ attempt: Int, _ hint: Duration?) -> RetryDecision {
        func open(_ source: some Randomness) -> RetryDecision {
            budget.decide(after: attempt, policy, hint: hint, using: source)
        }
        return open(randomness)
    }
}
