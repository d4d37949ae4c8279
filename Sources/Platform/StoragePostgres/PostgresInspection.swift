public import Base
import CLibPQ
import Dispatch
public import Storage

/// A session that only looks: at a database that is somebody else's, with or without a schema of ours.
///
/// ```swift
/// let inspection = try await PostgresInspection.open(Secret("postgres://reader@db/shop"))
/// let answers = try await inspection.look(["SELECT relname FROM pg_class LIMIT 10"])
/// await inspection.close()
/// ```
///
/// Nothing that writes can be sent. Each look is a transaction that was begun READ ONLY and is rolled back, with time-outs
/// for statements and locks that hold inside it, so that this is so behind a pooler too; a statement that does not begin as
/// a reading one does is refused before it is sent; and the protocol takes one statement at a time. One connection.
///
/// SAFETY: the connection is used on its serial queue only.
public final class PostgresInspection: @unchecked Sendable {
    /// What a look may take.
    public struct Bounds: Sendable, Hashable {
        /// The longest a statement may run on the server.
        ///
        /// Defaults to 10 seconds; 1 millisecond to 10 minutes.
        public var statement: Duration
        /// The longest a statement may wait for a lock.
        ///
        /// Defaults to 100 milliseconds: a look must not queue up before work.
        public var lock: Duration
        /// The most rows of one answer.
        ///
        /// Defaults to 20,000.
        public var rows: Int

        /// Makes bounds.
        public init(statement: Duration = .seconds(10), lock: Duration = .milliseconds(100), rows: Int = 20_000) {
            self.statement = statement
            self.lock = lock
            self.rows = rows
        }
    }

    /// Rows of text, as the server prints values; `nil` is NULL.
    public typealias Answer = [[String?]]

    private static let readingWords: Set<String> = [
        "SELECT", "WITH", "SHOW", "EXPLAIN", "PREPARE", "DEALLOCATE", "VALUES", "TABLE",
    ]

    private let queue: DispatchQueue
    private let raw: OpaquePointer
    private let bounds: Bounds
    private var modes: Set<String> = []

    /// The server's version as PostgreSQL counts it: 150018 for 15.18.
    public let serverVersion: Int

    private init(raw: OpaquePointer, queue: DispatchQueue, bounds: Bounds) {
        self.raw = raw
        self.queue = queue
        self.bounds = bounds
        serverVersion = Int(PQserverVersion(raw))
    }

    deinit { PQfinish(raw) }

