import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

/// What is asked of files, channels, outgoing hooks and prepared answers stands on an index, however many there are.
@Suite(.databases) struct ReachPlanTests {
    private static let large: Set<String> = [
        "inbox_files", "inbox_outgoing", "inbox_prepared", "inbox_receipts", "inbox_contact_points", "inbox_contacts",
        "inbox_conversations", "inbox_messages",
    ]

    private func fill(_ stage: Stage, _ channel: Channel, _ endpoint: ID<OutgoingEndpoint>) async throws {
        let (tenant, now) = (stage.tenant, stage.clock.now())
        let statements: [SQL] = [
            """
            INSERT INTO inbox_contacts (tenant_id, id, name, search_name, created_at)
            SELECT \(tenant), gen_random_uuid(), 'N' || g, 'n' || g, \(now) FROM generate_series(1, 20000) g
            """,
            """
            INSERT INTO inbox_contact_points (tenant_id, id, contact_id, channel_id, external_user_id, created_at)
            SELECT \(tenant), gen_random_uuid(), k.id, \(channel.id), 'v:' || k.name, \(now)
            FROM inbox_contacts k WHERE k.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name, state,
                bot, last_sequence, customer_total, last_message_at, opened_at, created_at)
            SELECT \(tenant), gen_random_uuid(), p.contact_id, p.id, \(channel.id), 'N',
                CASE WHEN n % 20 = 0 THEN 'open' ELSE 'closed' END, 'active', 2, 2, \(now), \(now), \(now)
            FROM (SELECT *, row_number() OVER () AS n FROM inbox_contact_points WHERE tenant_id = \(tenant)) p
            """,
            """
            INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, external_id, body,
                customer_index, delivery, sent_at, created_at)
            SELECT \(tenant), c.id, s, gen_random_uuid(), \(channel.id), 'customer', c.id || '-' || s, 'Hello', s,
                'received', c.last_message_at, c.last_message_at
            FROM inbox_conversations c CROSS JOIN generate_series(1, 2) s WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_files (tenant_id, id, channel_id, conversation_id, message_id, origin, kind, media_type, bytes,
                created_at)
            SELECT \(tenant), gen_random_uuid(), \(channel.id), m.conversation_id, m.id, 'vendor', 'image', 'image/png', 1,
                \(now) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_receipts (tenant_id, id, channel_id, delivery_key, conversation_key, raw, state, received_at)
            SELECT \(tenant), gen_random_uuid(), CASE WHEN g % 100 = 0 THEN \(channel.id) ELSE gen_random_uuid() END,
                'k' || g, 'c' || g, '', CASE WHEN g % 1000 = 0 THEN 'dead' ELSE 'done' END,
                \(now) - g * interval '1 minute' FROM generate_series(1, 30000) g
            """,
            """
            INSERT INTO inbox_outgoing (tenant_id, id, endpoint_id, kind, body, state, created_at)
            SELECT \(tenant), gen_random_uuid(), CASE WHEN g % 100 = 0 THEN \(endpoint) ELSE gen_random_uuid() END,
                'message.received', '{}', 'delivered', \(now) FROM generate_series(1, 30000) g
            """,
            """
            INSERT INTO inbox_prepared (tenant_id, hash, locale, knowledge, policy, answer, sources, made_at)
            SELECT \(tenant), 'h' || g, '', 1, 1, 'x', '[]', \(now) FROM generate_series(1, 20000) g
            """,
        ]
        for statement in statements {
            _ = try await stage.storage.writer(for: tenant).execute("test.fill", statement)
            try await PlanInspector.analyse(stage.storage.driver)
        }
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement about files, channels and what is told looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let (office, tenant) = (stage.office, stage.tenant)
            let channel = try await stage.widget()
            let endpoint: ID<OutgoingEndpoint> = ID(high: 5, low: 5)
            try await fill(stage, channel, endpoint)
            let visitor = Visitor(
                channel: channel.id, user: "v:anna", expires: stage.clock.now() + .seconds(60), isKnown: false)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let file = try await office.files.keep(
                FileDesk.Upload(
                    channel: channel.id, origin: .visitor, owner: "v:anna", name: "a.png", mediaType: "image/png",
                    length: nil), from: Once(bytes: [1, 2, 3]), in: tenant)
            try await office.widget.receive("", clientID: "c1", file: file, from: visitor, in: tenant)
            try await stage.ingest("v:anna", of: channel)
            let head = try #require(
                try await office.widget.store.conversation(
                    of: visitor.point, through: stage.storage.reader(for: tenant), in: tenant))
            _ = try await office.conversations.handOver(head.id, in: tenant)
            _ = try await office.widget.thread(of: visitor, after: 0, in: tenant)
            _ = try await office.widget.store.waiting(before: stage.clock.now(), at: channel.id, in: tenant)
            _ = try await office.widget.file(file.id, of: visitor, in: tenant)
            try await office.files.forget(.conversation(head.id), in: tenant)
            try await office.attachments.introduce(head.pointID, in: tenant)
            _ = try await office.contacts.store.picture(
                of: head.contactID, through: stage.storage.reader(for: tenant), in: tenant)
            _ = try await office.contacts.store.pictures(
                of: [head.contactID], through: stage.storage.reader(for: tenant), in: tenant)
            try await office.care.check(channel.id, in: tenant)
            _ = try await office.care.traffic(of: [channel.id], in: tenant)
            _ = try await office.care.checks(in: tenant)
            let page = try await office.outgoing.store.page(of: endpoint, after: nil, limit: 10, in: tenant)
            _ = try await office.outgoing.store.page(of: endpoint, after: page.next, limit: 10, in: tenant)
            try await office.outgoing.deliver(try #require(page.items.first).id, in: tenant, isLastAttempt: true)
            let question = try #require(Question("opening hours"))
            _ = try await office.prepared.store.answer(to: question, locale: "", policy: 1, in: tenant)
            try await office.prepared.store.put(
                PreparedAnswer(text: "x", sources: [], score: nil), to: question, locale: "", knowledge: 1, policy: 1,
                at: stage.clock.now(), in: tenant)
            stage.storage.setRecorder(nil)
            let findings = try await PlanInspector(driver: stage.storage.driver, largeTables: Self.large)
                .findings(in: recorded).filter { !$0.description.hasPrefix("test.") }
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(Set(recorded.distinct.map(\.request.name)).count >= 20)
        }
    }
}
