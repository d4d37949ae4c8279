import Base
import Foundation
public import Storage
import Synchronization

/// Storage in one SQLite file: one connection that writes, several that read, none of which ever makes a caller see
/// "busy".
///
/// Connections are leased by `Urgency`, with a bounded queue and a deadline whose error names the holder.
/// Single-statement writes that wait together share one commit. Time-outs run on the machine's clock.
///
/// ```swift
/// let driver = try SQLiteStorage(path: "./capstan-data/capstan.sqlite")
/// ```
public final class SQLiteStorage: StorageDriver {
    /// The settings it was opened with.
    public let settings: SQLiteSettings
    /// The file.
    public let path: String

    private let writer: ConnectionPool
    private let readers: ConnectionPool
    private let useLock: Mutex<FileLock?>

    /// Opens the file, making it and its folder where they are missing.
    ///
    /// - Throws: `storage.setup` when SQLite does not take the settings, `storage.unavailable` when the file cannot be
    ///   opened or is damaged.
    public init(path: String, settings: SQLiteSettings = SQLiteSettings()) throws(StorageError) {
        settings.check()
        self.path = path
        self.settings = settings
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw StorageError(.unavailable, "the folder of \(path) cannot be made", underlying: error)
        }
        let lock = try FileLock.tryLock(path + "-open", exclusively: false)
        useLock = Mutex(lock)
        let (writing, reading): (SQLiteConnection, [SQLiteConnection])
        do throws(StorageError) {
            // The writer first: it makes the file and its log, without which nobody can read.
            writing = try SQLiteConnection(path: path, access: .write, settings: settings)
            reading = try Self.openReaders(path, settings)
        } catch {
            lock.unlock()
            throw error
        }
        writer = ConnectionPool(
            purpose: "the writer", connections: [writing], settings: settings, groupMax: settings.groupMax)
        readers = ConnectionPool(purpose: "a reader", connections: reading, settings: settings, groupMax: 1)
    }

    private static func openReaders(
        _ path: String, _ settings: SQLiteSettings
    ) throws(StorageError) -> [SQLiteConnection] {
        var readers: [SQLiteConnection] = []
        for _ in 0..<settings.readers {
            readers.append(try SQLiteConnection(path: path, access: .read, settings: settings))
        }
        return readers
    }

    /// SQLite's dialect.
    public var dialect: Dialect { .sqlite }

    /// Pages of 4 KiB in the write-ahead log after the last commit.
    public var pagesInLog: Int { writer.connections[0].pagesInLog }

    private func pool(for access: Access) -> ConnectionPool { access == .write ? writer : readers }

    /// Runs one statement in a transaction of its own.
    ///
    /// There is one file, hence no replica: freshness is always that of the primary.
    public func run(
        _ request: StatementRequest, scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> StatementResult {
        let pool = pool(for: access)
        let operation = Operation(name: request.name)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pool.submit(
                    .statement(
                        PendingStatement(
                            request: request, access: access, operation: operation, continuation: continuation)))
            }
        } onCancel: {
            pool.cancel(operation)
        }
        return try result.get()
    }

    /// Opens a transaction: the only one that writes, or one of several that read a snapshot.
    public func begin(
        scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> any DriverTransaction {
        let pool = pool(for: access)
        return try await lease(pool, name: access == .write ? "BEGIN IMMEDIATE" : "BEGIN") {
            slot throws(StorageError) in
            if access == .write {
                try pool.connections[slot].control("BEGIN IMMEDIATE")
            } else {
                try pool.connections[slot].control("BEGIN")
            }
            return SQLiteTransaction(pool: pool, slot: slot)
        }
    }

    /// Waits for a connection and prepares it on its own queue; gives it back when that fails.
    private func lease<Value: Sendable>(
        _ pool: ConnectionPool, name: String,
        _ prepare: @escaping @Sendable (_ slot: Int) throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let operation = Operation(name: name)
        let result: Result<Value, StorageError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pending = PendingLease(operation: operation) { slot in
                    do throws(StorageError) {
                        if operation.isCancelled { throw SQLiteErrors.cancelled }
                        continuation.resume(returning: .success(try prepare(slot)))
                    } catch {
                        pool.release(slot)
                        continuation.resume(returning: .failure(error))
                    }
                } refuse: { error in
                    continuation.resume(returning: .failure(error))
                }
                pool.submit(.lease(pending))
            }
        } onCancel: {
            pool.cancel(operation)
        }
        return try result.get()
    }

    /// Opens the one session that may change the schema.
    ///
    /// It holds the writer and a lock on the file `<path>-schema`, which keeps other processes out.
    public func withSchemaSession<Result: Sendable>(
        _ body: @Sendable (any SchemaSession) async throws -> Result
    ) async throws -> Result {
        let lock = try await FileLock.lock(path + "-schema", patience: settings.leaseTimeout, clock: SystemClock())
        defer { lock.unlock() }
        let writer = writer
        let slot = try await lease(writer, name: "a change of the schema") { slot throws(StorageError) in slot }
        defer { writer.release(slot) }
        return try await body(SQLiteSchemaSession(connection: writer.connections[slot]))
    }

    /// What the operator's console shows of connections and waits.
    public func statistics() -> DriverStatistics {
        var statistics = DriverStatistics()
        writer.addStatistics(to: &statistics)
        readers.addStatistics(to: &statistics)
        statistics.isAvailable = statistics.connectionsOpen > 0
        return statistics
    }

    /// Refuses new work, waits for open transactions as long as the settings say, and closes all connections.
    public func shutdown() async {
        // Readers last to be refused, first to be closed: the last connection to close removes the log.
        await writer.close(patience: settings.shutdownPatience)
        await readers.close(patience: settings.shutdownPatience)
        for connection in readers.connections + writer.connections { await connection.close() }
        useLock.withLock { lock in
            lock?.unlock()
            lock = nil
        }
    }
}
