import Base
import Foundation
import GRDB
import GRDBSQLite
import Storage
import Synchronization

/// One connection, with its prepared statements and its guard against statements that run too long.
///
/// SAFETY: all mutable state is touched on the serial queue of `database` only, which ``perform(_:)`` enters.
final class SQLiteConnection: @unchecked Sendable {
    private enum Bounds {
        /// Steps of SQLite's machine between two looks at the clock: about 10 µs.
        static let stepsBetweenChecks: CInt = 1_000
        /// Longer texts (tables of many values) are prepared for one use.
        static let cachedTextBytes = 8_192
        static let pageBytes = 4_096
        /// 32 MiB: each checkpoint copies a page once, however often it was written since the last one.
        static let pagesBeforeCheckpoint = 8_192
    }

    let settings: SQLiteSettings
    private let database: DatabaseQueue
    private let handle: OpaquePointer
    private let clock = SystemClock()
    private var statements: BoundedMap<String, SQLiteStatement>
    private var current: Operation?
    private var deadline: Duration = .zero
    private var isTimedOut = false
    /// From then on the handle is not touched any more: whoever still holds the connection gets an error.
    private var isClosed = false
    /// Size of the log at which the next checkpoint waits for readers.
    private var restartPages: Int
    /// Size of the log from which on it is checkpointed.
    private let checkpointPages: Int
    private let logPages = Atomic<Int>(0)
    private let busyLimit: BusyLimit

