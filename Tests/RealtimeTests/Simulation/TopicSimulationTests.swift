import Testing

@testable import Realtime

@Suite struct TopicSimulationTests {
    @Test(arguments: 0..<4)
    func `nobody is told a message twice or misses one without being told`(part: Int) throws {
        var (delivered, recovered, unrecovered) = (0, 0, 0)
        for seed in UInt64(part * 3_000)..<UInt64(part * 3_000 + 3_000) {
            var simulation = TopicSimulation(seed: seed)
            do {
                try simulation.run(steps: 150)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
            delivered += simulation.delivered
            recovered += simulation.recovered
            unrecovered += simulation.unrecovered
        }
        // The simulation would prove nothing if it seldom came to these.
        #expect(delivered > 50_000)
        #expect(recovered > 3_000)
        #expect(unrecovered > 300)
    }
}
