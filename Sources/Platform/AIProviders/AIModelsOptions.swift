public import Limits

/// How models are called, whichever they are.
public struct AIModelsOptions: Sendable {
    /// How often and how fast a call that failed before its first text is made again.
    ///
    /// Defaults to 2 attempts, 200 milliseconds apart at first.
    public var retries: RetryPolicy
    /// How large a part of the calls to a provider may be repetitions.
    ///
    /// Defaults to ``Limits/RetryBudget``'s.
    public var retryBudget: RetryBudget
    /// When calls to a provider stop.
    ///
    /// Defaults to half of at least 10 calls within 30 seconds failing; it is asked again after 5 seconds.
    public var breaker: CircuitBreakerOptions
    /// The longest `Retry-After` that a call waits for; with a longer one the next model is asked, or the caller told.
    ///
    /// Defaults to 5 seconds; not negative.
    public var waitMax: Duration
    /// How many bytes of what is sent a token has at least, by which reservations are reckoned.
    ///
    /// Defaults to 1, which no byte-level tokeniser undercuts, so that no budget is ever overrun; 3 holds for ordinary
    /// prose and reserves a third. 1 to 4.
    public var bytesPerToken: Int
    /// How long a reservation stands when the process dies before it is settled.
    ///
    /// Defaults to 15 minutes; must exceed the longest call. 1 minute to 1 day.
    public var holdTime: Duration
    /// How long a vector of a text is remembered.
    ///
    /// Defaults to 1 hour; 0 to 1 day.
    public var embeddingTTL: Duration
    /// How many vectors are remembered in the process.
    ///
    /// Defaults to 8,192; 1 to 1,000,000.
    public var embeddingsKept: Int

    /// Options with the defaults stated at each.
    public init(
        retries: RetryPolicy = RetryPolicy(attemptsMax: 2, pause: .milliseconds(200)),
        retryBudget: RetryBudget = RetryBudget(),
        breaker: CircuitBreakerOptions = CircuitBreakerOptions(
            window: .seconds(30), callsMin: 10, openTime: .seconds(5)),
        waitMax: Duration = .seconds(5), bytesPerToken: Int = 1, holdTime: Duration = .seconds(900),
        embeddingTTL: Duration = .seconds(3_600), embeddingsKept: Int = 8_192
    ) {
        precondition(waitMax >= .zero, "a wait of \(waitMax) is negative")
        precondition((1...4).contains(bytesPerToken), "\(bytesPerToken) bytes per token are not within 1 to 4")
        precondition((.seconds(60) ... .seconds(86_400)).contains(holdTime), "reservations for \(holdTime)")
        precondition((.zero ... .seconds(86_400)).contains(embeddingTTL), "vectors remembered for \(embeddingTTL)")
        precondition((1...1_000_000).contains(embeddingsKept), "\(embeddingsKept) vectors remembered")
        self.retries = retries
        self.retryBudget = retryBudget
        self.breaker = breaker
        self.waitMax = waitMax
        self.bytesPerToken = bytesPerToken
        self.holdTime = holdTime
        self.embeddingTTL = embeddingTTL
        self.embeddingsKept = embeddingsKept
    }
}
