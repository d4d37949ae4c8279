import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

/// Views of what few conversations have: tags and mentions.
@Suite(.databases) struct PlaceTests {
    /// A row that says another place than its conversation.
    private struct Lost: RowDecodable {
        let count: Int

        init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
    }

    private func lost(_ stage: Stage) async throws -> Int {
        var count = 0
        for table in ["inbox_tagged", "inbox_mentions"] as [SQL] {
            count += try await stage.storage.reader(for: stage.tenant).one(
                Lost.self, "test.lost",
                """
                SELECT count(*) FROM \(sql: table) t JOIN inbox_conversations c ON c.tenant_id = \(stage.tenant)
                    AND c.id = t.conversation_id WHERE t.tenant_id = \(stage.tenant)
                    AND (t.state <> c.state OR t.last_message_at <> c.last_message_at)
                """
            ).count
        }
        return count
    }

    private func listed(_ view: ConversationView, _ stage: Stage, limit: Int = 3) async throws -> [ID<Conversation>] {
        let agent = try await stage.agent(stage.tom)
        var ids: [ID<Conversation>] = []
        var next: Cursor?
        repeat {
            let page = try await stage.office.threads.page(
                view, for: agent, after: next, limit: limit, in: stage.tenant)
            ids += page.items.map(\.head.id)
            next = page.next
        } while next != nil
        return ids
    }

    @Test(arguments: Backend.all)
    func `whatever is said, answered, snoozed, closed and opened, tags and mentions list as all conversations do`(
        backend: Backend
    ) async throws {
        for seed: UInt64 in 1...(backend.name == "sqlite" ? 6 : 2) {
            try await Stage.with(backend, seed: seed) { stage in
                let chance = SeededRandomness(seed: seed &* 71)
                let channel = try await stage.channel()
                let (desk, tenant) = (stage.office.conversations, stage.tenant)
                let tag = try await desk.makeTag("rare", in: tenant)
                var (tagged, mentioned): (Set<ID<Conversation>>, Set<ID<Conversation>>) = ([], [])
                for step in 0..<90 {
                    stage.clock.advance(by: .seconds(Int64(1 + chance.below(90))))
                    let user = "user\(chance.below(12))"
                    let known = try await stage.conversation(of: user, at: channel)
                    guard let id = known?.id else {
                        try await stage.deliver([stage.event(.message, "Hi", from: user, id: "m\(step)")], to: channel)
                        continue
                    }
                    do {
                        switch chance.below(9) {
                        case 0, 1:
                            try await stage.deliver(
                                [stage.event(.message, "and?", from: user, id: "m\(step)")], to: channel)
                        case 2: _ = try await stage.answer("yes", to: id, of: channel, confirmed: true)
                        case 3: _ = try await desk.close(id, by: stage.tom, in: tenant)
                        case 4:
                            _ = try await desk.snooze(
                                id, until: stage.clock.now() + .seconds(900), by: stage.tom, in: tenant)
                        case 5:
                            let isOn = chance.below(3) > 0
                            try await desk.tag(id, with: tag.id, isOn: isOn, in: tenant)
                            if isOn { tagged.insert(id) } else { tagged.remove(id) }
                        case 6:
                            _ = try await desk.note(
                                "@Tom", mentioning: [stage.tom], on: id, clientID: nil, by: stage.priya, in: tenant)
                            mentioned.insert(id)
                        default: try await desk.tag(id, with: tag.id, isOn: true, in: tenant); tagged.insert(id)
                        }
                    } catch let error as InboxError {
                        // A refusal, as a closed conversation gives it.
                        #expect(error.code != .notFound, "seed \(seed): \(error)")
                    }
                }
                #expect(try await lost(stage) == 0, "seed \(seed)")
                #expect(!tagged.isEmpty && !mentioned.isEmpty, "seed \(seed)")
                for name in [ConversationView.Name.all, .snoozed, .closed] {
                    let all = try await listed(ConversationView(name: name), stage)
                    let some = try await listed(ConversationView(name: name, tag: tag.id), stage)
                    #expect(some == all.filter(tagged.contains), "seed \(seed), \(name)")
                }
                let open = try await listed(ConversationView(), stage)
                let mentions = try await listed(ConversationView(name: .mentions), stage)
                #expect(mentions == open.filter(mentioned.contains), "seed \(seed)")
                let both = try await listed(ConversationView(name: .mentions, tag: tag.id), stage)
                #expect(both == mentions.filter(tagged.contains), "seed \(seed)")
            }
        }
    }

    /// Of 30,000 conversations, all newer than the two that are tagged, none is looked at.
    @Test(arguments: Backend.all)
    func `a page of a rare tag, or of mentions, begins at its own index`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let (desk, tenant) = (stage.office.conversations, stage.tenant)
            let tag = try await desk.makeTag("rare", in: tenant)
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            try await desk.tag(id, with: tag.id, isOn: true, in: tenant)
            _ = try await desk.note("@Tom", mentioning: [stage.tom], on: id, clientID: nil, by: stage.priya, in: tenant)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            #expect(try await listed(ConversationView(tag: tag.id), stage) == [id])
            #expect(try await listed(ConversationView(name: .mentions), stage) == [id])
            stage.storage.setRecorder(nil)
            let pages = recorded.distinct.filter { $0.request.name.hasPrefix("conversation.pageOf") }
            #expect(pages.count == 2)
            guard backend.name == "sqlite" else { return }
            for entry in pages {
                let plan = try await PlanInspector.steps(of: entry, on: stage.storage.driver)
                #expect(plan.first?.contains("_by_place (") == true, "\(plan)")
                #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
            }
        }
    }
}
