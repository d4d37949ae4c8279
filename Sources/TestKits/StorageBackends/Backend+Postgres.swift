import Base
import Foundation
import Storage
import StoragePostgres
public import StorageTestKit

extension Backend {
    /// PostgreSQL at `CAPSTAN_TEST_POSTGRES`, whose role may create databases.
    public static let postgres = Backend(
        name: "postgres", capabilities: [.concurrentWriters, .rowSecurity, .checkedJSON]
    ) { modules, options in
        try await PostgresLeases.shared.open(modules, options, through: nil)
    }

    /// The same server behind PgBouncer in transaction mode at `CAPSTAN_TEST_PGBOUNCER`.
    public static let pgbouncer = Backend(
        name: "pgbouncer", capabilities: [.concurrentWriters, .rowSecurity, .checkedJSON]
    ) { modules, options in
        try await PostgresLeases.shared.open(modules, options, through: "CAPSTAN_TEST_PGBOUNCER")
    }
}

/// Databases on the test server: made when needed, emptied and used again when a test has left their schema alone.
private actor PostgresLeases {
    private enum Bounds {
        /// Leases at the same time: a server takes 100 connections.
        static let leases = 5
    }

    static let shared = PostgresLeases()

    private var free: [String: [String]] = [:]
    private var made = 0
    private var isSwept = false
    private var held = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open(
        _ modules: [SchemaModule], _ options: Backend.Options, through pooler: String?
    ) async throws -> Backend.Leased {
        let server = try address("CAPSTAN_TEST_POSTGRES")
        let entry = try pooler.map(address) ?? server
        await wait()
        do {
            if !isSwept {
                isSwept = true
                try await PostgresDatabases.removeLeftovers(at: server)
            }
            let kind = modules.map { "\($0.name) \($0.migrations.count)" }.joined(separator: ", ")
            let name: String
            if let used = free[kind]?.popLast() {
                name = used
            } else {
                made += 1
                name = "capstan_test_\(ProcessInfo.processInfo.processIdentifier)_\(made)"
                try await PostgresDatabases.make(name, at: server, modules: modules)
            }
            let another: @Sendable () throws -> any StorageDriver = {
                try PostgresDatabases.driver(
                    entry.replacing(database: name), direct: pooler == nil ? nil : server.replacing(database: name),
                    options: options)
            }
            let driver = try another()
            return Backend.Leased(driver: driver, another: another) { [self] in
                await driver.shutdown()
                let isClean = await PostgresDatabases.empty(name, at: server, modules: modules)
                await giveBack(name, of: kind, isClean: isClean)
            }
        } catch {
            signal()
            throw error
        }
    }

    private func giveBack(_ name: String, of kind: String, isClean: Bool) {
        if isClean { free[kind, default: []].append(name) }
        signal()
    }

    private func wait() async {
        if held < Bounds.leases {
            held += 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func signal() {
        if waiting.isEmpty { held -= 1 } else { waiting.removeFirst().resume() }
    }

    private func address(_ variable: String) throws -> ServerAddress {
        guard let text = ProcessInfo.processInfo.environment[variable], let address = ServerAddress(text) else {
            throw StorageError(
                .setup,
                "\(variable) is not set: run the tests through Scripts/test or Scripts/servers, or set "
                    + "CAPSTAN_TEST_ENGINES=sqlite to test on SQLite alone")
        }
        return address
    }
}
