import Base
import BaseTestKit
import Testing

@testable import Discovery

@Suite struct VendorLineMachineTests {
    private let first = Tenant(ID(high: 1, low: 1))
    private let second = Tenant(ID(high: 2, low: 2))

    /// A line with so many calls of a workspace.
    private func line(of tickets: Range<UInt64>, _ urgency: Urgency) -> VendorLineMachine {
        var line = VendorLineMachine()
        for ticket in tickets { join(&line, ticket, first, urgency) }
        return line
    }

    private func join(
        _ line: inout VendorLineMachine, _ ticket: UInt64, _ tenant: Tenant, _ urgency: Urgency,
        at time: Duration = .zero
    ) {
        let isTaken = line.join(ticket, for: tenant, urgency, at: time)
        #expect(isTaken)
    }

    @Test func `whom somebody waits for goes before two hundred whom nobody waits for`() {
        var line = line(of: 0..<200, .background)
        join(&line, 500, second, .awaited, at: .seconds(1))
        #expect(line.next?.ticket == 500)
        let served = (0..<2).map { _ in line.serve()?.ticket }
        #expect(served == [500, 0])
    }

    @Test func `however many are waited for, one call in eight is one that nobody waits for`() {
        var line = VendorLineMachine()
        var quiet = 0
        for round in 0..<80 {
            let ticket = UInt64(round * 2)
            join(&line, ticket, first, .awaited)
            join(&line, ticket + 1, second, .background)
            if line.serve()?.urgency == .background { quiet += 1 }
        }
        #expect(quiet == 80 / VendorLineMachine.Bounds.turns)
    }

    @Test func `a workspace with a hundred calls delays another one's first call by one`() {
        var line = line(of: 0..<100, .awaited)
        let begun = line.serve()
        join(&line, 200, second, .awaited)
        join(&line, 201, second, .awaited)
        #expect(begun?.ticket == 0)
        let served = (0..<4).map { _ in line.serve() }
        #expect(served.map { $0?.tenant } == [second, first, second, first])
        // Within a workspace who came first goes first.
        #expect(served.map { $0?.ticket } == [200, 1, 201, 2])
    }

    @Test func `a call waits ten seconds, and the line has its bound`() {
        var line = VendorLineMachine()
        for ticket in 0..<VendorLineMachine.Bounds.places {
            join(&line, UInt64(ticket), first, .awaited, at: .seconds(ticket < 3 ? 0 : 5))
        }
        let isTaken = line.join(9_999, for: first, .awaited, at: .zero)
        #expect(!isTaken)
        let early = line.expire(at: .milliseconds(9_999))
        let late = line.expire(at: .seconds(10))
        #expect(early.isEmpty && late.map(\.ticket) == [0, 1, 2])
        #expect(line.waiting.count == VendorLineMachine.Bounds.places - 3)
    }

    @Test func `each call is let in, sent away or taken back exactly once, in any order of events`() {
        for seed: UInt64 in 1...200 {
            let chance = SeededRandomness(seed: seed)
            var line = VendorLineMachine()
            var open: Set<UInt64> = []
            var now = Duration.zero
            for ticket: UInt64 in 0..<300 {
                let tenant = Tenant(ID(high: 7, low: UInt64(chance.below(5))))
                if line.join(ticket, for: tenant, chance.below(2) == 0 ? .awaited : .background, at: now) {
                    open.insert(ticket)
                }
                var gone: [UInt64] = []
                switch chance.below(4) {
                case 0: gone = line.serve().map { [$0.ticket] } ?? []
                case 1: gone = line.expire(at: now).map(\.ticket)
                case 2:
                    let left = UInt64(chance.below(Int(ticket) + 1))
                    if line.leave(left) { gone = [left] }
                default: now += .milliseconds(chance.below(2_000))
                }
                #expect(open.isSuperset(of: gone), "seed \(seed)")
                open.subtract(gone)
                #expect(Set(line.waiting.map(\.ticket)) == open, "seed \(seed)")
            }
            let rest = line.empty()
            #expect(Set(rest.map(\.ticket)) == open && line.next == nil, "seed \(seed)")
        }
    }
}
