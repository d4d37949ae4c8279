public import Base

/// An engine under ``Storage``: the narrow part that differs between SQLite and PostgreSQL.
///
/// A driver sends what it is given; names, tenancy, costs, pages, retries and effects are the façade's. Every wait is
/// bounded by the driver's settings and ends with a ``StorageError``. One conformance suite (StorageTestKit) runs on all.
public protocol StorageDriver: Sendable {
    /// Which dialect the engine speaks.
    var dialect: Dialect { get }

    /// Runs one statement in a transaction of its own. Concurrent statements may share a connection and a round trip;
    /// one that fails never fails its neighbours.
    ///
    /// Cancelling the task cancels the statement on the server and throws `storage.cancelled`.
    func run(
        _ request: StatementRequest, scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> StatementResult

    /// Opens a transaction, which holds a connection until it is committed or rolled back.
    ///
    /// Who waits for a connection is served by the task's ``Urgency``. PostgreSQL: read committed for writes, repeatable
    /// read for reads. SQLite: one writer at a time, readers on a snapshot.
    func begin(
        scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> any DriverTransaction

    /// Opens the one session that may change the schema: no other has one at the same time, in any process.
    /// `capstan_` tables, advisory locks and time-outs are the driver's affair.
    func withSchemaSession<Result: Sendable>(
        _ body: @Sendable (any SchemaSession) async throws -> Result
    ) async throws -> Result

    /// Begins to listen to channels of notifications (1 to 64), on a direct connection of its own; `nil` from an engine
    /// that has none, as SQLite, whose database has one process.
    ///
    /// - Throws: `storage.setup` when there is no direct address past a pooler.
    func listen(to channels: [String]) throws(StorageError) -> (any NotificationFeed)?

    /// What the operator's console shows of connections and waits.
    func statistics() -> DriverStatistics

    /// Waits for running work for a bounded time and closes all connections. Later calls throw `storage.closed`.
    func shutdown() async
}

/// An open transaction.
///
/// One task uses it at a time.
public protocol DriverTransaction: Sendable {
    /// Runs a statement inside the transaction.
    func run(_ request: StatementRequest) async throws(StorageError) -> StatementResult

    /// Runs a query and hands its rows over in chunks of at most `chunkRows`, without holding more than two chunks.
    /// The next chunk is asked for when `body` has returned.
    func stream(
        _ request: StatementRequest, chunkRows: Int, _ body: (any SQLRowSource) async throws -> Void
    ) async throws

    /// Makes everything durable and releases the connection.
    ///
    /// - Returns: A token that later reads may demand to have seen.
    /// - Throws: `storage.outcomeUnknown` when the connection broke after the commit was sent.
    func commit() async throws(StorageError) -> CommitToken

    /// Undoes everything and releases the connection; never fails.
    func rollback() async
}

/// The session of a migration: statements run as they are, each by itself unless a transaction is opened.
public protocol SchemaSession: Sendable {
    /// Runs one statement outside of any transaction (`CREATE INDEX CONCURRENTLY`).
    func execute(_ text: String) async throws(StorageError)
    /// Runs statements in one transaction, all or none.
    func transaction(_ statements: [String]) async throws(StorageError)
    /// Runs a query and returns all its rows, of which there must be at most 10,000.
    func query(_ text: String) async throws(StorageError) -> any SQLRowSource
}

/// A statement with everything a driver needs to send it.
public struct StatementRequest: Sendable {
    /// The name under which it is counted, logged and explained.
    public let name: String
    /// The text and its values.
    public let sql: RenderedSQL
    /// How many rows may come back; one more is an error of code `storage.tooLarge`.
    public let rowsMax: Int
    /// Which writes of this name it follows: those of another stripe may run beside it.
    public let stripe: Int

    /// Makes a request.
    public init(name: String, sql: RenderedSQL, rowsMax: Int, stripe: Int = 0) {
        self.name = name
        self.sql = sql
        self.rowsMax = rowsMax
        self.stripe = stripe
    }
}

/// What a statement gave.
public struct StatementResult: Sendable {
    /// The rows that came back.
    public let rows: any SQLRowSource
    /// How many rows it inserted, updated or deleted.
    public let affected: Int

    /// Makes a result.
    public init(rows: any SQLRowSource, affected: Int) {
        self.rows = rows
        self.affected = affected
    }
}

/// Whether a statement may change data.
public enum Access: Sendable, Hashable {
    /// Only reads; a write is refused by the engine.
    case read
    /// Reads and writes.
    case write
}

/// How recent the data of a read must be.
public enum Freshness: Sendable, Hashable {
    /// As recent as the primary.
    case primary
    /// Any replica will do.
    case replica
    /// At least what the commit of this token wrote: from a replica that has it, else from the primary.
    case atLeast(CommitToken)
}

/// A point in the history of commits, carried by a session.
///
/// SQLite and a lone primary give an empty one.
public struct CommitToken: Sendable, Hashable, Codable {
    /// The engine's own form: a log sequence number on PostgreSQL.
    public let position: UInt64

    /// Wraps a position.
    public init(position: UInt64) { self.position = position }
}

/// On whose behalf a statement runs.
public enum Scope: Sendable, Hashable {
    /// A tenant's data, the normal case.
    case tenant(Tenant)
    /// Data across tenants, by a named right.
    case system(SystemCapability)

    /// The tenant, when there is one.
    public var tenant: Tenant? { if case .tenant(let tenant) = self { tenant } else { nil } }
}

/// A right to read and write across tenants: the exception that every product must list in its manifest with a reason.
public struct SystemCapability: Sendable, Hashable {
    /// The name, as in `tournament.sweep`.
    public let name: String
    /// Why this work cannot name one tenant.
    public let reason: String

    /// Names a right.
    public init(name: StaticString, reason: StaticString) {
        self.name = name.description
        self.reason = reason.description
    }
}

/// What a driver tells of its connections.
public struct DriverStatistics: Sendable, Codable {
    /// Connections that are open.
    public var connectionsOpen = 0
    /// Connections that a transaction holds now.
    public var connectionsHeld = 0
    /// Callers that wait for a connection now.
    public var waiting = 0
    /// Statements that have been sent and not answered.
    public var inFlight = 0
    /// Connections that broke and were opened again.
    public var reconnects = 0
    /// Whether statements can be sent now.
    public var isAvailable = true
    /// The longest that a connection has been held until now, and by which statement.
    public var longestHeld: Duration = .zero
    /// The name of the last statement on the connection held longest.
    public var longestHolder = ""

    /// Starts at zero.
    public init() {}
}
