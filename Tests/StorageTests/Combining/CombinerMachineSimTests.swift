import Base
import BaseTestKit
import Testing

@testable import Storage

/// Thousands of random histories of submissions, endings, splits and cancellations against the machine's promises.
@Suite struct CombinerMachineSimTests {
    private struct Run {
        var machine: CombinerMachine<Int>
        var settings: CombinerSettings
        var accepted: [UInt64: (tenant: Tenant, key: Int?)] = [:]
        var ended: [UInt64: Int] = [:]
        var running: [CombinerMachine<Int>.Group] = []
        var sent: [UInt64] = []
        var lastTicket: UInt64 = 0

        mutating func submit(_ randomness: SeededRandomness, tenants: Int) {
            lastTicket += 1
            let tenant = Tenant(ID(high: 0, low: UInt64(randomness.below(tenants))))
            let key = randomness.below(3) == 0 ? nil : randomness.below(12)
            let waiting = machine.waitingCount
            let refusal = machine.submit(
                lastTicket, Int(lastTicket), key: key.map { CombinerKey($0) }, for: tenant)
            if refusal == nil {
                accepted[lastTicket] = (tenant, key)
            } else {
                #expect(waiting >= settings.tenantWaitingMax, "a submission was refused with \(waiting) waiting")
            }
        }

        mutating func start() {
            while let group = machine.next() {
                #expect((1...settings.groupMax).contains(group.tickets.count))
                #expect(group.inputs == group.tickets.map { Int($0) })
                running.append(group)
                #expect(running.count <= settings.inFlightMax)
                var keys: Set<String> = []
                for ticket in running.flatMap(\.tickets) {
                    guard let input = accepted[ticket] else { continue }
                    if let key = input.key {
                        let isNew = keys.insert("\(input.tenant.id) \(key)").inserted
                        #expect(isNew, "two inputs of a key are in flight")
                    }
                }
                #expect(group.tickets.allSatisfy { accepted[$0]?.tenant == group.tenant })
            }
        }

        mutating func finishOne(_ randomness: SeededRandomness) {
            guard !running.isEmpty else { return }
            let group = running.remove(at: randomness.below(running.count))
            if group.tickets.count > 1, randomness.below(4) == 0 {
                machine.finish(group.id, .split)
            } else {
                machine.finish(group.id, .done)
                for ticket in group.tickets {
                    ended[ticket, default: 0] += 1
                    sent.append(ticket)
                }
            }
        }

        mutating func cancelOne(_ randomness: SeededRandomness) {
            guard lastTicket > 0 else { return }
            let ticket = UInt64(randomness.below(Int(lastTicket))) + 1
            let isInFlight = running.contains { $0.tickets.contains(ticket) }
            if machine.cancel(ticket) {
                #expect(!isInFlight)
                #expect(ended[ticket] == nil && accepted[ticket] != nil)
                ended[ticket, default: 0] += 1
            }
        }
    }

    @Test(arguments: 0..<200)
    func `each accepted input ends exactly once, in the order of its key, within all bounds`(seed: Int) {
        let randomness = SeededRandomness(seed: UInt64(seed))
        var settings = CombinerSettings(for: .postgres)
        settings.groupMax = 1 + randomness.below(9)
        settings.inFlightMax = 1 + randomness.below(3)
        settings.waitingMax = 40
        settings.tenantWaitingMax = 20
        var run = Run(machine: CombinerMachine(settings: settings), settings: settings)
        let tenants = 1 + randomness.below(4)
        for _ in 0..<600 {
            switch randomness.below(10) {
            case 0..<5: run.submit(randomness, tenants: tenants)
            case 5..<9: run.finishOne(randomness)
            default: run.cancelOne(randomness)
            }
            run.start()
        }
        run.machine.close()
        #expect(run.machine.submit(9_999_999, 0, key: nil, for: Tenant(ID(high: 0, low: 0))) == .closed)
        while !run.running.isEmpty {
            run.finishOne(randomness)
            run.start()
        }
        #expect(run.machine.isIdle, "seed \(seed) lost an input")
        #expect(run.machine.waitingCount == 0)
        #expect(Set(run.ended.keys) == Set(run.accepted.keys), "seed \(seed): an input has no outcome")
        #expect(run.ended.values.allSatisfy { $0 == 1 }, "seed \(seed): an input has two outcomes")
        // Inputs of one key were sent in the order of submission.
        var last: [String: UInt64] = [:]
        for ticket in run.sent {
            guard let input = run.accepted[ticket], let key = input.key else { continue }
            let name = "\(input.tenant.id) \(key)"
            #expect(last[name, default: 0] < ticket, "seed \(seed): key \(name) lost its order")
            last[name] = ticket
        }
    }

    @Test func `tenants take turns whatever the length of their queues`() {
        var settings = CombinerSettings(for: .postgres)
        settings.groupMax = 10
        settings.inFlightMax = 1
        var machine = CombinerMachine<Int>(settings: settings)
        let noisy = Tenant(ID(high: 0, low: 1))
        let quiet = Tenant(ID(high: 0, low: 2))
        for ticket in 1...1_000 {
            #expect(machine.submit(UInt64(ticket), ticket, key: nil, for: noisy) == nil)
        }
        #expect(machine.submit(2_000, 0, key: nil, for: quiet) == nil)
        let first = machine.next()
        #expect(first?.tenant == noisy)
        if let first { machine.finish(first.id, .done) }
        let next = machine.next()
        #expect(next?.tenant == quiet)
    }

    @Test func `an unfinished split goes before new groups`() throws {
        var settings = CombinerSettings(for: .sqlite)
        settings.groupMax = 4
        var machine = CombinerMachine<Int>(settings: settings)
        let tenant = Tenant(ID(high: 0, low: 1))
        for ticket in 1...8 { #expect(machine.submit(UInt64(ticket), ticket, key: nil, for: tenant) == nil) }
        let taken = machine.next()
        let whole = try #require(taken)
        machine.finish(whole.id, .split)
        let half = machine.next()
        let first = try #require(half)
        #expect(first.inputs == [1, 2])
        let none = machine.next()
        #expect(none == nil, "one flush is in flight")
        machine.finish(first.id, .done)
        let second = machine.next()
        #expect(second?.inputs == [3, 4])
    }
}
