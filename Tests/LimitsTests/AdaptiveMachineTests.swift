import Base
import BaseTestKit
import Synchronization
import Testing

@testable import Limits

@Suite struct AdaptiveMachineTests {
    @Test func `it grows while all goes well and halves when the other side throttles`() {
        var machine = AdaptiveMachine(1...20)
        var now = Duration.zero
        func ends(_ count: Int, _ outcome: AdaptiveMachine.Outcome) {
            for _ in 0..<count {
                now += .milliseconds(10)
                machine.note(outcome, took: .milliseconds(50), isFull: true, at: now)
            }
        }
        ends(1_000, .good)
        #expect(machine.limit == 20)
        ends(1, .throttled)
        #expect(machine.limit == 10)
        // Those that were under way at the same time say the same: it shrinks once for them.
        ends(5, .throttled)
        #expect(machine.limit == 10)
        now += .seconds(1)
        ends(1, .throttled)
        #expect(machine.limit == 5)
        ends(200, .good)
        #expect(machine.limit > 10)
    }

    @Test func `it does not grow unless its places are used, nor when handlers slow down`() {
        var idle = AdaptiveMachine(2...20)
        for count in 0..<100 {
            idle.note(.good, took: .milliseconds(50), isFull: false, at: .milliseconds(Int64(count)))
        }
        #expect(idle.limit == 2)
        var slow = AdaptiveMachine(2...20)
        for count in 0..<20 {
            slow.note(.good, took: .milliseconds(10), isFull: true, at: .milliseconds(Int64(count)))
        }
        let before = slow.limit
        for count in 20..<200 {
            slow.note(.good, took: .milliseconds(100), isFull: true, at: .milliseconds(Int64(count)))
        }
        #expect(slow.limit <= before + 1)
    }

    @Test func `it shrinks when more than a tenth fail`() {
        var machine = AdaptiveMachine(1...20)
        for count in 0..<1_000 {
            machine.note(.good, took: .milliseconds(5), isFull: true, at: .milliseconds(Int64(count)))
        }
        for count in 0..<3 {
            machine.note(.failed, took: .milliseconds(5), isFull: true, at: .seconds(Int64(count + 2)))
        }
        #expect(machine.limit == 10)
    }
}

/// A machine against a simulated vendor, whose capacity it does not know.
@Suite struct AdaptiveSimTests {
    /// Serves `capacity` calls at once in `service` each; more share it and take longer; from twice as many on it refuses.
    private struct Vendor {
        var capacity: Int
        var service = Duration.milliseconds(50)

        func answer(_ running: Int, _ chance: SeededRandomness) -> (outcome: AdaptiveMachine.Outcome, took: Duration) {
            if running > capacity * 2 { return (.throttled, .milliseconds(5)) }
            let load = max(1, Double(running) / Double(capacity))
            let took = service * load * (0.8 + chance.fraction() * 0.4)
            return (chance.below(1_000) == 0 ? .failed : .good, took)
        }
    }

    /// Callers who always want more than may run, for `time`; returns good ends per second and the mean limit.
    private func play(
        _ machine: inout AdaptiveMachine, _ vendor: Vendor, from start: Duration, for time: Duration,
        _ chance: SeededRandomness
    ) -> (rate: Double, limit: Double, throttled: Int) {
        var running: [(end: Duration, outcome: AdaptiveMachine.Outcome, took: Duration)] = []
        var now = start
        var (good, throttled, sum, ends) = (0, 0, 0, 0)
        while now < start + time {
            while running.count < machine.limit {
                let answer = vendor.answer(running.count + 1, chance)
                running.append((now + answer.took, answer.outcome, answer.took))
            }
            let next = running.indices.min { running[$0].end < running[$1].end } ?? 0
            let call = running[next]
            let isFull = running.count >= machine.limit
            running.remove(at: next)
            now = max(now, call.end)
            machine.note(call.outcome, took: call.took, isFull: isFull, at: now)
            if call.outcome == .good { good += 1 }
            if call.outcome == .throttled { throttled += 1 }
            sum += machine.limit
            ends += 1
        }
        return (Double(good) / time.inSeconds, Double(sum) / Double(max(1, ends)), throttled)
    }

