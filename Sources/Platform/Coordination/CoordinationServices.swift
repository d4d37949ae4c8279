/// What the nodes of an installation share, whichever store carries it.
///
/// A single process has a bus and nothing else: its caches and limits are complete by themselves.
public struct CoordinationServices: Sendable {
    /// Carries hints from node to node.
    public let bus: any Bus
    /// The layer below each node's caches; `nil` where there is one node.
    public let cache: (any SharedCache)?
    /// Where nodes fetch their part of common limits; `nil` where there is one node.
    public let bank: (any TokenBank)?
    /// How the store does, read from memory.
    public let status: @Sendable () -> CoordinationStatus
    /// Listens and delivers until the task is cancelled; a service's `run()`.
    ///
    /// Nothing arrives while it does not run.
    public let run: @Sendable () async throws -> Void
    /// Ends what is under way and closes all connections.
    public let shutdown: @Sendable () async -> Void

    /// Brings the parts of one store together.
    ///
    /// - Parameters:
    ///   - bus: carries hints.
    ///   - cache: the shared layer of caches. Defaults to none.
    ///   - bank: the common limits. Defaults to none.
    ///   - status: how the store does.
    ///   - run: what listens and delivers. Defaults to nothing.
    ///   - shutdown: closes the store. Defaults to nothing.
    public init(
        bus: any Bus, cache: (any SharedCache)? = nil, bank: (any TokenBank)? = nil,
        status: @escaping @Sendable () -> CoordinationStatus, run: @escaping @Sendable () async throws -> Void = {},
        shutdown: @escaping @Sendable () async -> Void = {}
    ) {
        self.bus = bus
        self.cache = cache
        self.bank = bank
        self.status = status
        self.run = run
        self.shutdown = shutdown
    }

    /// What one process shares with itself.
    public static func alone() -> CoordinationServices {
        CoordinationServices(bus: InProcessBus(), status: { CoordinationStatus(store: .process) })
    }
}

/// How the store does that nodes share.
public struct CoordinationStatus: Sendable, Hashable {
    /// What carries it.
    public enum Store: String, CaseIterable, Sendable {
        /// One process, which shares with nobody.
        case process
        /// A server of Redis or Valkey, or a cluster of them.
        case redis
        /// The database.
        case postgres
    }

    /// What carries it.
    public let store: Store
    /// Whether it is reached; while it is not, this node decides for itself.
    public let isReachable: Bool
    /// How long it has been as it is; zero when it has always been so.
    public let since: Duration
    /// Calls that it did not answer, since the start.
    public let failures: Int

    /// Tells how a store does.
    public init(store: Store, isReachable: Bool = true, since: Duration = .zero, failures: Int = 0) {
        self.store = store
        self.isReachable = isReachable
        self.since = since
        self.failures = failures
    }
}
