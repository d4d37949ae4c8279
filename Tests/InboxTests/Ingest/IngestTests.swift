import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct IngestTests {
    @Test(arguments: Backend.all)
    func `messages come into one thread in order, each once`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let first = stage.event(.message, "Do you have\n  bells?", id: "m1", ago: .seconds(60), name: "Anna Berg")
            let id = try #require(try await stage.deliver([first], to: channel))
            try await stage.deliver([stage.event(.message, "Red ones", id: "m2")], to: channel)
            // The same message in another delivery, and a delivery that comes again.
            try await stage.deliver([first, stage.event(.message, "Red ones", id: "m2")], key: "again", to: channel)
            try await stage.deliver([first], key: "again", to: channel)
            let head = try await stage.head(id)
            #expect(head.contactName == "Anna Berg" && head.state == .open && head.customerTotal == 2)
            #expect(head.preview.text == "Red ones")
            #expect(head.windowEndsAt == stage.clock.now() + .seconds(86_400))
            #expect(try await stage.thread(id).map(\.body) == ["Do you have\n  bells?", "Red ones"])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `a late message is shown in its place and is still unread`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver([stage.event(.message, "second", id: "m2")], to: channel))
            _ = try await stage.agent(stage.tom)
            let tom = try await stage.agent(stage.tom)
            #expect(try await stage.office.threads.read(id, upTo: 1, by: tom, in: stage.tenant).unread == 0)
            try await stage.deliver([stage.event(.message, "first", id: "m1", ago: .seconds(30))], to: channel)
            let head = try await stage.head(id)
            #expect(head.preview.text == "second" && head.lastMessageAt == stage.clock.now())
            #expect(try await stage.unread(id, by: stage.tom) == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `the vendor's own app answers too, and our own echoes are not answers`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel(isBotFirst: true)
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            #expect(try await stage.head(id).bot == .active)
            let sent = try await stage.answer("Hello Anna", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            let external = try #require(try await stage.thread(id).last?.externalID)
            try await stage.deliver([stage.event(.echo, "Hello Anna", id: external)], to: channel)
            try await stage.deliver([stage.event(.echo, "From the phone", id: "e1")], to: channel)
            let thread = try await stage.thread(id)
            #expect(thread.map(\.role) == [.customer, .agent, .agent])
            #expect(thread[1].id == sent.id && thread[1].delivery == .sent)
            #expect(thread[2].personID == nil && thread[2].body == "From the phone")
            let head = try await stage.head(id)
            #expect(head.bot == .human && head.botEpoch == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `edits and deletions change the message in any order and keep what it said`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            func event(_ kind: PlayedVendor.Event.Kind, _ text: String, _ id: String, _ second: Int64)
                -> PlayedVendor.Event
            { stage.event(kind, text, id: id, ago: .seconds(100 - second)) }
            // The second edit comes before the first, and one edit and one deletion before their messages.
            let id = try #require(
                try await stage.deliver(
                    [
                        event(.message, "a", "m1", 1), event(.edit, "a3", "m1", 30), event(.edit, "a2", "m1", 20),
                        event(.edit, "b2", "m2", 40), event(.deletion, "", "m3", 50),
                    ], to: channel))
            try await stage.deliver([event(.message, "b", "m2", 5)], to: channel)
            try await stage.deliver([event(.message, "c", "m3", 6)], to: channel)
            try await stage.deliver([event(.message, "d", "m4", 60)], to: channel)
            let before = try await stage.head(id)
            #expect(before.preview.text == "d")
            try await stage.deliver([event(.deletion, "", "m4", 70)], to: channel)
            let thread = try await stage.thread(id)
            #expect(Set(thread.map { "\($0.externalID ?? "") \($0.body)" }) == ["m1 a3", "m2 b2", "m3 ", "m4 "])
            #expect(thread.count { $0.deletedAt != nil } == 2)
            #expect(try await stage.head(id).preview.text == "b2")
            #expect(try await former(in: stage) == ["a", "d"])
            try await stage.checkTruth()
        }
    }

    private struct Former: RowDecodable {
        let body: String

        init(row: SQLRow) throws(StorageError) { body = try row.value(at: 0) }
    }

    private func former(in stage: Stage) async throws -> [String] {
        try await stage.storage.reader(for: stage.tenant).list(
            Former.self, "test.former",
            "SELECT f.body FROM inbox_former_texts f WHERE f.tenant_id = \(stage.tenant) ORDER BY f.body", limit: 10
        ).map(\.body)
    }

    @Test(arguments: Backend.all)
    func `a customer who comes back within a week goes on in the same thread, later in a new one`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let message = stage.event(.message, "Hi", id: "m1")
            let id = try #require(try await stage.deliver([message], to: channel))
            _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant)
            // What comes a second time opens nothing.
            try await stage.deliver([message], to: channel)
            #expect(try await stage.head(id).state == .closed)
            stage.clock.advance(by: .seconds(6 * 86_400))
            try await stage.deliver([stage.event(.message, "Me again", id: "m2")], to: channel)
            #expect(try await stage.head(id).state == .open)
            _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(8 * 86_400))
            let next = try #require(
                try await stage.deliver([stage.event(.message, "And again", id: "m3")], to: channel))
            #expect(next != id)
            // An edit of what was said long ago changes it where it stands.
            stage.clock.advance(by: .seconds(5))
            try await stage.deliver([stage.event(.edit, "Me, again", id: "m2")], to: channel)
            #expect(try await stage.thread(id).contains { $0.body == "Me, again" })
            #expect(try await stage.thread(next).map(\.body) == ["And again"])
            #expect(try await stage.head(id).preview.text == "Me, again")
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `what cannot be read becomes a dead letter, holds nothing up, and can be tried again`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            try await stage.deliver([stage.event(.broken, "lost?", id: "m1")], key: "bad", to: channel)
            let id = try #require(
                try await stage.deliver(
                    [
                        stage.event(.sticker, id: "s1"), stage.event(.message, "fine", id: "m2"),
                        stage.event(.left),
                    ], to: channel))
            #expect(try await stage.thread(id).map(\.body) == ["fine", "customerLeft"])
            let letters = try await stage.office.hooks.deadLetters(
                of: channel.id, after: nil, limit: 10, in: stage.tenant)
            #expect(letters.items.map(\.deliveryKey) == ["bad"] && letters.items.map(\.reason) == ["unreadable"])
            stage.vendor.repair()
            try await stage.office.hooks.retry(letters.items[0].id, in: stage.tenant)
            try await stage.ingest("anna", of: channel)
            #expect(try await stage.thread(id).map(\.body) == ["fine", "customerLeft", "lost?"])
            await #expect(throws: InboxError.self) {
                try await stage.office.hooks.retry(letters.items[0].id, in: stage.tenant)
            }
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `what was delivered and read is a mark on what we sent, never backwards`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            for text in ["one", "two"] {
                _ = try await stage.answer(text, to: id, of: channel)
                try await stage.office.sending.send(id, in: stage.tenant)
                stage.clock.advance(by: .seconds(10))
            }
            try await stage.deliver([stage.event(.read, ago: .seconds(15))], to: channel)
            #expect(try await stage.thread(id).map(\.delivery) == [.received, .read, .sent])
            try await stage.deliver([stage.event(.delivered)], to: channel)
            #expect(try await stage.thread(id).map(\.delivery) == [.received, .read, .delivered])
            #expect(try await stage.head(id).customerTotal == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `what a vendor never delivered is taken in when it is asked, and the rest stays as it is`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let first = stage.event(.message, "Hi", id: "m1", ago: .seconds(60))
            let id = try #require(try await stage.deliver([first], to: channel))
            let lost = stage.event(.message, "Anybody?", id: "m2", ago: .seconds(30))
            let other = stage.event(.message, "Hello", from: "ben", id: "m3", ago: .seconds(20))
            stage.vendor.recent = [other, lost, first]
            #expect(try await stage.office.ingest.reconcile(channel.id, in: stage.tenant) == 2)
            #expect(try await stage.office.ingest.reconcile(channel.id, in: stage.tenant) == 0)
            // The delivery was only late.
            try await stage.deliver([lost], to: channel)
            #expect(try await stage.thread(id).map(\.body) == ["Hi", "Anybody?"])
            #expect(try await stage.conversations().count == 2)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `two companies with equal ids never meet`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let ours = try await stage.channel(.telegram, account: "bot-1")
            let theirs = try await stage.channel(.telegram, account: "bot-2", in: stage.other)
            let event = stage.event(.message, "Hi", id: "42")
            let first = try #require(try await stage.deliver([event], key: "7", to: ours))
            let second = try #require(try await stage.deliver([event], key: "7", to: theirs, in: stage.other))
            #expect(first != second)
            #expect(try await stage.conversations().map(\.id) == [first])
            #expect(try await stage.conversations(in: stage.other).map(\.id) == [second])
            await #expect(throws: InboxError.self) {
                try await stage.office.threads.messages(of: second, .after(0), in: stage.tenant)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `statements: five and one for a delivery of a known customer, however many messages`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            try await stage.deliver([stage.event(.message, "Hi", id: "m0")], to: channel)
            for number in 1...20 {
                let body = PlayedVendor.body(
                    "d\(number)", "anna", [stage.event(.message, "\(number)", id: "m\(number)")])
                try await stage.office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
            }
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            try await stage.ingest("anna", of: channel)
            stage.storage.setRecorder(nil)
            #expect(
                recorded.names.prefix(5) == [
                    "receipt.waiting", "contact.point", "conversation.lockedOfPoint", "message.append",
                    "conversation.update",
                ])
            if backend.name == "postgres" { #expect(recorded.names.dropFirst(5) == ["commit.outboxes"]) }
            #expect(try await stage.conversations().map(\.customerTotal) == [21])
        }
    }
}
