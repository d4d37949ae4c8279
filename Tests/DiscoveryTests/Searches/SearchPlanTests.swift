import Accounts
import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct SearchPlanTests {
    private static let large: Set<String> = [
        "searches", "keywords", "matches", "creators", "creator_days", "creator_posts", "vendor_days",
        "webhook_receipts", "identity_links",
    ]

    /// 40,000 creators, 2,000 searches with a keyword and 20 matches each, days, posts and receipts.
    private func fill(_ stage: Stage) async throws {
        let (tenant, now) = (stage.tenant, stage.clock.now())
        let statements: [SQL] = [
            """
            INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, bio, followers, links, words,
                enrichment, created_at, updated_at)
            SELECT \(tenant), gen_random_uuid(), 'tiktok', 'e' || g, 'handle' || g, 'Name ' || g, '', g, '[]',
                'word' || (g % 500) || ' name', CASE WHEN g % 400 = 0 THEN 'queued' ELSE 'none' END, \(now), \(now)
            FROM generate_series(1, 40000) g
            """,
            """
            INSERT INTO searches (tenant_id, id, person_id, title, platforms, region, target, exclusions, state,
                reservation_id, created_at, deadline_at)
            SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), 'T', 'tiktok', 'US', 100,
                '{"contactedWithinDays":null,"known":false,"listed":false,"lists":[]}', 'completed', gen_random_uuid(), \(now), \(now)
            FROM generate_series(1, 4000) g
            """,
            """
            INSERT INTO keywords (tenant_id, id, search_id, platform, text, ordinal, state, changed_at)
            SELECT \(tenant), gen_random_uuid(), s.id, 'tiktok', 'word ' || o, o, 'done', \(now)
            FROM searches s CROSS JOIN generate_series(0, 4) o WHERE s.tenant_id = \(tenant)
            """,
            """
            INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at)
            SELECT \(tenant), s.id, c.id, row_number() OVER (PARTITION BY s.id ORDER BY c.id), 1, true, \(now)
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM searches WHERE tenant_id = \(tenant)) s
            JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM creators WHERE tenant_id = \(tenant)) c
                ON c.n % 2000 = s.n % 2000
            """,
            """
            INSERT INTO creator_days (tenant_id, creator_id, day, followers, day_at)
            SELECT \(tenant), c.id, 20000, 5, \(now) FROM creators c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO creator_posts (tenant_id, creator_id, external_id, caption)
            SELECT \(tenant), c.id, 'p', '' FROM creators c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO vendor_days (tenant_id, day, vendor, person_id, calls, day_at)
            SELECT \(tenant), g % 4000, 'v', gen_random_uuid(), 1, \(now) FROM generate_series(1, 40000) g
            """,
            """
            INSERT INTO webhook_receipts (tenant_id, source, external_id, id, received_at, kind, payload)
            SELECT \(tenant), 'stripe', 'evt' || g, gen_random_uuid(), \(now), 'k', '' FROM generate_series(1, 20000) g
            """,
            """
            INSERT INTO identity_links (tenant_id, creator_id, identity_id, person_id, linked_at)
            SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), \(now)
            FROM generate_series(1, 20000) g
            """,
        ]
        for (index, statement) in statements.enumerated() {
            _ = try await stage.storage.writer(for: tenant).execute("test.fill", statement)
            // The matches are a join of the first two: planned blindly, each row of one would be compared with each of
            // the other.
            if index == 1 { try await PlanInspector.analyse(stage.storage.driver) }
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement of searches looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            try await fill(stage)
            stage.directory.play("running", [listed(1...30), listed(31...40)])
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let (bureau, tenant) = (stage.bureau, stage.tenant)
            let search = try await stage.start(
                ["running", "trails"], exclusions: Exclusions(listed: true, contactedWithinDays: 30, known: true),
                expansion: 1, enrich: 20)
            let keyword = try await stage.status(search).keywords[0]
            try await stage.fetch(keyword)
            _ = try await bureau.searches.cancel(search.id, in: tenant)
            let second = try await stage.start(["running"], enrich: 10)
            _ = try await stage.finish(second)
            for sort in MatchSort.allCases {
                let found = try await bureau.results.page(
                    MatchDesk.Ask(search: second.id, sort: sort, limit: 10), in: tenant)
                _ = try await bureau.results.page(
                    MatchDesk.Ask(search: second.id, sort: sort, after: found.page.next, limit: 10), in: tenant)
            }
            for scope in [SearchScope.workspace, .person(stage.person(1)), .campaign(ID(high: 1, low: 1))] {
                _ = try await bureau.searches.store.page(of: scope, after: nil, limit: 20, in: tenant)
            }
            let creator = try await stage.matches(second)[0].creator
            _ = try await bureau.creators.page(matching: "@handle7", after: nil, limit: 20, in: tenant)
            _ = try await bureau.creators.page(matching: "word7 name", after: nil, limit: 20, in: tenant)
            _ = try await bureau.creators.page(matching: nil, after: nil, limit: 20, in: tenant)
            _ = try await bureau.creators.report(on: creator.id, in: tenant)
            _ = try await bureau.creators.store.similar(to: creator, in: tenant)
            try await bureau.creators.setBlocked(true, creator.id, in: tenant)
            _ = try await bureau.usage.usage(in: tenant)
            try await bureau.steps.endOverdue()
            try await bureau.personalData.export(stage.person(1), tenant) { _, _ in }
            for _ in 0..<4 {
                _ = try await bureau.personalData.erase(
                    Leaver(person: stage.person(1), pseudonym: ID(high: 4, low: 4)), tenant)
            }
            stage.storage.setRecorder(nil)
            let findings = try await PlanInspector(driver: stage.storage.driver, largeTables: Self.large)
                .findings(in: recorded).filter { !$0.description.hasPrefix("test.") }
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(Set(recorded.distinct.map(\.request.name)).count >= 35)
        }
    }
}
