import Base
import Storage
import StoragePostgres
import Testing

@Suite(.sharedServer) struct CancellationTests {
    private let scope = Scope.tenant(TestServer.tenant)

    /// Waits until the server runs, or does not run any more, a statement whose text holds `mark`.
    private func wait(_ driver: PostgresStorage, for mark: String, isRunning: Bool) async throws {
        let text = """
            SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
            AND query LIKE '%' || $1 || '%'
            """
        for _ in 0..<20_000 {
            let count = try await driver.read(text, [.text(mark)]).firstValue
            if (count != .integer(0)) == isRunning { return }
        }
        Issue.record("the server \(isRunning ? "never ran" : "still runs") the statement")
    }

    /// Runs `body` in a task that is cancelled once the server is at it, and returns how it ended.
    private func cancelling(
        _ watcher: PostgresStorage, _ mark: String, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> StorageError.Code? {
        try await withThrowingTaskGroup(of: StorageError.Code?.self) { group in
            group.addTask {
                do {
                    try await body()
                    return nil
                } catch {
                    return (error as? StorageError)?.code
                }
            }
            try await wait(watcher, for: mark, isRunning: true)
            group.cancelAll()
            return try await group.next() ?? nil
        }
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a cancelled read ends on the server too and its neighbours do not notice`(
        route: TestServer.Route
    ) async throws {
        var options = PostgresOptions()
        options.readConnections = 1
        let driver = try TestServer.driver(route, options: options)
        let watcher = try TestServer.driver()
        let mark = "read_\(route)"
        let code = try await cancelling(watcher, mark) {
            try await driver.read("SELECT pg_sleep(30), '\(mark)'")
        }
        #expect(code == .cancelled)
        // Behind the abandoned statement on the only connection.
        #expect(try await driver.read("SELECT 5::bigint").firstValue == .integer(5))
        try await wait(watcher, for: mark, isRunning: false)
        await driver.shutdown()
        await watcher.shutdown()
    }

    @Test func `a cancelled write is undone and its neighbours are done`() async throws {
        var options = PostgresOptions()
        options.writeConnections = 1
        let watcher = try TestServer.driver()
        try await TestServer.withTable("id bigint PRIMARY KEY", options: options) { driver, table async throws in
            let insert = "INSERT INTO \(table) SELECT 1 FROM pg_sleep(30)"
            async let neighbour = self.later(driver, watcher, table, mark: insert)
            let code = try await cancelling(watcher, "1 FROM pg_sleep(30)") { try await driver.write(insert) }
            #expect(code == .cancelled)
            #expect(try await neighbour == 1)
            #expect(try await driver.count(table) == 1)
        }
        await watcher.shutdown()
    }

    private func later(
        _ driver: PostgresStorage, _ watcher: PostgresStorage, _ table: String, mark: String
    ) async throws -> Int {
        try await wait(watcher, for: mark, isRunning: true)
        return try await driver.write("INSERT INTO \(table) VALUES (2)").affected
    }

    @Test func `a cancelled statement of a transaction ends on the server at once`() async throws {
        let driver = try TestServer.driver()
        let watcher = try TestServer.driver()
        let scope = scope
        let code = try await cancelling(watcher, "in_transaction") {
            let open = try await driver.begin(scope: scope, access: .read, freshness: .primary)
            do {
                _ = try await open.run(StatementRequest("SELECT pg_sleep(30), 'in_transaction'"))
                await open.rollback()
            } catch {
                await open.rollback()
                throw error
            }
        }
        #expect(code == .cancelled)
        try await wait(watcher, for: "in_transaction", isRunning: false)
        let open = try await driver.begin(scope: scope, access: .read, freshness: .primary)
        #expect(try await open.run(StatementRequest("SELECT 1::bigint")).rows.firstValue == .integer(1))
        await open.rollback()
        await driver.shutdown()
        await watcher.shutdown()
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let driver = try TestServer.driver()
        let scope = scope
        let codes = await withTaskGroup(of: [StorageError.Code?].self) { group in
            group.cancelAll()
            group.addTask {
                let read = await storageError { try await driver.read("SELECT 1") }
                let write = await storageError { try await driver.write("SELECT 1") }
                let begin = await storageError {
                    _ = try await driver.begin(scope: scope, access: .read, freshness: .primary)
                }
                return [read?.code, write?.code, begin?.code]
            }
            return await group.next() ?? []
        }
        #expect(codes == [.cancelled, .cancelled, .cancelled])
        #expect(driver.statistics().connectionsHeld == 0)
        await driver.shutdown()
    }

    @Test(.timeLimit(.minutes(1)))
    func `whoever is cancelled while waiting for a connection leaves the queue`() async throws {
        var options = PostgresOptions()
        options.transactionConnections = 1
        let driver = try TestServer.driver(options: options)
        let holder = try await driver.begin(scope: scope, access: .read, freshness: .primary)
        let scope = scope
        let code = await withTaskGroup(of: StorageError.Code?.self) { group in
            group.addTask {
                await storageError {
                    _ = try await driver.begin(scope: scope, access: .read, freshness: .primary)
                }?.code
            }
            while driver.statistics().waiting == 0 { await Task.yield() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(code == .cancelled)
        // The figures are published when the reactor's round is over, which whoever was told may overtake.
        while driver.statistics().waiting > 0 { await Task.yield() }
        await holder.rollback()
        await driver.shutdown()
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a statement that runs too long is ended and told apart`(route: TestServer.Route) async throws {
        var options = PostgresOptions()
        options.statementTimeout = .milliseconds(100)
        let driver = try TestServer.driver(route, options: options)
        async let quick = driver.read("SELECT 3::bigint")
        #expect(await storageError { try await driver.read("SELECT pg_sleep(30)") }?.code == .statementTimeout)
        #expect(await storageError { try await driver.write("SELECT pg_sleep(30)") }?.code == .statementTimeout)
        #expect(try await quick.firstValue == .integer(3))
        let open = try await driver.begin(scope: scope, access: .write, freshness: .primary)
        let late = await storageError { _ = try await open.run(StatementRequest("SELECT pg_sleep(30)")) }
        #expect(late?.code == .statementTimeout)
        await open.rollback()
        await driver.shutdown()
    }
}
