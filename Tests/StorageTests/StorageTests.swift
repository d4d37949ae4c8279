import Base
import BaseTestKit
import Storage
import StorageTestKit
import Synchronization
import Telemetry
import Testing

@Suite struct StorageTests {
    private struct Stop: Error {}

    private let tenant = Tenant(ID(high: 1, low: 2))

    private final class Effects: CommitObserver {
        let seen = Mutex<[CommitEffect]>([])
        func committed(_ effects: [CommitEffect], for tenant: Tenant?) async { seen.withLock { $0 += effects } }
    }

    private func storage(_ driver: ScriptedDriver, clock: any WallClock = SystemClock()) -> Storage {
        Storage(
            driver: driver,
            modules: [
                SchemaModule(
                    name: "clips", tables: [TableDeclaration("clips"), TableDeclaration("settings", .system)],
                    migrations: [])
            ], cursorKey: Backend.cursorKey, clock: clock, randomness: SeededRandomness(seed: 1))
    }

    @Test func `a transaction that cannot be ordered runs again, and its effects happen once`() async throws {
        let driver = ScriptedDriver(commitFailures: [.serializationFailure, .deadlock])
        let storage = storage(driver)
        let effects = Effects()
        storage.addObserver(effects)
        try await storage.write(for: tenant) { write in
            write.afterCommit(.invalidate(tag: "a"))
            write.afterCommit(.invalidate(tag: "a"))
        }
        #expect(driver.state.withLock { $0.begun } == 3)
        #expect(driver.state.withLock { $0.committed } == 1)
        #expect(effects.seen.withLock { $0 } == [.invalidate(tag: "a")])
    }

    @Test func `it gives up after a few attempts`() async throws {
        let driver = ScriptedDriver(commitFailures: Array(repeating: .deadlock, count: 10))
        let storage = storage(driver)
        let error = try await #require(throws: StorageError.self) { try await storage.write(for: tenant) { _ in } }
        #expect(error.code == .deadlock)
        #expect(driver.state.withLock { $0.begun } == Storage.Bounds.attempts)
    }

    @Test(arguments: [StorageError.Code.uniqueViolation, .outcomeUnknown, .unavailable, .diskFull])
    func `other failures of a commit are not tried again and have no effects`(code: StorageError.Code) async throws {
        let driver = ScriptedDriver(commitFailures: [code])
        let storage = storage(driver)
        let effects = Effects()
        storage.addObserver(effects)
        let error = try await #require(throws: StorageError.self) {
            try await storage.write(for: tenant) { $0.afterCommit(.invalidate(tag: "a")) }
        }
        #expect(error.code == code)
        #expect(driver.state.withLock { $0.begun } == 1)
        #expect(effects.seen.withLock { $0 }.isEmpty)
    }

    @Test func `a closure that throws is rolled back and not tried again`() async throws {
        let driver = ScriptedDriver()
        await #expect(throws: Stop.self) { try await storage(driver).write(for: tenant) { _ in throw Stop() } }
        #expect(driver.state.withLock { $0.rolledBack } == 1)
        #expect(driver.state.withLock { $0.begun } == 1)
    }

    @Test func `the pause before another attempt is a few milliseconds of the clock that was given`() async throws {
        let clock = SimClock()
        let driver = ScriptedDriver(commitFailures: [.deadlock])
        let storage = storage(driver, clock: clock)
        try await withThrowingTaskGroup { group in
            group.addTask { [tenant] in try await storage.write(for: tenant) { _ in } }
            while clock.sleeperCount == 0 { await Task.yield() }
            #expect(driver.state.withLock { $0.begun } == 1)
            clock.advance(by: .milliseconds(4))
            try await group.waitForAll()
        }
        #expect(driver.state.withLock { $0.committed } == 1)
    }

    @Test func `the gate knows tables by their whole name in any case, and remembers its findings`() async throws {
        let driver = ScriptedDriver()
        let storage = storage(driver)
        let reader = storage.reader(for: tenant)
        for _ in 0..<2 {
            for sql in [
                "SELECT 1 FROM clips", "select 1 from CLIPS", "SELECT 1 FROM a, \"clips\"", "DELETE FROM clips c",
            ]
                as [SQL]
            {
                let error = try await #require(throws: StorageError.self) {
                    _ = try await reader.run("bad", sql, rowsMax: 1)
                }
                #expect(error.code == .tenantMissing)
            }
            for sql in [
                "SELECT 1 FROM settings", "SELECT 1 FROM clips_archive", "SELECT 1 FROM clips WHERE t = \(tenant)",
            ]
                as [SQL]
            {
                _ = try await reader.run("good", sql, rowsMax: 1)
            }
        }
        #expect(driver.state.withLock { $0.statements.count } == 6)
        _ = try await storage.reader(bypassingTenant: Retention.capability).run(
            "system", "SELECT 1 FROM clips", rowsMax: 1)
    }

    @Test func `statistics count each statement by its name`() async throws {
        let storage = storage(ScriptedDriver())
        for _ in 0..<3 { _ = try await storage.reader(for: tenant).run("a", "SELECT 1", rowsMax: 1) }
        _ = try? await storage.reader(for: tenant).run("b", "SELECT 1 FROM clips", rowsMax: 1)  // refused by the gate
        let entry = try #require(storage.statistics.all.first { $0.name == "a" })
        #expect(entry.count == 3 && entry.rows == 3 && entry.failures == 0)
        #expect(!storage.statistics.all.contains { $0.name == "b" })
    }
}
