import Accounts
import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct SocialPlanTests {
    private static let large: Set<String> = [
        "comments", "comment_likes", "follows", "reports", "report_cases", "person_tallies", "vote_days", "voters",
        "slot_reminders",
    ]

    /// 60,000 comments of one clip and others, as many likes, follows, reports and people, 60,000 days of votes.
    private func fill(_ stage: Stage, _ scene: Stage.Scene) async throws {
        let (tenant, start) = (stage.tenant, stage.clock.now())
        let statements: [SQL] = [
            """
            INSERT INTO comments (tenant_id, id, clip_id, person_id, author, text, state, created_at)
            SELECT \(tenant), gen_random_uuid(), CASE WHEN g % 3 = 0 THEN \(scene.clips[0].id) ELSE gen_random_uuid() END,
                CASE WHEN g % 4 = 0 THEN \(stage.person(1)) ELSE gen_random_uuid() END, 'A', 'B',
                CASE WHEN g % 50 = 0 THEN 'pending' ELSE 'approved' END, \(start) FROM generate_series(1, 60000) g
            """,
            """
            INSERT INTO comment_likes (tenant_id, comment_id, person_id, liked_at)
            SELECT \(tenant), c.id, CASE WHEN random() < 0.1 THEN \(stage.person(1)) ELSE gen_random_uuid() END, \(start)
            FROM comments c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO follows (tenant_id, follower_id, person_id, followed_at)
            SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), \(start) FROM generate_series(1, 60000)
            """,
            """
            INSERT INTO slot_reminders (tenant_id, slot_id, person_id, asked_at)
            SELECT \(tenant), CASE WHEN g % 4 = 0 THEN \(scene.slots[1].id) ELSE gen_random_uuid() END,
                gen_random_uuid(), \(start) FROM generate_series(1, 60000) g
            """,
            """
            INSERT INTO reports (tenant_id, kind, target_id, person_id, reason, is_open, reported_at)
            SELECT \(tenant), 'comment', gen_random_uuid(), gen_random_uuid(), 'R', true, \(start)
            FROM generate_series(1, 60000)
            """,
            """
            INSERT INTO report_cases (tenant_id, kind, target_id, open_reports, opened_at)
            SELECT \(tenant), 'comment', r.target_id, CASE WHEN random() < 0.05 THEN 1 ELSE 0 END, \(start)
            FROM reports r WHERE r.tenant_id = \(tenant)
            """,
            """
            INSERT INTO person_tallies (tenant_id, person_id, votes_cast, streak_days, last_day)
            SELECT \(tenant), gen_random_uuid(), 1, g % 3, 20000 + g % 400 FROM generate_series(1, 60000) g
            """,
            """
            INSERT INTO voters (tenant_id, id, person_id, created_at)
            SELECT \(tenant), gen_random_uuid(), CASE WHEN random() < 0.3 THEN gen_random_uuid() END, \(start)
            FROM generate_series(1, 60000)
            """,
            """
            INSERT INTO vote_days (tenant_id, voter_id, day, weight_used, votes, revision, day_at)
            SELECT \(tenant), v.id, 20400, 3, 3, 1, \(start - .seconds(7 * 86_400)) FROM voters v
            WHERE v.tenant_id = \(tenant)
            """,
        ]
        try await stage.storage.write(for: tenant) { transaction in
            for statement in statements { try await transaction.execute("test.fill", statement) }
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement about people looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 3)
            try await fill(stage, scene)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let (house, tenant, me) = (stage.house, stage.tenant, stage.person(1))
            let store = house.comments.store
            let clip = scene.clips[0].id
            for viewer in [nil, me] {
                let page = try await store.page(of: clip, for: viewer, after: nil, limit: 20, in: tenant)
                _ = try await store.page(
                    of: clip, for: viewer, after: page.next.flatMap(Cursor.init), limit: 20, in: tenant)
                _ = try await store.replies(
                    to: page.comments[0].comment.id, of: clip, for: viewer, after: nil, limit: 20, in: tenant)
            }
            _ = try await store.own(of: me, after: nil, limit: 20, in: tenant)
            _ = try await store.pending(after: nil, limit: 20, in: tenant)
            _ = try await store.author(of: me, in: tenant)
            _ = try await house.comments.counts(of: scene.slots[0].id, in: tenant)
            let mine = try await stage.post("mine", on: scene.clips[0], by: me)
            _ = try await house.comments.setLike(true, of: mine.id, by: me, in: tenant)
            _ = try await stage.post("answer", on: scene.clips[0], by: stage.person(3), replyingTo: mine.id)
            #expect(try await house.replies.look() == 1)
            _ = try await stage.report(mine.id, by: stage.person(2))
            _ = try await house.comments.review(mine.id, .reject, reason: "x", by: me, in: tenant)
            try await house.comments.delete(mine.id, of: me, in: tenant)
            _ = try await house.reports.store.open(after: nil, limit: 20, in: tenant)
            try await house.people.setFollow(true, of: scene.clips[0].personID, by: me, in: tenant)
            _ = try await house.people.stats(of: me, seenBy: stage.person(2), in: tenant)
            _ = try await house.people.store.clips(of: me, all: true, limit: 20, in: tenant)
            try await house.folding.look()
            let reminders = house.reminders.store
            _ = try await reminders.due()
            _ = try await reminders.slots(of: me, in: tenant)
            try await stage.storage.write(for: tenant) { transaction in
                _ = try await reminders.insert(
                    scene.slots[1].id, for: me, at: stage.clock.now(), through: transaction, in: tenant)
                try await reminders.delete(scene.slots[1].id, of: me, through: transaction, in: tenant)
                _ = try await reminders.take(scene.slots[1].id, through: transaction, in: tenant)
            }
            try await house.personalData.export(me, tenant) { _, _ in }
            for _ in 0..<20 {
                _ = try await house.personalData.erase(
                    Leaver(person: me, pseudonym: ID(high: 4, low: 4)), tenant)
            }
            stage.storage.setRecorder(nil)
            let findings = try await PlanInspector(
                driver: stage.storage.driver, largeTables: Self.large, sortedRowsMax: 25_000
            ).findings(in: recorded)
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(Set(recorded.distinct.map(\.request.name)).count >= 30)
        }
    }
}
