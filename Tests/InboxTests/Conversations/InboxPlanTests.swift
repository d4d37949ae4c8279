import Accounts
import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct InboxPlanTests {
    private static let large: Set<String> = [
        "inbox_contacts", "inbox_contact_points", "inbox_conversations", "inbox_messages", "inbox_cursors",
        "inbox_receipts", "inbox_tagged", "inbox_mentions", "inbox_drafts", "inbox_scheduled", "inbox_former_texts",
        "inbox_contact_words", "inbox_words",
    ]

    /// 30,000 conversations with two messages each, and as much of everything else.
    private func rows(_ stage: Stage, _ channel: Channel) -> [SQL] {
        let (tenant, now) = (stage.tenant, stage.clock.now())
        return [
            """
            INSERT INTO inbox_contacts (tenant_id, id, name, search_name, created_at)
            SELECT \(tenant), gen_random_uuid(), 'N' || g, 'n' || g, \(now) FROM generate_series(1, 30000) g
            """,
            """
            INSERT INTO inbox_contact_words (tenant_id, word, contact_id)
            SELECT \(tenant), k.search_name, k.id FROM inbox_contacts k WHERE k.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_contact_points (tenant_id, id, contact_id, channel_id, external_user_id, created_at)
            SELECT \(tenant), gen_random_uuid(), k.id, \(channel.id), k.name, \(now)
            FROM inbox_contacts k WHERE k.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name, state,
                bot, assignee_id, last_sequence, customer_total, last_message_at, opened_at, created_at)
            SELECT \(tenant), gen_random_uuid(), p.contact_id, p.id, \(channel.id), 'N',
                CASE WHEN n % 10 < 7 THEN 'closed' WHEN n % 10 = 7 THEN 'snoozed' ELSE 'open' END, 'off',
                CASE WHEN n % 3 = 0 THEN NULL WHEN n % 50 = 1 THEN \(stage.tom) ELSE \(stage.priya) END, 2, 2,
                \(now) - n * interval '1 second', \(now), \(now) - interval '1 day'
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
            INSERT INTO inbox_cursors (tenant_id, person_id, conversation_id, read_sequence, read_customer)
            SELECT \(tenant), \(stage.priya), c.id, 1, 1 FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_receipts (tenant_id, id, channel_id, delivery_key, conversation_key, raw, state, received_at)
            SELECT \(tenant), gen_random_uuid(), \(channel.id), 'k' || g, 'c' || g, '',
                CASE WHEN g % 1000 = 0 THEN 'dead' ELSE 'done' END, \(now) FROM generate_series(1, 30000) g
            """,
            """
            INSERT INTO inbox_mentions (tenant_id, person_id, conversation_id, mentioned_at, state, last_message_at)
            SELECT \(tenant), gen_random_uuid(), c.id, \(now), c.state, c.last_message_at
            FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_tagged (tenant_id, tag_id, conversation_id, state, last_message_at)
            SELECT \(tenant), gen_random_uuid(), c.id, c.state, c.last_message_at
            FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_drafts (tenant_id, conversation_id, person_id, body, changed_at)
            SELECT \(tenant), c.id, coalesce(c.assignee_id, \(stage.priya)), 'x', \(now) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_scheduled (tenant_id, id, conversation_id, person_id, body, due_at, cancels_on_reply,
                seen_customer, state, created_at, settled_at)
            SELECT \(tenant), gen_random_uuid(), c.id, coalesce(c.assignee_id, \(stage.priya)), 'x', \(now), true, 0,
                'sent', \(now), \(now) FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
            """,
            """
            INSERT INTO inbox_former_texts (tenant_id, id, message_id, body, changed_at)
            SELECT \(tenant), gen_random_uuid(), m.id, 'x', \(now) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
            """,
        ]
    }

    /// All messages are found by a word that each of them has, and by one that no other has.
    private func words(_ stage: Stage) -> SQL {
        let id = ID<Message>(high: UInt64(stage.clock.now().microseconds / 1_000) << 16, low: 0)
        let marks = MessageWords.marks(of: id, in: stage.tenant)
        return """
            INSERT INTO inbox_words (message_id, words)
            SELECT m.id, to_tsvector('simple', \(marks) || ' hello no' || m.external_id)
            FROM inbox_messages m WHERE m.tenant_id = \(stage.tenant)
            """
    }

    private func fill(_ stage: Stage, _ channel: Channel) async throws {
        let tenant = stage.tenant
        for (index, statement) in (rows(stage, channel) + [words(stage)]).enumerated() {
            _ = try await stage.storage.writer(for: tenant).execute("test.fill", statement)
            if (1...3).contains(index) { try await PlanInspector.analyse(stage.storage.driver) }
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    /// Every list there is.
    private func look(_ stage: Stage, _ channel: Channel, _ tom: Agent) async throws {
        let (office, tenant) = (stage.office, stage.tenant)
        for name in ConversationView.Name.allCases {
            var view = ConversationView(name: name)
            let page = try await office.threads.page(view, for: tom, after: nil, in: tenant)
            _ = try await office.threads.page(view, for: tom, after: page.next, in: tenant)
            view.channel = channel.id
            _ = try await office.threads.page(view, for: tom, after: nil, in: tenant)
        }
        var view = ConversationView()
        view.tag = ID(high: 1, low: 1)
        let tagged = try await office.threads.page(view, for: tom, after: nil, in: tenant)
        _ = try await office.threads.page(view, for: tom, after: tagged.next, in: tenant)
        view.name = .mentions
        _ = try await office.threads.page(view, for: tom, after: nil, in: tenant)
        view = ConversationView()
        view.team = ID(high: 1, low: 1)
        _ = try await office.threads.page(view, for: tom, after: nil, in: tenant)
        _ = try await office.threads.badges(of: tom, in: tenant)
    }

    /// A conversation from its first message to its end.
    private func talk(_ stage: Stage, _ channel: Channel, _ tom: Agent) async throws {
        let (office, tenant) = (stage.office, stage.tenant)
        let story = [
            stage.event(.message, "Hi", id: "new1"), stage.event(.edit, "Hello", id: "new1"),
            stage.event(.echo, "From the app", id: "new2"), stage.event(.read), stage.event(.deletion, id: "new1"),
            stage.event(.broken, id: "new3"),
        ]
        let body = PlayedVendor.body([
            ("p1", "anna", Array(story.dropLast())), ("p2", "anna", [story[5]]),
        ])
        try await office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
        try await stage.ingest("anna", of: channel)
        let id = try #require(try await stage.conversation(of: "anna", at: channel)).id
        _ = try await office.threads.messages(of: id, .before(.max), in: tenant)
        _ = try await office.threads.messages(of: id, .after(1), in: tenant)
        _ = try await office.threads.read(id, upTo: 1, by: tom, in: tenant)
        let message = try await stage.answer("one", to: id, of: channel, undo: 5)
        try await office.replies.withdraw(message.id, by: stage.tom, in: tenant)
        _ = try await stage.answer("two", to: id, of: channel, client: "c2")
        _ = try await stage.answer("two", to: id, of: channel, client: "c2")
        try await office.sending.send(id, in: tenant)
        _ = try await office.conversations.note(
            "n", mentioning: [stage.priya], on: id, clientID: "n1", by: stage.tom, in: tenant)
        let tag = try await office.conversations.makeTag("t", in: tenant)
        try await office.conversations.tag(id, with: tag.id, isOn: true, in: tenant)
        _ = try await office.conversations.tags(of: [id], in: tenant)
        let wish = ScheduledDesk.Wish(conversation: id, body: "x", at: stage.clock.now() + .seconds(9))
        let later = try await office.scheduled.schedule(wish, by: stage.tom, in: tenant)
        try await office.scheduled.send(later.id, in: tenant)
        _ = try await office.conversations.close(id, by: stage.tom, in: tenant)
        let letters = try await office.hooks.deadLetters(of: channel.id, after: nil, limit: 10, in: tenant)
        try await office.hooks.retry(try #require(letters.items.first).id, in: tenant)
        _ = try await office.hooks.lastArrival(of: channel.id, in: tenant)
        for order in SearchOrder.allCases {
            _ = try await stage.search("hello", for: tom, by: order, limit: 10, in: tenant)
        }
    }

    /// Contacts found, changed, merged and deleted.
    private func know(_ stage: Stage, _ tom: Agent) async throws {
        let (office, tenant) = (stage.office, stage.tenant)
        let contacts = try await office.contacts.store.page(
            ContactWords("n1"), after: nil, limit: 2, in: tenant
        ).items
        let merge = try await office.contacts.merge(
            contacts[0].contact.id, into: contacts[1].contact.id, by: stage.tom, in: tenant)
        _ = try await office.contacts.undo(merge.id, in: tenant)
        let named = contacts[0].contact
        _ = try await office.contacts.change(named.id, ContactDesk.Change(email: "n@example.org"), in: tenant)
        _ = try await office.contacts.store.alike(named, in: tenant)
        _ = try await office.contacts.store.merges(into: named.id, in: tenant)
        _ = try await office.conversations.store.conversations(with: named.id, for: tom, limit: 9, in: tenant)
        _ = try await office.contacts.store.thread(
            of: named.id, before: stage.clock.now() + .seconds(9), for: tom, limit: 9, in: tenant)
        for erasure in [
            try await office.erasures.erase([named.id], by: stage.tom, in: tenant),
            try await office.erasures.erase(found: "n29999", by: stage.tom, in: tenant),
        ] {
            for _ in 0..<3 { try await office.erasures.step(erasure.id, in: tenant) }
        }
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement about conversations looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            try await fill(stage, channel)
            let (office, tenant) = (stage.office, stage.tenant)
            let tom = try await stage.agent(stage.tom)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            try await look(stage, channel, tom)
            try await talk(stage, channel, tom)
            try await know(stage, tom)
            try await office.counts.fold()
            let data = AgentPersonSteps(storage: stage.storage).personalData
            try await data.export(stage.tom, tenant) { _, _ in }
            for _ in 0..<40 {
                let leaver = Leaver(person: stage.tom, pseudonym: ID(high: 4, low: 4))
                if try await data.erase(leaver, tenant) == .done { break }
            }
            stage.storage.setRecorder(nil)
            let findings = try await PlanInspector(driver: stage.storage.driver, largeTables: Self.large)
                .findings(in: recorded).filter { !$0.description.hasPrefix("test.") }
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(Set(recorded.distinct.map(\.request.name)).count >= 30)
        }
    }
}
