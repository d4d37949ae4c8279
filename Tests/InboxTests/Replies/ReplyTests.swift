import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct ReplyTests {
    private func begin(_ stage: Stage, _ kind: ChannelKind = .messenger) async throws -> (Channel, ID<Conversation>) {
        let channel = try await stage.channel(kind)
        let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
        return (channel, id)
    }

    private func refusal(_ work: () async throws -> Void) async -> InboxError? {
        do {
            try await work()
            return nil
        } catch {
            return error as? InboxError
        }
    }

    @Test(arguments: Backend.all)
    func `an answer leaves once, in the order of the thread, and takes the word from the bot`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel(isBotFirst: true)
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let first = try await stage.answer("one", to: id, of: channel, client: "c1")
            // Its client sends it again, having heard nothing.
            #expect(try await stage.answer("one", to: id, of: channel, client: "c1", seen: 1).id == first.id)
            _ = try await stage.answer("two", to: id, of: channel)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await stage.office.sending.send(id, in: stage.tenant) } }
                try await group.waitForAll()
            }
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.content) == [.text("one"), .text("two")])
            #expect(stage.vendor.sent.map(\.recipient) == ["anna", "anna"])
            #expect(try await stage.thread(id).dropFirst().allSatisfy { $0.delivery == .sent && $0.externalID != nil })
            let head = try await stage.head(id)
            #expect(head.bot == .human && head.botEpoch == 1 && head.assigneeID == stage.tom)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `of two who answer at once the second is shown what the first said`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            let outcomes = try await withThrowingTaskGroup(of: InboxError?.self) { group in
                for person in [stage.tom, stage.priya] {
                    group.addTask {
                        await self.refusal {
                            _ = try await stage.answer("from \(person)", to: id, of: channel, seen: 1, by: person)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let refused = outcomes.compactMap { $0 }
            #expect(refused.count == 1 && refused[0].code == .threadMoved)
            let unseen = try #require(refused.first?.unseen)
            #expect(unseen.count == 1 && unseen[0].sequence == 2)
            let late = try #require([stage.tom, stage.priya].first { $0 != unseen[0].personID })
            _ = try await stage.answer("all the same", to: id, of: channel, seen: 1, confirmed: true, by: late)
            // A customer's message, and one's own, is no reason to ask.
            try await stage.deliver([stage.event(.message, "Thanks", id: "m2")], to: channel)
            _ = try await stage.answer("welcome", to: id, of: channel, seen: 3, by: late)
            _ = try await stage.answer("bye", to: id, of: channel, seen: 3, by: late)
            #expect(try await stage.thread(id).map(\.sequence) == [1, 2, 3, 4, 5, 6])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `what is taken back in time is never sent`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            let message = try await stage.answer("oops", to: id, of: channel, undo: 5)
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.isEmpty)
            let others = await refusal {
                try await stage.office.replies.withdraw(message.id, by: stage.priya, in: stage.tenant)
            }
            #expect(others?.code == .notFound)
            try await stage.office.replies.withdraw(message.id, by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(10))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.isEmpty)
            #expect(try await stage.head(id).preview.text == "Hi")
            let sent = try await stage.answer("right", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            let late = await refusal {
                try await stage.office.replies.withdraw(sent.id, by: stage.tom, in: stage.tenant)
            }
            #expect(late?.code == .tooLate && stage.vendor.sent.count == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `what is said otherwise in time is sent as it is then, and found by its new words alone`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            let replies = stage.office.replies
            let message = try await stage.answer("a tandm", to: id, of: channel, undo: 5)
            let others = await refusal {
                _ = try await replies.rewrite(message.id, to: "no", by: stage.priya, in: stage.tenant)
            }
            #expect(others?.code == .notFound)
            let empty = await refusal {
                _ = try await replies.rewrite(message.id, to: "  ", by: stage.tom, in: stage.tenant)
            }
            #expect(empty?.code == .messageInvalid)
            let written = try await replies.rewrite(message.id, to: " a tandem ", by: stage.tom, in: stage.tenant)
            #expect(written.body == "a tandem" && written.sequence == message.sequence)
            #expect(try await stage.head(id).preview.text == "a tandem")
            let tom = try await stage.agent(stage.tom)
            let found = try await stage.search("tandm", for: tom, in: stage.tenant).messages.items
            #expect(found.isEmpty)
            #expect(try await stage.search("tandem", for: tom, in: stage.tenant).messages.items.count == 1)
            stage.clock.advance(by: .seconds(10))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.content) == [.text("a tandem")])
            let late = await refusal {
                _ = try await replies.rewrite(message.id, to: "too late", by: stage.tom, in: stage.tenant)
            }
            #expect(late?.code == .tooLate)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `the window is held to the second, with the tag for people behind it, and texts to the vendor's length`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            let long = await refusal {
                _ = try await stage.answer(String(repeating: "🚲", count: 1_001), to: id, of: channel)
            }
            #expect(long?.code == .tooLong && long?.context["unit"] == "utf16" && long?.context["limit"] == "2000")
            stage.clock.advance(by: .seconds(86_400))
            _ = try await stage.answer("in time", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            stage.clock.advance(by: .seconds(1))
            _ = try await stage.answer("as a person", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.author) == [.person, .personAfterWindow])
            stage.clock.advance(by: .seconds(6 * 86_400))
            let closed = await refusal { _ = try await stage.answer("too late", to: id, of: channel) }
            #expect(closed?.code == .windowClosed)
            let end = try await stage.head(id).lastCustomerAt.map { $0 + .seconds(7 * 86_400) }
            #expect(closed?.context["closedAt"] == end?.description)
        }
    }

    @Test(arguments: Backend.all)
    func `an answer whose fate is unknown waits for its echo, and is sent again only without one`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            stage.vendor.answer([.unknown, .unknown])
            _ = try await stage.answer("one", to: id, of: channel)
            _ = try await stage.answer("two", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(try await stage.thread(id).map(\.delivery) == [.received, .unknown, .queued])
            stage.clock.advance(by: .seconds(30))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.count == 1)
            try await stage.deliver([stage.event(.echo, "one", id: "x1")], to: channel)
            #expect(try await stage.thread(id).map(\.externalID) == ["m1", "x1", nil])
            // The second one's answer is lost too, and no echo comes.
            try await stage.office.sending.send(id, in: stage.tenant)
            stage.clock.advance(by: .seconds(61))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.content) == [.text("one"), .text("two"), .text("two")])
            #expect(try await stage.thread(id).map(\.delivery) == [.received, .sent, .sent])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `an echo that overtakes the vendor's answer leaves one message`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            // The vendor has changed the text, so that the echo is taken for somebody else's at first.
            try await stage.deliver([stage.event(.echo, "one!", id: "x9")], to: channel)
            stage.vendor.answer([.sent(externalId: "x9")])
            let message = try await stage.answer("one", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            let thread = try await stage.thread(id)
            #expect(thread.first { $0.id == message.id }?.externalID == "x9")
            #expect(thread.filter { !$0.isHidden }.map(\.body) == ["Hi", "one"])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `an expired token holds messages and reddens the channel; what is refused fails with its reason`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let (channel, id) = try await begin(stage)
            stage.vendor.answer([
                .tokenExpired, .refusedForGood(SendRefusal(.blocked, code: "551")), .tryAgain(after: .seconds(3)),
                .moved(to: "anna-2"),
            ])
            let first = try await stage.answer("one", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(try await stage.office.channels.channels(in: stage.tenant)[0].health == .tokenExpired)
            #expect(try await stage.thread(id)[1].delivery == .queued)
            stage.clock.advance(by: .seconds(301))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(try await stage.thread(id)[1].failure == "blocked")
            try await stage.office.replies.retry(first.id, by: stage.tom, in: stage.tenant)
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(try await stage.thread(id)[1].delivery == .queued)
            stage.clock.advance(by: .seconds(4))
            try await stage.office.sending.send(id, in: stage.tenant)
            stage.clock.advance(by: .seconds(1))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.recipient) == ["anna-2"])
            #expect(try await stage.thread(id)[1].delivery == .sent)
            #expect(try await stage.office.channels.channels(in: stage.tenant)[0].health == .good)
        }
    }
}
