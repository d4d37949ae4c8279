import Foundation

/// A database of a test's own, to serve from and to look into past the server.
protocol TestDatabase {
    /// The address that `capstan serve --database` takes.
    var url: String { get }
    /// Rows of a query, past the server, with every tenant in sight.
    func rows(_ sql: String) throws -> [[String]]
}

extension TestDatabase {
    /// The one number that a query gives.
    func number(_ sql: String) throws -> Int {
        guard let text = try rows(sql).first?.first, let number = Int(text) else {
            throw Broken(.malformed, "no number from \(sql)")
        }
        return number
    }
}

/// A SQLite file.
struct SQLiteFile: TestDatabase {
    let path: String

    var url: String { "sqlite:\(path)" }

    func rows(_ sql: String) throws -> [[String]] {
        try Program.run(["sqlite3", "-batch", "-bail", "-separator", "\t", "file:\(path)?mode=ro", sql])
            .split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }
}

/// A database on a PostgreSQL of `Scripts/postgres`.
struct PostgresDatabase: TestDatabase {
    let url: String
    let adminURL: String

    func rows(_ sql: String) throws -> [[String]] {
        try Program.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", adminURL, "-c", sql])
            .split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    /// A new database on the server that the whole run shares; a copy of `template` when given.
    static func create(_ name: String, from template: String? = nil) throws -> PostgresDatabase {
        let url = try shared().url
        let source = template.map { " TEMPLATE \($0)" } ?? ""
        try Program.run(["psql", "-Xq", url, "-c", "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"])
        try Program.run(["psql", "-Xq", url, "-c", "CREATE DATABASE \(name)\(source)"])
        return try named(name)
    }

    private static func shared() throws -> (url: String, admin: String) {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["CAPSTAN_TEST_POSTGRES"], let admin = environment["CAPSTAN_TEST_POSTGRES_ADMIN"]
        else { throw Broken(.failed, "CAPSTAN_TEST_POSTGRES is not set; run Scripts/test or Scripts/servers") }
        return (url, admin)
    }

    /// A database on the server that the whole run shares.
    static func named(_ name: String) throws -> PostgresDatabase {
        let (url, admin) = try shared()
        func named(_ url: String) -> String { url.split(separator: "/").dropLast().joined(separator: "/") + "/" + name }
        return PostgresDatabase(
            url: named(url).replacing("postgres:/", with: "postgres://"),
            adminURL: named(admin).replacing("postgres:/", with: "postgres://"))
    }
}

/// A PostgreSQL of one test's own, for tests that stop it.
final class PostgresServer {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        chmod(folder.path, 0o711)
        try control("create")
    }

    deinit {
        // A server that does not stop is stopped with all others when the run ends.
        _ = try? control("stop")
    }

    var database: PostgresDatabase {
        get throws {
            PostgresDatabase(
                url: try control("url").trimmingCharacters(in: .newlines),
                adminURL: try control("admin-url").trimmingCharacters(in: .newlines))
        }
    }

    /// `start`, `stop`, `kill`, `pause`, `resume`.
    @discardableResult
    func control(_ verb: String) throws -> String {
        try Program.run([Capstan.root + "/Scripts/postgres", verb, folder.path + "/postgres"])
    }
}
