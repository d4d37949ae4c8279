import Base
import Foundation
import Storage
import StorageSQLite
public import StorageTestKit

extension Backend {
    /// SQLite on a file in the temporary folder.
    public static let sqlite = Backend(name: "sqlite", capabilities: []) { modules, options in
        try await SQLiteLeases.open(modules, options)
    }
}

private enum SQLiteLeases {
    private enum Folder {}

    static func open(_ modules: [SchemaModule], _ options: Backend.Options) async throws -> Backend.Leased {
        let name = ID<Folder>(at: SystemClock().now(), using: SystemRandomness())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("capstan-test-\(name)")
        var settings = SQLiteSettings()
        settings.statementTimeout = options.statementTimeout
        settings.leaseTimeout = options.leaseTimeout
        let driver = try SQLiteStorage(path: folder.appendingPathComponent("test.sqlite").path, settings: settings)
        try await Migrator(driver: driver, modules: modules, clock: SystemClock()).run()
        return Backend.Leased(driver: driver) {
            await driver.shutdown()
            // What remains in the temporary folder does no harm.
            try? FileManager.default.removeItem(at: folder)
        }
    }
}
