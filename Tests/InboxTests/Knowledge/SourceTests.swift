import AIProviders
import Base
import BaseTestKit
import Foundation
import InboxVendors
import NIOCore
import Outbound
import OutboundTestKit
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct SourceTests {
    /// A company's site whose one page says what a test lets it say.
    private func with(
        _ backend: Backend, isLive: Bool = false,
        _ body: @escaping @Sendable (Stage, ScriptedPeer, Shared<PeerAnswer>) async throws -> Void
    ) async throws {
        let page = Shared(Self.html("We open at nine."))
        try await ScriptedPeer.run { _ in
            page.withLock { $0 }
        } body: { peer in
            let clock = SystemClock()
            let outbound = OutboundClient(
                try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
            try await Stage.with(
                backend, provider: PlayedModel(), isLive: isLive, reach: Stage.reach(outbound: outbound)
            ) { stage in
                var policy = BotPolicy()
                policy.threshold = 0.05
                _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
                try await body(stage, peer, page)
            }
        }
    }

    private static func html(_ text: String) -> PeerAnswer {
        .text(
            "<!doctype html><html><body><h1>Opening hours</h1><p>\(text)</p></body></html>",
            headers: ["content-type": "text/html; charset=utf-8"])
    }

    private func read(_ source: KnowledgeSource, _ stage: Stage, isLast: Bool = false) async throws -> KnowledgeSource {
        try await stage.office.sources.read(source.id, in: stage.tenant, isLastAttempt: isLast)
        for document in try await documents(stage) where document.state == .waiting {
            try await stage.office.knowledge.index(document.id, in: stage.tenant)
        }
        return try #require(
            try await stage.office.sources.store.source(
                source.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
    }

    private func documents(_ stage: Stage) async throws -> [KnowledgeDocument] {
        try await stage.office.knowledge.store.page(after: nil, limit: 100, in: stage.tenant).items
    }

    private func passages(_ stage: Stage) async throws -> [String] {
        try await stage.office.answering.tried("When are your opening hours?", in: stage.tenant).passages.map(\.text)
    }

    @Test(arguments: Backend.all)
    func `an address is taken anew when it says something else, and left alone when it does not`(
        backend: Backend
    ) async throws {
        try await with(backend) { stage, peer, page in
            let made = try await stage.office.sources.add(
                peer.at("/hours").description, titled: "Hours", by: stage.tom, in: stage.tenant)
            var source = try await read(made, stage)
            #expect(source.state == .good && source.nextAt - stage.clock.now() == .seconds(7 * 86_400))
            let first = try #require(source.documentID)
            #expect(try await passages(stage).contains { $0.contains("nine") })
            source = try await read(source, stage)
            #expect(source.documentID == first)
            #expect(try await documents(stage).count == 1)
            page.withLock { $0 = Self.html("We open at ten.") }
            source = try await read(source, stage)
            #expect(source.documentID != first)
            #expect(try await documents(stage).count == 1)
            let found = try await passages(stage)
            #expect(found.contains { $0.contains("ten") } && !found.contains { $0.contains("nine") })
            // While it is down, what was found before is answered from.
            page.withLock { $0 = PeerAnswer(404) }
            source = try await read(source, stage)
            #expect(source.state == .failed && source.reason == "status404")
            #expect(try await passages(stage).contains { $0.contains("ten") })
            try await stage.office.sources.remove(source.id, in: stage.tenant)
            #expect(try await documents(stage).isEmpty)
            #expect(try await passages(stage).isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `what cannot be read is listed with its reason, what may be read later is tried again`(
        backend: Backend
    ) async throws {
        try await with(backend) { stage, peer, page in
            let made = try await stage.office.sources.add(
                peer.at("/hours").description, titled: nil, by: stage.tom, in: stage.tenant)
            page.withLock { $0 = PeerAnswer(503) }
            await #expect(throws: OutboundError.self) {
                try await stage.office.sources.read(made.id, in: stage.tenant, isLastAttempt: false)
            }
            #expect(try await read(made, stage, isLast: true).reason == "outbound.unreachable")
            page.withLock {
                $0 = PeerAnswer(headers: ["content-type": "image/png"], content: ByteBuffer(bytes: [1, 2]))
            }
            #expect(try await read(made, stage).reason == "mediaType")
            page.withLock {
                $0 = PeerAnswer(headers: ["content-type": "text/plain"], content: ByteBuffer(bytes: [0xFF]))
            }
            #expect(try await read(made, stage).reason == "inbox.documentUnreadable")
            page.withLock { $0 = PeerAnswer(302, headers: ["location": "http://192.168.1.1/"]) }
            #expect(try await read(made, stage).reason == "addressRefused")
            page.withLock { $0 = Self.html("We open at nine.") }
            #expect(try await read(made, stage).state == .good)
            for address in ["", "nonsense", "http://10.0.0.1/", "file:///etc/passwd"] {
                await #expect(throws: InboxError.self) {
                    try await stage.office.sources.add(address, titled: nil, by: stage.tom, in: stage.tenant)
                }
            }
            await #expect(throws: InboxError.self, "the same address twice") {
                try await stage.office.sources.add(
                    peer.at("/hours").description, titled: nil, by: stage.tom, in: stage.tenant)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a worker reads what was entered, and nobody of another company sees it`(backend: Backend) async throws {
        try await with(backend, isLive: true) { stage, peer, _ in
            let made = try await stage.office.sources.add(
                peer.at("/hours").description, titled: "Hours", by: stage.tom, in: stage.tenant)
            try await stage.working {
                try await stage.eventually("it is ready") {
                    try await documents(stage).map(\.state) == [.ready]
                }
            }
            #expect(try await stage.office.sources.store.all(in: stage.other).isEmpty)
            await #expect(throws: InboxError.self) {
                try await stage.office.sources.remove(made.id, in: stage.other)
            }
        }
    }
}

@Suite(.databases) struct PreparedTests {
    private func begin(_ stage: Stage) async throws {
        var policy = BotPolicy()
        policy.threshold = 0.05
        _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
        try await add("Opening hours. We open at nine and close at six.", "Hours", stage)
    }

    private func add(_ text: String, _ title: String, _ stage: Stage) async throws {
        let document = try await stage.office.knowledge.add(
            Array(text.utf8), as: .text, titled: title, by: stage.tom, in: stage.tenant)
        try await stage.office.knowledge.index(document.id, in: stage.tenant)
    }

    private func ask(_ question: String, _ user: String, _ channel: Inbox.Channel, _ stage: Stage) async throws
        -> [Message]
    {
        let id = try #require(
            try await stage.deliver([stage.event(.message, question, from: user, id: "m-\(user)")], to: channel))
        stage.clock.advance(by: .seconds(2))
        try await stage.office.bot.turn(id, in: stage.tenant)
        return try await stage.thread(id).filter { $0.role == .bot }
    }

    @Test(arguments: Backend.all)
    func `what is asked often is answered without a model, until documents or policy change`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            try await begin(stage)
            let channel = try await stage.channel(isBotFirst: true)
            _ = try await ask("When are your opening hours?", "anna", channel, stage)
            let asked = model.requests.count
            #expect(asked == 1)
            #expect(try await stage.office.prepared.prepare(in: stage.tenant) >= 1)
            let prepared = model.requests.count
            // A second run finds all of it there.
            #expect(try await stage.office.prepared.prepare(in: stage.tenant) == 0)
            let clock = SystemClock()
            let start = clock.uptime()
            let answer = try await ask("When are your OPENING hours?!", "ben", channel, stage)
            #expect(clock.uptime() - start < .seconds(5))
            #expect(answer.map(\.body) == ["We open at nine."] && answer[0].sources.map(\.title) == ["Hours"])
            #expect(model.requests.count == prepared)
            // What follows in a conversation depends on what was said: the model is asked.
            let id = try #require(
                try await stage.deliver(
                    [stage.event(.message, "When are your opening hours?", from: "ben", id: "m-ben-2")], to: channel))
            stage.clock.advance(by: .seconds(20))
            try await stage.office.bot.turn(id, in: stage.tenant)
            #expect(model.requests.count == prepared + 1)
            // Another state of the documents, or another policy: nothing that was prepared holds.
            try await add("Opening hours in December. We open at ten.", "December", stage)
            _ = try await ask("When are your opening hours?", "carl", channel, stage)
            #expect(model.requests.count == prepared + 2)
            _ = try await stage.office.prepared.prepare(in: stage.tenant)
            let again = model.requests.count
            _ = try await ask("When are your opening hours?", "dora", channel, stage)
            #expect(model.requests.count == again)
            var policy = try await stage.office.answering.policy(in: stage.tenant).policy
            policy.tone = "formal"
            _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
            _ = try await ask("When are your opening hours?", "eve", channel, stage)
            #expect(model.requests.count == again + 1)
        }
    }

    @Test(arguments: Backend.all)
    func `what the bot would hand over is not prepared, and no company answers from another's`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            try await begin(stage)
            #expect(try await stage.office.prepared.prepare(in: stage.other) == 0)
            model.play([.success("[hand over]"), .success("[hand over]"), .success("[hand over]")])
            _ = try await stage.office.prepared.prepare(in: stage.tenant)
            for text in PreparedDesk.Bounds.common {
                let question = try #require(Question(text))
                let policy = try await stage.office.answering.policy(in: stage.tenant).number
                #expect(
                    try await stage.office.prepared.store.answer(
                        to: question, locale: "", policy: policy, in: stage.tenant) == nil)
            }
        }
    }

    @Test func `the night is the company's own`() throws {
        let noon = Timestamp(microseconds: 1_764_158_400_000_000)
        #expect(PreparedDesk.hour(of: noon, in: .gmt) == 12)
        #expect(PreparedDesk.hour(of: noon, in: try #require(TimeZone(identifier: "Asia/Tokyo"))) == 21)
        #expect(PreparedDesk.hour(of: noon, in: try #require(TimeZone(identifier: "America/Los_Angeles"))) == 4)
    }
}
