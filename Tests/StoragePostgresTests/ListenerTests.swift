import Base
import Storage
import StoragePostgres
import Testing

@Suite(.sharedServer) struct ListenerTests {
    private func listener(
        _ url: Secret<String>, _ channels: [String], bufferMax: Int = 1_024, name: String = "capstan"
    ) throws -> PostgresListener {
        var options = PostgresOptions()
        options.applicationName = name
        return try PostgresListener(
            url: url, channels: channels, bufferMax: bufferMax, options: options, clock: SystemClock(),
            randomness: SystemRandomness(), logger: TestServer.logger)
    }

    @Test func `notifications arrive in order, and a broken connection is told as a gap`() async throws {
        let driver = try TestServer.driver()
        let listener = try listener(TestServer.url(), ["a.b \"c\""], name: "test-listener")
        var events = listener.events.makeAsyncIterator()
        #expect(await events.next(isolation: nil) == .mayHaveMissed)
        for number in 1...3 { try await driver.write("SELECT pg_notify('a.b \"c\"', '\(number)')") }
        for number in 1...3 {
            #expect(
                await events.next(isolation: nil) == .notification(channel: "a.b \"c\"", payload: "\(number)"))
        }
        try await driver.read(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-listener'")
        #expect(await events.next(isolation: nil) == .mayHaveMissed)
        try await driver.write("SELECT pg_notify('a.b \"c\"', 'again')")
        #expect(await events.next(isolation: nil) == .notification(channel: "a.b \"c\"", payload: "again"))
        await listener.stop()
        #expect(await events.next(isolation: nil) == nil)
        await driver.shutdown()
    }

    @Test func `a reader that is too slow is told that it missed some`() async throws {
        let driver = try TestServer.driver()
        let listener = try listener(TestServer.url(), ["slow_reader", "slow_reader_end"], bufferMax: 2)
        var events = listener.events.makeAsyncIterator()
        #expect(await events.next(isolation: nil) == .mayHaveMissed)
        // Nobody reads until more has come than is kept.
        while listener.overflows == 0 {
            try await driver.write("SELECT pg_notify('slow_reader', clock_timestamp()::text)")
        }
        var seen: [PostgresListener.Event] = []
        while seen.last != .mayHaveMissed, let event = await events.next(isolation: nil) { seen.append(event) }
        #expect(seen.count == 3)
        try await driver.write("SELECT pg_notify('slow_reader_end', '')")
        var isDone = false
        while !isDone, let event = await events.next(isolation: nil) {
            if case .notification("slow_reader_end", _) = event { isDone = true }
        }
        #expect(isDone)
        await listener.stop()
        await driver.shutdown()
    }

    @Test func `a listener whose reader is cancelled or whose server is unreachable still stops`() async throws {
        let listener = try listener(Secret("postgres://capstan@127.0.0.1:1/none"), ["x"])
        await withTaskGroup(of: PostgresListener.Event?.self) { group in
            group.addTask {
                var events = listener.events.makeAsyncIterator()
                return await events.next(isolation: nil)
            }
            group.cancelAll()
            #expect(await group.next() == .some(nil))
        }
        await listener.stop()
    }
}