    /// Connects.
    ///
    /// - Parameters:
    ///   - url: `postgres://user:password@host:port/name`; the role needs to read the catalogue, no more.
    ///   - bounds: What each look may take.
    /// - Returns: The session.
    /// - Throws: `storage.setup` when the address cannot be read or the server is older than 15, `storage.unavailable`.
    public static func open(
        _ url: Secret<String>, bounds: Bounds = Bounds()
    ) async throws(StorageError) -> PostgresInspection {
        var options = PostgresOptions()
        options.applicationName = "capstan audit"
        let target = try ConnectionTarget(url: url, options: options)
        let queue = DispatchQueue(label: "capstan.postgres.inspection")
        let opened: Result<PostgresInspection, StorageError> = await withUnsafeContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: target.open(startupOptions: nil).map {
                        PostgresInspection(raw: $0, queue: queue, bounds: bounds)
                    })
            }
        }
        return try opened.get()
    }

    /// Runs statements one after the other in one transaction that cannot write, and rolls it back.
    ///
    /// - Parameters:
    ///   - statements: Each begins with SELECT, WITH, SHOW, VALUES, TABLE, EXPLAIN without ANALYZE, PREPARE or DEALLOCATE.
    ///   - settings: Settings that hold for this transaction, such as `plan_cache_mode`.
    /// - Returns: An answer for each statement.
    /// - Throws: What the server says of the first that fails; `storage.tooLarge` for more rows than the bounds let through.
    public func look(
        _ statements: [String], settings: [String: String] = [:]
    ) async throws(StorageError) -> [Answer] {
        for statement in statements { try Self.check(statement) }
        return try await blocking { $0.answers(to: statements, settings: settings) }.get()
    }

    /// Kinds of locks that looks have held beyond ACCESS SHARE, as the server told at the end of each; none is as it should be.
    public func strongLocks() async -> Set<String> {
        let answer = await blocking { Result<Set<String>, StorageError>.success($0.modes) }
        guard case .success(let modes) = answer else { return [] }
        return modes.subtracting(["AccessShareLock"])
    }

    /// Ends the session.
    public func close() async { _ = await blocking { _ in Result<Bool, StorageError>.success(true) } }

    private static func check(_ statement: String) throws(StorageError) {
        let words = statement.split { !($0.isLetter || $0 == "_") }.prefix(3).map { $0.uppercased() }
        let isAnalyzed =
            words.first == "EXPLAIN"
            && statement.prefix { $0 != ")" }.uppercased().split { !$0.isLetter }.prefix(8).contains("ANALYZE")
        guard let first = words.first, readingWords.contains(first), !isAnalyzed else {
            throw StorageError(.setup, "an inspection sends only statements that read: `\(words.first ?? "")` is none")
        }
    }

    // MARK: The session's thread

    private func blocking<Value: Sendable>(
        _ work: @escaping @Sendable (PostgresInspection) -> Result<Value, StorageError>
    ) async -> Result<Value, StorageError> {
        let request = Reactor.CancelRequest(raw)
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                queue.async { continuation.resume(returning: work(self)) }
            }
        } onCancel: {
            DispatchQueue.global().async { request.send() }
        }
    }

    private func answers(to statements: [String], settings: [String: String]) -> Result<[Answer], StorageError> {
        let begun = execute("BEGIN READ ONLY").flatMap { _ in
            execute(
                "SELECT set_config('statement_timeout', '\(max(1, bounds.statement.milliseconds))', true), "
                    + "set_config('lock_timeout', '\(max(1, bounds.lock.milliseconds))', true)")
        }
        var answers: [Answer] = []
        var failure: StorageError?
        if case .failure(let error) = begun { failure = error }
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) where failure == nil {
            let quoted = value.replacing("'", with: "''")
            let name = name.replacing("'", with: "''")
            if case .failure(let error) = execute("SELECT set_config('\(name)', '\(quoted)', true)") { failure = error }
        }
        for statement in statements where failure == nil {
            switch execute(statement) {
            case .success(let answer): answers.append(answer)
            case .failure(let error): failure = error
            }
        }
        // Its own transaction's lock on itself aside. When the question fails, so does what follows.
        let held = "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
        if failure == nil, case .success(let locks) = execute(held) { modes.formUnion(locks.compactMap { $0[0] }) }
        // A ROLLBACK that fails means that the connection is gone, and the transaction with it.
        _ = execute("ROLLBACK")
        return failure.map { .failure($0) } ?? .success(answers)
    }

    private func execute(_ text: String) -> Result<Answer, StorageError> {
        guard let result = PQexecParams(raw, text, 0, nil, nil, nil, nil, 0) else {
            return .failure(StorageError(.unavailable, "no memory for a result"))
        }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return .success([])
        case PGRES_TUPLES_OK: break
        default:
            let error = PostgresServerError(result)
            return .failure(
                error.state.isEmpty
                    ? StorageError(.unavailable, "the connection of the inspection broke", underlying: error)
                    : error.storageError)
        }
        let count = Int(PQntuples(result))
        guard count <= bounds.rows else {
            return .failure(
                StorageError(.tooLarge, "an inspection's answer has \(count) rows: \(bounds.rows) are read"))
        }
        let width = PQnfields(result)
        return .success(
            (0..<Int32(count)).map { row in
                (0..<width).map { column in
                    PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
                }
            })
    }
}
