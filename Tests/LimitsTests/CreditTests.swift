import Base
import BaseTestKit
import Foundation
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Limits

/// A ledger on a database of its own.
struct CreditBench: Sendable {
    let clock = SimClock()
    let storage: Storage
    let registry: LimitRegistry
    let ledger: CreditLedger
    let tenant = Tenant(ID(high: 1, low: 1))
    let other = Tenant(ID(high: 2, low: 2))

    init(_ backend: Backend, per period: CreditPeriod = .month) async throws {
        storage = try await backend.lease(modules: [LimitsSchema.module], clock: clock)
        registry = LimitRegistry(clock: clock)
        ledger = CreditLedger("credits", per: period, storage: storage, clock: clock, in: registry)
    }

    func id(_ number: UInt64) -> ID<Reservation> { ID(high: 7, low: number) }

    func claim(_ amount: Int, of limit: Int = 100, named name: String? = nil) -> CreditClaim {
        CreditClaim(name.map { LimitKey(tenant, named: $0) } ?? LimitKey(tenant), amount: amount, limit: limit)
    }

    func usage(named name: String? = nil) async throws -> [Int] {
        let usage = try await ledger.usage(of: name.map { LimitKey(tenant, named: $0) } ?? LimitKey(tenant))
        return [usage.used, usage.held]
    }
}

