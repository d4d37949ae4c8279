import Base
import BaseTestKit
import Coordination
import Synchronization
import Testing

@testable import Limits

/// Nodes with a limiter each over one bank that takes its time and cannot always be reached.
final class LeaseCluster: Sendable {
    struct Node: Sendable {
        let registry: LimitRegistry
        let limiter: RateLimiter
        let service: Task<Void, Never>
    }

    let clock = SimClock()
    let chance: SeededRandomness
    let executor: SimExecutor
    let bank: InProcessTokenBank
    let rule: RateRule
    let cut = Mutex(false)
    let tenant = Tenant(ID(high: 1, low: 1))
    private let nodes: Mutex<[Node]> = Mutex([])

    init(seed: UInt64, rule: RateRule, nodes count: Int = 3) {
        chance = SeededRandomness(seed: seed)
        executor = SimExecutor(randomness: chance)
        bank = InProcessTokenBank(clock: clock)
        self.rule = rule
        let made = (0..<count).map { _ in makeNode(of: count) }
        nodes.withLock { $0 = made }
        executor.drain()
    }

    private func makeNode(of count: Int) -> Node {
        let registry = LimitRegistry(clock: clock, bank: SlowBank(cluster: self))
        registry.share(among: count)
        let service = Task(executorPreference: executor) { await registry.run() }
        return Node(registry: registry, limiter: registry.limiter(for: rule), service: service)
    }

    var all: [Node] { nodes.withLock { $0 } }
    subscript(number: Int) -> Node { nodes.withLock { $0[number] } }

    /// Ends a node at once, with all that it had taken and owed, and starts another.
    func crash(_ number: Int) {
        let node = makeNode(of: all.count)
        nodes.withLock { nodes in
            nodes[number].service.cancel()
            nodes[number] = node
        }
        executor.drain()
    }

    func pass(_ duration: Duration) {
        var left = duration
        while left > .zero {
            executor.drain()
            clock.advance(by: min(left, .milliseconds(5)))
            left -= .milliseconds(5)
        }
        executor.drain()
    }

    func end() {
        for node in all { node.service.cancel() }
        pass(.seconds(2))
    }
}

/// The bank as nodes reach it: up to 6 ms away.
private struct SlowBank: TokenBank {
    weak let cluster: LeaseCluster?

    private func hop() async throws(CoordinationError) {
        guard let cluster else { throw CoordinationError(.unavailable, "The simulation is over.") }
        do {
            try await cluster.clock.sleep(for: .milliseconds(cluster.chance.below(4)))
        } catch {
            throw CoordinationError(.unavailable, "The call was cancelled.", underlying: error)
        }
        if cluster.cut.withLock({ $0 }) { throw CoordinationError(.unavailable, "The bank is out of reach.") }
    }

    func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch {
        try await hop()
        guard let bank = cluster?.bank else { throw CoordinationError(.unavailable, "The simulation is over.") }
        let batch = try await bank.take(upTo: amount, from: account)
        try await hop()
        return batch
    }

    func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError) {
        try await hop()
        try await cluster?.bank.giveBack(amount, to: account)
    }
}

/// The most by which grants have exceeded a rate in any stretch of time.
private struct Meter {
    let rate: GCRA
    private var level = 0.0
    private var last: Int64 = 0
    private(set) var over = 0.0
    private(set) var total = 0

    init(_ rate: GCRA) { self.rate = rate }

    mutating func grant(_ amount: Int, at now: Int64) {
        level = max(0, level - Double(now - last) / Double(rate.interval)) + Double(amount)
        last = now
        total += amount
        over = max(over, level - Double(rate.burst))
    }
}

