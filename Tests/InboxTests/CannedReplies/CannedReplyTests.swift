import Base
import BaseTestKit
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct CannedReplyTests {
    private func reply(_ shortcut: String, _ body: String, of owner: ID<Person>? = nil, uses: Int64 = 0) -> CannedReply
    {
        CannedReply(
            id: ID(high: 1, low: UInt64(shortcut.utf8.count)), owner: owner, shortcut: shortcut, body: body, uses: uses)
    }

    @Test func `names are filled in, and braces that name nothing stay`() {
        let text = reply("hi", "Hi {contact.first}, {agent} here. {nobody} {contact} {").filled(
            contact: "Anna Maria Berg", agent: "Tom Reed")
        #expect(text == "Hi Anna, Tom Reed here. {nobody} Anna Maria Berg {")
        #expect(reply("x", "{{contact}}").filled(contact: "{agent}", agent: "Tom") == "{{agent}}")
    }

    @Test func `what is typed finds shortcuts first, then words; others' own ones never`() {
        let all = [
            reply("hours", "We open at nine.", uses: 1), reply("hello", "Hello!", uses: 9),
            reply("ship", "Shipping takes two hours.", uses: 5), reply("h", "His own", of: Stage.person(2)),
        ]
        func found(_ text: String) -> [String] {
            CannedReply.found(text, among: all, for: Stage.person(1)).map(\.shortcut)
        }
        #expect(found("/h") == ["hello", "hours", "ship"])
        #expect(found("hours") == ["hours", "ship"])
        #expect(found("two ship") == ["ship"])
        #expect(found("").count == 3)
    }

    @Test(arguments: Backend.all)
    func `a shortcut is one for the company and one for each of its people, and uses are counted`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let desk = stage.office.canned
            let common = try await desk.make("/Hours", "Hi {contact.first}, from nine.", of: nil, in: stage.tenant)
            #expect(common.shortcut == "hours")
            _ = try await desk.make("hours", "Mine", of: stage.tom, in: stage.tenant)
            for owner in [nil, stage.tom] {
                await #expect(throws: InboxError.self) {
                    _ = try await desk.make("hours", "Again", of: owner, in: stage.tenant)
                }
            }
            #expect(try await desk.found("hours", for: stage.tom, in: stage.tenant).count == 2)
            #expect(try await desk.found("hours", for: stage.priya, in: stage.tenant).map(\.id) == [common.id])
            #expect(try await desk.found("hours", for: stage.tom, in: stage.other).isEmpty)
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver([stage.event(.message, "Hi", id: "m1", name: "Anna Berg")], to: channel))
            for _ in 0..<2 {
                #expect(
                    try await desk.use(common.id, in: id, by: stage.priya, of: stage.tenant) == "Hi Anna, from nine.")
            }
            #expect(try await desk.store.all(in: stage.tenant).first { $0.owner == nil }?.uses == 2)
            await #expect(throws: InboxError.self) {
                try await desk.remove(common.id, of: stage.tom, in: stage.tenant)
            }
            try await desk.remove(common.id, of: nil, in: stage.tenant)
            #expect(try await desk.found("", for: stage.priya, in: stage.tenant).isEmpty)
        }
    }
}
