import Base
import Foundation
import InboxVendors
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web

@testable import Inbox

@Suite(.databases) struct HealthTests {
    private struct Told: Decodable {
        let signal: InboxTopics.HealthNote?
    }

    private func visitor(_ seat: Seat?, in tenant: Tenant, _ stage: Stage) -> TopicVisitor {
        TopicVisitor(
            tenant: tenant, person: stage.tom, role: seat?.role.rawValue, seat: stage.tom.cast(to: ID<TopicSeat>.self))
    }

    /// The next word about traffic that somebody hears.
    private func traffic(_ listener: Listener) async throws -> InboxTopics.HealthNote {
        while true {
            let text = try await listener.next().description
            // What is no signal is not looked for here.
            let told = try? JSONDecoder().decode(Told.self, from: Data(text.utf8))
            if let note = told?.signal { return note }
        }
    }

    private func listening(
        _ backend: Backend, _ body: (Stage, Channel) async throws -> Void
    ) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let channel = try await stage.channel()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                try await body(stage, channel)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `who looks after channels hears what comes, what is given up and what is tried again`(
        backend: Backend
    ) async throws {
        try await listening(backend) { stage, channel in
            let admin = try await Listener(at: stage.realtime, as: visitor(.admin, in: stage.tenant, stage))
            #expect(try await admin.join("inbox/health").error == nil)
            for number in 0..<10 {
                try await stage.deliver([stage.event(.message, "Hi", id: "m\(number)")], to: channel)
            }
            await stage.office.health.flush()
            let first = try await traffic(admin)
            #expect(first.channel == channel.id && first.last != nil && first.dead == 0 && first.waiting == 0)
            #expect((0..<60_000).contains(try #require(first.lag)))

            // A delivery that nobody can read, after ten of which one word was enough.
            try await stage.deliver([stage.event(.broken, "?", id: "x")], key: "bad", to: channel)
            await stage.office.health.flush()
            #expect(try await traffic(admin).dead == 1)
            let letters = try await stage.office.hooks.deadLetters(
                of: channel.id, after: nil, limit: 10, in: stage.tenant)
            try await stage.office.hooks.retry(try #require(letters.items.first).id, in: stage.tenant)
            await stage.office.health.flush()
            let again = try await traffic(admin)
            #expect(again.dead == 0 && again.waiting == 1 && again.lag == nil)

            // What is wrong with a channel comes with the transaction in which it becomes so.
            try await stage.storage.write(for: stage.tenant) { transaction in
                try await stage.office.channels.note(
                    .tokenExpired, "Sign in again.", of: channel, through: transaction, in: stage.tenant)
            }
            let told = try await admin.nextMessage()
            let note = try JSONDecoder().decode(
                InboxTopics.HealthNote.self, from: Data(try #require(told.data).utf8))
            #expect(note.channel == channel.id && note.health == .tokenExpired && note.reason == "Sign in again.")
        }
    }

    @Test(arguments: Backend.all)
    func `health is for admins and owners of the company alone, at each join`(backend: Backend) async throws {
        try await listening(backend) { stage, channel in
            for seat in [Seat.agent, nil] {
                let agent = try await Listener(at: stage.realtime, as: visitor(seat, in: stage.tenant, stage))
                #expect(try await agent.join("inbox/health").error != nil, "\(seat?.rawValue ?? "nobody")")
            }
            let owner = try await Listener(at: stage.realtime, as: visitor(.owner, in: stage.tenant, stage))
            #expect(try await owner.join("inbox/health").error == nil)
            let foreign = try await Listener(at: stage.realtime, as: visitor(.owner, in: stage.other, stage))
            #expect(try await foreign.join("inbox/health").error == nil)
            let theirs = try await stage.channel(account: "page-9", in: stage.other)
            try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel)
            try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: theirs, in: stage.other)
            await stage.office.health.flush()
            #expect(try await traffic(owner).channel == channel.id)
            #expect(try await traffic(foreign).channel == theirs.id)
        }
    }

    @Test(arguments: Backend.all)
    func `nothing is asked while nobody looks`(backend: Backend) async throws {
        try await listening(backend) { stage, channel in
            try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            await stage.office.health.flush()
            #expect(recorded.names.isEmpty, "\(recorded.names)")
            let admin = try await Listener(at: stage.realtime, as: visitor(.admin, in: stage.tenant, stage))
            #expect(try await admin.join("inbox/health").error == nil)
            for number in 0..<3 {
                try await stage.deliver([stage.event(.message, "Hi", id: "n\(number)")], to: channel)
            }
            let watched = RecordedStatements()
            stage.storage.setRecorder(watched)
            await stage.office.health.flush()
            await stage.office.health.flush()
            stage.storage.setRecorder(nil)
            #expect(watched.names.filter { $0 == "channel.traffic" }.count == 1, "\(watched.names)")
        }
    }
}