@Suite struct LeaseTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `three nodes let pass at most two lots each above the rate, and little less than it`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        let rule = RateRule(
            "r", limit: 20 + chance.below(400), per: .seconds(10), burst: 5 + chance.below(200))
        let cluster = LeaseCluster(seed: seed, rule: rule)
        let key = LimitKey(cluster.tenant, named: "key")
        var meter = Meter(rule.rate(nodes: 1))
        var hungry = 0
        for _ in 0..<4_000 {
            let amount = 1 + chance.below(2)
            hungry += amount
            if cluster[chance.below(3)].limiter.admit(key, amount: amount).isGranted {
                meter.grant(amount, at: cluster.clock.uptime().nanoseconds)
            }
            if chance.below(3) == 0 { cluster.pass(.milliseconds(chance.below(20))) }
        }
        let lots = Double(2 * 3 * rule.lot(nodes: 3))
        #expect(meter.over <= lots + 1e-6, "seed \(seed): \(meter.over) over, \(lots) are allowed")
        let seconds = cluster.clock.uptime().inSeconds
        let allowed = min(Double(hungry), Double(rule.burst) + Double(rule.limit) * seconds / 10)
        #expect(Double(meter.total) >= 0.85 * allowed - lots, "seed \(seed): \(meter.total) of \(allowed)")
        cluster.end()
    }

    @Test(arguments: 31...38 as ClosedRange<UInt64>)
    func `crashes and outages let pass no more than the stated bound`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        let rule = RateRule("r", limit: 100, per: .seconds(10), burst: 10 + chance.below(90))
        let cluster = LeaseCluster(seed: seed, rule: rule)
        let key = LimitKey(cluster.tenant, named: "key")
        var meter = Meter(rule.rate(nodes: 1))
        var (crashes, outages) = (0, 0)
        for _ in 0..<4_000 {
            if cluster[chance.below(3)].limiter.admit(key).isGranted {
                meter.grant(1, at: cluster.clock.uptime().nanoseconds)
            }
            switch chance.below(400) {
            case 0:
                cluster.crash(chance.below(3))
                crashes += 1
            case 1:
                cluster.cut.withLock { $0 = true }
                outages += 1
            case 2, 3, 4: cluster.cut.withLock { $0 = false }
            default: break
            }
            cluster.pass(.milliseconds(chance.below(12)))
        }
        let lot = rule.lot(nodes: 3)
        let bound = Double(2 * 3 * lot + crashes * (lot + rule.burst / 3) + outages * 2 * rule.burst)
        #expect(crashes > 0 && outages > 0)
        #expect(meter.over <= bound + 1e-6, "seed \(seed): \(meter.over) over, \(bound) are allowed")
        cluster.end()
    }

    @Test func `what lies unused goes back, and one node then gets all of it`() {
        let rule = RateRule("r", limit: 240, per: .seconds(86_400), burst: 240)
        let cluster = LeaseCluster(seed: 5, rule: rule)
        let key = LimitKey(cluster.tenant)
        for node in cluster.all {
            for _ in 0..<2 {
                #expect(node.limiter.admit(key).isGranted)
                cluster.pass(.milliseconds(20))
            }
        }
        cluster.pass(.seconds(8))
        #expect(cluster.all.allSatisfy { ($0.registry.leaseStatus?.returned ?? 0) > 0 })
        var granted = 0
        for _ in 0..<400 {
            if cluster[0].limiter.admit(key).isGranted { granted += 1 }
            cluster.pass(.milliseconds(10))
        }
        // All that is left, and no more than a lot on credit above it.
        #expect((234...(234 + rule.lot(nodes: 3))).contains(granted), "\(granted)")
        cluster.end()
    }

    @Test func `who waits for the bank is not refused for asking too early`() async {
        let rule = RateRule("r", limit: 100, per: .seconds(60))
        let cluster = LeaseCluster(seed: 6, rule: rule)
        let key = LimitKey(cluster.tenant, named: "burst")
        let tasks = (0..<60).map { _ in
            Task(executorPreference: cluster.executor) { await cluster[0].limiter.admitWaiting(key).isGranted }
        }
        cluster.pass(.milliseconds(600))
        var granted = 0
        for task in tasks where await task.value { granted += 1 }
        #expect(granted == 60, "lots come one after the other")
        let whole = Task(executorPreference: cluster.executor) {
            await cluster[1].limiter.admitWaiting(LimitKey(cluster.tenant), amount: 90)
        }
        cluster.pass(.milliseconds(100))
        #expect(await whole.value.isGranted)
        cluster.end()
    }

    @Test func `without the bank a node grants its part, and takes from the bank again when it answers`() {
        let rule = RateRule("r", limit: 90, per: .seconds(90))
        let cluster = LeaseCluster(seed: 7, rule: rule)
        cluster.cut.withLock { $0 = true }
        _ = cluster[0].limiter.admit(LimitKey(cluster.tenant))
        cluster.pass(.milliseconds(50))
        #expect(cluster[0].registry.leaseStatus?.isLeasing == false)
        let other = LimitKey(cluster.tenant, named: "other")
        var granted = 0
        while cluster[0].limiter.admit(other).isGranted { granted += 1 }
        #expect(granted == 30)
        cluster.cut.withLock { $0 = false }
        cluster.pass(.seconds(3))
        #expect(cluster[0].registry.leaseStatus?.isLeasing == true)
        cluster.end()
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `tokens are never made: what was taken is what was granted, kept and given back, but for the debt`(
        seed: UInt64
    ) {
        let chance = SeededRandomness(seed: seed)
        var table = LeaseTable(lot: 1 + chance.below(9), capacity: 64)
        let keys = (0..<6).map { LimitKey(Tenant(ID(high: 1, low: 1)), named: "\($0)") }
        var asked: [LeaseTable.Errand] = []
        var (now, taken, granted) = (Int64(0), 0, 0)
        func take(_ errand: LeaseTable.Errand) {
            if errand.amount > 0 { asked.append(errand) } else { taken += errand.amount }
        }
        for _ in 0..<3_000 {
            now += Int64(chance.below(400_000_000))
            switch chance.below(5) {
            case 0...2:
                let amount = 1 + chance.below(4)
                let (decision, errand) = table.admit(keys[chance.below(6)], amount: amount, now: now)
                if decision == .granted { granted += amount }
                if let errand { take(errand) }
            case 3 where !asked.isEmpty:
                let errand = asked.remove(at: chance.below(asked.count))
                let given = chance.below(errand.amount + 1)
                taken += given
                let wait = given == 0 ? Int64(chance.below(900_000_000)) : nil
                if let surplus = table.filled(errand.key, with: given, wait: wait, now: now) { take(surplus) }
            default: for errand in table.sweep(now: now, limit: 3) { take(errand) }
            }
            let sums = table.sums
            #expect(taken + sums.debt == granted + sums.tokens, "seed \(seed)")
            #expect(sums.debt <= 6 * table.lot)
        }
    }
}
