import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct SearchTests {
    private func found(_ question: String, _ stage: Stage, in tenant: Tenant? = nil) async throws -> [String] {
        let tenant = tenant ?? stage.tenant
        let agent = try await stage.agent(stage.tom, in: tenant)
        return try await stage.office.threads.search(question, for: agent, after: nil, limit: 25, in: tenant).items
            .map(\.message.body)
    }

    @Test(arguments: Backend.all)
    func `messages are found by all of the words, in any form, and as they are now`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver(
                    [
                        stage.event(.message, "Do you sell a brass BELL?", id: "m1"),
                        stage.event(.message, "Une sonnette pour vélo", id: "m2"),
                        stage.event(.message, "The bicycle is red", id: "m3"),
                    ], to: channel))
            stage.clock.advance(by: .seconds(1))
            let note = try await stage.office.conversations.note(
                "Wants a bell, ask Leo", mentioning: [], on: id, clientID: nil, by: stage.tom, in: stage.tenant)
            #expect(try await found("bell", stage) == [note.body, "Do you sell a brass BELL?"])
            #expect(try await found("bell brass", stage) == ["Do you sell a brass BELL?"])
            #expect(try await found("VELO", stage) == ["Une sonnette pour vélo"])
            // The last word may still be written.
            #expect(try await found("bicy", stage) == ["The bicycle is red"])
            #expect(try await found("bell bicycle", stage).isEmpty)
            #expect(try await found("' \" ) & | : * --", stage).isEmpty)
            try await stage.deliver(
                [stage.event(.edit, "The horse is red", id: "m3"), stage.event(.deletion, id: "m1")], to: channel)
            #expect(try await found("bicycle", stage).isEmpty)
            #expect(try await found("horse", stage) == ["The horse is red"])
            #expect(try await found("brass", stage).isEmpty)
            let answer = try await stage.answer("A tandem", to: id, of: channel, undo: 5)
            #expect(try await found("tandem", stage) == ["A tandem"])
            try await stage.office.replies.withdraw(answer.id, by: stage.tom, in: stage.tenant)
            #expect(try await found("tandem", stage).isEmpty)
            #expect(try await found("horse", stage, in: stage.other).isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `what was found is paged, each once, with whose conversation it is in`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for number in 0..<23 {
                try await stage.deliver(
                    [stage.event(.message, "bell \(number)", id: "m\(number)", name: "Anna Lind")], to: channel)
                stage.clock.advance(by: .milliseconds(5))
            }
            var seen: [String] = []
            var next: Cursor?
            repeat {
                let page = try await stage.office.threads.search(
                    "bell", for: try await stage.agent(stage.tom), after: next, limit: 10, in: stage.tenant)
                seen += page.items.map(\.message.body)
                #expect(page.items.allSatisfy { $0.name == "Anna Lind" })
                next = page.next
            } while next != nil
            #expect(seen == (0..<23).reversed().map { "bell \($0)" })
        }
    }
}
