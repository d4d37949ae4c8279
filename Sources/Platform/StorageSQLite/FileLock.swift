import Base
import Foundation
import Storage

/// An advisory lock on a file, which the kernel gives back when the process dies.
struct FileLock: Sendable {
    private let descriptor: CInt

    /// Takes the lock alone, trying every 10 ms for as long as `patience`.
    static func lock(_ path: String, patience: Duration, clock: SystemClock) async throws -> FileLock {
        let descriptor = try open(path)
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

    /// Takes the lock at once or throws: alone, or together with others who do not want it alone.
    static func tryLock(_ path: String, exclusively isExclusive: Bool) throws(StorageError) -> FileLock {
        let descriptor = try open(path)
        guard flock(descriptor, (isExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            close(descriptor)
            throw StorageError(
                .setup,
                isExclusive
                    ? "another process uses the database of \(path): stop it first"
                    : "the database of \(path) is being restored: try again when that is done")
        }
        return FileLock(descriptor: descriptor)
    }

    private static func open(_ path: String) throws(StorageError) -> CInt {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StorageError(
                .unavailable, "the lock file \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// Gives the lock back.
    func unlock() { close(descriptor) }
}
