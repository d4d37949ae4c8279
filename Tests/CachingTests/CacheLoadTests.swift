import Base
import BaseTestKit
import Caching
import Telemetry
import Testing

@Suite struct CacheLoadTests {
    @Test func `ten thousand concurrent misses of a cold key cause exactly one load`() async throws {
        let bench = Bench()
        let cache = Cache<String, Int>("cold", in: bench.registry)
        let gate = Gate()
        let loads = Counter()
        let sum = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<10_000 {
                group.addTask {
                    // A failure shows as a missing number in the sum.
                    try? await cache.value(for: "key", in: bench.tenant) {
                        await gate.pass()
                        return loads.increment()
                    }
                }
            }
            await eventually { cache.statistics.coalesced == 9_999 }
            gate.open()
            return await group.reduce(0) { $0 + ($1 ?? 0) }
        }
        #expect(loads.value == 1)
        #expect(sum == 10_000)
        #expect(cache.statistics.loads == 1)
        #expect(cache.statistics.misses == 10_000)
    }

    @Test func `a cancelled leader takes nothing from the others`() async throws {
        let bench = Bench()
        let cache = Cache<String, Int>("leader", in: bench.registry)
        let gate = Gate()
        let loads = Counter()
        let load: @Sendable () async throws -> Int = {
            await gate.pass()
            try Task.checkCancellation()
            return loads.increment()
        }
        let leader = Task { try await cache.value(for: "key", in: bench.tenant, load: load) }
        await eventually { cache.statistics.loading == 1 }
        let follower = Task { try await cache.value(for: "key", in: bench.tenant, load: load) }
        await eventually { cache.statistics.coalesced == 1 }
        leader.cancel()
        await #expect(throws: CancellationError.self) { try await leader.value }
        gate.open()
        #expect(try await follower.value == 1)
        #expect(loads.value == 1)
    }

    @Test func `a load that nobody waits for any more is cancelled, and the next caller gets a new one`() async throws {
        let bench = Bench()
        let cache = Cache<String, Int>("abandoned", in: bench.registry)
        let cancelled = Gate()
        let only = Task {
            try await cache.value(for: "key", in: bench.tenant) {
                do {
                    try await bench.clock.sleep(for: .seconds(5))
                } catch {
                    cancelled.open()
                    throw error
                }
                return 1
            }
        }
        await eventually { bench.clock.sleeperCount == 2 }
        only.cancel()
        await cancelled.pass()
        #expect(try await cache.value(for: "key", in: bench.tenant) { 2 } == 2)
        #expect(try await cache.value(for: "key", in: bench.tenant) { 3 } == 2)
    }

    @Test func `a failing leader fails all who wait, and the source is left alone for the failure window`() async throws
    {
        let bench = Bench()
        let cache = Cache<String, Int>(
            "failing", CacheOptions(failureWindow: .seconds(2)), in: bench.registry)
        let gate = Gate()
        let loads = Counter()
        let load: @Sendable () async throws -> Int = {
            await gate.pass()
            throw SourceError(number: loads.increment())
        }
        let failures = await withTaskGroup(of: SourceError?.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    do {
                        _ = try await cache.value(for: "key", in: bench.tenant, load: load)
                        return nil
                    } catch {
                        return error as? SourceError
                    }
                }
            }
            await eventually { cache.statistics.coalesced == 99 }
            gate.open()
            return await group.reduce(into: Set<SourceError?>()) { $0.insert($1) }
        }
        #expect(failures == [SourceError(number: 1)])
        await #expect(throws: SourceError(number: 1)) {
            try await cache.value(for: "key", in: bench.tenant) { 7 }
        }
        bench.clock.advance(by: .seconds(2))
        #expect(try await cache.value(for: "key", in: bench.tenant) { 7 } == 7)
    }

    @Test func `a load that takes too long fails its callers and cannot publish later`() async throws {
        let bench = Bench()
        let cache = Cache<String, Int>(
            "slow", CacheOptions(failureWindow: .zero, loadTimeout: .seconds(3)), in: bench.registry)
        let gate = Gate()
        let late = Task {
            try await cache.value(for: "key", in: bench.tenant) {
                await gate.pass()
                return 1
            }
        }
        await eventually { bench.clock.sleeperCount == 1 }
        bench.clock.advance(by: .seconds(3))
        do {
            _ = try await late.value
            Issue.record("the load should have timed out")
        } catch {
            #expect((error as? CachingError)?.code == .loadTimedOut)
        }
        gate.open()
        #expect(try await cache.value(for: "key", in: bench.tenant) { 2 } == 2)
        #expect(try await cache.value(for: "key", in: bench.tenant) { 3 } == 2)
    }

    @Test func `a load that asks for itself is told so instead of waiting for ever`() async throws {
        let bench = Bench()
        let cache = Cache<String, Int>("circle", in: bench.registry)
        do {
            _ = try await cache.value(for: "key", in: bench.tenant) {
                try await cache.value(for: "inner", in: bench.tenant) {
                    try await cache.value(for: "key", in: bench.tenant) { 1 }
                }
            }
            Issue.record("the circle should have been found")
        } catch {
            #expect((error as? CachingError)?.code == .loadNeedsItself)
        }
    }

    @Test func `loads and waiters are bounded, and who is over the bound is told so`() async throws {
        let bench = Bench()
        let cache = Cache<Int, Int>("bounded", CacheOptions(waitersMax: 2, loadsMax: 1), in: bench.registry)
        let gate = Gate()
        let load: @Sendable () async -> Int = {
            await gate.pass()
            return 1
        }
        let first = Task { try await cache.value(for: 1, in: bench.tenant, load: load) }
        await eventually { cache.statistics.loading == 1 }
        let second = Task { try await cache.value(for: 1, in: bench.tenant, load: load) }
        await eventually { cache.statistics.coalesced == 1 }
        await expect(.tooManyWaiters) { _ = try await cache.value(for: 1, in: bench.tenant, load: load) }
        await expect(.tooManyLoads) { _ = try await cache.value(for: 2, in: bench.tenant, load: load) }
        gate.open()
        #expect(try await first.value + second.value == 2)
    }

    @Test func `shutting down cancels loads, tells their callers, and still serves what is there`() async throws {
        let bench = Bench()
        let cache = Cache<Int, Int>("ending", in: bench.registry)
        #expect(try await cache.value(for: 1, in: bench.tenant) { 1 } == 1)
        let waiting = Task {
            try await cache.value(for: 2, in: bench.tenant) {
                try await bench.clock.sleep(for: .seconds(5))
                return 2
            }
        }
        await eventually { cache.statistics.loading == 1 }
        bench.registry.shutDown()
        await expect(.shutDown) { _ = try await waiting.value }
        await expect(.shutDown) { _ = try await cache.value(for: 3, in: bench.tenant) { 3 } }
        #expect(try await cache.value(for: 1, in: bench.tenant) { 9 } == 1)
        await eventually { bench.clock.sleeperCount == 0 }
    }

    @Test func `look-ups appear in the cost of the work that makes them`() async throws {
        let bench = Bench()
        let cache = Cache<Int, Int>("cost", in: bench.registry)
        let (_, cost) = try await Cost.measure {
            for _ in 0..<3 {
                _ = try await cache.value(for: 1, in: bench.tenant) {
                    Cost.current?.add(to: .statements)
                    return 1
                }
            }
        }
        #expect(cost[.cacheMisses] == 1)
        #expect(cost[.cacheHits] == 2)
        #expect(cost[.statements] == 1)
    }

    private func expect(_ code: CachingError.Code, _ work: () async throws -> Void) async {
        do {
            try await work()
            Issue.record("\(code) was expected")
        } catch {
            #expect((error as? CachingError)?.code == code)
        }
    }
}
