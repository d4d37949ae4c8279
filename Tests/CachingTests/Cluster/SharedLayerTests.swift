import Base
import BaseTestKit
import Coordination
import Testing

@testable import Caching

@Suite struct SharedLayerTests {
    @Test func `ten thousand concurrent misses on three nodes cause exactly one load`() async throws {
        let cluster = SimCluster(seed: 1)
        let tasks = (0..<10_000).map { number in cluster.start { try await cluster.read(0, on: number % 3) } }
        cluster.pass(.milliseconds(500))
        for task in tasks { #expect(try await task.task.value == 0) }
        #expect(cluster.loads.withLock { $0[0] } == 1)
        #expect(cluster.all.map(\.cache.statistics.sharedHits).reduce(0, +) == 2)
        cluster.end()
    }

    @Test func `what one node has loaded the others find, with the time that remains`() async throws {
        let cluster = SimCluster(seed: 2, options: Self.short)
        #expect(try await cluster.run { try await cluster.read(0, on: 0) } == 0)
        cluster.pass(.seconds(6), step: .milliseconds(50))
        cluster.database.withLock { $0[0] = 7 }
        #expect(try await cluster.run { try await cluster.read(0, on: 1) } == 0)
        cluster.pass(.seconds(5), step: .milliseconds(50))
        #expect(try await cluster.run { try await cluster.read(0, on: 1) } == 7, "its ten seconds are over here too")
        cluster.end()
    }

    private static var short: CacheOptions<Int, Int> {
        CacheOptions(ttl: .seconds(10), jitter: 0, shared: .json())
    }

    @Test func `a leader that dies frees the others when its lease ends`() async throws {
        let cluster = SimCluster(seed: 3)
        let dying = cluster.start {
            try await cluster[0].cache.value(for: 0, in: cluster.tenant) {
                try await cluster.clock.sleep(for: .seconds(3_600))
                return 0
            }
        }
        cluster.pass(.milliseconds(50))
        cluster.network.kill(0)
        let others = (1...2).map { node in cluster.start { try await cluster.read(0, on: node) } }
        cluster.pass(.milliseconds(1_800))
        #expect(!others[0].isDone.isSet && !others[1].isDone.isSet)
        cluster.pass(.milliseconds(400))
        for other in others { #expect(try await other.task.value == 0) }
        #expect(cluster.loads.withLock { $0[0] } == 1)
        dying.task.cancel()
        cluster.end()
    }

    @Test func `a leader that is cancelled or fails takes nothing from the others`() async throws {
        let cluster = SimCluster(seed: 4)
        let cancelled = cluster.start {
            try await cluster[0].cache.value(for: 0, in: cluster.tenant) {
                try await cluster.clock.sleep(for: .seconds(9))
                return 0
            }
        }
        let failing = cluster.start {
            try await cluster[1].cache.value(for: 1, in: cluster.tenant) {
                try await cluster.clock.sleep(for: .milliseconds(50))
                throw SourceError()
            }
        }
        cluster.pass(.milliseconds(30))
        let others = (0...1).map { key in cluster.start { try await cluster.read(key, on: 2) } }
        cluster.pass(.milliseconds(20))
        cancelled.task.cancel()
        cluster.pass(.milliseconds(200))
        await #expect(throws: CancellationError.self) { try await cancelled.task.value }
        await #expect(throws: SourceError.self) { try await failing.task.value }
        for other in others {
            #expect(other.isDone.isSet, "it did not have to wait for the end of a lease")
            #expect(try await other.task.value == 0)
        }
        cluster.end()
    }

    @Test func `a load that began before another node's commit publishes nowhere, though no message came`()
        async throws
    {
        let cluster = SimCluster(seed: 5)
        // Node 1 hears nothing from node 0 until long after.
        cluster.network.cut(0, 1, for: .seconds(3_600))
        cluster.network.cut(0, 2, for: .seconds(3_600))
        let late = cluster.start {
            try await cluster[1].cache.value(for: 0, in: cluster.tenant) {
                let old = cluster.database.withLock { $0[0] }
                try await cluster.clock.sleep(for: .milliseconds(500))
                return old
            }
        }
        cluster.pass(.milliseconds(100))
        let version = try await cluster.run { await cluster.write(0, on: 0) }
        cluster.pass(.milliseconds(600))
        #expect(try await late.task.value == 0, "who asked before the write may see what was before it")
        for node in [2, 0, 1] {
            #expect(try await cluster.run { try await cluster.read(0, on: node) } == version, "node \(node)")
        }
        #expect(cluster[1].cache.statistics.sharedRefusals == 1)
        cluster.end()
    }

    @Test func `a lost message is found out by the second beat`() async throws {
        let cluster = SimCluster(seed: 6)
        #expect(try await cluster.run { try await cluster.read(0, on: 1) } == 0)
        cluster.pass(.seconds(2), step: .milliseconds(10))
        cluster.network.cut(0, 1, for: .milliseconds(400))
        let version = try await cluster.run { await cluster.write(0, on: 0) }
        #expect(try await cluster.run { try await cluster.read(0, on: 1) } < version, "nobody has told it yet")
        cluster.pass(.milliseconds(3_700), step: .milliseconds(10))
        #expect(try await cluster.run { try await cluster.read(0, on: 1) } == version)
        #expect(cluster[1].registry.sharedStatus?.doubts ?? 0 >= 1)
        cluster.end()
    }

    @Test func `without the store a node serves what it has and loads the rest, and recovers by itself`() async throws {
        let cluster = SimCluster(seed: 7)
        #expect(try await cluster.run { try await cluster.read(0, on: 0) } == 0)
        cluster.network.cut(0, -1, for: .seconds(20))
        #expect(try await cluster.run { try await cluster.read(0, on: 0) } == 0)
        #expect(try await cluster.run { try await cluster.read(1, on: 0) } == 0)
        #expect(cluster[0].registry.sharedStatus?.isReachable == false)
        // It sees its own write at once, and the others as soon as the store has taken it.
        let version = try await cluster.run { await cluster.write(0, on: 0) }
        #expect(cluster[0].registry.sharedStatus?.invalidationsPending == 1)
        #expect(try await cluster.run { try await cluster.read(0, on: 0) } == version)
        cluster.pass(.seconds(26), step: .milliseconds(20))
        let status = try #require(cluster[0].registry.sharedStatus)
        #expect(status.isReachable && status.invalidationsPending == 0 && status.failures > 0)
        let before = cluster.loads.withLock { $0[1] }
        #expect(try await cluster.run { try await cluster.read(0, on: 1) } == version)
        #expect(try await cluster.run { try await cluster.read(2, on: 0) } == 0)
        #expect(try await cluster.run { try await cluster.read(2, on: 1) } == 0)
        #expect(cluster.loads.withLock { $0[2] } == 1, "it shares again")
        #expect(cluster.loads.withLock { $0[1] } == before)
        cluster.end()
    }

    @Test func `a value of a tenant or a viewer is never found by another, and another version is not read`()
        async throws
    {
        let clock = SimClock()
        let store = InProcessSharedCache(clock: clock)
        func registry() -> CacheRegistry {
            CacheRegistry(clock: clock, randomness: SeededRandomness(seed: 1), shared: store)
        }
        let (one, two) = (Tenant(ID(high: 1, low: 1)), Tenant(ID(high: 2, low: 2)))
        let options = CacheOptions<String, Int>(shared: .json())
        let first = ViewerCache("private", options, in: registry())
        let viewers = [Viewer(named: "a:b"), Viewer(named: "a"), Viewer(ID<Viewer>(high: 1, low: 2))]
        for (number, viewer) in viewers.enumerated() {
            #expect(try await first.value(for: "b:c", of: viewer, in: one) { number } == number)
        }
        let second = ViewerCache("private", options, in: registry())
        for (number, viewer) in viewers.enumerated() {
            #expect(try await second.value(for: "b:c", of: viewer, in: one) { 9 } == number)
            #expect(try await second.value(for: "b:c", of: viewer, in: two) { 9 } == 9)
        }
        var newer = options
        newer.shared = .json(version: 2)
        let third = ViewerCache("private", newer, in: registry())
        #expect(try await third.value(for: "b:c", of: viewers[0], in: one) { 5 } == 5)
        let text = CacheOptions<String, String>(shared: .json(version: 1))
        let other = ViewerCache("private", text, in: registry())
        #expect(try await other.value(for: "b:c", of: viewers[0], in: one) { "new" } == "new", "what cannot be read")
    }
}

@Suite struct PeerTableTests {
    @Test func `numbers in any order within two beats cost nothing`() {
        var table = PeerTable()
        #expect(!table.hearBeat(of: 1, last: 0))
        for number in [2, 1, 4, 5, 3] as [UInt64] { #expect(!table.hear(number, of: 1)) }
        #expect(!table.hearBeat(of: 1, last: 6))
        #expect(!table.hear(6, of: 1))
        for _ in 0..<3 { #expect(!table.hearBeat(of: 1, last: 6)) }
    }

    @Test func `a number that is still missing at the second beat was lost`() {
        var table = PeerTable()
        _ = table.hearBeat(of: 1, last: 0)
        _ = table.hear(2, of: 1)
        #expect(!table.hearBeat(of: 1, last: 2))
        #expect(table.hearBeat(of: 1, last: 2))
        #expect(!table.hearBeat(of: 1, last: 2), "it is doubted once")
        #expect(table.hear(500, of: 1), "too many to wait for")
    }

    @Test func `a node that falls silent is doubted once`() {
        var table = PeerTable()
        _ = table.hearBeat(of: 1, last: 0)
        for _ in 0..<5 { #expect(!table.beat()) }
        #expect(table.beat())
        #expect(!table.beat())
        #expect(table.hear(3, of: 1), "what it said before it was heard again is unknown")
    }
}
