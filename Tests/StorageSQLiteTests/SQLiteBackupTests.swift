import Base
import BaseTestKit
import Foundation
import Storage
import StorageSQLite
import Testing

@Suite struct SQLiteBackupTests {
    private func insert(_ count: Int, _ storage: Storage, from first: Int = 0) async throws {
        for number in first..<(first + count) {
            try await storage.writer(bypassingTenant: system).execute(
                "counter.insert", "INSERT INTO counters VALUES (\(String(number)), \(number))")
        }
    }

    private func count(_ path: String) async throws -> Int {
        let driver = try SQLiteStorage(path: path)
        let storage = Storage(
            driver: driver, modules: [], cursorKey: Secret(Array(repeating: 7, count: 32)), clock: SystemClock(),
            randomness: SystemRandomness())
        let count = try await storage.reader(bypassingTenant: system).one(
            Number.self, "counter.count", "SELECT count(*) FROM counters")
        await driver.shutdown()
        return count.value
    }

    @Test func `a backup taken under writes is whole, and a restore gives back what it holds`() async throws {
        let scratch = try await Scratch()
        let backup = scratch.folder.appendingPathComponent("backup.sqlite").path
        try await insert(50, scratch.storage)
        async let more: Void = insert(100, scratch.storage, from: 1_000)
        try await scratch.driver.backup(to: backup)
        try await more
        let kept = try await count(backup)
        #expect((50...150).contains(kept))

        let restored = scratch.folder.appendingPathComponent("restored.sqlite").path
        try await SQLiteStorage.restore(from: backup, to: restored)
        #expect(try await count(restored) == kept)

        // In the place of the database itself, once nobody uses it.
        let busy = await failure {
            try await SQLiteStorage.restore(from: backup, to: scratch.driver.path, existing: .replace)
        }
        #expect(busy?.code == .setup)
        await scratch.driver.shutdown()
        let standing = await failure { try await SQLiteStorage.restore(from: backup, to: scratch.driver.path) }
        #expect(standing?.code == .setup)
        try await SQLiteStorage.restore(from: backup, to: scratch.driver.path, existing: .replace)
        #expect(try await count(scratch.driver.path) == kept)
    }

    @Test func `a backup does not overwrite, and leaves nothing when it fails`() async throws {
        let scratch = try await Scratch()
        let backup = scratch.folder.appendingPathComponent("backup.sqlite").path
        try await scratch.driver.backup(to: backup)
        #expect(await failure { try await scratch.driver.backup(to: backup) }?.code == .setup)
        try await scratch.driver.backup(to: backup, existing: .replace)
        let nowhere = scratch.folder.appendingPathComponent("none/backup.sqlite").path
        #expect(await failure { try await scratch.driver.backup(to: nowhere) } != nil)
        #expect(!FileManager.default.fileExists(atPath: backup + ".partial"))
        await scratch.driver.shutdown()
    }

    @Test func `a damaged or missing backup is refused and the database stays`() async throws {
        let scratch = try await Scratch()
        try await insert(2_000, scratch.storage)
        let backup = scratch.folder.appendingPathComponent("backup.sqlite").path
        try await scratch.driver.backup(to: backup)
        await scratch.driver.shutdown()
        let handle = try #require(FileHandle(forUpdatingAtPath: backup))
        try handle.seek(toOffset: 3 * 4_096)
        try handle.write(contentsOf: Data(repeating: 0xFF, count: 8_192))
        try handle.close()
        let damaged = await failure {
            try await SQLiteStorage.restore(from: backup, to: scratch.driver.path, existing: .replace)
        }
        #expect(damaged?.code == .unavailable)
        let missing = await failure {
            try await SQLiteStorage.restore(from: backup + "x", to: scratch.driver.path, existing: .replace)
        }
        #expect(missing?.code == .unavailable)
        #expect(try await count(scratch.driver.path) == 2_000)
    }
}
