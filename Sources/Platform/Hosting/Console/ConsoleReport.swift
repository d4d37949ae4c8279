import Base
public import Caching
public import Coordination
public import Limits
public import Storage
public import Telemetry
public import Web

/// What operators see of a running process, gathered from memory without a statement.
public struct ConsoleReport: Sendable {
    let ledger: CostLedger
    let storage: Storage
    let caches: CacheRegistry
    let limits: LimitRegistry
    private let coordinationStatus: @Sendable () -> CoordinationStatus

    /// Looks at these parts of the process; `coordination` is what nodes share, by default nothing.
    public init(
        ledger: CostLedger, storage: Storage, caches: CacheRegistry, limits: LimitRegistry,
        coordination: CoordinationServices = .alone()
    ) {
        coordinationStatus = coordination.status
        self.ledger = ledger
        self.storage = storage
        self.caches = caches
        self.limits = limits
    }

    /// What a route has done since the start, and how long its answers took.
    public struct RouteLine: Output {
        /// The operation's name.
        public var name: String
        /// Requests answered.
        public var count: Int
        /// Requests that ended in a problem of the server.
        public var errors: Int
        /// The statements that one request may send.
        public var budget: Int?
        /// The most statements that one request sent.
        public var statementsMax: Int
        /// Statements per request.
        public var statementsMean: Double
        /// Requests that sent more statements than the budget.
        public var overBudget: Int
        /// Half of the answers took at most this many milliseconds.
        public var p50: Double
        /// 95 of 100 answers took at most this many milliseconds.
        public var p95: Double
        /// 99 of 100 answers took at most this many milliseconds.
        public var p99: Double
        /// Rows read per request.
        public var rowsMean: Double
        /// Bytes sent per request.
        public var bytesMean: Double

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("name", .text), .body("count", .integer), .body("errors", .integer),
            .body("budget", optional: .integer), .body("statementsMax", .integer), .body("statementsMean", .number),
            .body("overBudget", .integer), .body("p50", .number), .body("p95", .number), .body("p99", .number),
            .body("rowsMean", .number), .body("bytesMean", .number),
        ])
    }

    /// A statement by name.
    public struct StatementLine: Output {
        /// The statement's name.
        public var name: String
        /// How often it was sent.
        public var count: Int
        /// How often it failed.
        public var failures: Int
        /// Rows per call.
        public var rowsMean: Double
        /// Milliseconds per call.
        public var millisecondsMean: Double
        /// Milliseconds of the slowest call.
        public var millisecondsMax: Double
        /// Share of all time spent waiting for the database, 0 to 1.
        public var share: Double

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("name", .text), .body("count", .integer), .body("failures", .integer), .body("rowsMean", .number),
            .body("millisecondsMean", .number), .body("millisecondsMax", .number), .body("share", .number),
        ])
    }

    /// A cache.
    public struct CacheLine: Output {
        /// The cache's name.
        public var name: String
        /// Values kept.
        public var entries: Int
        /// Look-ups that were served from memory.
        public var hits: Int
        /// Look-ups that were not.
        public var misses: Int
        /// Loads that ran, those that the shared layer served included.
        public var loads: Int
        /// Whether the nodes share a layer of it.
        public var isShared: Bool
        /// Loads that the shared layer served.
        public var sharedHits: Int
        /// Share of look-ups that were served from memory, 0 to 1; `nil` before the first.
        public var hitRatio: Double?

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("name", .text), .body("entries", .integer), .body("hits", .integer), .body("misses", .integer),
            .body("loads", .integer), .body("isShared", .boolean), .body("sharedHits", .integer),
            .body("hitRatio", optional: .number),
        ])
    }

    /// A limit.
    public struct LimitLine: Output {
        /// The limit's name.
        public var name: String
        /// How many per period.
        public var limit: Int
        /// The period in words.
        public var period: String
        /// Requests granted.
        public var granted: Int
        /// Requests refused.
        public var refused: Int
        /// Keys kept.
        public var keys: Int
        /// Whether tokens come from the bank that the nodes share.
        public var isLeased: Bool

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("name", .text), .body("limit", .integer), .body("period", .text), .body("granted", .integer),
            .body("refused", .integer), .body("keys", .integer), .body("isLeased", .boolean),
        ])
    }

    /// The connections to the database.
    public struct DatabaseLine: Output {
        /// `postgres` or `sqlite`.
        public var engine: String
        /// Whether statements can be sent.
        public var isAvailable: Bool
        /// Connections that are open.
        public var connectionsOpen: Int
        /// Connections that a transaction holds.
        public var connectionsHeld: Int
        /// Callers that wait for a connection.
        public var waiting: Int
        /// Statements that have been sent and not answered.
        public var inFlight: Int
        /// Connections that broke and were opened again.
        public var reconnects: Int
        /// Milliseconds for which the connection held longest has been held.
        public var longestHeldMilliseconds: Int
        /// The last statement on that connection.
        public var longestHolder: String

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("engine", .choice(["postgres", "sqlite"])), .body("isAvailable", .boolean),
            .body("connectionsOpen", .integer), .body("connectionsHeld", .integer), .body("waiting", .integer),
            .body("inFlight", .integer), .body("reconnects", .integer), .body("longestHeldMilliseconds", .integer),
            .body("longestHolder", .text),
        ])
    }

    /// What nodes share.
    public struct CoordinationLine: Output {
        /// `process`, `redis` or `postgres`.
        public var store: String
        /// Whether it is reached; while it is not, this node decides for itself.
        public var isReachable: Bool
        /// Seconds for which it has been as it is.
        public var secondsSince: Int
        /// Calls that it did not answer.
        public var failures: Int
        /// Invalidations that could not be sent to the other nodes.
        public var invalidationsUnsent: Int

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("store", .choice(CoordinationStatus.Store.allCases.map(\.rawValue))),
            .body("isReachable", .boolean), .body("secondsSince", .integer), .body("failures", .integer),
            .body("invalidationsUnsent", .integer),
        ])
    }

    /// What nodes share.
    public var coordination: CoordinationLine {
        let status = coordinationStatus()
        return CoordinationLine(
            store: status.store.rawValue, isReachable: status.isReachable,
            secondsSince: Int(status.since.components.seconds), failures: status.failures,
            invalidationsUnsent: caches.invalidationsUnsent)
    }

    /// The routes that have been used, those with the most requests first.
    public var routes: [RouteLine] {
        ledger.lines.map { line in
            func milliseconds(_ fraction: Double) -> Double {
                (line.total.latency.quantile(fraction) ?? .zero).inSeconds * 1_000
            }
            return RouteLine(
                name: line.route, count: line.total.count, errors: line.total.errors, budget: line.statementBudget,
                statementsMax: line.total.statementsMax, statementsMean: line.total.mean(.statements),
                overBudget: line.total.overBudget, p50: milliseconds(0.5), p95: milliseconds(0.95),
                p99: milliseconds(0.99), rowsMean: line.total.mean(.rowsRead), bytesMean: line.total.mean(.bytesSent))
        }
        .sorted { $0.count > $1.count }
    }

    /// At most 200 statements, those that took the most time first.
    public var statements: [StatementLine] {
        let all = storage.statistics.all
        let total = max(1, all.reduce(0) { $0 + $1.microseconds })
        return all.prefix(200).map { entry in
            StatementLine(
                name: entry.name, count: entry.count, failures: entry.failures,
                rowsMean: Double(entry.rows) / Double(max(1, entry.count)),
                millisecondsMean: Double(entry.microseconds) / 1_000 / Double(max(1, entry.count)),
                millisecondsMax: Double(entry.slowestMicroseconds) / 1_000,
                share: Double(entry.microseconds) / Double(total))
        }
    }

    /// The caches, by name.
    public var cacheLines: [CacheLine] {
        caches.statistics.map { cache in
            CacheLine(
                name: cache.name, entries: cache.entries, hits: cache.hits, misses: cache.misses, loads: cache.loads,
                isShared: cache.isShared, sharedHits: cache.sharedHits,
                hitRatio: cache.hits + cache.misses == 0 ? nil : cache.hitRatio)
        }
    }

    /// How the layer does that the nodes' caches share, in a sentence; `nil` where there is none.
    var sharedLine: String? {
        guard let status = caches.sharedStatus else { return nil }
        if !status.isReachable { return "The shared store does not answer: each node loads for itself." }
        if status.isCutOff { return "This node does not hear the others: it may serve what they have changed." }
        let pending = status.invalidationsPending == 0 ? "" : ", \(status.invalidationsPending) invalidations to send"
        return
            "The shared layer answers\(pending); \(Figures.number(status.failures)) calls failed, and everything was "
            + "doubted \(Figures.number(status.doubts)) times."
    }

    /// How common limits do on this node, in a sentence; `nil` where there is no bank.
    var leaseLine: String? {
        guard let status = limits.leaseStatus else { return nil }
        return status.isLeasing
            ? "Tokens come from the common bank: \(Figures.number(status.taken)) taken, "
                + "\(Figures.number(status.returned)) given back unused."
            : "The common bank does not answer: this node grants its part of each rate."
    }

    /// The limits, those that refused most first.
    public var limitLines: [LimitLine] {
        limits.statistics.map { limit in
            LimitLine(
                name: limit.rule, limit: limit.limit, period: limit.period, granted: limit.granted,
                refused: limit.refused, keys: limit.keys, isLeased: limit.isLeased)
        }
        .sorted { ($0.refused, $0.granted) > ($1.refused, $1.granted) }
    }

    /// The connections to the database.
    public var database: DatabaseLine {
        let driver = storage.driver.statistics()
        return DatabaseLine(
            engine: storage.dialect.rawValue, isAvailable: driver.isAvailable,
            connectionsOpen: driver.connectionsOpen, connectionsHeld: driver.connectionsHeld, waiting: driver.waiting,
            inFlight: driver.inFlight, reconnects: driver.reconnects,
            longestHeldMilliseconds: Int(driver.longestHeld.milliseconds), longestHolder: driver.longestHolder)
    }
}
