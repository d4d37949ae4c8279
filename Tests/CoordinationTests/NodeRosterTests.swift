import Base
import BaseTestKit
import Coordination
import Synchronization
import Testing

@Suite struct NodeRosterTests {
    @Test func `nodes count each other, and no more who has been silent for five beats`() async throws {
        let clock = SimClock()
        let executor = SimExecutor(randomness: SeededRandomness(seed: 1))
        let bus = InProcessBus()
        func roster(_ seed: UInt64, expected: Int = 1) -> NodeRoster {
            NodeRoster(bus: bus, clock: clock, randomness: SeededRandomness(seed: seed), expected: expected) { _ in }
        }
        let rosters = [roster(1), roster(2), roster(3, expected: 2)]
        #expect(rosters.map(\.count) == [1, 1, 2])
        let services = rosters.map { roster in Task(executorPreference: executor) { try await roster.run() } }
        func pass(_ seconds: Int) {
            for _ in 0..<seconds {
                executor.drain()
                clock.advance(by: .seconds(1))
            }
            executor.drain()
        }
        pass(2)
        #expect(rosters.map(\.count) == [3, 3, 3])
        services[1].cancel()
        services[0].cancel()
        // One less than five: the last of their beats may have been heard in this second or in the one before.
        pass(4)
        #expect(rosters[2].count == 3)
        pass(4)
        #expect(rosters[2].count == 2, "as many as were expected")
        services[2].cancel()
        executor.drain()
        for service in services { try await service.value }
    }
}
