import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Tournament

@Suite(.databases) struct TallyCheckTests {
    @Test(arguments: Backend.all)
    func `a tally that is not the sum of its votes is told, and nothing else is`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            for number in 0..<40 {
                _ = try await stage.desk.cast(
                    number % 9 == 0 ? .super : .normal, on: scene.clips[number % 4].id, by: stage.voter(number),
                    in: stage.tenant)
            }
            for number in 0..<10 {
                _ = try await stage.desk.withdraw(
                    from: scene.clips[number % 4].id, by: stage.voter(number), in: stage.tenant)
            }
            let checks = stage.house.fairness.checks
            let differences = stage.house.fairness.events.metrics.counter(
                "capstan_tournament_tally_differences_total", "Fed by the event tally.differed.")
            try await checks.look()
            #expect(differences.value() == 0)
            try await stage.storage.writer(for: stage.tenant).execute(
                "test.spoil",
                """
                UPDATE clip_tallies SET score = score + 1
                WHERE tenant_id = \(stage.tenant) AND clip_id = \(scene.clips[2].id) AND lane = (
                    SELECT min(t.lane) FROM clip_tallies t
                    WHERE t.tenant_id = \(stage.tenant) AND t.clip_id = \(scene.clips[2].id))
                """)
            let wrong = await checks.check(scene.slots[0].id, in: stage.tenant)
            #expect(wrong.map(\.clipID) == [scene.clips[2].id])
            try await checks.look()
            #expect(differences.value() == 2)
            // At the close it is told again, and the result is counted from the votes all the same.
            stage.clock.advance(by: scene.slots[0].closesAt - stage.clock.now())
            #expect(await stage.house.advancer.advance(scene.slots[0].id, in: stage.tenant))
            #expect(differences.value() == 3)
            let winner = try #require(
                try await WinnerStore(storage: stage.storage).winner(
                    of: scene.slots[0].id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
            let numbers = try await checks.store.numbers(of: scene.clips.map(\.id).sorted(), in: stage.tenant)
            #expect(winner.standings.reduce(0) { $0 + $1.score } == numbers.reduce(0) { $0 + $1.score })
            #expect(numbers.reduce(0) { $0 + $1.tallyScore } == numbers.reduce(0) { $0 + $1.score } + 1)
        }
    }
}
