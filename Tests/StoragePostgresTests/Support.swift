import Base
import BaseTestKit
import Foundation
import Logging
import StoragePostgres
import Synchronization
import Testing

@testable import Storage

/// The PostgreSQL that `Scripts/test` has started.
enum TestServer {
    enum Route: String, CaseIterable, Sendable {
        case direct = "CAPSTAN_TEST_POSTGRES"
        case pooler = "CAPSTAN_TEST_PGBOUNCER"
    }

    static let tenant = Tenant(ID(high: 0x0198_C2A4_91D2_7C3B, low: 0xA111_0242_AC12_0002))
    static let otherTenant = Tenant(ID(high: 0x0198_C2A4_91D2_7C3B, low: 0xA111_0242_AC12_0003))
    static let system = Scope.system(SystemCapability(name: "test.all", reason: "tests look at everything"))

    static var logger: Logger {
        var logger = Logger(label: "test.postgres")
        logger.logLevel = .critical
        return logger
    }

    static func url(_ route: Route = .direct) throws -> Secret<String> {
        let url = try #require(
            ProcessInfo.processInfo.environment[route.rawValue],
            "set \(route.rawValue), or run the tests through Scripts/test, which starts the servers")
        return Secret(url)
    }

    static func driver(
        _ route: Route = .direct, options: PostgresOptions = PostgresOptions()
    ) throws -> PostgresStorage {
        var options = options
        if route == .pooler {
            options.pooling = .transactionPooler
            options.directURL = try url(.direct)
        }
        return try PostgresStorage(
            url: url(route), options: options, clock: SystemClock(), randomness: SystemRandomness(), logger: logger)
    }

    /// A driver and a table of one's own, which goes when the test ends.
    static func withTable(
        _ columns: String, route: Route = .direct, options: PostgresOptions = PostgresOptions(),
        _ body: (PostgresStorage, String) async throws -> Void
    ) async throws {
        let driver = try driver(route, options: options)
        let table = "t_" + ID<Tenant>(at: .epoch, using: SystemRandomness()).description.suffix(12)
        try await driver.withSchemaSession { session in
            try await session.execute("CREATE TABLE \(table) (\(columns))")
        }
        var failure: (any Error)?
        do { try await body(driver, table) } catch { failure = error }
        try? await driver.withSchemaSession { session in  // a test may have stopped the server
            try await session.execute("DROP TABLE \(table)")
        }
        await driver.shutdown()
        if let failure { throw failure }
    }
}

extension RenderedSQL {
    /// A statement whose text is made up by a test.
    init(_ text: String, _ parameters: [Parameter] = []) {
        self.init(text: text, parameters: parameters, tenants: [])
    }
}

extension StatementRequest {
    init(_ text: String, _ parameters: [SQLValue] = [], name: String = "test.statement", rowsMax: Int = 10_000) {
        self.init(name: name, sql: RenderedSQL(text, parameters.map { .value($0) }), rowsMax: rowsMax)
    }
}

extension PostgresStorage {
    @discardableResult
    func read(
        _ text: String, _ parameters: [SQLValue] = [], scope: Scope = .tenant(TestServer.tenant), rowsMax: Int = 10_000
    ) async throws -> any SQLRowSource {
        try await run(
            StatementRequest(text, parameters, rowsMax: rowsMax), scope: scope, access: .read, freshness: .primary
        ).rows
    }

    @discardableResult
    func write(
        _ text: String, _ parameters: [SQLValue] = [], scope: Scope = .tenant(TestServer.tenant), rowsMax: Int = 10_000,
        name: String = "test.write"
    ) async throws -> StatementResult {
        try await run(
            StatementRequest(text, parameters, name: name, rowsMax: rowsMax), scope: scope, access: .write,
            freshness: .primary)
    }

    func count(_ table: String) async throws -> Int64? {
        Int64.decode(try await read("SELECT count(*) FROM \(table)").value(row: 0, column: 0))
    }
}

extension SQLRowSource {
    var firstValue: SQLValue { value(row: 0, column: 0) }
}

/// The error that `body` throws.
func storageError(_ body: () async throws -> Void) async -> StorageError? {
    do {
        try await body()
        Issue.record("nothing was thrown")
        return nil
    } catch {
        if error as? StorageError == nil { Issue.record("\(error) is no StorageError") }
        return error as? StorageError
    }
}
