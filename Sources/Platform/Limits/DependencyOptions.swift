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
    /// The longest that a `Retry-After` of a 429 or 503 holds up all calls of all nodes; a longer one is cut.
    ///
    /// Defaults to 60 seconds; zero (each call for itself) to 1 hour.
    public var pauseMax: Duration
    /// Between which bounds the number of calls at once is found by ``AdaptiveMachine``, in each process.
    ///
    /// Defaults to `nil`: as many as ``OutboundOptions/callsPerHostMax``. For a dependency whose calls are alike: where
    /// some take a thousand times as long as others, their time says nothing. A call counts until the head of its
    /// response is there.
    public var concurrency: ClosedRange<Int>?
    /// How many calls wait for their turn where ``concurrency`` is given; more are refused.
    ///
    /// Defaults to 256; 0 or more.
    public var waitingMax: Int

    /// Options with the defaults stated at each.
    public init(
        retries: RetryPolicy = RetryPolicy(), budget: RetryBudget = RetryBudget(),
        breaker: CircuitBreakerOptions = CircuitBreakerOptions(), waitMax: Duration = .seconds(10),
        pauseMax: Duration = .seconds(60), concurrency: ClosedRange<Int>? = nil, waitingMax: Int = 256
    ) {
        precondition(waitMax >= .zero, "a wait of \(waitMax) is negative")
        precondition((.zero ... .seconds(3_600)).contains(pauseMax), "a pause of \(pauseMax): zero to an hour")
        precondition(concurrency?.lowerBound ?? 1 > 0, "\(concurrency?.lowerBound ?? 0) calls at once")
        precondition(waitingMax >= 0, "\(waitingMax) calls cannot wait")
        self.retries = retries
        self.budget = budget
        self.breaker = breaker
        self.waitMax = waitMax
        self.pauseMax = pauseMax
        self.concurrency = concurrency
        self.waitingMax = waitingMax
    }
}
