import Accounts
import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct WorkPlanTests {
    private static let large: Set<String> = [
        "inbox_conversations", "inbox_messages", "inbox_sla_clocks", "inbox_ratings", "inbox_day_counts",
        "inbox_hour_counts", "inbox_day_times", "inbox_team_members", "inbox_canned_replies",
    ]

    /// A company with a year of counts, and another one that is larger.
    private func fill(_ stage: Stage, _ channel: Channel) async throws {
        let now = stage.clock.now()
        let day = now.seconds / 86_400
        for (tenant, size) in [(stage.tenant, 300), (stage.other, 6_000)] {
            let statements: [SQL] = [
                """
                INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name,
                    state, bot, assignee_id, last_message_at, opened_at, created_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), \(channel.id), 'N', 'open', 'off',
                    CASE WHEN g % 3 = 0 THEN NULL ELSE gen_random_uuid() END, \(now), \(now), \(now)
                FROM generate_series(1, \(size)) g
                """,
                """
                INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, body,
                    customer_index, delivery, sent_at, created_at)
                SELECT \(tenant), c.id, s, gen_random_uuid(), \(channel.id), 'customer', 'Hello', s, 'received', \(now), \(now)
                FROM inbox_conversations c CROSS JOIN generate_series(1, 2) s WHERE c.tenant_id = \(tenant)
                """,
                """
                INSERT INTO inbox_sla_clocks (tenant_id, conversation_id, seen_sequence, story, look_at)
                SELECT \(tenant), c.id, 0, '', \(now) + interval '1 hour' FROM inbox_conversations c
                WHERE c.tenant_id = \(tenant)
                """,
                """
                INSERT INTO inbox_ratings (tenant_id, id, conversation_id, closing, channel_id, person_id, points, created_at)
                SELECT \(tenant), gen_random_uuid(), c.id, 1, \(channel.id), gen_random_uuid(), 5, \(now)
                FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
                """,
                """
                INSERT INTO inbox_day_counts (tenant_id, scope, scope_id, day, day_at)
                SELECT \(tenant), s.scope, s.id, \(day) - g, \(now) - g * interval '1 day'
                FROM (SELECT 'company' AS scope, \(tenant.id) AS id UNION ALL
                    SELECT 'person', gen_random_uuid() FROM generate_series(1, 100)) s
                CROSS JOIN generate_series(0, \(size / 60)) g
                """,
                """
                INSERT INTO inbox_hour_counts (tenant_id, scope, scope_id, hour, hour_at)
                SELECT \(tenant), d.scope, d.scope_id, d.day * 24 + g, d.day_at + g * interval '1 hour'
                FROM inbox_day_counts d CROSS JOIN generate_series(0, 3) g WHERE d.tenant_id = \(tenant)
                """,
                """
                INSERT INTO inbox_day_times (tenant_id, scope, scope_id, measure, day, step, amount)
                SELECT \(tenant), d.scope, d.scope_id, 'first', d.day, g, 1
                FROM inbox_day_counts d CROSS JOIN generate_series(0, 3) g WHERE d.tenant_id = \(tenant)
                """,
                """
                INSERT INTO inbox_team_members (tenant_id, team_id, person_id, cap)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), 5 FROM generate_series(1, \(size / 10))
                """,
                """
                INSERT INTO inbox_canned_replies (tenant_id, id, owner_id, shortcut, body, created_at, changed_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), 's' || g, 'x', \(now), \(now)
                FROM generate_series(1, \(min(size, 1_900))) g
                """,
            ]
            for statement in statements {
                _ = try await stage.storage.writer(for: tenant).execute("test.fill", statement)
            }
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement about how a company works looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            try await fill(stage, channel)
            let (office, tenant) = (stage.office, stage.tenant)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let member = Team.Member(person: stage.tom, cap: 5)
            let team = try await office.teams.make(
                TeamDesk.TeamDraft(name: "Support", members: [member]), in: tenant)
            _ = try await office.promises.make(SlaDesk.LevelDraft(name: "Usual", first: 5), in: tenant)
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            try await office.counts.fold()
            try await office.promises.lookAtDue()
            _ = try await office.promises.store.story(of: id, in: tenant)
            _ = try await office.assignments.handOut(id, among: [stage.tom], attempt: 0, in: tenant)
            _ = try await stage.answer("Hello", to: id, of: channel)
            try await office.sending.send(id, in: tenant)
            stage.clock.advance(by: .seconds(400))
            try await office.counts.fold()
            try await office.promises.lookAtDue()
            let reply = try await office.canned.make("hi", "Hi", of: stage.tom, in: tenant)
            _ = try await office.canned.use(reply.id, in: id, by: stage.tom, of: tenant)
            _ = try await office.canned.change(reply.id, to: "ho", "Ho", of: stage.tom, in: tenant)
            try await office.canned.remove(reply.id, of: stage.tom, in: tenant)
            _ = try await office.conversations.close(id, by: stage.tom, in: tenant)
            _ = try await office.ratings.rate(id, 5, nil, in: tenant)
            _ = try await office.ratings.mayBeAsked(id, in: tenant)
            _ = try await office.ratings.store.page(after: nil, limit: 5, in: tenant)
            try await office.counts.fold()
            _ = try await office.counts.dashboard(days: 365, in: tenant)
            for kind in Report.Kind.allCases { _ = try await office.reports.report(kind, days: 30, in: tenant) }
            _ = try await office.seals.seal(in: tenant)
            _ = try await office.seals.seal(in: tenant)
            try await office.teams.remove(team.id, in: tenant)
            let leaver = Leaver(person: stage.tom, pseudonym: ID(high: 4, low: 4))
            let data = AgentPersonSteps(storage: stage.storage).personalData
            for _ in 0..<20 where try await data.erase(leaver, tenant) == .done { break }
            stage.storage.setRecorder(nil)
            let mine = ["team.", "sla.", "serviceLevel.", "assignment.", "cannedReply.", "rating.", "count.", "hours."]
            let findings = try await PlanInspector(driver: stage.storage.driver, largeTables: Self.large)
                .findings(in: recorded).map(\.description).filter { text in mine.contains { text.hasPrefix($0) } }
            #expect(findings.isEmpty, "\(findings.joined(separator: "\n\n"))")
            #expect(Set(recorded.distinct.map(\.request.name)).count >= 40)
        }
    }
}
