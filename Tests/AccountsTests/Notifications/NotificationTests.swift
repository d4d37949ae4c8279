import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Accounts

extension NoticeKind {
    static let win = NoticeKind("test.win", "You win", urgency: .high)
    static let answer = NoticeKind("test.answer", "Somebody answers")
}

@Suite(.databases) struct NotificationTests {
    private let ada = ID<Person>(high: 1, low: 1)
    private let bob = ID<Person>(high: 1, low: 2)
    private let chance = SeededRandomness(seed: 31)

    private func notifications(_ installation: Installation) -> Notifications {
        Notifications(
            storage: installation.storage, clock: installation.clock, randomness: chance)
    }

    private func tell(
        _ installation: Installation, _ people: [ID<Person>], _ kind: NoticeKind = .win, _ title: String
    ) async throws {
        let notifications = notifications(installation)
        try await installation.storage.write(for: installation.open) { transaction in
            try await notifications.notify(
                people, kind, NoticeMessage(title: title, text: "text", link: "/x"), for: installation.open,
                in: transaction)
        }
    }

    @Test(arguments: Backend.all) func `a notice is there when its transaction is, and not otherwise`(
        backend: Backend
    ) async throws {
        struct Undone: Error {}
        let installation = try await Installation(backend)
        let notifications = notifications(installation)
        let tenant = installation.open
        await #expect(throws: Undone.self) {
            try await installation.storage.write(for: tenant) { transaction in
                try await notifications.notify(
                    [ada], .win, NoticeMessage(title: "never", link: "/x"), for: tenant, in: transaction)
                throw Undone()
            }
        }
        #expect(try await notifications.page(of: ada, in: tenant).items.isEmpty)
        let recorded = RecordedStatements()
        installation.storage.setRecorder(recorded)
        try await tell(installation, [ada, bob], .win, "first")
        installation.storage.setRecorder(nil)
        #expect(recorded.distinct.count == 2, "two statements, however many people there are")
        let notice = try #require(try await notifications.page(of: ada, in: tenant).items.first)
        #expect(notice.title == "first" && notice.text == "text" && notice.link == "/x" && notice.kind == "test.win")
        #expect(notice.createdAt == installation.clock.now() && notice.readAt == nil)
        #expect(try await notifications.page(of: ada, in: installation.invited).items.isEmpty)
    }

    @Test(arguments: Backend.all) func `notices are read one by one, all together, and by their owner alone`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let notifications = notifications(installation)
        let tenant = installation.open
        for number in 1...5 {
            installation.clock.advance(by: .seconds(1))
            try await tell(installation, [ada], .win, "\(number)")
        }
        try await tell(installation, [bob], .win, "bob's")
        let first = try await notifications.page(of: ada, in: tenant, limit: 3)
        let second = try await notifications.page(of: ada, in: tenant, after: first.next, limit: 3)
        #expect((first.items + second.items).map(\.title) == ["5", "4", "3", "2", "1"] && second.next == nil)
        #expect(try await notifications.unread(of: ada, in: tenant) == 5)
        let notice = try #require(first.items.first)
        #expect(try await notifications.markRead(notice.id, by: bob, in: tenant) == nil)
        #expect(try await notifications.markRead(notice.id, by: ada, in: installation.invited) == nil)
        #expect(try await notifications.markRead(notice.id, by: ada, in: tenant) == "/x")
        let read = try await notifications.page(of: ada, in: tenant).items.first?.readAt
        installation.clock.advance(by: .seconds(60))
        #expect(try await notifications.markRead(notice.id, by: ada, in: tenant) == "/x")
        #expect(try await notifications.page(of: ada, in: tenant).items.first?.readAt == read, "the first time counts")
        #expect(try await notifications.unread(of: ada, in: tenant) == 4)
        #expect(try await notifications.markAllRead(by: ada, in: tenant) == 4)
        #expect(try await notifications.unread(of: ada, in: tenant) == 0)
        #expect(try await notifications.unread(of: bob, in: tenant) == 1)
    }

    @Test(arguments: Backend.all) func `what somebody does not want to be told is not told`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let notifications = notifications(installation)
        let tenant = installation.open
        try await notifications.set(
            [.init(kind: "test.win", isInApp: false), .init(kind: "test.answer", isInApp: false)], of: ada, in: tenant)
        try await notifications.set([.init(kind: "test.answer", isPushed: false)], of: ada, in: tenant)
        #expect(
            Set(try await notifications.preferences(of: ada, in: tenant)) == [
                .init(kind: "test.win", isInApp: false), .init(kind: "test.answer", isPushed: false),
            ])
        try await tell(installation, [ada, bob], .win, "win")
        try await tell(installation, [ada, bob], .answer, "answer")
        #expect(try await notifications.page(of: ada, in: tenant).items.map(\.title) == ["answer"])
        #expect(try await notifications.page(of: bob, in: tenant).items.count == 2)
    }

    @Test(arguments: Backend.all) func `a person takes all of it along, and an erased one leaves nothing`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let notifications = notifications(installation)
        let tenant = installation.open
        try await tell(installation, [ada, bob], .win, "win")
        try await notifications.set([.init(kind: "test.win")], of: ada, in: tenant)
        let part = notifications.personalData
        var kinds: [String] = []
        try await part.export(ada, tenant) { kind, _ in kinds.append(kind) }
        #expect(kinds == ["notice", "noticePreference"])
        #expect(try await part.erase(Leaver(person: ada, pseudonym: ID(high: 5, low: 5)), tenant) == .done)
        #expect(try await notifications.page(of: ada, in: tenant).items.isEmpty)
        #expect(try await notifications.preferences(of: ada, in: tenant).isEmpty)
        #expect(try await notifications.page(of: bob, in: tenant).items.count == 1)
    }

    @Test func `a long message is cut between characters`() {
        let message = NoticeMessage(title: String(repeating: "ü", count: 300), link: "/")
        #expect(message.title.unicodeScalars.count == 200 && message.title.hasSuffix("ü…"))
    }
}
