import Base
import BaseTestKit
import Foundation
import Testing

@testable import Limits

/// Four seeds of 250,000 steps: callers that crash between any two steps, answers that get lost, clocks that run on.
@Suite struct LedgerSimTests {
    /// One line of the ledger that is kept beside the counters.
    private struct Line {
        enum State { case open(until: Int64), charged([Int]), expired, released }
        var legs: [(account: Int, amount: Int)]
        var day: Int64
        var state: State

        /// What became of it by `time`.
        func state(at time: Int64) -> State {
            if case .open(let until) = state, until <= time { .expired } else { state }
        }
    }

    private static let tenant = Tenant(ID(high: 1, low: 1))
    private static let rules = [
        LedgerRule("day", limit: 60, per: .day), LedgerRule("budget", limit: 1_000_000_000, per: .forever),
        LedgerRule("slots", limit: 12, per: .whileHeld),
    ]
    private static let accounts = (0..<12).map { (rules[$0 % 3], LimitKey(tenant, named: "\($0 / 3)")) }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the ledger equals the counters after crashes, lost answers and time-outs`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        var machine = LedgerMachine(LedgerOptions())
        var lines: [Line] = []
        var latest = [Int?](repeating: nil, count: 400)
        var uptime: Int64 = 0
        var outcomes: [Settlement: Int] = [:]
        func moment() -> LedgerMachine.Moment {
            LedgerMachine.Moment(wall: Timestamp(microseconds: 1_767_225_600_000_000 + uptime), uptime: uptime)
        }
        for step in 0..<250_000 {
            let number = chance.below(latest.count)
            let id = ID<Reservation>(high: seed, low: UInt64(number))
            if chance.below(4) == 0 {
                uptime += Int64(chance.below(chance.below(2_000) == 0 ? 90_000_000_000 : 400_000))
                machine.expire(moment())
            }
            switch chance.below(3) {
            case 0:
                let legs = (0..<(1 + chance.below(3))).map { _ in (account: chance.below(12), amount: chance.below(4)) }
                let ttl = Int64(1 + chance.below(40_000_000))
                let claims = legs.map {
                    Claim(Self.accounts[$0.account].0, Self.accounts[$0.account].1, amount: $0.amount)
                }
                guard case .granted(let grant) = machine.reserve(id, claims, ttl: .microseconds(ttl), moment()) else {
                    continue
                }
                var wasKnown = false
                if let line = latest[number] {
                    switch lines[line].state(at: uptime) {
                    case .open, .charged: wasKnown = true
                    case .expired, .released: break
                    }
                }
                guard grant.isRepeat == wasKnown else {
                    Issue.record("a repeat was taken for new or the other way round: seed \(seed), step \(step)")
                    return
                }
                guard !grant.isRepeat else { continue }
                latest[number] = lines.count
                lines.append(Line(legs: legs, day: day(uptime), state: .open(until: uptime + ttl)))
            case 1:
                let used = latest[number].map { lines[$0].legs.map { chance.below($0.amount + 2) } }
                // Sent twice, as a caller does whose first answer was lost.
                for _ in 0...chance.below(2) {
                    let outcome = machine.settle(id, used: used, moment())
                    outcomes[outcome, default: 0] += 1
                    let expected = settled(&lines, latest[number], used ?? [], uptime)
                    guard outcome == expected else {
                        Issue.record("settled as \(outcome), not \(expected): seed \(seed), step \(step)")
                        return
                    }
                }
                if chance.below(2) == 0, let line = latest[number], case .charged = lines[line].state {
                    // The caller goes on to new work under a new id, as all do in the end.
                    latest[number] = nil
                    machine.forget(id)
                }
            default:
                guard chance.below(3) == 0 else { continue }
                let outcome = machine.release(id, moment())
                let expected = released(&lines, latest[number], uptime)
                guard outcome == expected else {
                    Issue.record("released as \(outcome), not \(expected): seed \(seed), step \(step)")
                    return
                }
            }
            if step % 10_000 == 0 { compare(&machine, lines, moment(), "seed \(seed), step \(step)") }
        }
        compare(&machine, lines, moment(), "seed \(seed), end")
        for outcome in [Settlement.settled, .repeated, .late, .unknown] {
            #expect(outcomes[outcome, default: 0] > 100, "the simulation never reached \(outcome)")
        }
    }

    private func day(_ uptime: Int64) -> Int64 { uptime / 86_400_000_000 }

    private func settled(_ lines: inout [Line], _ line: Int?, _ used: [Int], _ now: Int64) -> Settlement {
        guard let line else { return .unknown }
        switch lines[line].state(at: now) {
        case .open:
            lines[line].state = .charged(used)
            return .settled
        case .charged: return .repeated
        case .expired:
            lines[line].state = .charged(used)
            return .late
        case .released: return .unknown
        }
    }

    private func released(_ lines: inout [Line], _ line: Int?, _ now: Int64) -> Settlement {
        guard let line else { return .unknown }
        switch lines[line].state(at: now) {
        case .open:
            lines[line].state = .released
            return .settled
        case .charged: return .repeated
        case .expired:
            lines[line].state = .released
            return .late
        case .released: return .unknown
        }
    }

    /// Sums the whole ledger anew and compares it with every counter.
    private func compare(
        _ machine: inout LedgerMachine, _ lines: [Line], _ moment: LedgerMachine.Moment, _ place: String
    ) {
        var sums = Array(repeating: Usage(), count: Self.accounts.count)
        let today = day(moment.uptime)
        for line in lines {
            for (number, leg) in line.legs.enumerated() {
                let period = Self.accounts[leg.account].0.period
                guard period != .day || line.day == today else { continue }
                switch line.state(at: moment.uptime) {
                case .open: sums[leg.account].held += leg.amount
                case .charged(let used) where period != .whileHeld: sums[leg.account].used += used[number]
                case .charged, .expired, .released: break
                }
            }
        }
        for (number, account) in Self.accounts.enumerated() {
            #expect(machine.usage(of: account.0, account.1, moment) == sums[number], "\(place), account \(number)")
        }
    }
}
