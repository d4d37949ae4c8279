import Base
import BaseTestKit
import Foundation
import Testing

@testable import Limits

/// Four seeds of 250,000 steps: callers that crash between any two steps, answers that get lost, clocks that run on.
@Suite struct LedgerSimTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the ledger equals the counters after crashes, lost answers and time-outs`(seed: UInt64) throws {
        var simulation = LedgerSimulation(seed: seed)
        for step in 0..<250_000 {
            try simulation.step()
            if step % 10_000 == 0 { try simulation.compare() }
        }
        try simulation.compare()
        for outcome in [Settlement.settled, .repeated, .late, .unknown] {
            #expect(simulation.outcomes[outcome, default: 0] > 100, "the simulation never reached \(outcome)")
        }
    }
}

/// A machine, and beside it a book that has a line for every reservation ever granted.
private struct LedgerSimulation {
    struct Line {
        enum State { case open(until: Int64), charged([Int]), expired, released }
        var legs: [(account: Int, amount: Int)]
        var day: Int64
        var state: State

        /// What became of it by `time`.
        func state(at time: Int64) -> State {
            if case .open(let until) = state, until <= time { .expired } else { state }
        }
    }

    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    static let rules = [
        LedgerRule("day", limit: 60, per: .day), LedgerRule("budget", limit: 1_000_000_000, per: .forever),
        LedgerRule("slots", limit: 12, per: .whileHeld),
    ]
    static let accounts = (0..<12).map {
        (rule: rules[$0 % 3], key: LimitKey(Tenant(ID(high: 1, low: 1)), named: "\($0 / 3)"))
    }

    let seed: UInt64
    let chance: SeededRandomness
    var machine = LedgerMachine(LedgerOptions())
    var lines: [Line] = []
    /// The latest line of each of 400 ids.
    var latest = [Int?](repeating: nil, count: 400)
    var uptime: Int64 = 0
    var steps = 0
    var outcomes: [Settlement: Int] = [:]

    init(seed: UInt64) {
        self.seed = seed
        chance = SeededRandomness(seed: seed)
    }

    var moment: LedgerMachine.Moment {
        LedgerMachine.Moment(wall: Timestamp(microseconds: 1_767_225_600_000_000 + uptime), uptime: uptime)
    }
    var today: Int64 { uptime / 86_400_000_000 }

    func agree(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Difference(description: "seed \(seed), step \(steps): \(what())") }
    }

    mutating func step() throws {
        steps += 1
        if chance.below(4) == 0 {
            uptime += Int64(chance.below(chance.below(2_000) == 0 ? 90_000_000_000 : 400_000))
            machine.expire(moment)
        }
        let number = chance.below(latest.count)
        switch chance.below(9) {
        case 0...2: try reserve(number)
        case 3...5: try settle(number)
        case 6: try release(number)
        default: break
        }
    }

    func id(_ number: Int) -> ID<Reservation> { ID(high: seed, low: UInt64(number)) }

    mutating func reserve(_ number: Int) throws {
        let legs = (0..<(1 + chance.below(3))).map { _ in (account: chance.below(12), amount: chance.below(4)) }
        let ttl = Int64(1 + chance.below(40_000_000))
        let claims = legs.map {
            Claim(Self.accounts[$0.account].rule, Self.accounts[$0.account].key, amount: $0.amount)
        }
        let answer = machine.reserve(id(number), claims, ttl: .microseconds(ttl), moment)
        guard case .granted(let grant) = answer else { return }
        var isKnown = false
        switch latest[number].map({ lines[$0].state(at: uptime) }) {
        case .open, .charged: isKnown = true
        case .expired, .released, nil: break
        }
        try agree(grant.isRepeat == isKnown, "a repeat was taken for new, or the other way round")
        guard !grant.isRepeat else { return }
        latest[number] = lines.count
        lines.append(Line(legs: legs, day: today, state: .open(until: uptime + ttl)))
    }

    mutating func settle(_ number: Int) throws {
        let used = latest[number].map { lines[$0].legs.map { chance.below($0.amount + 2) } } ?? []
        // Sent twice now and then, as by a caller whose first answer was lost.
        for _ in 0...chance.below(2) {
            let outcome = machine.settle(id(number), used: used, moment)
            outcomes[outcome, default: 0] += 1
            let expected = finish(number, as: .charged(used))
            try agree(outcome == expected, "settled as \(outcome), not as \(expected)")
        }
        if chance.below(2) == 0, let line = latest[number], case .charged = lines[line].state {
            // The caller goes on to new work under a new id, as all do in the end.
            latest[number] = nil
            machine.forget(id(number))
        }
    }

    mutating func release(_ number: Int) throws {
        let outcome = machine.release(id(number), moment)
        let expected = finish(number, as: .released)
        try agree(outcome == expected, "released as \(outcome), not as \(expected)")
    }

    /// What the book says to the end of a reservation.
    mutating func finish(_ number: Int, as state: Line.State) -> Settlement {
        guard let line = latest[number] else { return .unknown }
        switch lines[line].state(at: uptime) {
        case .open:
            lines[line].state = state
            return .settled
        case .expired:
            lines[line].state = state
            return .late
        case .charged: return .repeated
        case .released: return .unknown
        }
    }

    /// Sums the whole book anew and compares it with every counter.
    mutating func compare() throws {
        var sums = Array(repeating: Usage(), count: Self.accounts.count)
        for line in lines {
            for (number, leg) in line.legs.enumerated() {
                let period = Self.accounts[leg.account].rule.period
                guard period != .day || line.day == today else { continue }
                switch line.state(at: uptime) {
                case .open: sums[leg.account].held += leg.amount
                case .charged(let used) where period != .whileHeld: sums[leg.account].used += used[number]
                case .charged, .expired, .released: break
                }
            }
        }
        for (number, account) in Self.accounts.enumerated() {
            let usage = machine.usage(of: account.rule, account.key, moment)
            try agree(usage == sums[number], "account \(number) counts \(usage), the book \(sums[number])")
        }
    }
}
