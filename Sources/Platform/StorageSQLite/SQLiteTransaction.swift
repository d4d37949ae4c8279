import Base
import GRDBSQLite
import Storage
import Synchronization

/// A transaction that holds a connection until it ends.
final class SQLiteTransaction: DriverTransaction {
    private let pool: ConnectionPool
    private let slot: Int
    private let isEnded = Atomic<Bool>(false)

    private var connection: SQLiteConnection { pool.connections[slot] }

    init(pool: ConnectionPool, slot: Int) {
        self.pool = pool
        self.slot = slot
    }

    deinit {
        guard end() else { return }
        let (pool, slot, connection) = (pool, slot, connection)
        connection.perform {
            connection.rollBack()
            pool.release(slot)
        }
    }

    func run(_ request: StatementRequest) async throws(StorageError) -> StatementResult {
        try await onConnection(name: request.name) { connection, operation throws(StorageError) in
            try connection.execute(request, by: operation)
        }
    }

    func stream(
        _ request: StatementRequest, chunkRows: Int, _ body: (any SQLRowSource) async throws -> Void
    ) async throws {
        let open = try await onConnection(name: request.name) { connection, operation throws(StorageError) in
            let statement = try connection.prepare(request.sql.text, name: request.name)
            do throws(StorageError) {
                try connection.guarded(by: operation) { () throws(StorageError) in
                    try statement.bind(request.sql.parameters, name: request.name)
                }
            } catch {
                connection.keep(statement)
                throw error
            }
            return OpenStatement(statement: statement)
        }
        do {
            while true {
                let chunk = try await onConnection(name: request.name) { connection, operation throws(StorageError) in
                    try open.chunk(request.name, rows: chunkRows, connection: connection, operation: operation)
                }
                if chunk.rowCount > 0 { try await body(chunk) }
                if chunk.rowCount < chunkRows { break }
            }
        } catch {
            await close(open)
            throw error
        }
        await close(open)
    }

    private func close(_ open: OpenStatement) async {
        let connection = connection
        _ = await connection.performing { () throws(StorageError) in connection.keep(open.statement) }
    }

    func commit() async throws(StorageError) -> CommitToken {
        guard end() else { throw Self.ended }
        let (pool, slot, connection) = (pool, slot, connection)
        let result = await connection.performing { () throws(StorageError) in
            defer {
                connection.rollBack()
                connection.boundLog()
                pool.release(slot)
            }
            guard connection.isInTransaction else { throw Self.abandoned }
            try connection.commit()
        }
        try result.get()
        return CommitToken(position: 0)
    }

    func rollback() async {
        guard end() else { return }
        let (pool, slot, connection) = (pool, slot, connection)
        _ = await connection.performing { () throws(StorageError) in
            connection.rollBack()
            pool.release(slot)
        }
    }

    /// `true` the first time only.
    private func end() -> Bool { !isEnded.exchange(true, ordering: .acquiringAndReleasing) }

    private func onConnection<Value: Sendable>(
        name: String,
        _ work: @escaping @Sendable (SQLiteConnection, Operation) throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        guard !isEnded.load(ordering: .acquiring) else { throw Self.ended }
        let connection = connection
        let operation = Operation(name: name)
        pool.note(name, on: slot)
        let result = await withTaskCancellationHandler {
            await connection.performing { () throws(StorageError) in
                guard connection.isInTransaction else { throw Self.abandoned }
                return try work(connection, operation)
            }
        } onCancel: {
            operation.cancel()
        }
        return try result.get()
    }

    private static let ended = StorageError(.transactionEnded, "the transaction has been committed or rolled back")
    private static let abandoned = StorageError(
        .transactionEnded, "SQLite undid the transaction when one of its statements failed")
}

/// A statement in the middle of its rows.
///
/// SAFETY: touched on its connection's queue only, and by one task at a time.
private final class OpenStatement: @unchecked Sendable {
    let statement: SQLiteStatement
    private var isDone = false

    init(statement: SQLiteStatement) { self.statement = statement }

    /// The next rows; fewer than `rows` at the end.
    func chunk(
        _ name: String, rows: Int, connection: SQLiteConnection, operation: Operation
    ) throws(StorageError) -> SQLiteRows {
        var builder = SQLiteRowsBuilder()
        try connection.guarded(by: operation) { () throws(StorageError) in
            while !isDone, builder.rowCount < rows {
                guard try connection.step(statement, name: name, by: operation) else {
                    isDone = true
                    return
                }
                builder.append(rowOf: statement.pointer, columns: statement.columnCount)
            }
        }
        return SQLiteRows(columns: statement.currentColumns(), builder: builder)
    }
}
