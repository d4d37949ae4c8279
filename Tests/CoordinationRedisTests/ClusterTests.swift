import Base
import Coordination
import Synchronization
import Testing

@testable import CoordinationRedis

/// A cluster of three servers, and what its refusals mean.
@Suite struct ClusterTests {
    @Test(arguments: [("123456789", 12_739), ("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}b{c}", 12_182), ("", 0)])
    func `keys have the slots that servers give them`(key: String, slot: Int) {
        #expect(HashSlot.slot(of: key) == slot)
    }

    @Test func `braces around nothing are part of the key`() {
        #expect(HashSlot.slot(of: "a{}b") != HashSlot.slot(of: ""))
        #expect(HashSlot.slot(of: "{a") != HashSlot.slot(of: "a"))
    }

    @Test func `slots agree with the server's own count`() async throws {
        let client = try Site.cluster.client()
        for key in ["a", "{x}y", "a{}b", "ü{é}", "{{a}}", "}{a}"] {
            let theirs = try await client.send(RedisCommand("CLUSTER", ["KEYSLOT", .text(key)])).number
            #expect(theirs == Int64(HashSlot.slot(of: key)), "\(key)")
        }
        await client.shutdown()
    }

    @Test func `refusals name the node to ask`() {
        let here = RedisEndpoint(host: "here", port: 1)
        func read(_ text: String) -> Redirection? { Redirection(RESPError(text), asked: here) }
        #expect(
            read("MOVED 3999 10.0.0.1:6381") == .moved(slot: 3_999, to: RedisEndpoint(host: "10.0.0.1", port: 6_381)))
        #expect(read("MOVED 3999 :6381") == .moved(slot: 3_999, to: RedisEndpoint(host: "here", port: 6_381)))
        #expect(read("ASK 0 ::1:7") == .ask(RedisEndpoint(host: "::1", port: 7)))
        #expect(read("TRYAGAIN Multiple keys request during rehashing of slot") == .tryAgain)
        #expect(read("MOVED 99999 a:1") == nil)
        #expect(read("ERR no") == nil)
    }

    @Test func `commands find their node, whichever was entered first`() async throws {
        let client = try Site.cluster.client(prefix: "spread")
        for number in 0..<100 {
            _ = try await client.send(
                RedisCommand("SET", [.key("spread:\(number)"), .number(number), "PX", .number(60_000)]))
        }
        for number in 0..<100 {
            #expect(try await client.send(RedisCommand("GET", [.key("spread:\(number)")])).number == Int64(number))
        }
        #expect(client.state.withLock { $0.slots.nodes.count } == 3)
        await client.shutdown()
    }

    @Test func `a slot that moves under load loses no command`() async throws {
        let entrance = try Entrance.cluster()
        let client = try entrance.client(prefix: "moving")
        // All these keys are in one slot.
        for number in 0..<50 {
            _ = try await client.send(RedisCommand("SET", [.key("{m}\(number)"), .number(number)]))
        }
        let slot = HashSlot.slot(of: "{m}")
        let from = try #require(client.state.withLock { $0.slots.node(of: slot) })
        let to = try #require(client.state.withLock { $0.slots.nodes.first { $0 != from } })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in 0..<4 {
                group.addTask {
                    for number in 0..<400 {
                        let wanted = (number + reader * 13) % 50
                        let found = try await client.send(RedisCommand("GET", [.key("{m}\(wanted)")])).number
                        #expect(found == Int64(wanted))
                    }
                }
            }
            group.addTask { try await move(slot, from: from, to: to, like: client) }
            try await group.waitForAll()
        }
        let port = to.port
        try await eventually("the map names the new node") {
            _ = try await client.send(RedisCommand("GET", [.key("{m}1")]))
            return client.state.withLock { $0.slots.node(of: slot)?.port == port }
        }
        await client.shutdown()
    }

    /// Moves a slot key by key, as operators' tools do.
    private func move(_ slot: Int, from: RedisEndpoint, to: RedisEndpoint, like client: RedisClient) async throws {
        func single(_ node: RedisEndpoint) -> RedisLink {
            let link = client.makeLink(onChange: { _ in }, onPush: { _ in }, endpoint: node)
            link.start()
            return link
        }
        let (source, target) = (single(from), single(to))
        func ask(_ link: RedisLink, _ command: RedisCommand) async throws -> RESPValue {
            let reply = try await link.send(command).get()
            if case .error(let error) = reply { throw Broken(error.text) }
            return reply
        }
        let sourceID = try await ask(source, RedisCommand("CLUSTER", ["MYID"])).text ?? ""
        let targetID = try await ask(target, RedisCommand("CLUSTER", ["MYID"])).text ?? ""
        _ = try await ask(target, RedisCommand("CLUSTER", ["SETSLOT", .number(slot), "IMPORTING", .text(sourceID)]))
        _ = try await ask(source, RedisCommand("CLUSTER", ["SETSLOT", .number(slot), "MIGRATING", .text(targetID)]))
        for number in 0..<50 {
            _ = try await ask(
                source,
                RedisCommand(
                    "MIGRATE", [.text(to.host), .number(to.port), .text("{m}\(number)"), .number(0), .number(5_000)]))
        }
        for link in [target, source] {
            _ = try await ask(link, RedisCommand("CLUSTER", ["SETSLOT", .number(slot), "NODE", .text(targetID)]))
        }
        source.close()
        target.close()
    }
}
