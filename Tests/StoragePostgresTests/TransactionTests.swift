import Base
import Storage
import StoragePostgres
import Testing

@Suite(.sharedServer) struct TransactionTests {
    private let scope = Scope.tenant(TestServer.tenant)

    @Test(arguments: TestServer.Route.allCases)
    func `a transaction is seen when it is committed and never when it is rolled back`(
        route: TestServer.Route
    ) async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY", route: route) { driver, table async throws in
            let first = try await driver.begin(scope: scope, access: .write, freshness: .primary)
            #expect(try await first.run(StatementRequest("INSERT INTO \(table) VALUES (1)")).affected == 1)
            #expect(try await driver.count(table) == 0)
            _ = try await first.commit()
            #expect(try await driver.count(table) == 1)
            let second = try await driver.begin(scope: scope, access: .write, freshness: .primary)
            _ = try await second.run(StatementRequest("INSERT INTO \(table) VALUES (2)"))
            await second.rollback()
            #expect(try await driver.count(table) == 1)
            while driver.statistics().connectionsHeld > 0 { await Task.yield() }
        }
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a read transaction sees one state and cannot write`(route: TestServer.Route) async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY", route: route) { driver, table async throws in
            let reader = try await driver.begin(scope: scope, access: .read, freshness: .primary)
            let count = StatementRequest("SELECT count(*) FROM \(table)")
            #expect(try await reader.run(count).rows.firstValue == .integer(0))
            try await driver.write("INSERT INTO \(table) VALUES (1)")
            #expect(try await reader.run(count).rows.firstValue == .integer(0))
            let refusal = await storageError {
                _ = try await reader.run(StatementRequest("INSERT INTO \(table) VALUES (2)"))
            }
            #expect(refusal?.code == .readOnly)
            await reader.rollback()
        }
    }

    @Test func `nothing follows a failed statement and a commit of it says so`() async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY") { driver, table async throws in
            let open = try await driver.begin(scope: scope, access: .write, freshness: .primary)
            let insert = StatementRequest("INSERT INTO \(table) VALUES (1)", name: "test.insert")
            _ = try await open.run(insert)
            #expect(await storageError { _ = try await open.run(insert) }?.code == .uniqueViolation)
            let next = await storageError { _ = try await open.run(insert) }
            #expect(next?.code == .transactionEnded)
            #expect(next?.message.contains("test.insert") == true)
            #expect(await storageError { _ = try await open.commit() }?.code == .transactionEnded)
            #expect(try await driver.count(table) == 0)
        }
    }

    @Test func `a transaction without statements costs the server nothing`() async throws {
        let driver = try TestServer.driver()
        let open = try await driver.begin(scope: scope, access: .write, freshness: .primary)
        _ = try await open.commit()
        let other = try await driver.begin(scope: scope, access: .read, freshness: .primary)
        await other.rollback()
        await driver.shutdown()
    }

    @Test func `who waits too long is told who holds the connections`() async throws {
        var options = PostgresOptions()
        options.transactionConnections = 1
        options.acquireTimeout = .milliseconds(100)
        let driver = try TestServer.driver(options: options)
        let holder = try await driver.begin(scope: scope, access: .read, freshness: .primary)
        _ = try await holder.run(StatementRequest("SELECT 1", name: "report.sum"))
        let refusal = await storageError {
            _ = try await driver.begin(scope: scope, access: .read, freshness: .primary)
        }
        #expect(refusal?.code == .exhausted)
        #expect(refusal?.message.contains("report.sum for ") == true)
        #expect(refusal?.message.contains("1 held") == true)
        #expect(driver.statistics().longestHolder == "report.sum")
        await holder.rollback()
        let next = try await driver.begin(scope: scope, access: .read, freshness: .primary)
        await next.rollback()
        await driver.shutdown()
    }

    @Test func `two transactions that wait for each other are told apart as a deadlock`() async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY, n bigint") { driver, table async throws in
            try await driver.write("INSERT INTO \(table) VALUES (1, 0), (2, 0)")
            let update = "UPDATE \(table) SET n = n + 1 WHERE id = $1"
            let first = try await driver.begin(scope: scope, access: .write, freshness: .primary)
            let second = try await driver.begin(scope: scope, access: .write, freshness: .primary)
            _ = try await first.run(StatementRequest(update, [.integer(1)]))
            _ = try await second.run(StatementRequest(update, [.integer(2)]))
            async let one = code { _ = try await first.run(StatementRequest(update, [.integer(2)])) }
            async let two = code { _ = try await second.run(StatementRequest(update, [.integer(1)])) }
            let codes = await [one, two]
            #expect(codes.compactMap { $0 } == [.deadlock])
            await first.rollback()
            await second.rollback()
        }
    }

    @Test func `a lock that is not granted in time is told as such`() async throws {
        var options = PostgresOptions()
        options.lockTimeout = .milliseconds(50)
        try await TestServer.withTable("id bigint PRIMARY KEY, n bigint", options: options) {
            driver, table async throws in
            try await driver.write("INSERT INTO \(table) VALUES (1, 0)")
            let holder = try await driver.begin(scope: scope, access: .write, freshness: .primary)
            _ = try await holder.run(StatementRequest("UPDATE \(table) SET n = 1"))
            #expect(await storageError { try await driver.write("UPDATE \(table) SET n = 2") }?.code == .lockTimeout)
            await holder.rollback()
        }
    }

    private func code(_ body: () async throws -> Void) async -> StorageError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }
}
