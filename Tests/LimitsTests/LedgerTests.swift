import Base
import BaseTestKit
import Foundation
import Testing

@testable import Limits

@Suite struct LedgerTests {
    private let tenant = Tenant(ID(high: 1, low: 1))

    private func id(_ number: UInt64) -> ID<Reservation> { ID(high: 0, low: number) }

    @Test func `what is reserved counts until it is settled with what was really used`() {
        let ledger = Ledger(clock: SimClock())
        let budget = LedgerRule("tokens", limit: 100, per: .forever)
        let key = LimitKey(tenant)
        #expect(ledger.reserve(id(1), [Claim(budget, key, amount: 60)]).isGranted)
        let refusal = ledger.reserve(id(2), [Claim(budget, key, amount: 50)]).refusal
        #expect(refusal?.reason == .budget && refusal?.remaining == 40 && refusal?.retryAfter == nil)
        #expect(ledger.settle(id(1), used: [20]) == .settled)
        #expect(ledger.settle(id(1), used: [20]) == .repeated)
        #expect(ledger.usage(of: budget, key) == Usage(used: 20, held: 0))
        #expect(ledger.reserve(id(2), [Claim(budget, key, amount: 80)]).isGranted)
        #expect(ledger.release(id(2)) == .settled)
        #expect(ledger.settle(id(3)) == .unknown)
        #expect(ledger.reserve(id(4), [Claim(budget, key, amount: 101)]).refusal?.reason == .amount)
    }

    @Test func `the same id reserves once, however often it is sent`() {
        let ledger = Ledger(clock: SimClock())
        let budget = LedgerRule("money", limit: 10, per: .forever)
        let claims = [Claim(budget, LimitKey(tenant), amount: 6)]
        guard case .granted(let first) = ledger.reserve(id(1), claims),
            case .granted(let second) = ledger.reserve(id(1), claims)
        else {
            Issue.record("refused")
            return
        }
        #expect(!first.isRepeat && second.isRepeat)
        #expect(ledger.usage(of: budget, LimitKey(tenant)) == Usage(used: 0, held: 6))
        ledger.settle(id(1))
        guard case .granted(let third) = ledger.reserve(id(1), claims) else {
            Issue.record("refused")
            return
        }
        #expect(third.isRepeat, "a retry after the answer was lost")
        #expect(ledger.usage(of: budget, LimitKey(tenant)) == Usage(used: 6, held: 0))
    }

    @Test func `a reservation that nobody settles is given back, and a late settlement is still charged`() {
        let clock = SimClock()
        let ledger = Ledger(clock: clock)
        let budget = LedgerRule("late", limit: 10, per: .forever)
        #expect(ledger.reserve(id(1), [Claim(budget, LimitKey(tenant), amount: 10)], ttl: .seconds(5)).isGranted)
        clock.advance(by: .seconds(5))
        #expect(ledger.usage(of: budget, LimitKey(tenant)) == Usage())
        #expect(ledger.reserve(id(2), [Claim(budget, LimitKey(tenant), amount: 10)]).isGranted)
        #expect(ledger.settle(id(1), used: [7]) == .late)
        #expect(ledger.settle(id(1), used: [7]) == .repeated)
        #expect(ledger.usage(of: budget, LimitKey(tenant)) == Usage(used: 7, held: 10), "the money is spent")
        #expect(ledger.reserve(id(3), [Claim(budget, LimitKey(tenant))]).refusal?.remaining == 0)
    }