@Suite(.databases) struct CreditTests {
    @Test(arguments: Backend.all)
    func `what was reserved is charged with what was used, and the rest is free again`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        let grant = try await bench.ledger.reserve(bench.id(1), bench.claim(60), note: "a search")
        #expect(
            grant
                == .granted(Grant(rule: "credits", limit: 100, remaining: 40, resetAfter: .seconds(31 * 86_400))))
        #expect(try await bench.usage() == [0, 60])
        #expect(try await bench.ledger.settle(bench.id(1), used: 25, for: bench.tenant) == .settled)
        #expect(try await bench.usage() == [25, 0])
        #expect(try await bench.ledger.settle(bench.id(1), used: 99, for: bench.tenant) == .repeated)
        #expect(try await bench.ledger.settle(bench.id(2), used: 1, for: bench.tenant) == .unknown)
        #expect(try await bench.usage() == [25, 0])
        let history = try await bench.ledger.entries(of: bench.id(1), in: bench.tenant)
        #expect(history.map(\.kind) == [.reserve, .settle])
        #expect(history.map(\.held) == [60, -60])
        #expect(history.map(\.used) == [0, 25])
        #expect(history.map(\.note) == ["a search", "a search"])
    }

    @Test(arguments: Backend.all)
    func `a refusal says what is left, when it comes back, and writes nothing`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        _ = try await bench.ledger.reserve(bench.id(1), bench.claim(70))
        let refusal = try await bench.ledger.reserve(bench.id(2), bench.claim(31)).refusal
        #expect(
            refusal
                == Refusal(
                    reason: .quota, rule: "credits", limit: 100, remaining: 30, retryAfter: .seconds(31 * 86_400)))
        #expect(try await bench.ledger.reserve(bench.id(2), bench.claim(101)).refusal?.reason == .amount)
        #expect(try await bench.usage() == [0, 70])
        #expect(try await bench.ledger.entries(of: bench.id(2), in: bench.tenant).isEmpty)
        #expect(try await bench.ledger.reserve(bench.id(2), bench.claim(30)).isGranted)
        #expect(bench.registry.statistics.first?.refused == 2)
    }

    @Test(arguments: Backend.all)
    func `the same id reserves once, and anew when it was released`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        for expected in [false, true, true] {
            guard case .granted(let grant) = try await bench.ledger.reserve(bench.id(1), bench.claim(60)) else {
                Issue.record("refused")
                return
            }
            #expect(grant.isRepeat == expected)
        }
        #expect(try await bench.usage() == [0, 60])
        #expect(try await bench.ledger.release(bench.id(1), amount: 15, for: bench.tenant) == .settled)
        #expect(try await bench.usage() == [0, 45])
        #expect(try await bench.ledger.release(bench.id(1), for: bench.tenant) == .settled)
        #expect(try await bench.ledger.release(bench.id(1), for: bench.tenant) == .unknown)
        #expect(try await bench.usage() == [0, 0])
        #expect(try await bench.ledger.reserve(bench.id(1), bench.claim(100)).isGranted)
        #expect(try await bench.usage() == [0, 100])
        #expect(
            try await bench.ledger.entries(of: bench.id(1), in: bench.tenant).map(\.kind)
                == [.reserve, .release, .release, .reserve])
    }

    @Test(arguments: Backend.all)
    func `what is reserved belongs to the caller's transaction`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        await #expect(throws: CancellationError.self) {
            try await bench.storage.write(for: bench.tenant) { transaction in
                _ = try await bench.ledger.reserve(bench.id(1), bench.claim(60), in: transaction)
                throw CancellationError()
            }
        }
        #expect(try await bench.usage() == [0, 0])
        try await bench.storage.write(for: bench.tenant) { transaction in
            _ = try await bench.ledger.reserve(bench.id(1), bench.claim(60), in: transaction)
            try await bench.ledger.release(bench.id(1), amount: 10, for: bench.tenant, in: transaction)
        }
        #expect(try await bench.usage() == [0, 50])
        #expect(try await bench.ledger.usage(of: LimitKey(bench.other)) == CreditUsage(endsAt: january))
    }

    @Test(arguments: Backend.all)
    func `who crashed gets nothing charged, and is charged when it comes back late`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        let sweeper = CreditSweeper(storage: bench.storage, clock: bench.clock)
        _ = try await bench.ledger.reserve(bench.id(1), bench.claim(60), ttl: .seconds(60))
        _ = try await bench.ledger.reserve(bench.id(2), bench.claim(40), ttl: .seconds(60))
        #expect(try await bench.ledger.renew(bench.id(2), ttl: .seconds(600), for: bench.tenant))
        #expect(try await sweeper.sweep() == 0)
        bench.clock.advance(by: .seconds(61))
        // Nobody waits for the sweep: who needs what is overdue takes it.
        #expect(try await bench.ledger.reserve(bench.id(3), bench.claim(50), ttl: .seconds(60)).isGranted)
        #expect(try await bench.usage() == [0, 90])
        bench.clock.advance(by: .seconds(61))
        #expect(try await sweeper.sweep() == 1)
        #expect(try await bench.usage() == [0, 40])
        #expect(try await bench.ledger.settle(bench.id(1), used: 7, for: bench.tenant) == .late)
        #expect(try await bench.usage() == [7, 40])
        #expect(
            try await bench.ledger.entries(of: bench.id(1), in: bench.tenant).map(\.kind)
                == [.reserve, .expire, .settle])
    }

    @Test(arguments: Backend.all)
    func `a reservation belongs to the period in which it was made`(backend: Backend) async throws {
        let bench = try await CreditBench(backend, per: .day)
        _ = try await bench.ledger.reserve(bench.id(1), bench.claim(100), ttl: .seconds(7 * 86_400))
        #expect(try await bench.ledger.reserve(bench.id(2), bench.claim(1)).refusal?.reason == .quota)
        bench.clock.advance(by: .seconds(86_400))
        #expect(try await bench.ledger.reserve(bench.id(2), bench.claim(30)).isGranted)
        #expect(try await bench.ledger.settle(bench.id(1), used: 90, for: bench.tenant) == .settled)
        #expect(try await bench.usage() == [0, 30])
        // Yesterday does not begin again for who moves west.
        let west = CreditClaim(
            LimitKey(bench.tenant), amount: 71, limit: 100, zone: TimeZone(secondsFromGMT: -8 * 3_600) ?? .gmt)
        #expect(try await bench.ledger.reserve(bench.id(3), west).refusal?.remaining == 70)
    }

    @Test(arguments: Backend.all)
    func `tenant and person are reserved as a whole`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        let both = [bench.claim(30), bench.claim(30, of: 40, named: "ada")]
        #expect(try await bench.ledger.reserve(bench.id(1), both).isGranted)
        #expect(try await bench.ledger.reserve(bench.id(2), both).refusal?.limit == 40)
        #expect(try await bench.usage() == [0, 30])
        #expect(try await bench.usage(named: "ada") == [0, 30])
        try await bench.ledger.settle(bench.id(1), used: 12, for: bench.tenant)
        #expect(try await bench.usage() == [12, 0])
        #expect(try await bench.usage(named: "ada") == [12, 0])
    }

    @Test(arguments: Backend.all)
    func `forty tasks that ask at once get exactly what there is`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                // Ten ids come twice: a repeat is granted and takes nothing.
                group.addTask {
                    try await bench.ledger.reserve(bench.id(UInt64(number % 30)), bench.claim(5)).isGranted
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(try await bench.usage() == [0, 100])
        #expect(granted >= 20)
    }

    @Test(arguments: Backend.all)
    func `the journal is paged, the newest first`(backend: Backend) async throws {
        let bench = try await CreditBench(backend)
        for number in 1...7 {
            bench.clock.advance(by: .seconds(1))
            _ = try await bench.ledger.reserve(bench.id(UInt64(number)), bench.claim(1))
        }
        let first = try await bench.ledger.entries(of: bench.tenant, limit: 4)
        let second = try await bench.ledger.entries(of: bench.tenant, after: first.next, limit: 4)
        #expect((first.items + second.items).map(\.reservation.low) == [7, 6, 5, 4, 3, 2, 1])
        #expect(second.next == nil)
    }

    private var january: Timestamp { CalendarDay(year: 2_026, month: 2, day: 1).start(in: .gmt) }
}

