import Base
import Foundation
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web

@testable import Discovery

@Suite(.databases) struct WatchTests {
    private struct Told: Decodable {
        struct Row: Decodable { let sequence: Int64 }
        struct Status: Decodable {
            struct Search: Decodable { let state: String }

            let search: Search
        }

        var rows: [Row]?
        var status: Status?
        var changed: Bool?
    }

    private struct Signal: Decodable { let signal: Told? }

    private static let watchers = 10

    private func visitor(
        _ stage: Stage, _ number: Int = 1, in tenant: Tenant? = nil, role: String? = "member"
    ) -> TopicVisitor {
        TopicVisitor(
            tenant: tenant ?? stage.tenant, person: stage.person(number), role: role,
            seat: stage.person(number).cast(to: ID<TopicSeat>.self))
    }

    private func with(_ backend: Backend, _ body: (Stage) async throws -> Void) async throws {
        try await Stage.with(backend) { stage in
            let realtime = stage.bureau.parts.realtime
            try realtime.declare(stage.bureau.topics)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await realtime.run() }
                defer { group.cancelAll() }
                try await body(stage)
            }
        }
    }

    private func topic(_ search: Search) -> String { "discovery/search/\(search.id)" }

    /// The numbers of the next rows that somebody hears, so many of them, and where the last message stood.
    private func rows(_ count: Int, _ listener: Listener) async throws -> (numbers: [Int64], offset: Int?) {
        var numbers: [Int64] = []
        var offset: Int?
        while numbers.count < count {
            let heard = try await listener.nextMessage()
            let told = try JSONDecoder().decode(Told.self, from: Data(try #require(heard.data).utf8))
            numbers += told.rows?.map(\.sequence) ?? []
            offset = heard.offset
        }
        return (numbers, offset)
    }

    @Test(arguments: Backend.all)
    func `watchers are told what is committed, in order and without a hole, by one read for all of a node`(
        backend: Backend
    ) async throws {
        try await with(backend) { stage in
            stage.directory.play("running", [listed(1...40), listed(41...60)])
            let search = try await stage.start(["running"])
            var watchers: [Listener] = []
            for number in 1...Self.watchers {
                let one = try await Listener(at: stage.bureau.parts.realtime, as: visitor(stage, number))
                #expect(try await one.join(topic(search)).error == nil)
                watchers.append(one)
            }
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            for _ in 0..<2 { try await stage.fetch(try await stage.status(search).keywords[0]) }
            for one in watchers { #expect(try await rows(60, one).numbers == Array(1...60)) }
            stage.storage.setRecorder(nil)
            // A page may be told in two parts, and each part be read by itself; never by each who looks.
            #expect(recorded.names.filter { $0 == "realtime.read" }.count <= 4, "\(recorded.names)")
            // That it has ended is kept, and where it stands is told beside it.
            try await stage.settle(search)
            while true {
                let told = try JSONDecoder().decode(
                    Told.self, from: Data(try #require(try await watchers[0].nextMessage().data).utf8))
                if told.changed == true { break }
            }
            #expect(try await stage.status(search).search.state == .completed)
        }
    }

    @Test(arguments: Backend.all)
    func `where a search stands is a signal, the last of which says that it is over`(backend: Backend) async throws {
        try await with(backend) { stage in
            stage.directory.play("running", [listed(1...20)])
            let search = try await stage.start(["running"])
            let mara = try await Listener(at: stage.bureau.parts.realtime, as: visitor(stage))
            #expect(try await mara.join(topic(search)).error == nil)
            _ = try await stage.finish(search)
            while true {
                let text = try await mara.next().description
                // What is no signal is not looked for here.
                let signal = try? JSONDecoder().decode(Signal.self, from: Data(text.utf8))
                if signal?.signal?.status?.search.state == "completed" { break }
            }
        }
    }

    @Test(arguments: Backend.all)
    func `who comes back with the last number gets what is behind it and nothing twice`(
        backend: Backend
    ) async throws {
        try await with(backend) { stage in
            stage.directory.play("running", [listed(1...20), listed(21...40), listed(41...60)])
            let search = try await stage.start(["running"])
            let realtime = stage.bureau.parts.realtime
            let first = try await Listener(at: realtime, as: visitor(stage))
            let joined = try await first.join(topic(search))
            try await stage.fetch(try await stage.status(search).keywords[0])
            let (numbers, offset) = try await rows(20, first)
            #expect(numbers == Array(1...20))
            try await first.vanish()
            for _ in 0..<2 { try await stage.fetch(try await stage.status(search).keywords[0]) }
            let again = try await Listener(at: realtime, as: visitor(stage))
            let stands = try await stage.bureau.live.place(of: search.id, in: stage.tenant)
            let place = Heard(epoch: stands.epoch, offset: try #require(offset))
            let back = try await again.join(topic(search), from: place)
            #expect(joined.error == nil && back.recovered == true, "\(back)")
            #expect(try await rows(40, again).numbers == Array(21...60))
        }
    }

    @Test(arguments: Backend.all)
    func `searches of another company, and who has no place in one, hear nothing`(backend: Backend) async throws {
        try await with(backend) { stage in
            stage.directory.play("running", [listed(1...20)])
            let search = try await stage.start(["running"])
            let realtime = stage.bureau.parts.realtime
            let other = Tenant(ID(high: 0x3333, low: 0x4444))
            for stranger in [visitor(stage, in: other), visitor(stage, role: nil)] {
                let listener = try await Listener(at: realtime, as: stranger)
                #expect(try await listener.join(topic(search)).error != nil)
            }
            let mara = try await Listener(at: realtime, as: visitor(stage))
            #expect(try await mara.join("discovery/search/\(ID<Search>(high: 9, low: 9))").error != nil)
        }
    }
}
