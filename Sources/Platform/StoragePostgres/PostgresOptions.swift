public import Base

/// How the driver uses a PostgreSQL server.
public struct PostgresOptions: Sendable {
    /// What stands between the driver and the server.
    public enum Pooling: Sendable, Hashable {
        /// Nothing: statements stay prepared under names, settings are made once per connection.
        case direct
        /// A pooler that gives each transaction another server connection, as PgBouncer in transaction mode does:
        /// nothing relies on the state of a session.
        case transactionPooler
    }

    /// What stands between the driver and the server.
    ///
    /// Defaults to ``Pooling/direct``.
    public var pooling = Pooling.direct

    /// Connections that share single reads.
    ///
    /// Defaults to 4; 1 to 64.
    ///
    /// Statements of many tasks are pipelined on them, so that few are enough: about twice the server's processors.
    public var readConnections = 4

    /// Connections that share single writes, each its own transaction.
    ///
    /// Defaults to 4; 1 to 64.
    ///
    /// Writes of one name and tenant stay in order on one connection while any of them is under way, so that batches of
    /// one kind cannot deadlock.
    public var writeConnections = 4

    /// Writes under way on one connection.
    ///
    /// Defaults to 16; 1 to 1,024.
    public var writeDepth = 16

    /// Connections for transactions, each held by one transaction at a time.
    ///
    /// Defaults to 4; 1 to 256.
    public var transactionConnections = 4

    /// Longest wait for a connection of a transaction, or of a statement for its turn.
    ///
    /// Defaults to 5 seconds; 10 milliseconds to 1 minute.
    public var acquireTimeout = Duration.seconds(5)

    /// Callers that may wait for a connection of a transaction.
    ///
    /// Defaults to 1,024; 1 to 65,536.
    public var acquireWaitersMax = 1_024

    /// Single statements that may wait for their turn, for reads and writes each.
    ///
    /// Defaults to 8,192; 1 to 1,048,576.
    public var queueMax = 8_192

    /// Longest time that a statement may run.
    ///
    /// Defaults to 10 seconds; 10 milliseconds to 1 hour.
    ///
    /// A connection that does not answer for two seconds longer is taken for dead.
    public var statementTimeout = Duration.seconds(10)

    /// Longest time that a statement may wait for a lock.
    ///
    /// Defaults to 2 seconds; 1 millisecond to 1 hour; below ``statementTimeout`` to be of use.
    public var lockTimeout = Duration.seconds(2)

    /// Longest time that an open transaction may send nothing.
    ///
    /// Defaults to 60 seconds; 1 second to 1 day.
    public var idleTransactionTimeout = Duration.seconds(60)

    /// Longest time for making a connection.
    ///
    /// Defaults to 5 seconds; 2 seconds (libpq's least) to 1 minute.
    public var connectTimeout = Duration.seconds(5)

    /// How long a caller waits for a server that is down.
    ///
    /// Defaults to 2 seconds; 10 milliseconds to 1 minute.
    public var outageTimeout = Duration.seconds(2)

    /// How long a cancelled read may go on before the server is asked to cancel it.
    ///
    /// Defaults to 100 milliseconds; 0 to 10 seconds. Its caller does not wait: the time spares short statements, and
    /// their neighbours, the request.
    public var cancelGrace = Duration.milliseconds(100)

    /// Statements that a connection keeps prepared.
    ///
    /// Defaults to 512; 1 to 65,536.
    public var preparedStatementsMax = 512

    /// How long `shutdown` waits for running work.
    ///
    /// Defaults to 5 seconds; 0 to 10 minutes.
    public var shutdownTimeout = Duration.seconds(5)

    /// Longest wait for another process that changes the schema.
    ///
    /// Defaults to 1 minute; 1 millisecond to 1 hour.
    public var schemaLockTimeout = Duration.seconds(60)

    /// The name under which the server lists connections.
    ///
    /// Defaults to `capstan`; at most 63 characters.
    public var applicationName = "capstan"

    /// An address without pooler, for migrations and `LISTEN`.
    ///
    /// Defaults to none: the address of all else is used, which must then be direct.
    public var directURL: Secret<String>?

    /// Starts with the defaults.
    public init() {}

    /// What is wrong with the options, if anything.
    var contradiction: String? {
        func check<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) -> String? {
            range.contains(value) ? nil : "\(name) is \(value), of \(range.lowerBound) to \(range.upperBound)"
        }
        let complaints = [
            check("readConnections", readConnections, 1...64),
            check("writeConnections", writeConnections, 1...64),
            check("writeDepth", writeDepth, 1...1_024),
            check("transactionConnections", transactionConnections, 1...256),
            check("acquireTimeout", acquireTimeout, .milliseconds(10) ... .seconds(60)),
            check("acquireWaitersMax", acquireWaitersMax, 1...65_536),
            check("queueMax", queueMax, 1...1_048_576),
            check("statementTimeout", statementTimeout, .milliseconds(10) ... .seconds(3_600)),
            check("lockTimeout", lockTimeout, .milliseconds(1) ... .seconds(3_600)),
            check("idleTransactionTimeout", idleTransactionTimeout, .seconds(1) ... .seconds(86_400)),
            check("connectTimeout", connectTimeout, .seconds(2) ... .seconds(60)),
            check("outageTimeout", outageTimeout, .milliseconds(10) ... .seconds(60)),
            check("cancelGrace", cancelGrace, .zero ... .seconds(10)),
            check("preparedStatementsMax", preparedStatementsMax, 1...65_536),
            check("shutdownTimeout", shutdownTimeout, .zero ... .seconds(600)),
            check("schemaLockTimeout", schemaLockTimeout, .milliseconds(1) ... .seconds(3_600)),
            check("length of applicationName", applicationName.utf8.count, 1...63),
        ]
        return complaints.lazy.compactMap { $0 }.first
    }
}
