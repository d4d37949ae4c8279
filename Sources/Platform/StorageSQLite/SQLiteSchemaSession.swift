import Base
import Foundation
import Storage

/// Changes of the schema, on the writer.
struct SQLiteSchemaSession: SchemaSession {
    private enum Bounds {
        static let rows = 10_000
    }

    let connection: SQLiteConnection

    func execute(_ text: String) async throws(StorageError) {
        try await connection.performing { () throws(StorageError) in try connection.executeSchema(text) }.get()
    }

    func transaction(_ statements: [String]) async throws(StorageError) {
        try await connection.performing { () throws(StorageError) in
            defer { connection.rollBack() }
            try connection.control("BEGIN IMMEDIATE")
            for statement in statements { try connection.executeSchema(statement) }
            try connection.commit()
        }.get()
    }

    func query(_ text: String) async throws(StorageError) -> any SQLRowSource {
        try await connection.performing { () throws(StorageError) in
            try connection.querySchema(text, rowsMax: Bounds.rows)
        }.get()
    }
}

/// An advisory lock on a file, which the kernel gives back when the process dies.
struct FileLock: Sendable {
    private let descriptor: CInt

    /// Takes the lock, trying every 10 ms for as long as `patience`.
    static func lock(_ path: String, patience: Duration, clock: SystemClock) async throws -> FileLock {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StorageError(
                .unavailable, "the lock file \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        let deadline = clock.uptime() + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard clock.uptime() < deadline else {
                close(descriptor)
                throw StorageError(
                    .lockTimeout, "another process changes the schema; it held \(path) for \(patience.milliseconds) ms")
            }
            do {
                try await clock.sleep(for: .milliseconds(10))
            } catch {
                close(descriptor)
                throw error
            }
        }
        return FileLock(descriptor: descriptor)
    }

    /// Gives the lock back.
    func unlock() { close(descriptor) }
}
