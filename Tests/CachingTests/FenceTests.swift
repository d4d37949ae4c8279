import Base
import BaseTestKit
import Coordination
import Storage
import Synchronization
import Testing

@testable import Caching

@Suite struct FenceTests {
    private func tagged() -> CacheOptions<Int, Int> { CacheOptions(tags: { ["thing:\($0)"] }) }

    @Test func `a load that began before an invalidation never publishes its old value`() async throws {
        let bench = Bench()
        let cache = Cache("fence", tagged(), in: bench.registry)
        let gate = Gate()
        let old = Task {
            try await cache.value(for: 1, in: bench.tenant) {
                await gate.pass()
                return 1
            }
        }
        await eventually { cache.statistics.loading == 1 }
        await bench.registry.committed([.invalidate(tag: "thing:1")], for: bench.tenant)
        #expect(try await cache.value(for: 1, in: bench.tenant) { 2 } == 2, "a later caller does not join the old load")
        gate.open()
        #expect(try await old.value == 1, "who asked before the write may see what was before it")
        #expect(try await cache.value(for: 1, in: bench.tenant) { 3 } == 2)
        #expect(cache.statistics.fenced == 1)
    }

    @Test func `a refresh that began before an invalidation never publishes, and no stale value is served after it`()
        async throws
    {
        let bench = Bench()
        var options = tagged()
        options.ttl = .seconds(10)
        options.staleWindow = .seconds(100)
        let cache = Cache("refresh", options, in: bench.registry)
        _ = try await cache.value(for: 1, in: bench.tenant) { 1 }
        bench.clock.advance(by: .seconds(10))
        let gate = Gate()
        let stale = try await cache.value(for: 1, in: bench.tenant) {
            await gate.pass()
            return 1
        }
        #expect(stale == 1)
        await bench.registry.invalidate(tags: ["thing:1"], for: bench.tenant)
        gate.open()
        await eventually { cache.statistics.loading == 0 }
        await #expect(throws: SourceError.self) {
            try await cache.value(for: 1, in: bench.tenant) { throw SourceError() }
        }
    }

    @Test func `an invalidation reaches its tag and tenant, and nobody else`() async throws {
        let bench = Bench()
        let cache = Cache("reach", tagged(), in: bench.registry)
        for tenant in [bench.tenant, bench.other] {
            for key in 1...2 { _ = try await cache.value(for: key, in: tenant) { 1 } }
        }
        await bench.registry.invalidate(tags: ["thing:1"], for: bench.tenant)
        #expect(try await cache.value(for: 1, in: bench.tenant) { 2 } == 2)
        #expect(try await cache.value(for: 2, in: bench.tenant) { 2 } == 1)
        #expect(try await cache.value(for: 1, in: bench.other) { 2 } == 1)
        await bench.registry.invalidate(tags: ["thing:2"], for: nil)
        #expect(try await cache.value(for: 2, in: bench.tenant) { 3 } == 3)
        #expect(try await cache.value(for: 2, in: bench.other) { 3 } == 3)
        #expect(try await cache.value(for: 1, in: bench.other) { 3 } == 1)
    }

    @Test func `nobody who asks after a write sees what was before it, however threads interleave`() async throws {
        let bench = Bench()
        let cache = Cache("race", tagged(), in: bench.registry)
        let committed = Counter()
        let visible = Counter()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<3_000 {
                    committed.increment()
                    await bench.registry.invalidate(tags: ["thing:1"], for: bench.tenant)
                    visible.increment()
                    await Task.yield()
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    while visible.value < 3_000 {
                        let before = visible.value
                        // Cannot fail: the load does not throw and nothing is cancelled.
                        let value = try? await cache.value(for: 1, in: bench.tenant) {
                            let read = committed.value
                            await Task.yield()
                            return read
                        }
                        if (value ?? -1) < before {
                            Issue.record("\(value ?? -1) was seen after \(before) was written")
                        }
                        await Task.yield()
                    }
                }
            }
        }
        #expect(cache.statistics.loads > 1)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `in any order of loads, commits and look-ups no old value is seen`(seed: UInt64) throws {
        let chance = SeededRandomness(seed: seed)
        let fences = FenceTable(bits: 4)
        var shard = CacheShard<Int, Int>(capacity: 3, groupCapacity: 3, waitersMax: 8)
        var database = Array(repeating: 0, count: 5)
        var visible = database
        /// Loads that run: their key, and what they read once they have read it.
        var running: [UInt64: (key: Int, read: Int?)] = [:]
        func key(_ name: Int) -> CacheKey<Int> { CacheKey(scope: .platform, name: name) }
        for step in 0..<3_000 as Range<Int64> {
            let name = chance.below(database.count)
            switch chance.below(10) {
            case 0: database[name] += 1
            case 1:
                let seen = database[name]
                fences.invalidate(["\(name)"], for: nil)
                visible[name] = seen
            case 2, 3:
                guard let id = running.keys.sorted().first(where: { _ in chance.below(3) == 0 }),
                    let load = running[id]
                else { continue }
                guard let read = load.read else {
                    running[id]?.read = database[load.key]
                    continue
                }
                running[id] = nil
                _ = shard.finish(
                    flight: id, with: .success(read), origin: .source, lifetime: Lifetime(fresh: 40, stale: 40),
                    weight: 1, now: step,
                    fences: fences)
            default:
                let began = fences.now
                let slots = fences.slots(of: ["\(name)"], for: nil)
                switch shard.look(key(name), now: step, fences: fences) {
                case .hit(let value), .stale(let value, wantsRefresh: false):
                    #expect(value >= visible[name], "seed \(seed), step \(step)")
                case .stale(let value, wantsRefresh: true):
                    #expect(value >= visible[name], "seed \(seed), step \(step)")
                    if let id = shard.refresh(key(name), slots: slots, began: began, mayLead: { true }) {
                        running[id] = (name, nil)
                    }
                case .failed: Issue.record("nothing failed")
                case .miss:
                    let join = shard.join(
                        key(name), Waiter(), slots: slots, began: began, now: step, fences: fences,
                        mayLead: { true }, isAncestor: { _ in false })
                    switch join {
                    case .lead(let flight, _): running[flight] = (name, nil)
                    case .wait(let flight, _):
                        if let read = running[flight]?.read { #expect(read >= visible[name], "seed \(seed)") }
                    case .found(let result): #expect(try result.get() >= visible[name], "seed \(seed)")
                    case .refuse: break
                    }
                }
            }
            #expect(shard.store.weight <= 3)
        }
    }

    @Test func `the other nodes hear of an invalidation, and drop everything when they may have missed one`()
        async throws
    {
        let bench = Bench()
        let bus = InProcessBus(capacity: 1)
        let here = CacheRegistry(clock: bench.clock, randomness: SeededRandomness(seed: 1), bus: bus)
        let there = CacheRegistry(clock: bench.clock, randomness: SeededRandomness(seed: 2), bus: bus)
        let cache = Cache("remote", tagged(), in: there)
        let service = Task { try await there.run() }
        await eventually { there.fences.now == 1 }
        for key in 1...2 { _ = try await cache.value(for: key, in: bench.tenant) { 1 } }
        await here.invalidate(tags: ["thing:1"], for: bench.tenant)
        await eventually { there.fences.now == 2 }
        #expect(try await cache.value(for: 1, in: bench.tenant) { 2 } == 2)
        #expect(try await cache.value(for: 2, in: bench.tenant) { 2 } == 1)
        try await bus.publish(Array("gibberish".utf8), to: "caching.invalidations")
        await eventually { there.fences.now == 3 }
        #expect(try await cache.value(for: 2, in: bench.tenant) { 3 } == 3)
        #expect(here.invalidationsUnsent == 0)
        service.cancel()
        try await service.value
    }
}
