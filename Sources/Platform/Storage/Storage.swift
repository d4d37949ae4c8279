public import Base
import Synchronization
import Telemetry

/// The one way to data: transactions in closures, each on behalf of a tenant.
///
/// ```swift
/// let clip = try await storage.reader(for: tenant).first(Clip.self, "clip.byID",
///     "SELECT \(sql: Clip.columns) FROM clips WHERE tenant_id = \(tenant) AND id = \(id)")
/// ```
///
/// ``reader(for:freshness:)`` and ``writer(for:)`` send single statements, each its own transaction, which share round
/// trips with other tasks' statements. ``read(for:freshness:_:)`` and ``write(for:_:)`` hold a connection for several
/// statements that must see or make one state.
public final class Storage: Sendable {
    /// Bounds of retries.
    public enum Bounds {
        /// How often a transaction is run when the engine cannot order it.
        public static let attempts = 4
    }

    /// The engine below.
    public let driver: any StorageDriver
    /// What signs cursors.
    public let cursors: CursorSigner
    /// Counts and times of each named statement.
    public let statistics: StatementStatistics

    private let gate: TenantGate
    private let clock: any WallClock
    private let randomness: any Randomness
    private let observers: Mutex<[any CommitObserver]> = Mutex([])
    private let recorder: Mutex<(any StatementRecorder)?> = Mutex(nil)

    /// Puts the façade before a driver.
    ///
    /// - Parameters:
    ///   - driver: The engine below.
    ///   - modules: All schema modules; their tenant tables are guarded.
    ///   - cursorKey: Signs page cursors, 32 bytes or more; the same on all nodes.
    ///   - clock: Measures statements and paces retries.
    ///   - randomness: Spreads retries.
    public init(
        driver: any StorageDriver, modules: [SchemaModule], cursorKey: Secret<[UInt8]>,
        clock: any WallClock, randomness: any Randomness
    ) {
        self.driver = driver
        cursors = CursorSigner(key: cursorKey)
        statistics = StatementStatistics()
        gate = TenantGate(modules: modules)
        self.clock = clock
        self.randomness = randomness
    }

    /// The time, as transactions and retries see it.
    public var now: Timestamp { clock.now() }

    /// A new id, made of this storage's time and chance.
    public func makeID<Entity>(_ type: Entity.Type = Entity.self) -> ID<Entity> {
        ID(at: clock.now(), using: randomness)
    }

    /// Which engine is below.
    public var dialect: Dialect { driver.dialect }

    /// Adds someone who learns of effects after each commit, before the write returns.
    ///
    /// At most 16.
    public func addObserver(_ observer: any CommitObserver) {
        observers.withLock { observers in
            precondition(observers.count < 16, "more than 16 observers of commits: one per kind of effect is enough")
            observers.append(observer)
        }
    }

    /// Sets who hears of every statement that is sent; for tests of plans and budgets.
    public func setRecorder(_ newRecorder: (any StatementRecorder)?) { recorder.withLock { $0 = newRecorder } }

    // MARK: Work across tenants

    /// Allows work across tenants by these rights alone; any other one is refused from now on.
    ///
    /// Called once at start with what all manifests list. Before, every right is allowed.
    public func restrict(to capabilities: [SystemCapability]) { gate.restrict(to: capabilities) }

    /// Which rights have been used since the start, at most 256.
    public var capabilitiesUsed: [SystemCapability] { gate.capabilitiesUsed }

    // MARK: Single statements

    /// Reads for a tenant, each statement by itself.
    public func reader(for tenant: Tenant, freshness: Freshness = .primary) -> Reader {
        Reader(storage: self, scope: .tenant(tenant), freshness: freshness)
    }

    /// Writes for a tenant, each statement by itself.
    ///
    /// Statements of one name are taken to be after the same rows and follow each other. Those of different stripes are
    /// known to be after different ones and may run, and commit, at the same time.
    public func writer(for tenant: Tenant, stripe: Int = 0) -> Writer {
        Writer(storage: self, scope: .tenant(tenant), stripe: stripe)
    }

    /// Reads across tenants, by a named right.
    public func reader(bypassingTenant capability: SystemCapability) -> Reader {
        Reader(storage: self, scope: .system(capability), freshness: .primary)
    }

    /// Writes across tenants, by a named right.
    public func writer(bypassingTenant capability: SystemCapability) -> Writer {
        Writer(storage: self, scope: .system(capability), stripe: 0)
    }

    // MARK: Transactions

    /// Reads one state of a tenant's data with several statements.
    public func read<Result: Sendable>(
        for tenant: Tenant, freshness: Freshness = .primary, _ body: (ReadTransaction) async throws -> Result
    ) async throws -> Result {
        try await read(scope: .tenant(tenant), freshness: freshness, body)
    }

    /// Changes a tenant's data with several statements, all or none.
    ///
    /// `body` is run again, up to ``Bounds/attempts`` times in all, when the engine cannot order two transactions: it
    /// must not have effects of its own. Effects that wait for the commit are given to ``WriteTransaction/afterCommit``.
    /// A statement that fails ends the transaction on both engines: even when `body` catches its error, nothing is
    /// committed and the error is thrown from here.
    public func write<Result: Sendable>(
        for tenant: Tenant, _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        try await write(scope: .tenant(tenant), body)
    }

    /// Reads one state of data across tenants, by a named right.
    public func read<Result: Sendable>(
        bypassingTenant capability: SystemCapability, _ body: (ReadTransaction) async throws -> Result
    ) async throws -> Result {
        try await read(scope: .system(capability), freshness: .primary, body)
    }

    /// Changes data across tenants, by a named right.
    public func write<Result: Sendable>(
        bypassingTenant capability: SystemCapability, _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        try await write(scope: .system(capability), body)
    }

