import Base
import BaseTestKit
import Foundation
import Hosting
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct UploadPlanTests {
    /// 40,000 clips of 10,000 makers in a slot of long ago, with all that belongs to them, and as many tasks.
    private func fill(_ atelier: Atelier, _ slot: Slot) async throws {
        let (tenant, now) = (atelier.tenant, atelier.stage.clock.now())
        try await atelier.stage.storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "test.clips",
                """
                INSERT INTO clips (tenant_id, id, season_id, track_id, slot_id, person_id, title, credit, genre, state,
                    active_at, files, milliseconds, bytes)
                SELECT \(tenant), gen_random_uuid(), \(slot.seasonID), \(slot.trackID), \(slot.id),
                    CAST(lpad(to_hex(g % 10000), 32, '0') AS uuid), 'T', 'C', 'drama', 'eliminated', \(now), '{}', 1, 1
                FROM generate_series(1, 40000) g
                """)
            try await transaction.execute(
                "test.entries",
                """
                INSERT INTO clip_entries (tenant_id, clip_id, person_id, slot_id, created_at, expires_at, names, verdict)
                SELECT \(tenant), id, person_id, slot_id, \(now), \(now), '[]', 'approved' FROM clips
                WHERE tenant_id = \(tenant) AND slot_id = \(slot.id)
                """)
            try await transaction.execute(
                "test.tallies",
                """
                INSERT INTO clip_tallies (tenant_id, clip_id, lane) SELECT \(tenant), id, 1 FROM clips
                WHERE tenant_id = \(tenant) AND slot_id = \(slot.id)
                """)
            try await transaction.execute(
                "test.files",
                """
                INSERT INTO media_files (tenant_id, name, uses, created_at)
                SELECT \(tenant), md5(CAST(g AS text)) || '.mp4', 1, \(now) FROM generate_series(1, 80000) g
                """)
            try await transaction.execute(
                "test.tasks",
                """
                INSERT INTO media_tasks (tenant_id, clip_id, kind, job_id) SELECT \(tenant), id, 'expect', id FROM clips
                WHERE tenant_id = \(tenant) AND slot_id = \(slot.id)
                """)
        }
        try await PlanInspector.analyse(atelier.stage.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement of uploads, media work and reviews looks at a whole table`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(slots: 3)
            try await fill(atelier, scene.slots[2])
            let recorded = RecordedStatements()
            atelier.stage.storage.setRecorder(recorded)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            try await atelier.stage.flags.set(
                "trustedCreators", to: FlagState(isEnabled: true), for: atelier.tenant)
            let first = try await atelier.pending(by: maker)
            let second = try await atelier.pending(by: maker)
            for (id, json) in [
                (first, #"{"verdict":"approve"}"#), (second, #"{"verdict":"reject","reason":"Blurred."}"#),
            ] {
                let answer = try await atelier.site.post(
                    "/api/tournament/clips/\(id)/review", json: json, headers: [moderator.session])
                #expect(answer.status == 200)
            }
            for path in ["/tournament/upload/mine", "/api/tournament/clips/mine?limit=1"] {
                #expect(try await atelier.site.get(path, headers: [maker.session]).status == 200)
            }
            #expect(
                try await atelier.site.get("/tournament/desk/clips", headers: [moderator.session]).status == 200)
            let (third, _) = try await atelier.open(maker, more: #","replaces":"\#(first)""#)
            atelier.stage.clock.advance(by: UploadRules.window + UploadRules.grace + .seconds(1))
            try await atelier.work()
            #expect(try await atelier.clip(third).state == .removed)
            atelier.stage.storage.setRecorder(nil)
            let inspector = PlanInspector(
                driver: atelier.stage.storage.driver,
                largeTables: ["clips", "clip_entries", "clip_tallies", "media_files", "media_tasks"])
            let findings = try await inspector.findings(in: recorded)
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(recorded.distinct.count >= 25)
        }
    }
}