    /// Opens the file; `access` decides whether it may be written.
    init(path: String, access: Access, settings: SQLiteSettings) throws(StorageError) {
        self.settings = settings
        statements = BoundedMap(capacity: settings.statementsMax)
        var configuration = Configuration()
        configuration.readonly = access == .read
        configuration.journalMode = access == .write ? .wal : .default
        configuration.foreignKeysEnabled = true
        configuration.allowsUnsafeTransactions = true
        configuration.label = access == .write ? "capstan.sqlite.writer" : "capstan.sqlite.reader"
        let limit = BusyLimit(settings.busyTimeout)
        busyLimit = limit
        restartPages = settings.journalBytes.bytes / Bounds.pageBytes
        checkpointPages = min(Bounds.pagesBeforeCheckpoint, restartPages / 2)
        configuration.busyMode = .callback { limit.wait(tries: $0) }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            handle = try database.inDatabase { db in
                guard let handle = db.sqliteConnection else {
                    throw StorageError(.unavailable, "SQLite opened no connection")
                }
                return handle
            }
            try database.inDatabase { db in try Self.configure(db, access: access, settings: settings) }
        } catch {
            throw SQLiteErrors.error(error, doing: "opening the SQLite file \(path)")
        }
        watch()
    }

    private static func configure(_ db: Database, access: Access, settings: SQLiteSettings) throws {
        try db.execute(sql: "PRAGMA cache_size = -\(settings.cacheBytes.bytes / 1_024)")
        try db.execute(sql: "PRAGMA mmap_size = \(settings.mapBytes.bytes)")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
        guard access == .write else {
            try db.execute(sql: "PRAGMA query_only = 1")
            return
        }
        try db.execute(sql: "PRAGMA journal_size_limit = \(settings.journalBytes.bytes)")
        // After the journal mode, because GRDB resets it to NORMAL there; asserted, because durability hangs on it.
        try db.execute(sql: "PRAGMA synchronous = \(settings.synchronous.rawValue)")
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
        let foreignKeys = try Int.fetchOne(db, sql: "PRAGMA foreign_keys")
        guard synchronous == settings.synchronous.rawValue, foreignKeys == 1 else {
            throw StorageError(
                .setup, "SQLite did not take synchronous = \(settings.synchronous.rawValue) and foreign_keys = 1")
        }
    }

    /// Has SQLite look at the clock and at the task's cancellation while a statement runs.
    private func watch() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                let connection = Unmanaged<SQLiteConnection>.fromOpaque(context).takeUnretainedValue()
                connection.logPages.store(Int(pages), ordering: .relaxed)
                return SQLITE_OK
            }, context)
        sqlite3_progress_handler(
            handle, Bounds.stepsBetweenChecks,
            { context in
                guard let context else { return 0 }
                return Unmanaged<SQLiteConnection>.fromOpaque(context).takeUnretainedValue().mustStop() ? 1 : 0
            }, context)
    }

    private func mustStop() -> Bool {
        guard let current else { return false }
        if current.isCancelled { return true }
        isTimedOut = clock.uptime() > deadline
        return isTimedOut
    }

    /// Runs `work` on this connection's queue, after all earlier work.
    func perform(_ work: @escaping @Sendable () -> Void) {
        database.asyncWriteWithoutTransaction { _ in work() }
    }

    /// Runs `work` on this connection's queue and waits for it, without holding a thread.
    func performing<Value: Sendable>(
        _ work: @escaping @Sendable () throws(StorageError) -> Value
    ) async -> Result<Value, StorageError> {
        await withCheckedContinuation { continuation in
            perform {
                do throws(StorageError) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }

    // MARK: Statements; on the queue

    /// Runs `work` under the statement time-out, stoppable through `operation`.
    func guarded<Value>(
        by operation: Operation?, _ work: () throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        if isClosed { throw SQLiteErrors.closed }
        if operation?.isCancelled == true { throw SQLiteErrors.cancelled }
        current = operation
        isTimedOut = false
        deadline = clock.uptime() + settings.statementTimeout
        defer { current = nil }
        return try work()
    }

    /// Runs a statement whole.
    func execute(_ request: StatementRequest, by operation: Operation) throws(StorageError) -> StatementResult {
        let statement = try prepare(request.sql.text, name: request.name)
        defer { keep(statement) }
        return try guarded(by: operation) { () throws(StorageError) in
            try statement.bind(request.sql.parameters, name: request.name)
            var builder = SQLiteRowsBuilder()
            while try step(statement, name: request.name, by: operation) {
                guard builder.rowCount < request.rowsMax else {
                    throw StorageError(.tooLarge, "\(request.name) gives more rows than the \(request.rowsMax) allowed")
                }
                builder.append(rowOf: statement.pointer, columns: statement.columnCount)
            }
            return StatementResult(
                rows: SQLiteRows(columns: statement.currentColumns(), builder: builder),
                affected: statement.isReadOnly ? 0 : Int(sqlite3_changes64(handle)))
        }
    }

    /// Goes to the next row; `false` when there is none.
    func step(_ statement: SQLiteStatement, name: String, by operation: Operation?) throws(StorageError) -> Bool {
        switch sqlite3_step(statement.pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case SQLITE_INTERRUPT:
            if operation?.isCancelled == true { throw SQLiteErrors.cancelled }
            throw StorageError(
                .statementTimeout, "\(name) ran longer than \(settings.statementTimeout.milliseconds) ms")
        default: throw SQLiteErrors.last(of: handle, doing: name)
        }
    }

    /// The prepared statement of a text, taken out of the cache until ``keep(_:)``.
    func prepare(_ text: String, name: String) throws(StorageError) -> SQLiteStatement {
        if isClosed { throw SQLiteErrors.closed }
        if let statement = statements[text] {
            statements[text] = nil
            return statement
        }
        return try SQLiteStatement(text, name: name, handle: handle)
    }

    /// Puts a statement back for the next use of its text.
    func keep(_ statement: SQLiteStatement) {
        if isClosed { return }
        statement.reset()
        if statement.text.utf8.count <= Bounds.cachedTextBytes { statements[statement.text] = statement }
    }

    /// Runs a statement of the driver's own: `BEGIN`, `COMMIT` and the like.
    func control(_ text: StaticString) throws(StorageError) {
        if isClosed { throw SQLiteErrors.closed }
        let text = text.description
        let statement: SQLiteStatement
        if let kept = statements[text] {
            statement = kept
        } else {
            statement = try SQLiteStatement(control: text, handle: handle)
        }
        defer { keep(statement) }
        _ = try step(statement, name: text, by: nil)
    }

    /// Whether a transaction is open: SQLite ends it by itself after a full disk, an interrupt and the like.
    var isInTransaction: Bool { !isClosed && sqlite3_get_autocommit(handle) == 0 }

    /// Undoes what is open.
    func rollBack() {
        guard isInTransaction else { return }
        do throws(StorageError) {
            try control("ROLLBACK")
        } catch {
            // A rollback fails only where SQLite has rolled back by itself already.
            precondition(!isInTransaction, "SQLite refuses to roll back: \(error)")
        }
    }

    /// Runs a statement as it is, for migrations.
    func executeSchema(_ text: String) throws(StorageError) {
        if isClosed { throw SQLiteErrors.closed }
        let statement = try SQLiteStatement(control: text, handle: handle)
        while try step(statement, name: "a step of a migration", by: nil) {}
    }

    /// Runs a query as it is, for migrations.
    func querySchema(_ text: String, rowsMax: Int) throws(StorageError) -> SQLiteRows {
        if isClosed { throw SQLiteErrors.closed }
        let statement = try SQLiteStatement(control: text, handle: handle)
        var builder = SQLiteRowsBuilder()
        while try step(statement, name: "a query of a migration", by: nil) {
            guard builder.rowCount < rowsMax else {
                throw StorageError(.tooLarge, "a query of a migration gives more than \(rowsMax) rows")
            }
            builder.append(rowOf: statement.pointer, columns: statement.columnCount)
        }
        return SQLiteRows(columns: statement.currentColumns(), builder: builder)
    }

    // MARK: The log

    /// Pages in the write-ahead log after the last commit of this connection.
    var pagesInLog: Int { logPages.load(ordering: .relaxed) }

    /// Keeps the log small; called between writes.
    ///
    /// A passive checkpoint never waits, so readers that overlap without a gap would let the log grow for ever. From
    /// the settings' size on, a checkpoint waits up to 50 ms for them, and again after each growth by a quarter.
    func boundLog() {
        if isClosed { return }
        let pages = pagesInLog
        guard pages >= checkpointPages else {
            restartPages = settings.journalBytes.bytes / Bounds.pageBytes
            return
        }
        let isLarge = pages >= restartPages
        if isLarge { restartPages = pages + pages / 4 }
        busyLimit.milliseconds.store(isLarge ? 50 : 0, ordering: .relaxed)
        defer { busyLimit.milliseconds.store(settings.busyTimeout.milliseconds, ordering: .relaxed) }
        // Busy is no failure here: the next commit tries again.
        sqlite3_wal_checkpoint_v2(
            handle, "main", isLarge ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }

    // MARK: The end

    /// Finalises all statements, then closes; the second time does nothing.
    func close() async {
        await withCheckedContinuation { continuation in
            perform { [self] in
                guard !isClosed else { return continuation.resume() }
                rollBack()
                isClosed = true
                statements = BoundedMap(capacity: 1)
                sqlite3_progress_handler(handle, 0, nil, nil)
                sqlite3_wal_hook(handle, nil, nil)
                DispatchQueue.global().async { [self] in
                    // A stream that was not read to its end keeps the connection open; its end will close it.
                    try? database.close()
                    continuation.resume()
                }
            }
        }
    }
}

/// How long SQLite waits for other processes; the wait happens inside, so that busy never surfaces before it is over.
final class BusyLimit: Sendable {
    let milliseconds: Atomic<Int64>

    init(_ limit: Duration) { milliseconds = Atomic(limit.milliseconds) }

    /// Sleeps 1, 2, 3 … 10 ms, then 10 ms each; `false` once the waits add up to the limit.
    func wait(tries: Int) -> Bool {
        let waited = tries < 10 ? tries * (tries + 1) / 2 : 55 + (tries - 10) * 10
        guard waited < milliseconds.load(ordering: .relaxed) else { return false }
        usleep(UInt32(min(10, tries + 1) * 1_000))
        return true
    }
}
