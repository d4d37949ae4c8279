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

@Suite(.databases) struct BadgeTests {
    private struct Told: Decodable {
        struct Note: Decodable {
            let kind: String
            let badges: [String: Int]?
        }

        let signal: Note?
    }

    /// The next badges that somebody hears.
    private func badges(_ listener: Listener) async throws -> [String: Int] {
        while true {
            let text = try await listener.next().description
            // What is no signal is not looked for here.
            let told = try? JSONDecoder().decode(Told.self, from: Data(text.utf8))
            if let badges = told?.signal?.badges { return badges }
        }
    }

    @Test(arguments: Backend.all)
    func `badges come to who looks when something has happened, and nobody is asked while nothing does`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let channel = try await stage.channel()
            try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                group.addTask { try await stage.office.badges.run() }
                defer { group.cancelAll() }
                let visitor = TopicVisitor(
                    tenant: stage.tenant, person: stage.tom, role: "member",
                    seat: stage.tom.cast(to: ID<TopicSeat>.self))
                let tom = try await Listener(at: stage.realtime, as: visitor)
                #expect(try await tom.join("inbox/agent/\(stage.tom)").error == nil)
                #expect(try await badges(tom) == ["all": 0, "mine": 0, "unassigned": 0])
                try await stage.deliver([stage.event(.message, "Anybody?", id: "m2")], to: channel)
                #expect(try await badges(tom) == ["all": 1, "mine": 0, "unassigned": 1])
                let id = try #require(try await stage.conversations().first).id
                _ = try await stage.office.threads.read(
                    id, upTo: 2, by: try await stage.agent(stage.tom), in: stage.tenant)
                #expect(try await badges(tom) == ["all": 0, "mine": 0, "unassigned": 0])
            }
        }
    }
}
