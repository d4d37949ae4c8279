import Base
import CLibPQ
import Dispatch
import Storage

/// The session of migrations: a blocking connection on a thread of its own.
///
/// SAFETY: the connection is used on its serial queue only.
final class PostgresSchemaSession: SchemaSession, @unchecked Sendable {
    private enum Bounds {
        static let queryRows = 10_000
        /// The advisory lock's number: "capstan" in ASCII.
        static let lock: Int64 = 0x0063_6170_7374_616E
    }

    private let queue: DispatchQueue
    private let raw: OpaquePointer
    private let lockTimeout: Duration

    private init(raw: OpaquePointer, queue: DispatchQueue, options: PostgresOptions) {
        self.raw = raw
        self.queue = queue
        lockTimeout = options.lockTimeout
    }

    deinit { PQfinish(raw) }

    /// Connects and, to change the schema, takes the lock, which lives as long as the session.
    static func open(
        _ target: ConnectionTarget, options: PostgresOptions, isExclusive: Bool = true
    ) async throws(StorageError) -> PostgresSchemaSession {
        let queue = DispatchQueue(label: "capstan.postgres.schema")
        let opened: Result<PostgresSchemaSession, StorageError> = await withUnsafeContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: target.open(startupOptions: nil).map {
                        PostgresSchemaSession(raw: $0, queue: queue, options: options)
                    })
            }
        }
        let session = try opened.get()
        // Row-level security would hide rows from a migration that fills a column.
        try await session.perform("SET statement_timeout = 0; SET capstan.system = 'on'")
        if isExclusive { try await session.lock(patience: options.schemaLockTimeout, clock: SystemClock()) }
        try await session.perform("SET lock_timeout = \(max(1, options.lockTimeout.milliseconds))")
        return session
    }

    /// Tries for the lock every 20 ms.
    ///
    /// A statement that waited inside the server would keep its snapshot, which the holder's
    /// `CREATE INDEX CONCURRENTLY` waits for: the server would find a deadlock.
    private func lock(patience: Duration, clock: SystemClock) async throws(StorageError) {
        let deadline = clock.uptime() + patience
        while true {
            let rows = try await query("SELECT pg_try_advisory_lock(\(Bounds.lock))")
            if rows.value(row: 0, column: 0) == .bool(true) { return }
            guard clock.uptime() < deadline else {
                throw StorageError(
                    .lockTimeout,
                    "another process has been changing the schema for \(patience.milliseconds) ms: "
                        + "let it end, then try again")
            }
            do {
                try await clock.sleep(for: .milliseconds(20))
            } catch {
                throw StorageError(.cancelled, "the wait for the schema was cancelled", underlying: error)
            }
        }
    }

    func execute(_ text: String) async throws(StorageError) { try await perform(text) }

    func transaction(_ statements: [String]) async throws(StorageError) {
        try await perform("BEGIN")
        do {
            for statement in statements { try await perform(statement) }
            try await perform("COMMIT")
        } catch {
            // The first error is the cause; a ROLLBACK that fails means that the connection is gone, and so is the work.
            _ = await blocking { session in session.execute("ROLLBACK") }
            throw error
        }
    }

    func query(_ text: String) async throws(StorageError) -> any SQLRowSource {
        try await blocking { session in
            session.result(of: text, isBinary: true).flatMap {
                result -> Result<any SQLRowSource & Sendable, StorageError> in
                do throws(StorageError) {
                    let shape = try ResultShape(result)
                    let rows = PostgresRows(owning: result, shape: shape)
                    guard rows.rowCount <= Bounds.queryRows else {
                        throw StorageError(.tooLarge, "a migration's query gave more than \(Bounds.queryRows) rows")
                    }
                    return .success(rows)
                } catch {
                    return .failure(error)
                }
            }
        }.get()
    }

    /// Gives up the lock and the connection.
    func close() async { _ = await blocking { session in session.execute("SELECT pg_advisory_unlock_all()") } }

    private func perform(_ text: String) async throws(StorageError) {
        try await blocking { session in session.execute(text) }.get()
    }

    /// Runs on the session's thread; cancels on the server when the task is cancelled.
    private func blocking<Value: Sendable>(
        _ work: @escaping @Sendable (PostgresSchemaSession) -> Result<Value, StorageError>
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

    private func execute(_ text: String) -> Result<Void, StorageError> {
        result(of: text, isBinary: false).map { PQclear($0) }
    }

    private func result(of text: String, isBinary: Bool) -> Result<OpaquePointer, StorageError> {
        let result = isBinary ? PQexecParams(raw, text, 0, nil, nil, nil, nil, 1) : PQexec(raw, text)
        guard let result else { return .failure(StorageError(.unavailable, "no memory for a result")) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return .success(result)
        default:
            defer { PQclear(result) }
            let error = PostgresServerError(result)
            return .failure(
                error.state.isEmpty
                    ? StorageError(.unavailable, "the connection of the migration broke", underlying: error)
                    : error.storageError)
        }
    }
}

extension Reactor {
    /// A request to cancel what a connection runs; sent from a thread that may block.
    ///
    /// SAFETY: libpq's cancel object is made for use from other threads, and does not change.
    final class CancelRequest: @unchecked Sendable {
        private let request: OpaquePointer?

        init(_ raw: OpaquePointer) { request = PQgetCancel(raw) }

        deinit { PQfreeCancel(request) }

        func send() {
            var reason = [CChar](repeating: 0, count: 256)
            _ = PQcancel(request, &reason, 256)
        }
    }
}
