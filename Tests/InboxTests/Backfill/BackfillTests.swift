import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct BackfillTests {
    /// Puts tags, mentions and words back as an older version had them, and has the company be looked after.
    private func forget(_ stage: Stage, in tenant: Tenant) async throws {
        let writer = stage.storage.writer(for: tenant)
        for table in ["inbox_tagged", "inbox_mentions"] as [SQL] {
            try await writer.execute(
                "test.forgetPlaces",
                """
                UPDATE \(sql: table) SET state = '', last_message_at = \(Timestamp.epoch) WHERE tenant_id = \(tenant)
                """)
        }
        try await writer.execute(
            "test.begin",
            """
            INSERT INTO inbox_backfills (tenant_id, before_id)
            VALUES (\(tenant), \(ID<Message>(high: .max, low: .max)))
            """)
    }

    @Test(arguments: Backend.all)
    func `what an older version wrote is found and listed again, company by company, in steps`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let steps = BackfillSteps(storage: stage.storage)
            #expect(!(try await steps.isNeeded()))
            for (number, tenant) in [stage.tenant, stage.other].enumerated() {
                let channel = try await stage.channel(account: "page-\(number)", in: tenant)
                for part in 0..<12 {
                    let events = (0..<50).map { stage.event(.message, "bell \(part)", id: "m\(part)-\($0)") }
                    try await stage.deliver(events, to: channel, in: tenant)
                }
                let id = try #require(try await stage.conversation(of: "anna", at: channel, in: tenant)).id
                let tag = try await stage.office.conversations.makeTag("old", in: tenant)
                try await stage.office.conversations.tag(id, with: tag.id, isOn: true, in: tenant)
                _ = try await stage.office.conversations.note(
                    "look", mentioning: [stage.tom], on: id, clientID: nil, by: stage.priya, in: tenant)
                try await forget(stage, in: tenant)
            }
            try await stage.storage.writer(for: stage.tenant).execute("test.forgetWords", "DELETE FROM inbox_words")
            let tom = try await stage.agent(stage.tom)
            func found(_ tenant: Tenant) async throws -> (messages: Int, mentions: Int) {
                let answer = try await stage.search("bell", for: tom, by: .relevance, limit: 1, in: tenant)
                let page = try await stage.office.threads.page(
                    ConversationView(name: .mentions), for: tom, after: nil, in: tenant)
                return (answer.considered ?? 0, page.items.count)
            }
            for tenant in [stage.tenant, stage.other] { #expect(try await found(tenant) == (0, 0)) }
            #expect(try await steps.isNeeded())
            // Places first, then the newest messages.
            #expect(try await steps.step(in: stage.tenant))
            #expect(try await steps.step(in: stage.tenant))
            let part = try await found(stage.tenant)
            #expect(part.messages > 0 && part.messages < 600 && part.mentions == 1)
            #expect(try await found(stage.other) == (0, 0))
            try await steps.mend()
            #expect(!(try await steps.isNeeded()))
            for tenant in [stage.tenant, stage.other] {
                #expect(try await found(tenant) == (600, 1))
                let tag = try #require(try await stage.office.tags.all(in: tenant).first)
                let page = try await stage.office.threads.page(
                    ConversationView(tag: tag.id), for: tom, after: nil, in: tenant)
                #expect(page.items.count == 1 && page.next == nil)
            }
        }
    }
}