    private func read<Result: Sendable>(
        scope: Scope, freshness: Freshness, _ body: (ReadTransaction) async throws -> Result
    ) async throws -> Result {
        let open = try await driver.begin(scope: scope, access: .read, freshness: freshness)
        let transaction = ReadTransaction(storage: self, scope: scope, open: open)
        do {
            let result = try await body(transaction)
            transaction.state.end()
            await open.rollback()
            return result
        } catch {
            transaction.state.end()
            await open.rollback()
            throw error
        }
    }

    private func write<Result: Sendable>(
        scope: Scope, _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await writeOnce(scope: scope, body)
            } catch let error as StorageError where error.isRetryable && attempt < Bounds.attempts {
                // 1–4, 2–8, 4–16 ms: enough for the other transaction to finish, too little to be felt.
                let milliseconds = Double(1 << (attempt - 1)) * (1 + 3 * randomness.fraction())
                try await clock.sleep(for: .microseconds(Int64(milliseconds * 1_000)))
                attempt += 1
            }
        }
    }

    /// The storage on which the current task has a write transaction open.
    @TaskLocal static var writing: ObjectIdentifier?

    /// Refuses a write beside the task's own open write transaction.
    ///
    /// SQLite has one writer, so it would wait for itself; on PostgreSQL it would be committed whatever becomes of the
    /// transaction.
    func checkNotWriting(_ what: String) throws(StorageError) {
        guard Storage.writing == ObjectIdentifier(self) else { return }
        throw StorageError(
            .invalidStatement, "\(what) was started inside the closure of a write transaction: use that transaction")
    }

    private func writeOnce<Result: Sendable>(
        scope: Scope, _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        try checkNotWriting("a second write transaction")
        let open = try await driver.begin(scope: scope, access: .write, freshness: .primary)
        let transaction = WriteTransaction(storage: self, scope: scope, open: open)
        let result: Result
        do {
            result = try await Storage.$writing.withValue(ObjectIdentifier(self)) { try await body(transaction) }
            // After a failure nothing is committed, hence nothing written.
            if transaction.state.failure == nil { try await transaction.writeOutboxes() }
            transaction.state.end()
        } catch {
            transaction.state.end()
            await open.rollback()
            throw error
        }
        if let failure = transaction.state.failure {
            await open.rollback()
            throw failure
        }
        _ = try await open.commit()
        await announce(transaction.state.effects, scope: scope)
        return result
    }

    func announce(_ effects: [CommitEffect], scope: Scope) async {
        guard !effects.isEmpty else { return }
        for observer in observers.withLock({ $0 }) { await observer.committed(effects, for: scope.tenant) }
    }

    // MARK: Statements

    func send(
        _ name: StaticString, _ sql: SQL, rowsMax: Int, scope: Scope, stripe: Int = 0,
        through channel: (StatementRequest) async throws(StorageError) -> StatementResult
    ) async throws(StorageError) -> StatementResult {
        try gate.check(sql, name: name, scope: scope)
        try sql.checkNumbers(name)
        let request = StatementRequest(
            name: name.description, sql: sql.rendered(for: dialect), rowsMax: rowsMax, stripe: stripe)
        recorder.withLock { $0 }?.willSend(request, scope: scope)
        let start = clock.uptime()
        do {
            let result = try await channel(request)
            let duration = clock.uptime() - start
            statistics.record(name, duration: duration, rows: result.rows.rowCount, isFailure: false)
            if let cost = Cost.current {
                cost.add(to: .statements)
                cost.add(result.rows.rowCount, to: .rowsRead)
                cost.add(result.affected, to: .rowsWritten)
                cost.add(Int(duration.microseconds), to: .databaseMicroseconds)
            }
            return result
        } catch {
            statistics.record(name, duration: clock.uptime() - start, rows: 0, isFailure: true)
            Cost.current?.add(to: .statements)
            var named = error
            named.context["statement"] = name.description
            throw named
        }
    }

    func sendStream(
        _ name: StaticString, _ sql: SQL, chunkRows: Int, open: any DriverTransaction, scope: Scope,
        _ body: (any SQLRowSource) async throws -> Void
    ) async throws {
        try gate.check(sql, name: name, scope: scope)
        try sql.checkNumbers(name)
        let request = StatementRequest(name: name.description, sql: sql.rendered(for: dialect), rowsMax: .max)
        recorder.withLock { $0 }?.willSend(request, scope: scope)
        let start = clock.uptime()
        var rows = 0
        Cost.current?.add(to: .statements)
        do {
            try await open.stream(request, chunkRows: chunkRows) { chunk in
                rows += chunk.rowCount
                Cost.current?.add(chunk.rowCount, to: .rowsRead)
                try await body(chunk)
            }
        } catch {
            statistics.record(name, duration: clock.uptime() - start, rows: rows, isFailure: true)
            throw error
        }
        statistics.record(name, duration: clock.uptime() - start, rows: rows, isFailure: false)
    }
}

/// Learns of what a committed transaction changed besides rows.
public protocol CommitObserver: Sendable {
    /// Called after the commit and before the write returns. `tenant` is `nil` for work across tenants.
    func committed(_ effects: [CommitEffect], for tenant: Tenant?) async
}

/// What a transaction causes once it is committed, and never when it is not.
public enum CommitEffect: Sendable, Hashable {
    /// Cached values that carry this tag are no longer true.
    case invalidate(tag: String)
    /// Rows of an ``Outbox`` were written; the hints are the outbox's own, and none mean that anything may have changed.
    case wrote(outbox: String, hints: [String])
}

/// Hears of every statement that is sent.
public protocol StatementRecorder: Sendable {
    /// Called just before the statement goes to the engine.
    func willSend(_ request: StatementRequest, scope: Scope)
}
