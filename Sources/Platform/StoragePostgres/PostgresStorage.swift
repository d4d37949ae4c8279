public import Base
public import Logging
public import Storage
import Synchronization

/// Storage on a PostgreSQL server: one thread, few connections, pipelined statements.
///
/// ```swift
/// let driver = try PostgresStorage(
///     url: Secret("postgres://capstan:…@localhost/capstan"), clock: SystemClock(), randomness: SystemRandomness(),
///     logger: Logger(label: "postgres"))
/// ```
///
/// Single reads of all tasks share a few connections and are pipelined on them: one implicit transaction and one round
/// trip for all that gathered while the last batch was under way. A statement that fails has the others of its batch
/// skipped by the server; they are sent again by themselves, and nobody notices. Single writes have a transaction each,
/// pipelined. Transactions hold a connection each. TLS is asked for in the address (`sslmode=verify-full`).
///
/// Connections are made when they are needed and made again when they break. Reads under way on a connection that breaks
/// are sent once more; writes end with `storage.outcomeUnknown` where they may have happened.
public final class PostgresStorage: StorageDriver {
    private enum Bounds {
        /// Notifications that wait for their reader, of at most 8,000 bytes each.
        static let notifications = 4_096
    }

    let reactor: Reactor
    let target: ConnectionTarget
    let directTarget: ConnectionTarget?
    private let directURL: Secret<String>?
    let options: PostgresOptions
    let clock: any WallClock
    let randomness: any Randomness
    let logger: Logger
    private let callers = Atomic<Int>(0)

    /// Starts the driver; the first connection is made in the background.
    ///
    /// - Parameters:
    ///   - url: `postgres://user:password@host:port/name?…`, with libpq's parameters.
    ///   - options: Numbers of connections, bounds and time-outs.
    ///   - clock: Where deadlines come from.
    ///   - randomness: Jitters the pauses between attempts to connect.
    ///   - logger: Hears of connections that break or cannot be made.
    /// - Throws: `storage.setup` when the address cannot be read or an option is out of its range.
    public init(
        url: Secret<String>, options: PostgresOptions = PostgresOptions(), clock: any WallClock,
        randomness: any Randomness, logger: Logger
    ) throws(StorageError) {
        if let contradiction = options.contradiction { throw StorageError(.setup, contradiction) }
        target = try ConnectionTarget(url: url, options: options)
        if let direct = options.directURL {
            directTarget = try ConnectionTarget(url: direct, options: options)
        } else {
            directTarget = options.pooling == .direct ? target : nil
        }
        directURL = options.directURL ?? (options.pooling == .direct ? url : nil)
        self.options = options
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        reactor = Reactor(target: target, options: options, clock: clock, randomness: randomness, logger: logger)
        reactor.start()
    }

    deinit { _ = reactor.submit(.abandon) }

    /// PostgreSQL's.
    public var dialect: Dialect { .postgres }

    /// Runs one statement in a transaction of its own, sharing connections and round trips with other tasks'.
    ///
    /// A read that was sent before its task was cancelled ends for its caller at once, and on the server when it takes
    /// longer than ``PostgresOptions/cancelGrace``; a write is cancelled on the server, and when it is too late for that
    /// it has happened and its result is returned.
    public func run(
        _ request: StatementRequest, scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> StatementResult {
        let item = try PendingStatement(request, scope: scope, route: access == .read ? .read : .write)
        return try await reactor.answer(to: item).get()
    }

    /// Opens a transaction: waits for a connection by the task's `Urgency`, at most ``PostgresOptions/acquireTimeout``.
    ///
    /// - Throws: `storage.exhausted` with a list of who holds the connections, since when, for which statement.
    public func begin(
        scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> any DriverTransaction {
        let caller = callers.add(1, ordering: .relaxed).newValue
        let lease = Lease(
            caller: caller, scope: FlightScope(scope), isReadOnly: access == .read, urgency: .current)
        try await reactor.hold(lease).get()
        return PostgresTransaction(reactor: reactor, lease: lease, scope: scope)
    }

    /// Begins to listen to channels of notifications, on a connection and a thread of its own.
    public func listen(to channels: [String]) throws(StorageError) -> (any NotificationFeed)? {
        guard let directURL else {
            throw StorageError(
                .setup,
                "notifications cannot pass a pooler in transaction mode: give the direct address of PostgreSQL as well")
        }
        return try PostgresListener(
            url: directURL, channels: channels, bufferMax: Bounds.notifications, options: options, clock: clock,
            randomness: randomness, logger: logger)
    }

    /// What the operator's console shows of connections and waits.
    public func statistics() -> DriverStatistics {
        var (statistics, heldSince) = reactor.figures.withLock { ($0.statistics, $0.heldSince) }
        if let heldSince { statistics.longestHeld = clock.uptime() - heldSince }
        return statistics
    }

    /// Waits for running work, at most ``PostgresOptions/shutdownTimeout``, and closes all connections.
    public func shutdown() async {
        await withUnsafeContinuation { continuation in
            if !reactor.submit(.shutdown(continuation)) { continuation.resume() }
        }
    }
}
