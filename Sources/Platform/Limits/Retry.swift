public import Base

/// How often and how fast something that failed is tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all, the first included.
    ///
    /// Defaults to 3; at least 1.
    public var attemptsMax: Int
    /// The longest first pause; doubled after each attempt.
    ///
    /// Defaults to 100 milliseconds; more than zero.
    public var pause: Duration
    /// The longest pause.
    ///
    /// Defaults to 10 seconds; at least ``pause``.
    public var pauseMax: Duration

    /// A policy with the defaults stated at each.
    public init(
        attemptsMax: Int = 3, pause: Duration = .milliseconds(100), pauseMax: Duration = .seconds(10)
    ) {
        precondition(
            attemptsMax > 0 && pause > .zero && pauseMax >= pause,
            "\(attemptsMax) attempts with pauses of \(pause) to \(pauseMax) make no sense")
        self.attemptsMax = attemptsMax
        self.pause = pause
        self.pauseMax = pauseMax
    }

    /// The longest pause after attempt number `attempt`, counted from 1.
    public func ceiling(after attempt: Int) -> Duration {
        min(pauseMax, pause * (1 << min(max(0, attempt - 1), 30)))
    }
}

/// What to do after a failed attempt.
public enum RetryDecision: Sendable, Hashable {
    /// Pause, then try again.
    case retry(after: Duration)
    /// As often as the policy allows.
    case attemptsSpent
    /// Too many of the calls to this dependency are retries already: another would feed an overload.
    case budgetSpent
}

/// Bounds the retries to a dependency to a part of its calls: a machine without time.
///
/// Each first attempt puts a part of a token in, each retry takes a whole one out, so that in the long run at most
/// `ratio` of the calls are retries, whatever fails (Finagle's RetryBudget; Envoy's retry budget).
public struct RetryBudget: Sendable {
    private static let scale = 1_000

    private let deposit: Int
    private let balanceMax: Int
    private var balance: Int

    /// Makes a budget.
    ///
    /// - Parameters:
    ///   - ratio: retries per first attempt. Defaults to 0.1; 0 to 1.
    ///   - reserve: retries that may be made at once after a quiet time, and at the start. Defaults to 10; 0 or more.
    public init(ratio: Double = 0.1, reserve: Int = 10) {
        precondition((0...1).contains(ratio) && reserve >= 0, "a budget of \(ratio) with reserve \(reserve)")
        deposit = Int((ratio * Double(Self.scale)).rounded())
        balanceMax = max(reserve, 1) * Self.scale
        balance = reserve * Self.scale
    }

    /// Notes a first attempt.
    public mutating func recordAttempt() { balance = min(balanceMax, balance + deposit) }

    /// Decides what follows a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: the number of the attempt that failed, counted from 1.
    ///   - policy: how often and how fast.
    ///   - hint: the least pause that the dependency asked for, such as its `Retry-After`.
    ///   - randomness: draws the pause between zero and the policy's ceiling ("full jitter": Brooker, AWS 2015).
    /// - Returns: the pause, or why there is no further attempt.
    public mutating func decide(
        after attempt: Int, _ policy: RetryPolicy, hint: Duration? = nil, using randomness: some Randomness
    ) -> RetryDecision {
        guard attempt < policy.attemptsMax else { return .attemptsSpent }
        guard balance >= Self.scale else { return .budgetSpent }
        balance -= Self.scale
        let jittered = policy.ceiling(after: attempt) * randomness.fraction()
        return .retry(after: max(hint ?? .zero, jittered))
    }
}
