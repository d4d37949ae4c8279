import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct PseudonymTests {
    private struct VoterRow: RowDecodable {
        let id: ID<Tournament.Voter>

        init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
    }

    private func voters(_ stage: Stage, _ slot: ID<Slot>) async throws -> Set<ID<Tournament.Voter>> {
        Set(
            try await stage.storage.reader(for: stage.tenant).list(
                VoterRow.self, "test.voters",
                """
                SELECT v.voter_id FROM votes v WHERE v.tenant_id = \(stage.tenant) AND v.slot_id = \(slot)
                """, limit: 5_000
            ).map(\.id))
    }

    private func digest(_ stage: Stage, _ scene: Stage.Scene) async throws -> String {
        let reader = stage.storage.reader(for: stage.tenant)
        let season = try #require(
            try await stage.timetable.seasons.season(scene.season.id, through: reader, in: stage.tenant))
        let entrants = try await stage.timetable.clips.entrants(
            of: scene.slots[0].id, through: reader, in: stage.tenant)
        return try await BallotStore(storage: stage.storage).count(
            scene.slots[0].id, of: season, entrants: entrants, in: stage.tenant
        ).digestText
    }

    /// Fails when anything but the mark of the slot decides whether a pseudonym is stored: the digest between two batches
    /// is then another.
    @Test(arguments: Backend.all)
    func `thirty days after the end voters are gone, and every recount on the way gives the same digest`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(slots: 1, clips: 3)
            let slot = scene.slots[0].id
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<2_300 {
                    group.addTask {
                        _ = try await stage.desk.cast(
                            .normal, on: scene.clips[number % 3].id, by: stage.voter(number), in: stage.tenant)
                    }
                }
                try await group.waitForAll()
            }
            for number in 0..<40 {
                _ = try await stage.desk.withdraw(
                    from: scene.clips[number % 3].id, by: stage.voter(number), in: stage.tenant)
            }
            try await RiskStore(storage: stage.storage).insert(
                [
                    RiskEvent(
                        id: ID(high: 3, low: 3), voterID: stage.voter(1).id, slotID: slot, points: 10,
                        reasons: [.noLanguage], address: 1, agent: 2, noticedAt: stage.clock.now())
                ], in: stage.tenant)
            stage.clock.advance(by: .seconds(60))
            _ = try await stage.steps.close(slot, in: stage.tenant)
            stage.clock.advance(by: .seconds(3_700))
            #expect(try await stage.steps.advance(slot, in: stage.tenant) == .final)
            let winner = try #require(
                try await WinnerStore(storage: stage.storage).winner(
                    of: slot, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
            let real = try await voters(stage, slot)
            let service = stage.house.fairness.pseudonyms
            stage.clock.advance(by: .seconds(29 * 86_400))
            try await service.look()
            #expect(try await voters(stage, slot) == real)
            stage.clock.advance(by: .seconds(86_400))
            // A process that dies after each batch: the next one goes on, and nobody sees another digest.
            let salt = try await stage.timetable.seasons.salt(
                of: scene.season.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
            for expected in [1_000, 1_000, 300, 0] {
                let done = try await service.store.replace(
                    in: slot, of: scene.season.id, salt: salt, in: stage.tenant)
                #expect(done == expected)
                #expect(try await digest(stage, scene) == winner.digest)
            }
            try await service.pseudonymise(scene.season.id, in: stage.tenant)
            #expect(try await digest(stage, scene) == winner.digest)
            let after = try await voters(stage, slot)
            #expect(after.count == real.count && after.isDisjoint(with: real))
            let season = try #require(
                try await stage.timetable.seasons.season(
                    scene.season.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
            #expect(season.pseudonymisedAt == stage.clock.now())
            // Nothing leads back: the salt is another, and what was noticed about voters is gone.
            let forgotten = try await stage.timetable.seasons.salt(
                of: scene.season.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
            #expect(forgotten != salt)
            let events = try await stage.storage.reader(for: stage.tenant).list(
                TextRow.self, "test.events",
                "SELECT e.points FROM risk_events e WHERE e.tenant_id = \(stage.tenant)", limit: 10)
            #expect(events.isEmpty)
            try await service.look()
            #expect(try await digest(stage, scene) == winner.digest)
        }
    }
}
