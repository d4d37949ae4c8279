import Base
import BaseTestKit
import Coordination
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@testable import Limits

@Suite(.databases) struct SharedSlotTests {
    private func slots(
        _ storage: Storage, _ clock: any WallClock, starts: GCRA? = nil, atOnce: Int? = nil,
        ttl: Duration = .seconds(60), believing time: (any WallClock)? = nil
    ) -> SharedSlots {
        SharedSlots(
            "vendor", starts: starts, atOnce: atOnce, ttl: ttl, storage: storage, time: time, clock: clock,
            randomness: SeededRandomness(seed: 1))
    }

    private func counts(_ slots: SharedSlots) async throws -> [Int] {
        let usage = try await slots.usage()
        return [usage.held, usage.waiting]
    }

    @Test(arguments: Backend.all)
    func `a place is held until it is given back or its time is over`(backend: Backend) async throws {
        let clock = SimClock()
        let storage = try await backend.lease(modules: [LimitsSchema.module], clock: clock)
        let nodes = (0..<2).map { _ in slots(storage, clock, atOnce: 2, ttl: .seconds(30), believing: clock) }
        let first = try await nodes[0].take(within: .zero)
        let second = try await nodes[1].take(within: .zero)
        await #expect(throws: LimitsError.self) { try await nodes[0].take(within: .zero) }
        clock.advance(by: .seconds(20))
        #expect(try await nodes[0].renew(first))
        clock.advance(by: .seconds(11))
        // The second holder has died: its place is free, and it cannot renew it any more.
        #expect(try await !nodes[1].renew(second))
        let third = try await nodes[1].take(within: .zero)
        #expect(try await counts(nodes[0]) == [2, 0])
        try await nodes[0].release(first)
        try await nodes[1].release(third)
        try await nodes[1].release(third)
        #expect(try await counts(nodes[0]) == [0, 0])
        #expect(nodes[0].statistics.refused == 1)
    }

    @Test(arguments: Backend.all)
    func `starts are as many per time as the vendor allows, and a refusal says how long to wait`(backend: Backend)
        async throws
    {
        let clock = SimClock()
        let storage = try await backend.lease(modules: [LimitsSchema.module], clock: clock)
        let rate = GCRA(limit: 10, per: .seconds(2))
        let nodes = (0..<2).map { _ in slots(storage, clock, starts: rate, believing: clock) }
        for number in 0..<10 { _ = try await nodes[number % 2].take(within: .zero) }
        do {
            _ = try await nodes[0].take(within: .zero)
            Issue.record("an eleventh start")
        } catch let error as LimitsError {
            #expect(error.refusal.retryAfter == .milliseconds(200))
        }
        clock.advance(by: .milliseconds(200))
        _ = try await nodes[1].take(within: .zero)
    }

    /// On the machine's time, as the database's is used: starts are noted by the test and checked as a whole.
    @Test(arguments: Backend.all)
    func `three nodes start at most ten per half second and run at most six at once, in order`(backend: Backend)
        async throws
    {
        let clock = SystemClock()
        let storage = try await backend.lease(modules: [LimitsSchema.module], clock: clock)
        let rate = GCRA(limit: 10, per: .milliseconds(500))
        let nodes = (0..<3).map { _ in slots(storage, clock, starts: rate, atOnce: 6) }
        let tally = Tally()
        try await withThrowingTaskGroup { group in
            for number in 0..<36 {
                group.addTask {
                    try await nodes[number % 3].run(within: .seconds(60)) {
                        tally.begin(at: clock.uptime())
                        try await clock.sleep(for: .milliseconds(20))
                        tally.end()
                    }
                }
            }
            try await group.waitForAll()
        }
        let starts = tally.starts
        #expect(starts.count == 36 && tally.most <= 6)
        // 36 starts need ten at once and 26 more at 50 ms each; the machine may only make it longer.
        let span = (starts.max() ?? .zero) - (starts.min() ?? .zero)
        #expect(span >= .milliseconds(26 * 50 - 300), "\(span)")
        #expect(try await counts(nodes[0]) == [0, 0])
    }

    @Test func `who gives up does not hold up those behind`() async throws {
        let clock = SimClock()
        let storage = try await Backend.sqlite.lease(modules: [LimitsSchema.module], clock: clock)
        let slots = slots(storage, clock, atOnce: 1, believing: clock)
        let held = try await slots.take(within: .zero)
        let impatient = Task { try await slots.take(within: .seconds(60)) }
        while clock.sleeperCount == 0 { await Task.yield() }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        try await slots.release(held)
        clock.advance(by: .seconds(11))
        let next = try await slots.take(within: .zero)
        #expect(next.ticket == 3)
    }
}

/// What ran at the same time.
private final class Tally: Sendable {
    private let state = Mutex((now: 0, most: 0, starts: [Duration]()))

    func begin(at time: Duration) {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
            state.starts.append(time)
        }
    }

    func end() { state.withLock { $0.now -= 1 } }

    var most: Int { state.withLock { $0.most } }
    var starts: [Duration] { state.withLock { $0.starts } }
}
