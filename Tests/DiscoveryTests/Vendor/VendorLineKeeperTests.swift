import Base
import BaseTestKit
import Coordination
import Synchronization
import Testing

@testable import Discovery

/// Nodes with a line each over one bank, in virtual time.
private final class Vendors: Sendable {
    struct Call: Sendable, Hashable {
        let node: Int
        let tenant: Tenant
        let urgency: Urgency
        let at: Duration
    }

    enum End: Sendable, Hashable {
        case called
        case later(Duration)
        case cancelled
    }

    let clock = SimClock()
    let executor: SimExecutor
    let lines: [VendorLineKeeper]
    let calls = Mutex<[Call]>([])
    let ends = Mutex<[End]>([])

    init(seed: UInt64 = 1, nodes: Int = 1, bank: ((SimClock) -> any TokenBank)? = nil) {
        executor = SimExecutor(randomness: SeededRandomness(seed: seed))
        let bank = bank?(clock) ?? InProcessTokenBank(clock: clock)
        let account = TokenAccount(
            name: "vendor", rate: GCRA(limit: VendorDesk.Bounds.calls, per: VendorDesk.Bounds.period, burst: 1))
        lines = (0..<nodes).map { [clock] _ in VendorLineKeeper(account, of: bank, clock: clock) }
    }

    /// Somebody who wants to call once.
    @discardableResult
    func want(_ urgency: Urgency, of tenant: Int = 1, on node: Int = 0) -> Task<Void, Never> {
        Task(executorPreference: executor) { [self] in
            let tenant = Tenant(ID(high: 3, low: UInt64(tenant)))
            var end = End.called
            do {
                if let wait = try await lines[node].take(for: tenant, urgency) { end = .later(wait) }
            } catch {
                end = .cancelled
            }
            if end == .called {
                calls.withLock {
                    $0.append(Call(node: node, tenant: tenant, urgency: urgency, at: clock.uptime()))
                }
            }
            ends.withLock { $0.append(end) }
        }
    }

    func pass(_ duration: Duration) {
        let end = clock.uptime() + duration
        executor.drain()
        while clock.uptime() < end {
            clock.advance(by: min(.milliseconds(5), end - clock.uptime()))
            executor.drain()
        }
    }

    var callCount: Int { calls.withLock { $0.count } }
    var endCount: Int { ends.withLock { $0.count } }
    var isIdle: Bool { lines.allSatisfy { $0.counts.isEmpty } }

    /// No more calls in any stretch of the vendor's period than it allows.
    func checkRate() {
        let times = calls.withLock { $0.map(\.at) }
        for (index, time) in times.enumerated() {
            let count = times[index...].prefix { $0 < time + VendorDesk.Bounds.period }.count
            #expect(count <= VendorDesk.Bounds.calls, "\(count) calls from \(time) on")
        }
    }
}

/// A bank that cannot be reached now and then.
private struct FlakyBank: TokenBank {
    let bank: InProcessTokenBank
    let chance: SeededRandomness

    func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch {
        if chance.below(4) == 0 { throw CoordinationError(.unavailable, "The bank is away.") }
        return try await bank.take(upTo: amount, from: account)
    }

    func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError) {
        try await bank.giveBack(amount, to: account)
    }
}

@Suite struct VendorLineKeeperTests {
    @Test func `somebody who searches waits for no backlog, on whichever node it is`() {
        for seed: UInt64 in 1...10 {
            let vendors = Vendors(seed: seed, nodes: 3)
            for number in 0..<150 { vendors.want(.background, on: number % 3) }
            vendors.pass(.milliseconds(3_210))
            let before = vendors.callCount
            #expect(before >= 11, "nobody waits: the backlog has the rate to itself")
            vendors.want(.awaited, of: 2, on: 1)
            vendors.pass(.milliseconds(500))
            let calls = vendors.calls.withLock { Array($0[before...]) }
            let place = calls.firstIndex { $0.urgency == .awaited }
            #expect((place ?? 9) <= 1, "seed \(seed): \(calls)")
            vendors.pass(.seconds(30))
            vendors.checkRate()
        }
    }

    @Test func `calls begin evenly, whoever deals, and none is lost`() {
        for seed: UInt64 in 1...20 {
            let chance = SeededRandomness(seed: seed &* 31)
            let vendors = Vendors(seed: seed, nodes: 2) { clock in
                FlakyBank(bank: InProcessTokenBank(clock: clock), chance: chance)
            }
            var wishes: [Task<Void, Never>] = []
            for _ in 0..<120 {
                wishes.append(
                    vendors.want(
                        chance.below(2) == 0 ? .awaited : .background, of: chance.below(4), on: chance.below(2)))
                if chance.below(5) == 0 { wishes[chance.below(wishes.count)].cancel() }
                if chance.below(40) == 0 { vendors.lines[chance.below(2)].hold(for: .seconds(chance.below(4))) }
                vendors.pass(.milliseconds(chance.below(300)))
            }
            vendors.pass(.seconds(30))
            #expect(vendors.endCount == wishes.count, "seed \(seed)")
            #expect(vendors.isIdle, "seed \(seed)")
            vendors.checkRate()
            // The line goes on afterwards.
            let before = vendors.callCount
            for node in 0..<2 { vendors.want(.awaited, on: node) }
            vendors.pass(.seconds(9))
            #expect(vendors.callCount == before + 2, "seed \(seed)")
        }
    }

    @Test func `a vendor that asks for less is left alone for as long as it asks`() {
        let vendors = Vendors()
        for _ in 0..<5 { vendors.want(.awaited) }
        vendors.pass(.milliseconds(250))
        let before = vendors.callCount
        vendors.lines[0].hold(for: .seconds(20))
        vendors.want(.awaited)
        vendors.pass(.seconds(5))
        vendors.want(.awaited)
        vendors.pass(.milliseconds(14_500))
        #expect(vendors.callCount == before)
        let waits = vendors.ends.withLock { ends in ends.filter { $0 != .called } }
        #expect(waits == Array(repeating: .later(.seconds(20)), count: 4) + [.later(.seconds(15))])
        vendors.pass(.seconds(1))
        vendors.want(.awaited)
        vendors.pass(.milliseconds(5))
        #expect(vendors.callCount == before + 1)
    }

    @Test func `who has waited ten seconds in vain comes again later`() {
        let vendors = Vendors()
        for number in 0..<80 { vendors.want(.awaited, of: number % 2) }
        vendors.pass(.seconds(11))
        let ends = vendors.ends.withLock { $0 }
        let sentAway = ends.filter { $0 != .called }
        #expect(ends.count == 80 && sentAway.count <= 30)
        #expect(Set(sentAway) == [.later(VendorLineKeeper.Bounds.rest)])
    }
}
