import Base
import BaseTestKit
import Synchronization
import Testing

@testable import Limits

@Suite struct RetryTests {
    @Test func `pauses double up to the bound, and chance takes a part of each`() {
        let policy = RetryPolicy(attemptsMax: 100, pause: .milliseconds(100), pauseMax: .seconds(1))
        #expect((1...6).map { policy.ceiling(after: $0).milliseconds } == [100, 200, 400, 800, 1_000, 1_000])
        #expect(policy.ceiling(after: 10_000) == .seconds(1))
        let chance = SeededRandomness(seed: 1)
        var budget = RetryBudget(ratio: 1, reserve: 1_000)
        var longest = Duration.zero
        for _ in 0..<1_000 {
            guard case .retry(let pause) = budget.decide(after: 2, policy, using: chance) else {
                Issue.record("no retry")
                return
            }
            #expect(pause >= .zero && pause < .milliseconds(200))
            longest = max(longest, pause)
        }
        #expect(longest > .milliseconds(190))
        #expect(budget.decide(after: 1, policy, using: chance) == .budgetSpent)
    }

    @Test func `in the long run retries are at most their part of the calls`() {
        let chance = SeededRandomness(seed: 2)
        var budget = RetryBudget(ratio: 0.1, reserve: 10)
        var retries = 0
        for _ in 0..<10_000 {
            budget.recordAttempt()
            for attempt in 1...2 {
                guard case .retry = budget.decide(after: attempt, RetryPolicy(), using: chance) else { break }
                retries += 1
            }
        }
        #expect((1_000...1_010).contains(retries), "a tenth of the calls and the reserve, not \(retries)")
    }

    @Test func `the policy's last attempt is the last, and a hint is a least pause`() {
        let chance = SeededRandomness(seed: 3)
        var budget = RetryBudget()
        #expect(budget.decide(after: 3, RetryPolicy(), using: chance) == .attemptsSpent)
        let decision = budget.decide(after: 1, RetryPolicy(), hint: .seconds(7), using: chance)
        #expect(decision == .retry(after: .seconds(7)))
    }

    @Test func `work runs again while it fails for a while, and not when it fails for good`() async throws {
        struct Failure: Error { var isTransient: Bool }
        let clock = SimClock()
        let retrier = Retrier(clock: clock, randomness: SeededRandomness(seed: 4))
        let attempts = Mutex<[Int]>([])
        let running = Task {
            try await retrier.run(isTransient: { ($0 as? Failure)?.isTransient ?? false }) { attempt in
                attempts.withLock { $0.append(attempt) }
                if attempt < 3 { throw Failure(isTransient: true) }
                return "done"
            }
        }
        for _ in 1...2 {
            while clock.sleeperCount == 0 { await Task.yield() }
            clock.advance(by: .seconds(1))
        }
        #expect(try await running.value == "done")
        #expect(attempts.withLock { $0 } == [1, 2, 3])
        await #expect(throws: Failure.self) {
            try await retrier.run(isTransient: { ($0 as? Failure)?.isTransient ?? false }) { _ -> Int in
                throw Failure(isTransient: false)
            }
        }
    }
}