@Suite struct CreditPeriodTests {
    @Test func `an anniversary falls on the last day of a month that is too short`() throws {
        let zone = try #require(TimeZone(identifier: "America/New_York"))
        let anchor = CalendarDay(year: 2_026, month: 1, day: 31).start(in: zone)
        func days(_ text: String) throws -> [String] {
            let time = try #require(Timestamp(text))
            let window = CreditPeriod.anniversary.window(at: time, in: zone, anchor: anchor)
            #expect(window.contains(time))
            return [window.lowerBound, window.upperBound].map { CalendarDay(of: $0, in: zone).description }
        }
        #expect(try days("2026-02-27T12:00:00Z") == ["2026-01-31", "2026-02-28"])
        #expect(try days("2026-02-28T12:00:00Z") == ["2026-02-28", "2026-03-31"])
        #expect(try days("2026-03-30T12:00:00Z") == ["2026-02-28", "2026-03-31"])
        // Midnight in New York, not in London.
        #expect(try days("2026-03-31T03:59:59Z") == ["2026-02-28", "2026-03-31"])
        #expect(try days("2026-03-31T04:00:00Z") == ["2026-03-31", "2026-04-30"])
        #expect(try days("2028-02-29T12:00:00Z") == ["2028-02-29", "2028-03-31"])
    }

    @Test(arguments: CreditPeriod.allCases)
    func `periods follow each other without a gap for ten years`(period: CreditPeriod) throws {
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        guard period != .forever else { return }
        var time = CalendarDay(year: 2_026, month: 1, day: 1).start(in: zone)
        let anchor = CalendarDay(year: 2_024, month: 8, day: 30).start(in: zone)
        for _ in 0..<120 {
            let window = period.window(at: time, in: zone, anchor: anchor)
            #expect(window.contains(time))
            let next = period.window(at: window.upperBound, in: zone, anchor: anchor)
            #expect(next.lowerBound == window.upperBound)
            time = window.upperBound
        }
    }
}
