import Base
import BaseTestKit
import Coordination
import CoordinationTestKit
import Testing

@Suite struct InProcessTests {
    @Test(arguments: BusConformance.allCases)
    func `the bus of one process keeps the contract`(rule: BusConformance) async throws {
        try await rule.check(InProcessBus(), topic: "topic")
    }

    @Test(arguments: PauseConformance.allCases)
    func `nodes of one process tell each other of pauses`(rule: PauseConformance) async throws {
        let bus = InProcessBus()
        try await rule.check(bus, peer: bus, name: "vendor")
    }

    @Test(arguments: SharedLoadConformance.allCases)
    func `the caches of two nodes are one`(rule: SharedLoadConformance) async throws {
        let (store, bus) = (InProcessSharedCache(clock: SystemClock()), InProcessBus())
        try await rule.check([store, store], buses: [bus, bus], name: "cache")
    }

    @Test(arguments: SharedCacheConformance.allCases)
    func `the shared cache of one process keeps the contract`(rule: SharedCacheConformance) async throws {
        let clock = SimClock()
        try await rule.check(InProcessSharedCache(clock: clock), prefix: "key") { clock.advance(by: $0) }
    }

    @Test(arguments: TokenBankConformance.allCases)
    func `the token bank of one process keeps the contract`(rule: TokenBankConformance) async throws {
        let clock = SimClock()
        try await rule.check(InProcessTokenBank(clock: clock), prefix: "account") { clock.advance(by: $0) }
    }

    @Test func `a tag that was forgotten for want of room reads as invalidated`() async throws {
        let cache = InProcessSharedCache(clock: SimClock(), tagsMax: 2)
        try await cache.invalidate(["a"])
        let fence = try await cache.fence(of: ["a"])
        #expect(try await cache.set("key", to: [1], for: .seconds(9), fence: fence))
        try await cache.invalidate(["b", "c", "d"])
        #expect(try await cache.value(for: "key") == nil)
        #expect(try await !cache.set("key", to: [1], for: .seconds(9), fence: fence))
    }

    @Test func `values and subscriptions are bounded`() async throws {
        let cache = InProcessSharedCache(clock: SimClock(), entriesMax: 10)
        let fence = try await cache.fence(of: [])
        for key in 0..<100 { _ = try await cache.set("\(key)", to: [1], for: .seconds(9), fence: fence) }
        #expect(try await cache.value(for: "89") == nil)
        #expect(try await cache.value(for: "90") != nil)
        let bus = InProcessBus(subscriptionsMax: 1)
        var first: BusSubscription? = try await bus.subscribe(to: "topic")
        await #expect(throws: CoordinationError.self) { try await bus.subscribe(to: "topic") }
        #expect(first != nil)
        first = nil
        _ = try await bus.subscribe(to: "topic")
    }

    @Test func `names have a bound and are not empty`() async throws {
        let cache = InProcessSharedCache(clock: SimClock())
        for name in ["", String(repeating: "x", count: 513)] {
            do {
                _ = try await cache.value(for: name)
                Issue.record("a name of \(name.utf8.count) bytes was taken")
            } catch {
                #expect(error.code == .tooLarge)
            }
        }
    }
}
