import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct MergeTests {
    private func contact(of user: String, at channel: Channel, _ stage: Stage) async throws -> Contact {
        let head = try #require(try await stage.conversation(of: user, at: channel))
        return try await stage.office.contacts.contact(head.contactID, in: stage.tenant)
    }

    @Test(arguments: Backend.all)
    func `a merge and its undo leave everything in its place, and what came since stays with its point`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let messenger = try await stage.channel()
            let telegram = try await stage.channel(.telegram, account: "bot")
            let desk = stage.office.contacts
            try await stage.deliver([stage.event(.message, "Hi", id: "m1", name: "Anna Berg")], to: messenger)
            try await stage.deliver(
                [stage.event(.message, "Hello", from: "a77", id: "t1", name: "anna_b")], to: telegram)
            let anna = try await desk.change(
                try await contact(of: "anna", at: messenger, stage).id,
                ContactDesk.Change(email: "anna@example.org", fields: ["size": "M"]), in: stage.tenant)
            let other = try await desk.change(
                try await contact(of: "a77", at: telegram, stage).id,
                ContactDesk.Change(email: "anna@example.org", phone: "+351 1", fields: ["size": "L", "city": "Porto"]),
                in: stage.tenant)
            #expect(try await desk.store.alike(anna, in: stage.tenant).map(\.id) == [other.id])
            let merge = try await desk.merge(other.id, into: anna.id, by: stage.tom, in: stage.tenant)
            #expect(merge.moved.filled == ["phone", "fields.city"])
            let joined = try await desk.contact(anna.id, in: stage.tenant)
            #expect(joined.phone == "+3511" && joined.fields == ["size": "M", "city": "Porto"])
            #expect(try await stage.conversations().allSatisfy { $0.contactID == anna.id })
            #expect(try await stage.conversations().allSatisfy { $0.contactName == "Anna Berg" })
            let thread = try await desk.store.thread(
                of: anna.id, before: stage.clock.now() + .seconds(1), for: try await stage.agent(stage.tom), limit: 10,
                in: stage.tenant)
            #expect(Set(thread.map(\.body)) == ["Hi", "Hello"])
            for pair in [(other.id, anna.id), (anna.id, other.id), (anna.id, anna.id)] {
                await #expect(throws: InboxError.self) {
                    try await desk.merge(pair.0, into: pair.1, by: stage.tom, in: stage.tenant)
                }
            }
            // Meanwhile both write: one in the conversation that moved, one in a new one.
            stage.clock.advance(by: .seconds(1))
            try await stage.deliver([stage.event(.message, "More", from: "a77", id: "t2")], to: telegram)
            try await stage.deliver([stage.event(.message, "Here too", id: "m2")], to: messenger)
            let undone = try await desk.undo(merge.id, in: stage.tenant)
            #expect(undone.undoneAt == stage.clock.now())
            #expect(try await same(desk.contact(other.id, in: stage.tenant), other))
            #expect(try await same(desk.contact(anna.id, in: stage.tenant), anna))
            let theirs = try #require(try await stage.conversation(of: "a77", at: telegram))
            #expect(theirs.contactID == other.id && theirs.contactName == "anna_b" && theirs.customerTotal == 2)
            let hers = try #require(try await stage.conversation(of: "anna", at: messenger))
            #expect(hers.contactID == anna.id && hers.customerTotal == 2)
            await #expect(throws: InboxError.self) { try await desk.undo(merge.id, in: stage.tenant) }
            try await stage.checkTruth()
        }
    }

    private func same(_ left: Contact, _ right: Contact) -> Bool {
        var left = left
        left.version = right.version
        return left == right
    }
}
