import Base
import Foundation
import GRDB
public import Storage

extension SQLiteStorage {
    /// What to do where a file stands already.
    public enum Existing: Sendable, Hashable {
        /// Leaves it and throws.
        case refuse
        /// Puts the new one in its place.
        case replace
    }

    /// Writes a copy of the database as it is now to a file, while others read and write.
    ///
    /// The copy is complete and checked (`integrity_check`, `foreign_key_check`), synchronised to the disk, and only
    /// then given its name: a file of that name is always a whole backup. It holds back the log's checkpoints for as long
    /// as it takes, and uses a connection of its own.
    ///
    /// - Throws: `storage.setup` when the file exists; `storage.diskFull`; `storage.unavailable` when the copy is damaged.
    public func backup(to file: String, existing: Existing = .refuse) async throws(StorageError) {
        let source = path
        try await blocking { () throws(StorageError) in
            try SQLiteBackup.copy(source, to: file, existing: existing)
        }
    }

    /// Puts a backup in the place of a database that nobody uses.
    ///
    /// The backup is checked first; the database is replaced in one step, so that a crash leaves the old or the new one.
    ///
    /// - Throws: `storage.setup` when a database stands there and `existing` is `refuse`, or when someone uses it;
    ///   `storage.unavailable` when the backup is damaged or missing.
    public static func restore(
        from file: String, to path: String, existing: Existing = .refuse
    ) async throws(StorageError) {
        let lock = try FileLock.tryLock(path + "-open", exclusively: true)
        defer { lock.unlock() }
        try await blocking { () throws(StorageError) in
            guard FileManager.default.fileExists(atPath: file) else {
                throw StorageError(.unavailable, "there is no backup at \(file)")
            }
            try SQLiteBackup.check(file)
            // What the old database's log holds belongs to it, not to the new one.
            if existing == .replace { try SQLiteBackup.foldLog(of: path) }
            try SQLiteBackup.copy(file, to: path, existing: existing)
        }
    }
}

/// Runs work that blocks on a thread of its own, outside of the pool that all tasks share.
private func blocking(_ work: @escaping @Sendable () throws(StorageError) -> Void) async throws(StorageError) {
    let result = await withCheckedContinuation {
        (continuation: CheckedContinuation<Result<Void, StorageError>, Never>) in
        DispatchQueue.global().async {
            do throws(StorageError) {
                continuation.resume(returning: .success(try work()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    try result.get()
}

private enum SQLiteBackup {
    static func copy(
        _ source: String, to target: String, existing: SQLiteStorage.Existing
    ) throws(StorageError) {
        let files = FileManager.default
        guard existing == .replace || !files.fileExists(atPath: target) else {
            throw StorageError(.setup, "\(target) exists already: remove it or choose another name")
        }
        let partial = target + ".partial"
        do {
            if files.fileExists(atPath: partial) { try files.removeItem(atPath: partial) }
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let database = try DatabaseQueue(path: source, configuration: configuration)
            try database.inDatabase { db in try db.execute(sql: "VACUUM INTO ?", arguments: [partial]) }
            try database.close()
            try check(partial)
            try synchronise(partial)
            guard rename(partial, target) == 0 else {
                throw StorageError(.unavailable, "\(partial) cannot be renamed to \(target)")
            }
            try synchronise(URL(fileURLWithPath: target).deletingLastPathComponent().path)
        } catch {
            // The copy is useless; where it cannot be removed, the next one will try.
            try? files.removeItem(atPath: partial)
            throw SQLiteErrors.error(error, doing: "copying \(source) to \(target)")
        }
    }

    /// Opens a copy and looks at every page of it.
    static func check(_ path: String) throws(StorageError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let database = try DatabaseQueue(path: path, configuration: configuration)
            let (pages, keys) = try database.inDatabase { db in
                (
                    try String.fetchOne(db, sql: "PRAGMA integrity_check(1)"),
                    try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil
                )
            }
            try database.close()
            guard pages == "ok", keys else {
                throw StorageError(
                    .unavailable, "\(path) is damaged: \(keys ? pages ?? "no answer" : "rows refer to missing rows")")
            }
        } catch {
            throw SQLiteErrors.error(error, doing: "checking \(path)")
        }
    }

    /// Brings what stands in the log of a database into its file, so that the log can be dropped with it.
    static func foldLog(of path: String) throws(StorageError) {
        let files = FileManager.default
        guard files.fileExists(atPath: path) else { return }
        do {
            let database = try DatabaseQueue(path: path)
            try database.inDatabase { db in try db.execute(sql: "PRAGMA journal_mode = DELETE") }
            try database.close()
        } catch {
            // A database that is too damaged to open is what a backup is for.
            for suffix in ["-wal", "-shm"] { try? files.removeItem(atPath: path + suffix) }
        }
    }

    private static func synchronise(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            throw StorageError(.unavailable, "\(path) cannot be synchronised to the disk")
        }
        close(descriptor)
    }
}
