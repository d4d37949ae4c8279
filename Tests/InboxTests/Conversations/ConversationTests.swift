import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct ConversationTests {
    private func page(
        _ name: ConversationView.Name, _ stage: Stage, by person: ID<Person>? = nil, tag: ID<Inbox.Tag>? = nil,
        limit: Int = 25, after: Cursor? = nil
    ) async throws -> Page<SeenConversation> {
        var view = ConversationView(name: name)
        view.tag = tag
        return try await stage.office.threads.page(
            view, for: try await stage.agent(person ?? stage.tom), after: after, limit: limit, in: stage.tenant)
    }

    @Test(arguments: Backend.all)
    func `each view shows its conversations, the newest first, page by page`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            var ids: [ID<Conversation>] = []
            for number in 0..<7 {
                let event = stage.event(.message, "n\(number)", from: "user\(number)", id: "m\(number)")
                ids.append(try #require(try await stage.deliver([event], to: channel)))
                // Two are of one moment: the id decides.
                if number != 3 { stage.clock.advance(by: .seconds(1)) }
            }
            var seen: [ID<Conversation>] = []
            var next: Cursor?
            repeat {
                let page = try await page(.all, stage, limit: 3, after: next)
                seen += page.items.map(\.head.id)
                next = page.next
            } while next != nil
            #expect(Set(seen) == Set(ids) && seen.count == 7)
            #expect(seen.first == ids.last)
            let desk = stage.office.conversations
            _ = try await desk.assign(ids[0], to: stage.tom, from: nil, by: stage.priya, in: stage.tenant)
            _ = try await desk.snooze(ids[1], until: nil, by: stage.tom, in: stage.tenant)
            _ = try await desk.close(ids[2], by: stage.tom, in: stage.tenant)
            _ = try await desk.note(
                "look at this", mentioning: [stage.priya], on: ids[3], clientID: nil, by: stage.tom, in: stage.tenant)
            let tag = try await desk.makeTag("bells", in: stage.tenant)
            #expect(try await desk.makeTag(" bells ", in: stage.tenant) == tag)
            try await desk.tag(ids[4], with: tag.id, isOn: true, in: stage.tenant)
            #expect(try await page(.mine, stage).items.map(\.head.id) == [ids[0]])
            #expect(try await page(.mine, stage, by: stage.priya).items.isEmpty)
            #expect(Set(try await page(.unassigned, stage).items.map(\.head.id)) == Set(ids[3...]))
            #expect(try await page(.snoozed, stage).items.map(\.head.id) == [ids[1]])
            #expect(try await page(.closed, stage).items.map(\.head.id) == [ids[2]])
            #expect(try await page(.mentions, stage, by: stage.priya).items.map(\.head.id) == [ids[3]])
            #expect(try await page(.all, stage, tag: tag.id).items.map(\.head.id) == [ids[4]])
            await #expect(throws: StorageError.self) {
                try await page(.mine, stage, by: stage.priya, after: Cursor("forged"))
            }
        }
    }

    @Test(arguments: Backend.all)
    func `unread is each agent's own, and opening a thread swallows nothing that comes meanwhile`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let tom = try await stage.agent(stage.tom)
            let id = try #require(try await stage.deliver([stage.event(.message, "1", id: "m1")], to: channel))
            try await stage.deliver([stage.event(.message, "2", id: "m2")], to: channel)
            #expect(try await stage.unread(id, by: stage.tom) == 2)
            // Tom's page shows two messages; a third comes before his cursor does.
            try await stage.deliver([stage.event(.message, "3", id: "m3")], to: channel)
            let cursor = try await stage.office.threads.read(id, upTo: 2, by: tom, in: stage.tenant)
            #expect(cursor.sequence == 2 && cursor.unread == 1)
            #expect(try await stage.office.threads.read(id, upTo: 1, by: tom, in: stage.tenant).sequence == 2)
            #expect(try await stage.office.threads.read(id, upTo: 99, by: tom, in: stage.tenant).sequence == 3)
            #expect(try await stage.office.threads.unread(id, from: 2, by: tom, in: stage.tenant).unread == 2)
            // Priya begins now: what was there before is not hers.
            stage.clock.advance(by: .seconds(60))
            #expect(try await stage.unread(id, by: stage.priya) == 0)
            try await stage.deliver([stage.event(.message, "4", id: "m4")], to: channel)
            #expect(try await stage.unread(id, by: stage.priya) == 1)
            #expect(try await stage.unread(id, by: stage.tom) == 3)
            let badges = try await stage.office.threads.badges(of: try await stage.agent(stage.priya), in: stage.tenant)
            #expect(badges == Badges(all: 1, mine: 0, unassigned: 1))
            try await stage.checkUnread(of: stage.tom)
            try await stage.checkUnread(of: stage.priya)
        }
    }

    @Test(arguments: Backend.all)
    func `who assigns says who had it, and of two only one is right`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel(isBotFirst: true)
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let won = try await withThrowingTaskGroup(of: Bool.self) { group in
                for person in [stage.tom, stage.priya] {
                    group.addTask {
                        do {
                            _ = try await stage.office.conversations.assign(
                                id, to: person, from: nil, by: person, in: stage.tenant)
                            return true
                        } catch let error as InboxError where error.code == .alreadyAssigned {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(won == 1)
            let head = try await stage.head(id)
            #expect(head.bot == .human && head.botEpoch == 1)
            let other = head.assigneeID == stage.tom ? stage.priya : stage.tom
            let moved = try await stage.office.conversations.assign(
                id, to: other, from: head.assigneeID, by: other, in: stage.tenant)
            #expect(moved.assigneeID == other)
            #expect(try await stage.thread(id).map(\.body) == ["Hi", "assigned", "assigned"])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `a snoozed conversation wakes at its time or when the customer writes`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let desk = stage.office.conversations
            let until = stage.clock.now() + .seconds(3_600)
            _ = try await desk.snooze(id, until: until, by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(3_599))
            try await desk.wake(id, in: stage.tenant)
            #expect(try await stage.head(id).state == .snoozed)
            stage.clock.advance(by: .seconds(1))
            try await desk.wake(id, in: stage.tenant)
            try await desk.wake(id, in: stage.tenant)
            #expect(try await stage.head(id).state == .open)
            _ = try await desk.snooze(id, until: nil, by: stage.tom, in: stage.tenant)
            try await stage.deliver([stage.event(.message, "Well?", id: "m2")], to: channel)
            #expect(try await stage.head(id).state == .open)
            #expect(try await stage.thread(id).map(\.body) == ["Hi", "snoozed", "woken", "snoozed", "Well?"])
            await #expect(throws: InboxError.self) {
                try await desk.snooze(id, until: stage.clock.now(), by: stage.tom, in: stage.tenant)
            }
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `an answer for later is sent then, or becomes a draft when the customer has written`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let desk = stage.office.scheduled
            func schedule(_ text: String, cancels: Bool = true) async throws -> ID<ScheduledMessage> {
                try await desk.schedule(
                    ScheduledDesk.Wish(
                        conversation: id, body: text, at: stage.clock.now() + .seconds(60), cancelsOnReply: cancels),
                    by: stage.tom, in: stage.tenant
                ).id
            }
            let first = try await schedule("at nine")
            // A job that is handed out twice sends once.
            for _ in 0..<2 { try await desk.send(first, in: stage.tenant) }
            let cancelled = try await schedule("never")
            try await desk.cancel(cancelled, by: stage.tom, in: stage.tenant)
            try await desk.send(cancelled, in: stage.tenant)
            let second = try await schedule("at ten")
            let third = try await schedule("all the same", cancels: false)
            try await stage.deliver([stage.event(.message, "One more thing", id: "m2")], to: channel)
            for later in [second, third] { try await desk.send(later, in: stage.tenant) }
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.content) == [.text("at nine"), .text("all the same")])
            let draft = try await desk.drafts.draft(of: stage.tom, in: id, of: stage.tenant)
            #expect(draft?.body == "at ten")
            #expect(try await desk.store.waiting(in: id, of: stage.tenant).isEmpty)
            try await stage.checkTruth()
        }
    }
}
