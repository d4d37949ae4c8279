import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct ListPlanTests {
    private static let large: Set<String> = [
        "creators", "list_entries", "list_members", "creator_contacts", "contact_heads", "creator_notes",
        "creator_activities", "matches", "discovery_exports", "discovery_export_parts", "saved_searches", "list_links",
        "bucket_totals",
    ]

    /// 60,000 creators, one list of 30,000 entries and as many in others, and as much of everything else.
    private func fill(_ stage: ListStage, _ list: ID<CreatorList>, _ search: ID<Search>) async throws {
        let statements = entries(stage, list) + rest(stage, list, search)
        _ = try await stage.storage.write(for: stage.tenant) { transaction in
            for statement in statements { try await transaction.execute("test.fill", statement) }
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    private func entries(_ stage: ListStage, _ list: ID<CreatorList>) -> [SQL] {
        let (tenant, now) = (stage.tenant, stage.clock.now())
        return [
            """
            INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, followers, links, words, created_at,
                updated_at)
            SELECT \(tenant), gen_random_uuid(), 'tiktok', 'y' || g, 'h' || g, 'N', g, '[]', 'w', \(now), \(now)
            FROM generate_series(1, 60000) g
            """,
            """
            INSERT INTO list_entries (tenant_id, id, list_id, creator_id, sequence, bucket, rank, followers, metrics,
                added_at, pinned_by)
            SELECT \(tenant), gen_random_uuid(), CASE WHEN n % 2 = 0 THEN \(list) ELSE gen_random_uuid() END, c.id, n,
                CASE WHEN n % 3 = 0 THEN 'backlog' ELSE 'booked' END, 'm' || (1000000000 + n), 5, '{}',
                \(now), CASE WHEN n % 500 = 0 THEN \(stage.mara.person) END
            FROM (SELECT id, row_number() OVER () AS n FROM creators WHERE tenant_id = \(tenant)) c
            """,
            """
            INSERT INTO list_members (tenant_id, person_id, list_id, role)
            SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), 'editor' FROM generate_series(1, 30000)
            """,
            """
            INSERT INTO bucket_totals (tenant_id, list_id, bucket)
            SELECT \(tenant), gen_random_uuid(), 'x' FROM generate_series(1, 30000)
            """,
        ]
    }

    private func rest(_ stage: ListStage, _ list: ID<CreatorList>, _ search: ID<Search>) -> [SQL] {
        let (tenant, now) = (stage.tenant, stage.clock.now())
        return [
            """
            UPDATE bucket_totals SET next_sequence = 100000
            WHERE tenant_id = \(tenant) AND list_id = \(list) AND bucket = ''
            """,
            """
            INSERT INTO creator_activities (tenant_id, id, list_id, creator_id, person_id, event, detail, at)
            SELECT \(tenant), gen_random_uuid(), e.list_id, e.creator_id, \(stage.mara.person), 'added', '', \(now)
            FROM list_entries e WHERE e.tenant_id = \(tenant)
            """,
            """
            INSERT INTO creator_notes (tenant_id, id, list_id, creator_id, person_id, text, at)
            SELECT \(tenant), gen_random_uuid(), e.list_id, e.creator_id, \(stage.mara.person), 'n', \(now)
            FROM list_entries e WHERE e.tenant_id = \(tenant)
            """,
            """
            INSERT INTO creator_contacts (tenant_id, id, creator_id, person_id, channel, at)
            SELECT \(tenant), gen_random_uuid(), c.id, \(stage.mara.person), 'email', \(now)
            FROM creators c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO contact_heads (tenant_id, creator_id, person_id, channel, at)
            SELECT \(tenant), c.id, \(stage.mara.person), 'email', \(now) FROM creators c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at)
            SELECT \(tenant), CASE WHEN n < 20000 THEN \(search) ELSE gen_random_uuid() END, c.id, n, 1, false, \(now)
            FROM (SELECT id, row_number() OVER () AS n FROM creators WHERE tenant_id = \(tenant)) c
            """,
            """
            INSERT INTO discovery_exports (tenant_id, id, person_id, title, source, source_id, format, plan, state,
                rows_planned, created_at, expires_at)
            SELECT \(tenant), gen_random_uuid(), CASE WHEN g % 300 = 0 THEN \(stage.mara.person) ELSE gen_random_uuid() END,
                'T', 'list', \(list), 'csv',
                '{"columns":[],"fields":[],"filter":{"includesUnknown":false},"segments":[]}', 'expired', 0, \(now), \(now) FROM generate_series(1, 30000) g
            """,
            """
            INSERT INTO saved_searches (tenant_id, id, person_id, name, query, every, next_run_at, created_at)
            SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), 'N', '{}', 'day', \(now + .seconds(90_000)), \(now)
            FROM generate_series(1, 30000)
            """,
            """
            INSERT INTO list_links (tenant_id, id, list_id, person_id, token_hash, created_at, expires_at)
            SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
                decode(md5(CAST(g AS text)), 'hex'), \(now), \(now + .seconds(86_400)) FROM generate_series(1, 30000) g
            """,
            """
            INSERT INTO discovery_export_parts (tenant_id, export_id, number, rows, bytes, sha256)
            SELECT \(tenant), gen_random_uuid(), g % 3, 1, 1, '' FROM generate_series(1, 30000) g
            """,
        ]
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement about lists and exports looks at a whole table`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<20)
            let list = try await stage.makeList()
            let campaign = try await stage.room.campaigns.create("C", by: stage.mara, in: stage.tenant)
            let search = try await stage.makeSearch(0..<0, campaign: campaign.id)
            try await fill(stage, list.id, search)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let (room, tenant, mara) = (stage.room, stage.tenant, stage.mara)
            let cards = try await stage.cards(of: list.id)
            let card = try #require(cards["backlog"]?.first).entry
            for bucket in ["backlog", nil] {
                var next: Cursor?
                for _ in 0..<2 {
                    if let bucket {
                        next = try await room.entries.store.page(
                            of: list.id, bucket: bucket, for: mara, after: next, limit: 25, in: tenant
                        ).next
                    } else {
                        next = try await room.entries.store.page(
                            of: list.id, for: mara, after: next, limit: 25, in: tenant
                        ).next
                    }
                }
            }
            _ = try await room.entries.add(
                (0..<20).map(stage.creatorID), to: list.id, by: mara, in: tenant)
            _ = try await room.entries.move(card.id, to: "shortlist", rank: nil, by: mara, in: tenant)
            var message = EntryDesk.Message(creator: card.creatorID, channel: .email)
            message.entry = (card.id, "contacted")
            message.isForced = true
            _ = try await room.entries.contact(message, by: mara, in: tenant)
            try await room.entries.pin(card.id, true, by: mara, in: tenant)
            _ = try await room.dashboards.dashboard(of: mara, in: tenant)
            _ = try await room.entries.store.lists(of: card.creatorID, for: mara, limit: 20, in: tenant)
            _ = try await room.entries.remove([card.id], from: list.id, by: mara, in: tenant)
            for target in [ContactStore.Target.list(list.id), .creator(card.creatorID)] {
                _ = try await room.entries.contacts.notes(of: target, after: nil, limit: 20, in: tenant)
                _ = try await room.entries.contacts.activities(of: target, after: nil, limit: 20, in: tenant)
            }
            _ = try await room.entries.contacts.contacts(of: card.creatorID, limit: 10, in: tenant)
            try await room.lists.star(list.id, true, by: mara, in: tenant)
            _ = try await room.lists.page(ListStore.Filter(), for: mara, after: nil, in: tenant)
            _ = try await room.lists.store.members(of: list.id, in: tenant)
            let (_, token) = try await room.links.create(for: list.id, days: 30, by: mara, in: tenant)
            _ = try await room.links.open(token, after: nil, in: tenant)
            _ = try await room.savedSearches.startDue()
            _ = try await room.exports.store.page(of: mara.person, after: nil, limit: 20, in: tenant)
            _ = try await room.exports.steps.expire()
            var wish = ExportDesk.Wish(source: .search, id: search.cast(to: ID<ExportSource>.self))
            wish.isInline = false
            if case .queued(let export) = try await room.exports.order(wish, by: mara, in: tenant) {
                _ = try await room.exports.steps.write(export.id, in: tenant)
            }
            _ = try await room.campaigns.store.page(.active, after: nil, limit: 20, in: tenant)
            stage.storage.setRecorder(nil)
            let findings = try await PlanInspector(
                driver: stage.storage.driver, largeTables: Self.large, sortedRowsMax: 25_000
            ).findings(in: recorded)
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(Set(recorded.distinct.map(\.request.name)).count >= 35)
        }
    }
}
