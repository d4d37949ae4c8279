import Base
import Foundation
import Logging
import Storage
import StoragePostgres
import StorageTestKit

/// Makes, empties and removes databases of tests.
enum PostgresDatabases {
    private enum Bounds {
        static let leftovers = 100
    }

    private static let all = SystemCapability(name: "test.databases", reason: "makes and empties databases of tests")

    static func driver(
        _ url: Secret<String>, direct: Secret<String>?, options: Backend.Options
    ) throws -> PostgresStorage {
        var settings = PostgresOptions()
        settings.readConnections = 2
        settings.writeConnections = 2
        settings.transactionConnections = 4
        settings.statementTimeout = options.statementTimeout
        settings.lockTimeout = min(.seconds(10), options.statementTimeout / 2)
        settings.acquireTimeout = options.leaseTimeout
        // Tests share their machine with compilers.
        settings.connectTimeout = .seconds(20)
        settings.outageTimeout = .seconds(20)
        if let direct {
            settings.pooling = .transactionPooler
            settings.directURL = direct
        }
        var logger = Logger(label: "capstan.test.postgres")
        logger.logLevel = .critical
        return try PostgresStorage(
            url: url, options: settings, clock: SystemClock(), randomness: SystemRandomness(), logger: logger)
    }

    /// Makes a database, sorted by bytes as SQLite sorts, and runs the modules' migrations.
    static func make(_ name: String, at server: ServerAddress, modules: [SchemaModule]) async throws {
        try await withSession(server.own) { session in
            try await session.execute(
                "CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
        }
        let driver = try driver(server.replacing(database: name), direct: nil, options: Backend.Options())
        do {
            try await Migrator(driver: driver, modules: modules, clock: SystemClock()).run()
        } catch {
            await driver.shutdown()
            throw error
        }
        await driver.shutdown()
    }

    /// Removes all rows; `false` where a test has changed the schema, so that the database cannot be used again.
    ///
    /// Such a database is left to ``removeLeftovers(at:)``: each removal waits for a checkpoint of the whole server.
    static func empty(_ name: String, at server: ServerAddress, modules: [SchemaModule]) async -> Bool {
        let tables = modules.flatMap(\.tables).map(\.name)
        do {
            return try await withSession(server.replacing(database: name)) { session in
                let found = try await session.query(
                    """
                    SELECT c.relname::text FROM pg_class c
                    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
                    """)
                let migrations = try await session.query("SELECT 1 FROM capstan_migrations")
                let expected = Set(tables + ["capstan_migrations"])
                let names = try (0..<found.rowCount).map {
                    try SQLRow(source: found, index: $0).value(at: 0, as: String.self)
                }
                guard !tables.isEmpty, Set(names) == expected,
                    migrations.rowCount == modules.map(\.migrations.count).reduce(0, +)
                else { return false }
                try await session.execute("TRUNCATE \(tables.joined(separator: ", "))")
                return true
            }
        } catch {
            // A broken server makes the next lease fail with its reason.
            return false
        }
    }

    /// Removes databases of test processes that are gone, once there are many.
    static func removeLeftovers(at server: ServerAddress) async throws {
        try await withSession(server.own) { session in
            let found = try await session.query(
                "SELECT datname::text FROM pg_database WHERE datname LIKE 'capstan\\_test\\_%'")
            guard found.rowCount > Bounds.leftovers else { return }
            for index in 0..<found.rowCount {
                let name = try SQLRow(source: found, index: index).value(at: 0, as: String.self)
                guard let process = name.split(separator: "_").dropFirst(2).first,
                    !FileManager.default.fileExists(atPath: "/proc/\(process)")
                else { continue }
                try await session.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            }
        }
    }

    private static func withSession<Result: Sendable>(
        _ url: Secret<String>, _ body: @Sendable (any SchemaSession) async throws -> Result
    ) async throws -> Result {
        let driver = try driver(url, direct: nil, options: Backend.Options())
        do {
            let result = try await driver.withSchemaSession(body)
            await driver.shutdown()
            return result
        } catch {
            await driver.shutdown()
            throw error
        }
    }
}

/// `postgres://…`, also with another database at its end.
struct ServerAddress: Sendable {
    /// As it was given.
    var own: Secret<String> { Secret(url) }
    private let url: String

    init?(_ url: String) {
        guard URLComponents(string: url) != nil else { return nil }
        self.url = url
    }

    func replacing(database: String) -> Secret<String> {
        var components = URLComponents(string: url) ?? URLComponents()
        components.path = "/" + database
        return Secret(components.string ?? url)
    }
}
