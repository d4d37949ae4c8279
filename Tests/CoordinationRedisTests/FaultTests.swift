import Base
import Coordination
import CoordinationRedis
import Telemetry
import Testing

/// Servers that are killed, started anew and frozen under load.
@Suite struct FaultTests {
    private static let deadline = Duration.milliseconds(1_500)
    /// What a busy machine may add to a deadline.
    private static let slack = Duration.seconds(5)

    private func stage() throws -> (server: RedisServer, client: RedisClient, events: EventLog) {
        let server = try RedisServer()
        let events = EventLog.silent()
        let client = try Entrance(servers: [server]).client(events: events) {
            $0.commandTimeout = Self.deadline
            $0.connectTimeout = Self.deadline
        }
        return (server, client, events)
    }

    private func told(_ event: String, _ events: EventLog) -> Bool {
        events.metrics.prometheusText().split(separator: "\n").contains {
            $0.hasPrefix("capstan_events_total{event=\"\(event)\"}") && !$0.hasSuffix(" 0")
        }
    }

    @Test func `a server that is killed under load costs nobody more than a deadline, and all heals`() async throws {
        let (server, client, events) = try stage()
        let cache = RedisSharedCache(client)
        _ = try await cache.value(for: "warm")
        #expect(client.status.isReachable)
        let clock = SystemClock()
        let slowest = try await withThrowingTaskGroup(of: Duration.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var slowest = Duration.zero
                    let end = clock.uptime() + .seconds(4)
                    while clock.uptime() < end {
                        let start = clock.uptime()
                        do throws(CoordinationError) {
                            _ = try await cache.value(for: "key\(worker)")
                        } catch {
                            #expect(error.code == .unavailable)
                            // A refused call costs nothing, so that a worker would fill the machine with them.
                            try await clock.sleep(for: .milliseconds(5))
                        }
                        slowest = max(slowest, clock.uptime() - start)
                    }
                    return slowest
                }
            }
            group.addTask {
                for _ in 0..<2 {
                    try await clock.sleep(for: .milliseconds(500))
                    server.kill()
                    try await eventually("the client notices") { !client.status.isReachable }
                    try await clock.sleep(for: .milliseconds(300))
                    try server.start()
                }
                return .zero
            }
            return try await group.reduce(.zero) { max($0, $1) }
        }
        #expect(slowest < Self.deadline + Self.slack, "a call took \(slowest)")
        try await eventually("the client finds the server again") { client.status.isReachable }
        _ = try await cache.value(for: "key")
        #expect(client.status.failures > 0)
        #expect(told("coordination.degraded", events) && told("coordination.healed", events))
        await client.shutdown()
    }

    @Test func `a frozen server costs the first callers a deadline and later ones nothing`() async throws {
        let (server, client, events) = try stage()
        _ = try await client.send(RedisCommand("PING"))
        server.freeze()
        defer { server.thaw() }
        let clock = SystemClock()
        func time(_ count: Int) async -> Duration {
            let start = clock.uptime()
            for _ in 0..<count {
                await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            }
            return clock.uptime() - start
        }
        let first = await time(1)
        #expect(first >= Self.deadline && first < Self.deadline + Self.slack, "\(first)")
        #expect(!client.status.isReachable)
        // A thousand calls that waited would take half an hour.
        let later = await time(1_000)
        #expect(later < Self.slack, "\(later)")
        #expect(told("coordination.degraded", events) && !told("coordination.healed", events))
        server.thaw()
        try await eventually("the client finds the server again") { client.status.isReachable }
        _ = try await client.send(RedisCommand("PING"))
        #expect(told("coordination.healed", events))
        await client.shutdown()
    }

    @Test func `readers of the bus are told when it was away, and hear what comes later`() async throws {
        let (server, client, events) = try stage()
        let bus = RedisBus(client)
        let reader = try await bus.subscribe(to: "topic")
        server.kill()
        try await eventually("the bus notices") {
            do throws(CoordinationError) {
                try await bus.publish([1], to: "topic")
                return false
            } catch {
                return error.code == .unavailable
            }
        }
        try server.start()
        #expect(await reader.next() == .missed)
        try await eventually("the bus is back") { told("bus.reconnected", events) }
        try await bus.publish([2], to: "topic")
        var event = await reader.next()
        // What could not be said is told as a gap besides.
        while event == .missed { event = await reader.next() }
        #expect(event == .message([2]))
        await client.shutdown()
    }

    @Test func `another node is told of what this one could not say`() async throws {
        let (server, client, _) = try stage()
        let entrance = Entrance(servers: [server])
        let prefix = "gap"
        let patient = try entrance.client(prefix: prefix)
        let hasty = try entrance.client(prefix: prefix) { $0.commandTimeout = .seconds(1) }
        let (listening, speaking) = (RedisBus(patient), RedisBus(hasty))
        let reader = try await listening.subscribe(to: "topic")
        try await speaking.publish([1], to: "topic")
        #expect(await reader.next() == .message([1]))
        // Long enough for the hasty node, too short for the patient one to notice.
        server.freeze()
        await #expect(throws: CoordinationError.self) { try await speaking.publish([2], to: "topic") }
        server.thaw()
        var event = await reader.next()
        // The frozen server had the message in its socket, and may yet have passed it on.
        if event == .message([2]) { event = await reader.next() }
        #expect(event == .missed)
        for node in [client, patient, hasty] { await node.shutdown() }
    }

    @Test func `an invalidation that could not be sent is sent before anything is read again`() async throws {
        let (server, client, _) = try stage()
        let cache = RedisSharedCache(client)
        let fence = try await cache.fence(of: ["tag"])
        #expect(try await cache.set("key", to: [1], for: .seconds(60), fence: fence))
        server.freeze()
        await #expect(throws: CoordinationError.self) { try await cache.invalidate(["tag"]) }
        #expect(cache.unsentCount == 1)
        server.thaw()
        try await eventually("the client finds the server again") { client.status.isReachable }
        #expect(try await cache.value(for: "key") == nil)
        #expect(cache.unsentCount == 0)
        await client.shutdown()
    }

    @Test func `as many commands wait as may, and no more`() async throws {
        let server = try RedisServer()
        let client = try Entrance(servers: [server]).client {
            $0.waitingMax = 4
            $0.commandTimeout = Self.deadline
        }
        _ = try await client.send(RedisCommand("PING"))
        server.freeze()
        defer { server.thaw() }
        let codes = await withTaskGroup(of: RedisError.Code?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do throws(RedisError) {
                        _ = try await client.send(RedisCommand("PING"))
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == .timedOut }.count == 4)
        #expect(codes.filter { $0 == .busy }.count == 6)
        await client.shutdown()
    }

    @Test func `a wrong password and an unknown certificate are refused, and neither is printed`() async throws {
        let entrance = try Site.secured.entrance
        let port = entrance.servers[0].port
        for (address, trust) in [
            ("rediss://capstan:wrong-horse@localhost:\(port)", entrance.trustFile),
            ("rediss://capstan:s3cret%20p%40ss@localhost:\(port)", nil),
            ("rediss://capstan:s3cret%20p%40ss@127.0.0.1:\(port)", entrance.trustFile),
            ("redis://localhost:\(port)", nil),
        ] {
            var options = RedisOptions()
            options.trustFile = trust
            options.commandTimeout = .seconds(10)
            let client = try RedisClient(
                RedisAddress(address), options: options, clock: SystemClock(), randomness: SystemRandomness(),
                events: .silent())
            do throws(RedisError) {
                _ = try await client.send(RedisCommand("PING"))
                Issue.record("\(port) let us in")
            } catch {
                let shown = "\(error) \(String(reflecting: error)) \(try RedisAddress(address))"
                #expect(!shown.contains("wrong-horse") && !shown.contains("s3cret"))
            }
            #expect(!client.status.isReachable)
            await client.shutdown()
        }
    }

    @Test func `a node of a cluster that dies takes its slots along and no others`() async throws {
        let entrance = try Entrance.cluster()
        let client = try entrance.client { $0.commandTimeout = Self.deadline }
        _ = try await client.send(RedisCommand("PING"))
        let keys = (0..<60).map { "key\($0)" }
        for key in keys { _ = try await client.send(RedisCommand("SET", [.key(key), .text(key)])) }
        entrance.servers[1].kill()
        try await eventually("the client notices") { !client.status.isReachable }
        func answered() async -> Int {
            var count = 0
            for key in keys {
                do throws(RedisError) {
                    if try await client.send(RedisCommand("GET", [.key(key)])).text == key { count += 1 }
                } catch {
                    #expect(error.code != .refused)
                }
            }
            return count
        }
        let left = await answered()
        #expect(left > 20 && left < 60, "\(left) of 60 keys")
        try entrance.servers[1].start()
        try await eventually("the cluster is whole again") { client.status.isReachable }
        try await eventually("its slots are served") {
            for key in keys {
                do throws(RedisError) {
                    _ = try await client.send(RedisCommand("SET", [.key(key), .text(key)]))
                } catch {
                    // Its neighbours take their time to believe that it is back.
                    return false
                }
            }
            return await answered() == 60
        }
        await client.shutdown()
    }
}
