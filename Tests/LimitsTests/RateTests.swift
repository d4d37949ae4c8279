import Base
import BaseTestKit
import Coordination
import Telemetry
import Testing

@testable import Limits

@Suite struct RateTests {
    private let tenant = Tenant(ID(high: 1, low: 1))

    @Test func `thirty votes a minute pass at once, then one every two seconds`() throws {
        let clock = SimClock()
        let limiter = RateLimiter(RateRule("vote", limit: 30), clock: clock)
        let key = LimitKey(tenant, named: "voter")
        for left in (0..<30).reversed() {
            guard case .granted(let grant) = limiter.admit(key) else {
                Issue.record("refused with \(left) left")
                return
            }
            #expect(grant.remaining == left)
        }
        let refusal = try #require(limiter.admit(key).refusal)
        #expect(
            refusal
                == Refusal(reason: .rate, rule: "vote", limit: 30, remaining: 0, retryAfter: .seconds(2)))
        for _ in 0..<1_000 { #expect(!limiter.admit(key).isGranted) }
        clock.advance(by: .seconds(2) - .nanoseconds(1))
        #expect(limiter.admit(key).refusal?.retryAfter == .nanoseconds(1), "a thousand refusals consumed nothing")
        clock.advance(by: .nanoseconds(1))
        #expect(limiter.admit(key).isGranted)
        #expect(!limiter.admit(key).isGranted)
        #expect(limiter.admit(LimitKey(tenant, named: "another")).isGranted)
        #expect(limiter.admit(LimitKey(Tenant(ID(high: 2, low: 2)), named: "voter")).isGranted)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `no stretch of time gets more than the burst and what came back in it`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        let rate = GCRA(limit: 1 + chance.below(50), per: .seconds(10), burst: 1 + chance.below(30))
        var arrival = Int64.min
        var now: Int64 = 0
        var grants: [(time: Int64, amount: Int)] = []
        for _ in 0..<800 {
            now += Int64(chance.below(Int(rate.interval) * 2))
            let amount = 1 + chance.below(3)
            switch rate.decide(arrival: arrival, now: now, amount: amount) {
            case .granted(let next, let remaining, let fullAfter):
                #expect(remaining >= 0 && fullAfter > 0)
                arrival = next
                grants.append((now, amount))
            case .refused(let after, let remaining):
                #expect(remaining < amount)
                guard let after else {
                    #expect(amount > rate.burst)
                    continue
                }
                #expect(after > 0)
                if case .refused = rate.decide(arrival: arrival, now: now + after, amount: amount) {
                    Issue.record("refused again after the wait that was named, seed \(seed)")
                }
                if case .granted = rate.decide(arrival: arrival, now: now + after - 1, amount: amount) {
                    Issue.record("granted before the wait that was named, seed \(seed)")
                }
            }
        }
        for first in stride(from: 0, to: grants.count, by: 7) {
            var sum = 0
            for last in first..<grants.count {
                sum += grants[last].amount
                let stretch = grants[last].time - grants[first].time
                #expect(Int64(sum) <= Int64(rate.burst) + stretch / rate.interval, "seed \(seed)")
            }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what is given back was never taken`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        let rate = GCRA(limit: 20, per: .seconds(10))
        var (one, other) = (Int64.min, Int64.min)
        var now: Int64 = 0
        for _ in 0..<2_000 {
            now += Int64(chance.below(1_000_000_000))
            if case .granted(let taken, _, _) = rate.decide(arrival: other, now: now, amount: 2) {
                other = rate.arrival(taken, givingBack: 2)
            }
            let decision = rate.decide(arrival: one, now: now)
            #expect(decision == rate.decide(arrival: other, now: now), "seed \(seed)")
            if case .granted(let next, _, _) = decision { (one, other) = (next, next) }
        }
    }

    @Test func `keys are bounded, and only keys that are full again are forgotten while there are any`() {
        var table = RateTable(rate: GCRA(limit: 10, per: .seconds(10)), capacity: 1_000)
        var now: Int64 = 1
        for key in 0..<50_000 {
            now += 2_000_000
            _ = table.admit(LimitKey(tenant, named: "\(key)"), amount: 1, now: now)
            #expect(table.count <= 1_000)
        }
        #expect(table.forgotten == 0, "500 keys a second that are full after one second fit")
        #expect(table.count <= 1_000 && table.count >= 400)
        for key in 0..<5_000 {
            _ = table.admit(LimitKey(tenant, named: "flood \(key)"), amount: 1, now: now)
        }
        #expect(table.count == 1_000)
        #expect(table.forgotten > 3_000)
        #expect(table.granted == 55_000 && table.refused == 0)
    }

    @Test func `several rates are decided as a whole`() {
        let registry = LimitRegistry(clock: SimClock())
        let wide = RateRule("tenant", limit: 100)
        let narrow = RateRule("person", limit: 2)
        let steps = [RateStep(wide, LimitKey(tenant)), RateStep(narrow, LimitKey(tenant, named: "ada"))]
        #expect(registry.admit(steps).isGranted)
        guard case .granted(let grant) = registry.admit(steps) else {
            Issue.record("the second was refused")
            return
        }
        #expect(grant.rule == "person" && grant.remaining == 0, "the tightest is shown")
        for _ in 0..<500 { #expect(registry.admit(steps).refusal?.rule == "person") }
        #expect(registry.limiter(for: wide).admit(LimitKey(tenant), amount: 98).isGranted)
        #expect(registry.limiter(for: wide).admit(LimitKey(tenant)).refusal?.remaining == 0)
        let figures = registry.statistics
        #expect(figures.map(\.rule) == ["person", "tenant"])
        #expect(figures.map(\.granted) == [2, 3])
        #expect(figures.map(\.refused) == [500, 1])
    }

    @Test func `nodes that share a rate never grant more than it together`() {
        let clock = SimClock()
        let rule = RateRule("shared", limit: 90, per: .seconds(60), burst: 30)
        let nodes = (0..<3).map { _ in
            let registry = LimitRegistry(clock: clock)
            registry.share(among: 3)
            return registry.limiter(for: rule)
        }
        var granted = 0
        for second in 0...60 {
            for node in nodes {
                while node.admit(LimitKey(tenant)).isGranted { granted += 1 }
            }
            if second < 60 { clock.advance(by: .seconds(1)) }
        }
        #expect(granted == 30 + 90)
    }

    @Test func `more than ever passes at once is refused for good, and looking takes nothing`() {
        let limiter = RateLimiter(RateRule("burst", limit: 5), clock: SimClock())
        let key = LimitKey.bypassingTenant(named: "192.0.2.0/24")
        #expect(limiter.admit(key, amount: 6).refusal?.reason == .amount)
        #expect(limiter.admit(key, amount: 6).refusal?.retryAfter == nil)
        for _ in 0..<10 { #expect(limiter.admit(key, amount: 0).isGranted) }
        #expect(limiter.admit(key, amount: 5).isGranted)
    }

    @Test func `answers speak HTTP, and decisions appear in the cost`() async {
        let limiter = RateLimiter(RateRule("api", limit: 2, per: .seconds(3)), clock: SimClock())
        let (answers, cost) = await Cost.measure { (0..<3).map { _ in limiter.admit(LimitKey(tenant)) } }
        #expect(answers[0].headers.map { "\($0.name): \($0.value)" } == ["RateLimit: \"api\";r=1;t=2"])
        #expect(
            answers[2].headers.map { "\($0.name): \($0.value)" } == [
                "RateLimit: \"api\";r=0;t=2", "Retry-After: 2",
            ])
        #expect(cost[.limitDecisions] == 3)
    }
}
