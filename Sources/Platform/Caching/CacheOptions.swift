/// How a cache behaves.
///
/// Checked when the cache is made.
public struct CacheOptions<Key: Sendable, Value: Sendable>: Sendable {
    /// How long a value is fresh.
    ///
    /// Defaults to 60 seconds; more than zero.
    public var ttl: Duration
    /// Part of ``ttl`` by which chance shortens it, so that values loaded together do not expire together.
    ///
    /// Defaults to 0.1; 0 to 0.5.
    public var jitter: Double
    /// How long after its ``ttl`` a value may still be served, while one refresh runs and when the source fails.
    ///
    /// Defaults to zero; zero or more. An invalidated value is never served.
    public var staleWindow: Duration
    /// How long the source is left alone after a failed load: callers get the stale value or the same error.
    ///
    /// Defaults to 1 second; zero (every call tries again) or more.
    public var failureWindow: Duration
    /// How long "there is none" is remembered, for values that ``isAbsent`` says are none.
    ///
    /// Defaults to 10 seconds; zero (not remembered) or more.
    public var absentTTL: Duration
    /// How long a load may run before its callers are told.
    ///
    /// Defaults to 10 seconds; more than zero.
    public var loadTimeout: Duration
    /// Total weight kept.
    ///
    /// Defaults to 10,000, which with the default ``weigh`` is a number of values; at least 1.
    public var capacity: Int
    /// Part of ``capacity`` that one tenant may fill.
    ///
    /// Defaults to 1; more than 0, at most 1.
    public var tenantShare: Double
    /// Parts with a lock of their own, over which ``capacity`` is divided evenly.
    ///
    /// One value fills at most a part.
    ///
    /// Defaults to one per 1,024 of ``capacity``, 8 at most; 1 to 64 and not more than ``capacity``.
    public var parts: Int
    /// Callers that may wait for one key.
    ///
    /// Defaults to 65,536; at least 1.
    public var waitersMax: Int
    /// Loads that may run at once.
    ///
    /// Defaults to 1,024; at least 1.
    public var loadsMax: Int
    /// The weight of a value, 1 or more in the unit of ``capacity``.
    ///
    /// Defaults to 1 for each.
    public var weigh: @Sendable (Key, Value) -> Int
    /// The tags whose invalidation drops the value; asked once per load, before it begins.
    ///
    /// Defaults to none.
    public var tags: @Sendable (Key) -> [String]
    /// Whether a value means "there is none".
    ///
    /// Defaults to `false`; for optional values to `nil`.
    public var isAbsent: @Sendable (Value) -> Bool

    /// How values are kept in the layer that the nodes of a cluster share.
    ///
    /// Defaults to none: each node has its own.
    public var shared: SharedLayer<Key, Value>?

    /// Options with the defaults stated at each.
    public init(
        ttl: Duration = .seconds(60), jitter: Double = 0.1, staleWindow: Duration = .zero,
        failureWindow: Duration = .seconds(1), absentTTL: Duration = .seconds(10),
        loadTimeout: Duration = .seconds(10), capacity: Int = 10_000, tenantShare: Double = 1,
        parts: Int? = nil, waitersMax: Int = 65_536, loadsMax: Int = 1_024,
        weigh: @escaping @Sendable (Key, Value) -> Int = { _, _ in 1 },
        tags: @escaping @Sendable (Key) -> [String] = { _ in [] },
        isAbsent: @escaping @Sendable (Value) -> Bool = { value in
            // An Optional is the only type whose mirror says so; asked once per load.
            Mirror(reflecting: value).displayStyle == .optional && Mirror(reflecting: value).children.isEmpty
        },
        shared: SharedLayer<Key, Value>? = nil
    ) {
        self.ttl = ttl
        self.jitter = jitter
        self.staleWindow = staleWindow
        self.failureWindow = failureWindow
        self.absentTTL = absentTTL
        self.loadTimeout = loadTimeout
        self.capacity = capacity
        self.tenantShare = tenantShare
        self.parts = parts ?? min(8, max(1, capacity / 1_024))
        self.waitersMax = waitersMax
        self.loadsMax = loadsMax
        self.weigh = weigh
        self.tags = tags
        self.isAbsent = isAbsent
        self.shared = shared
    }

    func check(_ name: String) {
        precondition(ttl > .zero && loadTimeout > .zero, "cache \(name): ttl \(ttl), loadTimeout \(loadTimeout)")
        precondition(
            staleWindow >= .zero && failureWindow >= .zero && absentTTL >= .zero,
            "cache \(name): a window cannot be negative: \(staleWindow), \(failureWindow), \(absentTTL)")
        precondition((0...0.5).contains(jitter), "cache \(name): jitter \(jitter) is outside of 0 to 0.5")
        precondition(
            capacity > 0 && waitersMax > 0 && loadsMax > 0,
            "cache \(name): capacity \(capacity), waitersMax \(waitersMax) and loadsMax \(loadsMax) must be positive")
        precondition(
            (1...64).contains(parts) && parts <= capacity,
            "cache \(name): \(parts) parts are outside of 1 to 64 or more than the capacity \(capacity)")
        precondition(
            tenantShare > 0 && tenantShare <= 1, "cache \(name): tenantShare \(tenantShare) is outside of 0 to 1")
        if let shared {
            precondition(
                shared.leaseTTL > .zero && shared.leaseTTL <= loadTimeout && shared.version >= 0,
                "cache \(name): a lease of \(shared.leaseTTL) is more than the loadTimeout \(loadTimeout), or the "
                    + "version \(shared.version) is negative")
        }
    }
}