    @Test(arguments: 1...12)
    func `it finds a vendor's capacity, backs off when that shrinks, and comes back`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed))
        let capacity = 4 + chance.below(40)
        var machine = AdaptiveMachine(1...200)
        var vendor = Vendor(capacity: capacity)
        _ = play(&machine, vendor, from: .zero, for: .seconds(30), chance)
        let whole = play(&machine, vendor, from: .seconds(30), for: .seconds(30), chance)
        let most = Double(capacity) / 0.05
        #expect(whole.rate > most * 0.75, "seed \(seed): \(whole) of \(most) a second")
        #expect(whole.limit < Double(capacity) * 2.2, "seed \(seed): \(whole) for \(capacity) at once")

        vendor.capacity = max(1, capacity / 4)
        _ = play(&machine, vendor, from: .seconds(60), for: .seconds(5), chance)
        let quarter = play(&machine, vendor, from: .seconds(65), for: .seconds(30), chance)
        #expect(quarter.limit < Double(vendor.capacity) * 2.5 + 2, "seed \(seed): \(quarter) for \(vendor.capacity)")
        #expect(quarter.rate > Double(vendor.capacity) / 0.05 * 0.7, "seed \(seed): \(quarter)")

        vendor.capacity = capacity
        _ = play(&machine, vendor, from: .seconds(95), for: .seconds(40), chance)
        let again = play(&machine, vendor, from: .seconds(135), for: .seconds(30), chance)
        #expect(again.rate > most * 0.75, "seed \(seed): \(again) of \(most) a second")
    }

    @Test(arguments: 1...6)
    func `two that do not know of each other come to share a vendor`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed))
        var machines = [AdaptiveMachine(1...100), AdaptiveMachine(1...100)]
        let vendor = Vendor(capacity: 20)
        var running: [(end: Duration, node: Int, outcome: AdaptiveMachine.Outcome, took: Duration)] = []
        var now = Duration.zero
        var good = [0, 0]
        // The second comes when the first has all of it.
        while now < .seconds(240) {
            for node in 0..<(now > .seconds(30) ? 2 : 1) {
                while running.count(where: { $0.node == node }) < machines[node].limit {
                    let answer = vendor.answer(running.count + 1, chance)
                    running.append((now + answer.took, node, answer.outcome, answer.took))
                }
            }
            let next = running.indices.min { running[$0].end < running[$1].end } ?? 0
            let call = running.remove(at: next)
            now = max(now, call.end)
            let isFull = running.count(where: { $0.node == call.node }) + 1 >= machines[call.node].limit
            machines[call.node].note(call.outcome, took: call.took, isFull: isFull, at: now)
            if call.outcome == .good, now > .seconds(120) { good[call.node] += 1 }
        }
        let share = Double(good[1]) / Double(good[0] + good[1])
        #expect((0.2...0.8).contains(share), "seed \(seed): \(good)")
        #expect(Double(good[0] + good[1]) / 120 > 20 / 0.05 * 0.7, "seed \(seed): \(good)")
    }
}

@Suite struct AdaptiveGateTests {
    private struct Down: Error {}

    /// How many were within at once.
    private final class Peak: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock { $0.most } }
        func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    @Test func `no more run than the machine allows, the rest waits in line, and too many are refused`() async throws {
        let clock = SimClock()
        let gate = AdaptiveGate("vendor", 2...4, waitingMax: 3, clock: clock)
        let peak = Peak()
        let doors = AsyncStream.makeStream(of: Void.self)
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    do {
                        try await gate.run(outcome: { _ in .good }) {
                            peak.enter()
                            for await _ in doors.stream { break }
                            peak.leave()
                        }
                        return "ran"
                    } catch let error as LimitsError {
                        return error.code.rawValue
                    } catch {
                        return "\(error)"
                    }
                }
            }
            while gate.load.running < 2 || gate.load.waiting < 3 || gate.load.refused < 1 { await Task.yield() }
            doors.continuation.finish()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == "ran" } == 5 && outcomes.count { $0 == "limits.concurrency" } == 1)
        #expect(peak.most <= 4)
        #expect(gate.load.running == 0 && gate.load.waiting == 0)
    }

    @Test func `whoever gives up in line frees its place, and a failure frees its own`() async throws {
        let gate = AdaptiveGate("vendor", 1...1, clock: SimClock())
        let door = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await gate.run(outcome: { _ in nil }) { for await _ in door.stream { break } } }
            while gate.load.running < 1 { await Task.yield() }
            await withTaskGroup(of: Void.self) { line in
                line.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await gate.run(outcome: { _ in .good }) { Issue.record("it ran") }
                    }
                }
                while gate.load.waiting < 1 { await Task.yield() }
                line.cancelAll()
            }
            #expect(gate.load.waiting == 0 && gate.load.running == 1)
            door.continuation.finish()
            try await group.waitForAll()
        }
        await #expect(throws: Down.self) {
            try await gate.run(outcome: { (_: Result<Void, any Error>) in .failed }) { throw Down() }
        }
        #expect(gate.load.running == 0)
    }
}
