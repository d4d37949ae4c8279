import Base
import Foundation
import Storage

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

/// Runs `work` and returns its error, if it has one of storage.
func failure(_ work: () async throws -> Void) async -> StorageError? {
    do {
        try await work()
        return nil
    } catch {
        return error as? StorageError
    }
}
