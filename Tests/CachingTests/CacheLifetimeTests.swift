import Base
import BaseTestKit
import Caching
import Telemetry
import Testing

@Suite struct CacheLifetimeTests {
    @Test func `a value is fresh for its time to live, which chance shortens by the jitter at most`() async throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            let bench = Bench(seed: seed)
            let cache = Cache<Int, Int>("jitter", CacheOptions(ttl: .seconds(100), jitter: 0.2), in: bench.registry)
            for key in 0..<20 { _ = try await cache.value(for: key, in: bench.tenant) { 1 } }
            bench.clock.advance(by: .seconds(80) - .microseconds(1))
            for key in 0..<20 { #expect(try await cache.value(for: key, in: bench.tenant) { 2 } == 1) }
            bench.clock.advance(by: .seconds(20) + .microseconds(1))
            for key in 0..<20 { #expect(try await cache.value(for: key, in: bench.tenant) { 2 } == 2) }
        }
    }

    @Test func `a stale value is served at once while exactly one refresh runs`() async throws {
        let bench = Bench()
        let cache = Cache<Int, Int>(
            "stale", CacheOptions(ttl: .seconds(10), jitter: 0, staleWindow: .seconds(60)), in: bench.registry)
        _ = try await cache.value(for: 1, in: bench.tenant) { 1 }
        bench.clock.advance(by: .seconds(10))
        let gate = Gate()
        let loads = Counter()
        let (_, cost) = try await Cost.measure {
            for _ in 0..<100 {
                let value = try await cache.value(for: 1, in: bench.tenant) {
                    Cost.current?.add(to: .statements)
                    loads.increment()
                    await gate.pass()
                    return 2
                }
                #expect(value == 1)
            }
        }
        gate.open()
        await eventually { cache.statistics.loading == 0 }
        #expect(loads.value == 1)
        #expect(cost[.statements] == 0, "a refresh is not the cost of the request that came by")
        #expect(try await cache.value(for: 1, in: bench.tenant) { 3 } == 2)
        #expect(cache.statistics.staleServed == 100)
    }

    @Test func `a stale value is served while the source fails, and the source is asked once per failure window`()
        async throws
    {
        let bench = Bench()
        let options = CacheOptions<Int, Int>(
            ttl: .seconds(10), jitter: 0, staleWindow: .seconds(60), failureWindow: .seconds(5))
        let cache = Cache("outage", options, in: bench.registry)
        let attempts = Counter()
        let fail: @Sendable () async throws -> Int = { throw SourceError(number: attempts.increment()) }
        _ = try await cache.value(for: 1, in: bench.tenant) { 1 }
        bench.clock.advance(by: .seconds(10))
        for second in 0..<60 {
            for _ in 0..<10 { #expect(try await cache.value(for: 1, in: bench.tenant, load: fail) == 1) }
            await eventually { cache.statistics.loading == 0 }
            #expect(attempts.value == second / 5 + 1)
            bench.clock.advance(by: .seconds(1))
        }
        await #expect(throws: SourceError.self) { try await cache.value(for: 1, in: bench.tenant, load: fail) }
        #expect(attempts.value == 13)
        bench.clock.advance(by: .seconds(5))
        #expect(try await cache.value(for: 1, in: bench.tenant) { 2 } == 2)
    }

    @Test func `that there is none is remembered for its own time`() async throws {
        let bench = Bench()
        let options = CacheOptions<Int, String?>(ttl: .seconds(100), jitter: 0, absentTTL: .seconds(5))
        let cache = Cache("absent", options, in: bench.registry)
        let loads = Counter()
        for _ in 0..<10 {
            let value = try await cache.value(for: 1, in: bench.tenant) {
                loads.increment()
                return nil
            }
            #expect(value == nil)
        }
        #expect(loads.value == 1)
        bench.clock.advance(by: .seconds(5))
        #expect(try await cache.value(for: 1, in: bench.tenant) { "there" } == "there")
        bench.clock.advance(by: .seconds(50))
        #expect(try await cache.value(for: 1, in: bench.tenant) { nil } == "there")
    }

    @Test func `with an absent time of zero nothing is remembered`() async throws {
        let bench = Bench()
        let cache = Cache<Int, Int?>("forgetful", CacheOptions(absentTTL: .zero), in: bench.registry)
        #expect(try await cache.value(for: 1, in: bench.tenant) { nil } == nil)
        #expect(try await cache.value(for: 1, in: bench.tenant) { 1 } == 1)
    }

    @Test func `tenants and viewers never see each other's values`() async throws {
        let bench = Bench()
        let shared = Cache<String, Int>("shared", in: bench.registry)
        #expect(try await shared.value(for: "key", in: bench.tenant) { 1 } == 1)
        #expect(try await shared.value(for: "key", in: bench.other) { 2 } == 2)
        #expect(try await shared.valueBypassingTenant(for: "key") { 3 } == 3)
        #expect(try await shared.value(for: "key", in: bench.tenant) { 4 } == 1)
        let own = ViewerCache<String, Int>("own", in: bench.registry)
        let ada = Viewer(named: "ada")
        let bob = Viewer(ID<Tenant>(high: 7, low: 7))
        #expect(try await own.value(for: "key", of: ada, in: bench.tenant) { 1 } == 1)
        #expect(try await own.value(for: "key", of: bob, in: bench.tenant) { 2 } == 2)
        #expect(try await own.value(for: "key", of: ada, in: bench.other) { 3 } == 3)
        #expect(try await own.value(for: "key", of: ada, in: bench.tenant) { 4 } == 1)
    }

    @Test func `the console's figures add up`() async throws {
        let bench = Bench()
        let cache = Cache<Int, Int>(
            "figures", CacheOptions(capacity: 10, weigh: { _, value in value }), in: bench.registry)
        for key in 0..<20 { _ = try await cache.value(for: key, in: bench.tenant) { 2 } }
        _ = try await cache.value(for: 19, in: bench.tenant) { 2 }
        _ = try await cache.value(for: 99, in: bench.tenant) { 11 }
        let figures = try #require(bench.registry.statistics.first)
        #expect(figures.name == "figures" && figures.capacity == 10)
        #expect(figures.entries == 5 && figures.weight == 10 && figures.evictions == 15)
        #expect(figures.hits == 1 && figures.misses == 21 && figures.loads == 21 && figures.tooHeavy == 1)
        #expect(figures.hitRatio > 0.045 && figures.hitRatio < 0.046)
    }
}
