import ArgumentParser
import Hosting
import Storage
import StorageSQLite

/// Copies a SQLite database, also while it is being used.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy a SQLite database to a file, also while the server runs.")

    @Argument(help: "The file to write; it must not exist.")
    var file: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let path = try SQLiteFile.path(of: try common.installation(), for: "backup", instead: "pg_dump")
        let storage = try SQLiteStorage(path: path)
        do {
            try await storage.backup(to: file)
        } catch {
            await storage.shutdown()
            throw error
        }
        await storage.shutdown()
        print("The backup \(file) is complete and checked. Copy the data folder's blobs and key after it.")
    }
}

/// Puts a backup where no database is yet.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Put a backup where no SQLite database is yet.")

    @Argument(help: "The backup to read.")
    var file: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let installation = try common.installation()
        let path = try SQLiteFile.path(of: installation, for: "restore", instead: "pg_restore")
        try installation.createFolder(to: path)
        try await SQLiteStorage.restore(from: file, to: path)
        print("The database \(path) is restored from \(file).")
    }
}

/// Where the SQLite database of an installation is.
private enum SQLiteFile {
    static func path(of installation: Installation, for command: String, instead: String) throws(Failure) -> String {
        guard case .sqlite(let path) = installation.database else {
            throw .usedWrongly(
                "`capstan \(command)` is for SQLite: use \(instead), as Documentation/Operating/backup.md says")
        }
        return path
    }
}