    @Test func `a day ends at midnight of its zone, and the refusal says when`() throws {
        let vienna = try #require(TimeZone(identifier: "Europe/Vienna"))
        // 23:59:50 in Vienna on 25 October 2026, the day that has 25 hours.
        let clock = SimClock(start: try #require(Timestamp("2026-10-25T22:59:50Z")))
        let ledger = Ledger(clock: clock)
        let daily = LedgerRule("daily", limit: 200, per: .day)
        let claim = Claim(daily, LimitKey(tenant), amount: 200, zone: vienna)
        #expect(ledger.reserve(id(1), [claim]).isGranted)
        ledger.settle(id(1))
        #expect(ledger.reserve(id(2), [claim]).refusal?.retryAfter == .seconds(10))
        clock.advance(by: .seconds(10) - .microseconds(1))
        #expect(ledger.reserve(id(2), [claim]).refusal?.reason == .quota)
        clock.advance(by: .microseconds(1))
        #expect(ledger.reserve(id(2), [claim]).isGranted)
    }

    @Test func `a month ends on the first, also in December`() throws {
        let clock = SimClock(start: try #require(Timestamp("2026-12-31T23:59:59Z")))
        let ledger = Ledger(clock: clock)
        let monthly = LedgerRule("monthly", limit: 1, per: .month)
        #expect(ledger.reserve(id(1), [Claim(monthly, LimitKey(tenant))]).isGranted)
        ledger.settle(id(1))
        #expect(ledger.reserve(id(2), [Claim(monthly, LimitKey(tenant))]).refusal?.retryAfter == .seconds(1))
        clock.advance(by: .seconds(1))
        #expect(ledger.reserve(id(2), [Claim(monthly, LimitKey(tenant))]).isGranted)
        ledger.settle(id(2))
        clock.advance(by: .seconds(86_400 * 30))
        #expect(ledger.reserve(id(3), [Claim(monthly, LimitKey(tenant))]).refusal?.retryAfter == .seconds(86_400))
    }

    @Test func `moving west, or a clock that steps back, does not bring yesterday's allowance back`() throws {
        let tokyo = try #require(TimeZone(identifier: "Asia/Tokyo"))
        let clock = SimClock(start: try #require(Timestamp("2026-11-20T20:00:00Z")))
        let ledger = Ledger(clock: clock)
        let daily = LedgerRule("moving", limit: 1, per: .day)
        #expect(ledger.reserve(id(1), [Claim(daily, LimitKey(tenant), zone: tokyo)]).isGranted)
        ledger.settle(id(1))
        #expect(!ledger.reserve(id(2), [Claim(daily, LimitKey(tenant), zone: .gmt)]).isGranted)
        clock.step(to: try #require(Timestamp("2026-11-18T20:00:00Z")))
        #expect(!ledger.reserve(id(2), [Claim(daily, LimitKey(tenant), zone: tokyo)]).isGranted)
    }

    @Test func `slots are held at the same time, and free when settled or expired`() {
        let clock = SimClock()
        let ledger = Ledger(clock: clock)
        let live = LedgerRule("live", limit: 2, per: .whileHeld)
        let claim = Claim(live, LimitKey(tenant))
        #expect(ledger.reserve(id(1), [claim], ttl: .milliseconds(400)).isGranted)
        #expect(ledger.reserve(id(2), [claim]).isGranted)
        let refusal = ledger.reserve(id(3), [claim]).refusal
        #expect(refusal?.reason == .concurrency && refusal?.retryAfter == .milliseconds(400))
        ledger.settle(id(2), used: [1])
        #expect(ledger.usage(of: live, LimitKey(tenant)) == Usage(used: 0, held: 1))
        #expect(ledger.reserve(id(3), [claim]).isGranted)
        clock.advance(by: .milliseconds(400))
        #expect(ledger.reserve(id(4), [claim]).isGranted)
    }

    @Test func `tenant, person and key are reserved as a whole or not at all`() {
        let ledger = Ledger(clock: SimClock())
        let wide = LedgerRule("wide", limit: 100, per: .day)
        let narrow = LedgerRule("narrow", limit: 10, per: .day)
        let person = LimitKey(tenant, named: "ada")
        let claims = [Claim(wide, LimitKey(tenant), amount: 6), Claim(narrow, person, amount: 6)]
        #expect(ledger.reserve(id(1), claims).isGranted)
        #expect(ledger.reserve(id(2), claims).refusal?.rule == "narrow")
        #expect(ledger.usage(of: wide, LimitKey(tenant)).held == 6)
        let twice = [Claim(narrow, person, amount: 3), Claim(narrow, person, amount: 2)]
        #expect(ledger.reserve(id(3), twice).refusal?.remaining == 1, "claims on one account count together")
        #expect(ledger.reserve(id(4), [Claim(narrow, person, amount: 6, limit: 12)]).isGranted, "a plan of its own")
        #expect(ledger.statistics.first { $0.rule == "narrow" }?.refused == 2)
    }

    @Test func `accounts and reservations are bounded`() {
        let clock = SimClock()
        let ledger = Ledger(clock: clock, LedgerOptions(accountsMax: 10, reservationsMax: 5))
        let daily = LedgerRule("daily", limit: 5, per: .day)
        for number in 0..<5 as Range<UInt64> {
            #expect(ledger.reserve(id(number), [Claim(daily, LimitKey(tenant, named: "\(number)"))]).isGranted)
        }
        #expect(ledger.reserve(id(5), [Claim(daily, LimitKey(tenant, named: "0"))]).refusal?.reason == .capacity)
        for number in 0..<5 as Range<UInt64> { ledger.settle(id(number)) }
        for number in 5..<10 as Range<UInt64> {
            #expect(ledger.reserve(id(number), [Claim(daily, LimitKey(tenant, named: "\(number)"))]).isGranted)
            ledger.settle(id(number))
        }
        let eleventh = [Claim(daily, LimitKey(tenant, named: "eleventh"))]
        #expect(ledger.reserve(id(11), eleventh).refusal?.reason == .capacity)
        clock.advance(by: .seconds(86_400))
        #expect(ledger.reserve(id(11), eleventh).isGranted, "accounts of yesterday make room")
    }

    @Test func `work under a reservation settles what it used, and gives it back when it fails`() async throws {
        struct Broken: Error {}
        let ledger = Ledger(clock: SimClock())
        let budget = LedgerRule("spend", limit: 10, per: .forever)
        let claims = [Claim(budget, LimitKey(tenant), amount: 8)]
        #expect(try await ledger.spend(id(1), claims) { ("done", [3]) } == "done")
        await #expect(throws: Broken.self) {
            try await ledger.spend(id(2), [Claim(budget, LimitKey(tenant), amount: 7)]) { () -> (Int, [Int]?) in
                throw Broken()
            }
        }
        #expect(ledger.usage(of: budget, LimitKey(tenant)) == Usage(used: 3, held: 0))
        await #expect(throws: LimitsError.self) { try await ledger.spend(id(3), claims) { (0, nil) } }
    }
}
