import Base
import Coordination
import CoordinationRedis
import CoordinationTestKit
import Testing

/// The three contracts on every kind of server.
@Suite struct ContractTests {
    @Test(arguments: Site.allCases, BusConformance.allCases)
    func `the bus keeps the contract`(site: Site, rule: BusConformance) async throws {
        let nodes = [try site.client(prefix: "bus-\(rule.rawValue)"), try site.client(prefix: "bus-\(rule.rawValue)")]
        try await rule.check(RedisBus(nodes[0]), peer: RedisBus(nodes[1]), topic: "topic")
        for node in nodes { await node.shutdown() }
    }

    @Test(arguments: Site.allCases, SharedCacheConformance.allCases)
    func `the shared cache keeps the contract`(site: Site, rule: SharedCacheConformance) async throws {
        let client = try site.client()
        try await settled(client, site)
        try await rule.check(RedisSharedCache(client), prefix: "key") { try await SystemClock().sleep(for: $0) }
        await client.shutdown()
    }

    @Test(arguments: Site.allCases, TokenBankConformance.allCases)
    func `the token bank keeps the contract`(site: Site, rule: TokenBankConformance) async throws {
        let client = try site.client()
        try await settled(client, site)
        try await rule.check(RedisTokenBank(client), prefix: "account") { try await SystemClock().sleep(for: $0) }
        await client.shutdown()
    }

    @Test(arguments: Site.allCases, PauseConformance.allCases)
    func `nodes tell each other of pauses`(site: Site, rule: PauseConformance) async throws {
        let prefix = "pauses-\(rule.rawValue)"
        let nodes = [try site.client(prefix: prefix), try site.client(prefix: prefix)]
        try await rule.check(RedisBus(nodes[0]), peer: RedisBus(nodes[1]), name: "vendor")
        for node in nodes { await node.shutdown() }
    }

    @Test(arguments: Site.allCases, SharedLoadConformance.allCases)
    func `the caches of two nodes are one`(site: Site, rule: SharedLoadConformance) async throws {
        let prefix = "loads-\(rule.rawValue)"
        let nodes = [try site.client(prefix: prefix), try site.client(prefix: prefix)]
        for node in nodes { try await settled(node, site) }
        try await rule.check(nodes.map(RedisSharedCache.init), buses: nodes.map { RedisBus($0) }, name: "cache")
        for node in nodes { await node.shutdown() }
    }

    @Test(arguments: Site.allCases)
    func `keys that share a hash tag are read and written as one step`(site: Site) async throws {
        let client = try site.client()
        try await settled(client, site)
        let cache = RedisSharedCache(client)
        let fence = try await cache.fence(of: ["{a}.1", "{a}.2"])
        #expect(try await cache.set("{a}.value", to: [7], for: .seconds(60), fence: fence))
        #expect(try await cache.value(for: "{a}.value")?.bytes == [7])
        try await cache.invalidate(["{a}.2"])
        #expect(try await cache.value(for: "{a}.value") == nil)
        await client.shutdown()
    }

    @Test func `a server that has forgotten its scripts is taught them anew`() async throws {
        let client = try Site.single.client()
        let bank = RedisTokenBank(client)
        let account = TokenAccount(name: "account", rate: GCRA(limit: 2, per: .seconds(1_000)))
        #expect(try await bank.take(upTo: 1, from: account).amount == 1)
        _ = try await client.send(RedisCommand("SCRIPT", ["FLUSH"]))
        #expect(try await bank.take(upTo: 2, from: account).amount == 1)
        await client.shutdown()
    }

    @Test func `a tag that the server has forgotten reads as invalidated`() async throws {
        let client = try Site.single.client(prefix: "forgetful")
        let cache = RedisSharedCache(client)
        let fence = try await cache.fence(of: ["tag"])
        #expect(try await cache.set("key", to: [1], for: .seconds(60), fence: fence))
        _ = try await client.send(RedisCommand("DEL", [.key("forgetful:tag:tag")]))
        #expect(try await cache.value(for: "key") == nil)
        #expect(try await cache.set("key", to: [1], for: .seconds(60), fence: fence) == false)
        await client.shutdown()
    }

    @Test func `everything that is kept is kept for a time`() async throws {
        let client = try Site.single.client(prefix: "mortal")
        let (cache, bank) = (RedisSharedCache(client), RedisTokenBank(client))
        let fence = try await cache.fence(of: ["tag"])
        _ = try await cache.set("key", to: [1], for: .seconds(5_000), fence: fence)
        _ = try await cache.lease("key", for: .seconds(5))
        _ = try await bank.take(upTo: 1, from: TokenAccount(name: "a", rate: GCRA(limit: 10, per: .seconds(100))))
        for (key, most) in [("tag:tag", 5_060), ("value:key", 5_000), ("lease:key", 5), ("bank:a", 11)] {
            let left = try await client.send(RedisCommand("TTL", [.key("mortal:" + key)])).number ?? -3
            #expect(left > 0 && left <= most, "\(key) is kept for \(left) s")
        }
        let tagLeft = try await client.send(RedisCommand("TTL", [.key("mortal:tag:tag")])).number ?? 0
        #expect(tagLeft > 5_000, "a generation outlives its values")
        await client.shutdown()
    }

    private func settled(_ client: RedisClient, _ site: Site) async throws {
        _ = try await client.send(RedisCommand("PING"))
        #expect(client.isCluster == (site == .cluster))
    }
}
