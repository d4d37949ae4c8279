import Base
import BaseTestKit
import Foundation
import Storage
import Testing

@testable import StorageSQLite

/// A database in a folder of its own, removed at the end.
final class Scratch: Sendable {
    let folder: URL
    let driver: SQLiteStorage
    let storage: Storage

    static let tables = SchemaModule(
        name: "test",
        tables: [TableDeclaration("notes"), TableDeclaration("counters", .system)],
        migrations: [])

    init(_ settings: SQLiteSettings = SQLiteSettings()) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "capstan-\(ID<Scratch.Mark>(at: SystemClock().now(), using: SystemRandomness()))")
        driver = try SQLiteStorage(path: folder.appendingPathComponent("test.sqlite").path, settings: settings)
        storage = Storage(
            driver: driver, modules: [Self.tables], cursorKey: Secret(Array(repeating: 7, count: 32)),
            clock: SystemClock(), randomness: SystemRandomness())
        try await driver.withSchemaSession { session in
            try await session.transaction([
                "CREATE TABLE notes (tenant_id uuid NOT NULL, id uuid NOT NULL, body text NOT NULL CHECK (body <> ''), "
                    + "made_at timestamptz, is_read boolean, PRIMARY KEY (tenant_id, id))",
                "CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL)",
            ])
        }
    }

    enum Mark {}

    deinit {
        // What remains in the temporary folder does no harm.
        try? FileManager.default.removeItem(at: folder)
    }
}

enum Note {}

let system = SystemCapability(name: "test.all", reason: "tests look at everything")
let tenant = Tenant(ID(high: 1, low: 2))

struct Number: RowDecodable {
    var value: Int
    init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
}

@Suite struct SQLiteStorageTests {
    @Test func `a note is written and read with its types`() async throws {
        let scratch = try await Scratch()
        let id = ID<Note>(high: 3, low: 4)
        let time = Timestamp(microseconds: 1_700_000_000_123_456)
        try await scratch.storage.writer(for: tenant).execute(
            "note.insert", "INSERT INTO notes VALUES (\(tenant), \(id), \("hä"), \(time), \(true))")
        let result = try await scratch.storage.reader(for: tenant).run(
            "note.read", "SELECT * FROM notes WHERE tenant_id = \(tenant)", rowsMax: 10)
        #expect(result.rows.rowCount == 1)
        #expect(result.rows.value(row: 0, column: 1) == id.sqlValue)
        #expect(result.rows.value(row: 0, column: 2) == .text("hä"))
        #expect(result.rows.value(row: 0, column: 3) == .timestamp(time))
        #expect(result.rows.value(row: 0, column: 4) == .bool(true))
        await scratch.driver.shutdown()
    }

    @Test func `many concurrent writes are each acknowledged and counted once`() async throws {
        let scratch = try await Scratch()
        let storage = scratch.storage
        try await storage.writer(bypassingTenant: system).execute(
            "counter.insert", "INSERT INTO counters VALUES ('a', 0)")
        try await withThrowingTaskGroup { group in
            for _ in 0..<300 {
                group.addTask {
                    try await storage.writer(bypassingTenant: system).execute(
                        "counter.add", "UPDATE counters SET value = value + 1 WHERE name = 'a'")
                }
            }
            try await group.waitForAll()
        }
        let count = try await storage.reader(bypassingTenant: system).one(
            Number.self, "counter.read", "SELECT value FROM counters")
        #expect(count.value == 300)
        await scratch.driver.shutdown()
    }

    @Test func `a transaction that throws leaves nothing`() async throws {
        struct Stop: Error {}
        let scratch = try await Scratch()
        await #expect(throws: Stop.self) {
            try await scratch.storage.write(bypassingTenant: system) { write in
                try await write.execute("counter.insert", "INSERT INTO counters VALUES ('a', 1)")
                throw Stop()
            }
        }
        let count = try await scratch.storage.reader(bypassingTenant: system).one(
            Number.self, "counter.count", "SELECT count(*) FROM counters")
        #expect(count.value == 0)
        await scratch.driver.shutdown()
    }
}
