import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct FairnessPlanTests {
    /// 60,000 votes in two slots, as much evidence, 30,000 voters and bans, 20,000 cases, removals and slots.
    private func fill(_ stage: Stage, _ scene: Stage.Scene) async throws {
        let (tenant, start) = (stage.tenant, stage.clock.now())
        let slots = (scene.slots[0].id, scene.slots[1].id)
        try await stage.storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "test.voters",
                """
                INSERT INTO voters (tenant_id, id, created_at)
                SELECT \(tenant), gen_random_uuid(), \(start) FROM generate_series(1, 30000)
                """)
            try await transaction.execute(
                "test.votes",
                """
                INSERT INTO votes (tenant_id, slot_id, id, clip_id, voter_id, kind, weight, day, cast_at)
                SELECT \(tenant), CASE WHEN g % 2 = 0 THEN \(slots.0) ELSE \(slots.1) END, gen_random_uuid(),
                    gen_random_uuid(), gen_random_uuid(), 'normal', 1, 20000, \(start) FROM generate_series(1, 60000) g
                """)
            try await transaction.execute(
                "test.evidence",
                """
                INSERT INTO risk_events (tenant_id, id, voter_id, slot_id, clip_id, vote_id, points, features, address,
                    agent, noticed_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), \(scene.clips[0].id),
                    gen_random_uuid(), 10, '["noLanguage"]', g, g, \(start) FROM generate_series(1, 60000) g
                """)
            try await transaction.execute(
                "test.cases",
                """
                INSERT INTO fraud_cases (tenant_id, id, slot_id, reasons, voters, votes, state, opened_at, fingerprint)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), '["x"]', 1, 1, 'dismissed', \(start), 'x' || g
                FROM generate_series(1, 20000) g
                """)
            try await transaction.execute(
                "test.caseVotes",
                """
                INSERT INTO fraud_case_votes (tenant_id, case_id, vote_id, slot_id)
                SELECT \(tenant), id, gen_random_uuid(), slot_id FROM fraud_cases
                """)
            try await transaction.execute(
                "test.removals",
                """
                INSERT INTO removals (tenant_id, id, slot_id, case_id, reason, votes, weight, changed_result, removed_at,
                    removed_by)
                SELECT \(tenant), gen_random_uuid(), slot_id, id, 'x', 1, 1, true, \(start), 'x' FROM fraud_cases
                """)
            try await transaction.execute(
                "test.bans",
                """
                INSERT INTO voter_bans (tenant_id, voter_id, is_banned, reason, changed_at)
                SELECT \(tenant), id, true, 'x', \(start - .seconds(86_400)) FROM voters
                """)
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no duty of fairness looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(slots: 2)
            let slot = scene.slots[0].id
            try await fill(stage, scene)
            for number in 0..<30 {
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[number % 2].id, by: stage.voter(number), in: stage.tenant)
            }
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let fairness = stage.house.fairness
            let desk = fairness.desk
            fairness.risk.keeper.note(
                RiskEvent(
                    id: ID(high: 3, low: 3), voterID: stage.voter(1).id, slotID: slot, clipID: scene.clips[0].id,
                    voteID: ID(high: 4, low: 4), points: 10, reasons: [.noLanguage], address: 1, agent: 2,
                    noticedAt: stage.clock.now()), in: stage.tenant)
            await fairness.risk.keeper.save()
            try await fairness.bans.refresh()
            await fairness.grouping.look()
            await fairness.grouping.finishRemovals()
            try await fairness.checks.look()
            let fraud = try #require(
                try await desk.open(
                    about: (0..<10).map { stage.voter($0).id }, in: slot, reason: "a look",
                    by: RemovalTests.moderator, tenant: stage.tenant))
            _ = try await desk.cases.page(.open, after: nil, limit: 20, in: stage.tenant)
            _ = try await desk.cases.known(slot, in: stage.tenant)
            _ = try await desk.cases.decidedVotes(of: slot, in: stage.tenant)
            _ = try await desk.cases.ballots(of: fraud.id, limit: 100, in: stage.tenant)
            _ = try await desk.cases.votes(of: fraud.id, in: stage.tenant)
            _ = try await desk.remove(fraud.id, reason: "a farm", by: RemovalTests.moderator, in: stage.tenant)
            try await desk.ban(
                stage.voter(1).id, isBanned: true, reason: "x", by: RemovalTests.moderator, in: stage.tenant)
            _ = try await fairness.pseudonyms.store.replace(
                in: slot, of: scene.season.id, salt: [1], in: stage.tenant)
            _ = try await RiskStore(storage: stage.storage).forget(
                slot, limit: 100, through: stage.storage.writer(for: stage.tenant), in: stage.tenant)
            stage.storage.setRecorder(nil)
            let inspector = PlanInspector(
                driver: stage.storage.driver,
                largeTables: [
                    "votes", "risk_events", "fraud_cases", "fraud_case_votes", "removals", "voter_bans", "voters",
                ])
            let findings = try await inspector.findings(in: recorded)
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(recorded.distinct.count >= 25)
        }
    }
}
