import Base
import Storage
import StoragePostgres
import Synchronization
import Testing

@Suite(.sharedServer) struct OutageTests {
    private final class Flag: Sendable {
        private let state = Atomic(false)
        var isRaised: Bool { state.load(ordering: .acquiring) }
        func raise() { state.store(true, ordering: .releasing) }
    }

    private final class Tally: Sendable {
        let acknowledged = Mutex<Set<Int64>>([])
        let codes = Mutex<Set<StorageError.Code>>([])
    }

    private func driver(_ server: PrivateServer, _ options: PostgresOptions) throws -> PostgresStorage {
        try PostgresStorage(
            url: server.url, options: options, clock: SystemClock(), randomness: SystemRandomness(),
            logger: TestServer.logger)
    }

    /// Tries until the server answers again.
    private func waitForRecovery(_ driver: PostgresStorage) async {
        for _ in 0..<100 { if (try? await driver.read("SELECT 1")) != nil { return } }  // down for as long as it throws
        Issue.record("the driver does not find the server again")
    }

    @Test func `reads survive that their connections are terminated`() async throws {
        var options = PostgresOptions()
        options.applicationName = "test-terminated"
        let driver = try TestServer.driver(options: options)
        let other = try TestServer.driver()
        for _ in 0..<5 {
            async let sums = withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        let rows = try await driver.read(
                            "SELECT $1::bigint FROM pg_sleep(0.005)", [.integer(Int64(number))])
                        return Int64.decode(rows.firstValue) ?? -1
                    }
                }
                return try await group.reduce(0, +)
            }
            while driver.statistics().inFlight == 0 { await Task.yield() }
            try await other.read(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1",
                [.text("test-terminated")])
            #expect(try await sums == 2_016)
        }
        #expect(driver.statistics().reconnects > 0)
        await driver.shutdown()
        await other.shutdown()
    }

    @Test func `a write whose connection is terminated has not happened`() async throws {
        var options = PostgresOptions()
        options.applicationName = "test-terminated-write"
        let other = try TestServer.driver()
        try await TestServer.withTable("id bigint PRIMARY KEY", options: options) { driver, table async throws in
            let isOver = Flag()
            async let outcome = storageError {
                defer { isOver.raise() }
                try await driver.write("INSERT INTO \(table) SELECT 1 FROM pg_sleep(1)")
            }
            let text = """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = $1 AND state = 'active' AND query LIKE '%' || $2 || '%'
                """
            // Said good-bye to before it was committed, it is sent again some times.
            while !isOver.isRaised { try await other.read(text, [.text("test-terminated-write"), .text(table)]) }
            #expect(await outcome?.code == .unavailable)
            #expect(try await driver.count(table) == 0)
        }
        await other.shutdown()
    }

    @Test func `every write acknowledged before kill -9 is there and none is there twice`() async throws {
        try await PrivateServer.with { server in
            var options = PostgresOptions()
            options.outageTimeout = .milliseconds(200)
            let driver = try driver(server, options)
            try await driver.withSchemaSession { try await $0.execute("CREATE TABLE acks (id bigint, part bigint)") }
            let tally = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for number in 0..<10_000 {
                            let id = Int64(task * 10_000 + number)
                            do {
                                try await driver.write(
                                    "INSERT INTO acks VALUES ($1, 0)", [.integer(id)], name: "test.write\(task % 4)")
                                tally.acknowledged.withLock { _ = $0.insert(id) }
                            } catch let error as StorageError {
                                tally.codes.withLock { _ = $0.insert(error.code) }
                                return
                            }
                        }
                    }
                }
                while tally.acknowledged.withLock({ $0.count }) < 500 { await Task.yield() }
                try await server.kill()
                try await group.waitForAll()
            }
            #expect(tally.codes.withLock { $0 }.isSubset(of: [.unavailable, .outcomeUnknown]))
            #expect(!driver.statistics().isAvailable)
            try await server.start()
            await waitForRecovery(driver)
            let rows = try await driver.read("SELECT id FROM acks", rowsMax: 1_000_000)
            let stored = (0..<rows.rowCount).compactMap { Int64.decode(rows.value(row: $0, column: 0)) }
            #expect(stored.count == Set(stored).count)
            #expect(tally.acknowledged.withLock { $0 }.subtracting(stored).isEmpty)
            #expect(driver.statistics().isAvailable)
            await driver.shutdown()
        }
    }

    @Test func `while the server is down callers fail in bounded time, and soon after it is back they do not`()
        async throws
    {
        try await PrivateServer.with { server in
            var options = PostgresOptions()
            options.outageTimeout = .milliseconds(500)
            let driver = try driver(server, options)
            try await driver.read("SELECT 1")
            let open = try await driver.begin(scope: TestServer.system, access: .write, freshness: .primary)
            _ = try await open.run(StatementRequest("SELECT 1"))
            try await server.stop()
            let start = SystemClock().uptime()
            let commit = await storageError { _ = try await open.commit() }
            #expect(commit?.code == .unavailable || commit?.code == .outcomeUnknown)
            #expect(await storageError { try await driver.read("SELECT 1") }?.code == .unavailable)
            #expect(await storageError { try await driver.write("SELECT 1") }?.code == .unavailable)
            let begin = await storageError {
                _ = try await driver.begin(scope: TestServer.system, access: .read, freshness: .primary)
            }
            #expect(begin?.code == .unavailable)
            #expect(SystemClock().uptime() - start < .seconds(6))
            try await server.start()
            await waitForRecovery(driver)
            #expect(try await driver.write("SELECT 4::bigint").rows.firstValue == .integer(4))
            await driver.shutdown()
        }
    }

    @Test func `a server that is frozen is given up after the statement's time-out`() async throws {
        try await PrivateServer.with { server in
            var options = PostgresOptions()
            options.statementTimeout = .milliseconds(100)
            options.outageTimeout = .seconds(1)
            let driver = try driver(server, options)
            try await driver.read("SELECT 1")
            try await driver.write("SELECT 1")
            try await server.pause()
            async let read = storageError { try await driver.read("SELECT 1") }
            async let write = storageError { try await driver.write("SELECT 1") }
            #expect(await read?.code == .unavailable)
            let fate = await write?.code
            #expect(fate == .unavailable || fate == .outcomeUnknown)
            try await server.resume()
            await waitForRecovery(driver)
            await driver.shutdown()
        }
    }

    @Test func `an address that nobody listens on is unavailable, one that cannot be read is refused`() async throws {
        var options = PostgresOptions()
        options.outageTimeout = .milliseconds(200)
        let nowhere = try PostgresStorage(
            url: Secret("postgres://capstan:hidden@127.0.0.1:1/capstan"), options: options, clock: SystemClock(),
            randomness: SystemRandomness(), logger: TestServer.logger)
        let refusal = await storageError { try await nowhere.read("SELECT 1") }
        #expect(refusal?.code == .unavailable)
        #expect(refusal.map { String(reflecting: $0).contains("hidden") } == false)
        await nowhere.shutdown()
        let garbage = await storageError {
            _ = try PostgresStorage(
                url: Secret("hidden"), clock: SystemClock(), randomness: SystemRandomness(),
                logger: TestServer.logger)
        }
        #expect(garbage?.code == .setup)
        #expect(garbage.map { String(reflecting: $0).contains("hidden") } == false)
        options.readConnections = 0
        let wrong = await storageError {
            _ = try PostgresStorage(
                url: Secret("postgres://localhost/x"), options: options, clock: SystemClock(),
                randomness: SystemRandomness(), logger: TestServer.logger)
        }
        #expect(wrong?.code == .setup)
        #expect(wrong?.message.contains("readConnections") == true)
    }
}
