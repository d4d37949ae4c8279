import Base
import BaseTestKit
import Foundation
import InboxVendors
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

/// What a visitor's browser hears and asks for, whatever is lost on the way: in the end exactly what the server has.
@Suite(.databases) struct VisitorTopicTests {
    private func listener(_ stage: Stage, _ seat: UInt64) -> TopicVisitor {
        TopicVisitor(tenant: stage.tenant, person: nil, role: nil, seat: ID(high: 99, low: seat))
    }

    @Test(arguments: Backend.all)
    func `only the word that was given joins a visitor's topic`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true, adapters: Stage.onlyWidget) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let channel = try await stage.widget()
            let point = ID<ContactPoint>.visitor("v:anna", at: channel.id)
            let topic = try #require(stage.office.topics.visitorTopic(point, in: stage.tenant)).description
            let other = ID<ContactPoint>.visitor("v:ben", at: channel.id)
            let foreign = try #require(stage.office.topics.visitorTopic(point, in: stage.other)).description
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                let anna = try await Listener(at: stage.realtime, as: listener(stage, 1))
                #expect(try await anna.join(topic).error == nil)
                for guess in [
                    "inbox/visitor/\(point)", "inbox/visitor/\(other).\(topic.split(separator: ".").last ?? "")",
                    "inbox/visitor/\(point).AAAAAAAAAAAAAAAAAAAAAA", foreign,
                ] {
                    let heard = try await anna.join(guess)
                    #expect(heard.error != nil, "\(guess): \(heard)")
                }
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a browser that sleeps, reconnects and asks again has every message once and in order`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, seed: 7, isLive: true, adapters: Stage.onlyWidget) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let channel = try await stage.widget()
            let visitor = Visitor(
                channel: channel.id, user: "v:anna", expires: stage.time.now() + .seconds(3_600), isKnown: false)
            let topic = try #require(stage.office.topics.visitorTopic(visitor.point, in: stage.tenant)).description
            try await stage.office.widget.receive("Hello 0", clientID: "c0", from: visitor, in: stage.tenant)
            try await stage.ingest("v:anna", of: channel)
            let head = try #require(try await stage.conversation(of: "v:anna", at: channel))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                var tab = Tab()
                try await tab.catchUp(stage, visitor)
                var line: Listener?
                for round in 1...24 {
                    switch stage.chance.next() % 5 {
                    case 0: try await line?.vanish(); line = nil
                    case 1, 2:
                        if line == nil {
                            let new = try await Listener(at: stage.realtime, as: listener(stage, UInt64(round)))
                            let joined = try await new.join(topic, from: tab.position)
                            // A stream that cannot bring what was missed says so, and the page asks.
                            if joined.recovered != true { try await tab.catchUp(stage, visitor) }
                            tab.position = Heard.place(joined)
                            line = new
                        }
                    case 3:
                        try await stage.office.widget.receive(
                            "Hello \(round)", clientID: "c\(round)", from: visitor, in: stage.tenant)
                        try await stage.ingest("v:anna", of: channel)
                    default:
                        _ = try await stage.answer("Answer \(round)", to: head.id, of: channel)
                        if stage.chance.next() % 2 == 0 {
                            try await stage.office.sending.send(head.id, in: stage.tenant)
                        }
                    }
                }
                try await stage.office.sending.send(head.id, in: stage.tenant)
                try await line?.vanish()
                // Awake again: the page asks from the last number behind which nothing was open.
                try await tab.catchUp(stage, visitor)
                let thread = try await stage.thread(head.id).filter(VisitorLine.isShown)
                #expect(tab.lines.map(\.body) == thread.map(\.body))
                #expect(Set(tab.lines.map(\.id)).count == tab.lines.count)
            }
        }
    }

    /// The part of a page that matters: what it has, and from where it asks.
    private struct Tab {
        var known: [ID<Message>: VisitorLine] = [:]
        var next: Int64 = 0
        var position: Heard?

        var lines: [VisitorLine] { known.values.sorted { $0.sequence < $1.sequence } }

        mutating func catchUp(_ stage: Stage, _ visitor: Visitor) async throws {
            let part = try await stage.office.widget.thread(of: visitor, after: next, in: stage.tenant)
            for line in part.lines { known[line.id] = line }
            next = max(next, part.next)
        }
    }
}

extension Heard {
    /// Where a stream stands, as a browser keeps it.
    fileprivate static func place(_ joined: Heard) -> Heard? {
        guard let epoch = joined.epoch, let offset = joined.offset else { return nil }
        return Heard(epoch: epoch, offset: offset)
    }
}
