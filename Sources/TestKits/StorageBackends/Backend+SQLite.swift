import Base
import Foundation
import Storage
import StorageSQLite
public import StorageTestKit

extension Backend {
    /// SQLite on a file in the temporary folder.
    public static let sqlite = Backend(name: "sqlite", capabilities: []) { modules in
        try await SQLiteLeases.open(modules)
    }
}

private enum SQLiteLeases {
    private enum Folder {}

    static func open(_ modules: [SchemaModule]) async throws -> Backend.Leased {
        let name = ID<Folder>(at: SystemClock().now(), using: SystemRandomness())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("capstan-test-\(name)")
        let driver = try SQLiteStorage(path: folder.appendingPathComponent("test.sqlite").path)
        try await Migrator(driver: driver, modules: modules, clock: SystemClock()).run()
        return Backend.Leased(driver: driver) {
            await driver.shutdown()
            // What remains in the temporary folder does no harm.
            try? FileManager.default.removeItem(at: folder)
        }
    }
}
