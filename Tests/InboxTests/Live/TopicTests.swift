import Base
import Foundation
import InboxVendors
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct TopicTests {
    private func visitor(_ person: ID<Person>?, _ stage: Stage, role: String? = "member") -> TopicVisitor {
        TopicVisitor(
            tenant: stage.tenant, person: person, role: role,
            seat: (person ?? stage.tom).cast(to: ID<TopicSeat>.self))
    }

    private struct Note: Decodable {
        let kind: String
        let messages: [MessageLine]?
        let head: ConversationLine?
    }

    private func note(_ heard: Heard) throws -> Note {
        try JSONDecoder().decode(Note.self, from: Data(try #require(heard.data).utf8))
    }

    @Test(arguments: Backend.all)
    func `a thread is told in order, and whoever comes back hears what they have missed`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                let tom = try await Listener(at: stage.realtime, as: visitor(stage.tom, stage))
                let joined = try await tom.join("inbox/conversation/\(id)")
                #expect(joined.error == nil, "\(joined)")
                try await stage.deliver([stage.event(.message, "Anybody?", id: "m2")], to: channel)
                let heard = try await tom.nextMessage()
                #expect(try note(heard).messages?.map(\.body) == ["Anybody?"])
                let after = try await tom.nextMessage()
                #expect(try note(after).head?.lastSequence == 2)
                try await tom.vanish()
                _ = try await stage.answer("Yes", to: id, of: channel)
                try await stage.deliver([stage.event(.message, "Good", id: "m3")], to: channel)
                let back = try await Listener(at: stage.realtime, as: visitor(stage.tom, stage))
                let place = Heard(epoch: joined.epoch, offset: try #require(after.offset))
                let again = try await back.join("inbox/conversation/\(id)", from: place)
                #expect(again.recovered == true, "\(again)")
                var bodies: [String] = []
                while bodies.count < 2 {
                    bodies += try note(try await back.nextMessage()).messages?.map(\.body) ?? []
                }
                #expect(bodies == ["Yes", "Good"])
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a name in the hand is no right`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let channel = try await stage.channel(in: stage.other)
            let theirs = try #require(
                try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel, in: stage.other))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                let tom = try await Listener(at: stage.realtime, as: visitor(stage.tom, stage))
                #expect(try await tom.join("inbox/conversation/\(theirs)").error != nil)
                #expect(try await tom.join("inbox/agent/\(stage.priya)").error != nil)
                #expect(try await tom.join("inbox/agent/\(stage.tom)").error == nil)
                #expect(try await tom.join("inbox/list/all").error == nil)
                let nobody = try await Listener(at: stage.realtime, as: visitor(stage.priya, stage, role: nil))
                #expect(try await nobody.join("inbox/list/all").error != nil)
            }
        }
    }
}
