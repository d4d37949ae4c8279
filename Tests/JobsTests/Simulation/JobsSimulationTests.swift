import Base
import Testing

@testable import Jobs

@Suite struct JobsSimulationTests {
    private static let parts = 8
    private static let runsPerPart = 1_500

    /// Twelve thousand storms: no job is lost or ended twice, keys are held by one, ticks are fired once.
    @Test(arguments: 0..<parts)
    func `nothing is lost and nothing happens twice, whatever dies`(part: Int) {
        for run in 0..<Self.runsPerPart {
            var simulation = JobsSimulation(seed: UInt64(part * Self.runsPerPart + run))
            let problems = simulation.run()
            guard problems.isEmpty else {
                Issue.record("\(problems.prefix(3).joined(separator: "; "))")
                return
            }
        }
    }
}
