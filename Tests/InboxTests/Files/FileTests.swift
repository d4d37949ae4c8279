import Base
import BaseTestKit
import Blobs
import Foundation
import InboxTestKit
import InboxVendors
import NIOCore
import Outbound
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

/// A vendor that tells of attachments as Meta does: by an address that does not last.
private struct Attaching: ChannelAdapter {
    let inner: PlayedVendor.Adapter
    let files: [InboundAttachment]
    let person: InboundProfile?

    var kind: ChannelKind { inner.kind }
    var rules: ChannelRules { inner.rules }

    func verify(_ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets) throws(DeliveryFault) {
        try inner.verify(raw, headers, with: secrets)
    }

    func challenge(_ query: [String: String], with secrets: ChannelSecrets) throws(DeliveryFault) -> String? { nil }

    func deliveries(in raw: [UInt8]) -> [Delivery] { inner.deliveries(in: raw) }

    func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry] {
        try inner.entries(of: delivery).map { entry in
            var entry = entry
            entry.attachments = files
            return entry
        }
    }

    func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome {
        await inner.send(message, over: line)
    }

    func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async {}

    func recent(since time: Timestamp, over line: ChannelLine) async throws(VendorFailure) -> [InboundEntry]? { nil }

    func place(of attachment: InboundAttachment, over line: ChannelLine) async throws(VendorFailure) -> MediaPlace? {
        switch attachment.source {
        case .address(let address): MediaPlace(Secret(address))
        case .reference, .none: nil
        }
    }

    func profile(of externalUserId: String, over line: ChannelLine) async throws(VendorFailure) -> InboundProfile? {
        person
    }

    func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition {
        ChannelCondition(externalAccount: line.externalAccount)
    }

    func subscribe(at hook: String, with secrets: ChannelSecrets, over line: ChannelLine) async throws(VendorFailure) {}

    func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken? { nil }
}

@Suite(.databases) struct FileTests {
    private static let picture = [UInt8]([0x89, 0x50, 0x4E, 0x47] + (0..<2_000).map { UInt8($0 % 251) })

    /// A vendor's file server, and a message with these attachments.
    private func with(
        _ backend: Backend, _ script: @escaping ScriptedPeer.Script = FileTests.serve, plan: [PeerFault?] = [],
        files: @escaping @Sendable (ScriptedPeer) -> [InboundAttachment], person: InboundProfile? = nil,
        _ body: @escaping @Sendable (Stage, Inbox.Channel, ID<Conversation>, ScriptedPeer) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run {
            await script($0)
        } body: { peer in
            peer.plan(plan)
            let clock = SystemClock()
            let outbound = OutboundClient(
                try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
            let adapter = Attaching(
                inner: PlayedVendor.Adapter(vendor: PlayedVendor()), files: files(peer), person: person)
            try await Stage.with(
                backend, adapters: ChannelAdapters([adapter]), reach: Stage.reach(outbound: outbound)
            ) { stage in
                let channel = try await stage.channel()
                let id = try #require(
                    try await stage.deliver([stage.event(.message, "Look", id: "m1")], to: channel))
                try await body(stage, channel, id, peer)
            }
        }
    }

    @Sendable private static func serve(_ request: PeerRequest) async -> PeerAnswer {
        PeerAnswer(headers: ["content-type": "image/png"], content: ByteBuffer(bytes: picture))
    }

    private static func image(_ peer: ScriptedPeer, _ path: String = "/p.png") -> InboundAttachment {
        InboundAttachment(.image, .address(peer.at(path).description), name: "wheel.png", mediaType: "image/png")
    }

    @Test(arguments: Backend.all)
    func `what a customer attaches is copied once, and served whole and in parts to who may see it`(
        backend: Backend
    ) async throws {
        try await with(backend, files: { [Self.image($0)] }) { stage, channel, id, peer in
            let message = try await stage.thread(id)[0]
            #expect(message.files.map(\.isWaiting) == [true])
            for _ in 0..<2 {
                try await stage.office.attachments.fetch(message.id, in: stage.tenant, isLastAttempt: false)
            }
            #expect(peer.received.count == 1)
            let file = try #require(try await stage.thread(id)[0].files.first)
            let copy = try #require(file.id)
            #expect(file.bytes == Self.picture.count && file.failure == nil && file.mediaType == "image/png")
            let site = try await stage.site()
            let session = try await stage.session(stage.tom, on: site)
            let whole = try await site.get("/api/inbox/files/\(copy)", headers: [session])
            #expect(whole.status == 200 && whole.body == Self.picture && whole["content-type"] == "image/png")
            #expect(site.records.last?.cost[.statements] == 1)
            #expect(whole["content-disposition"]?.hasPrefix("inline; filename=\"wheel.png\"") == true)
            let part = try await site.get("/api/inbox/files/\(copy)", headers: [session, ("range", "bytes=4-7")])
            #expect(part.status == 206 && part.body == Array(Self.picture[4...7]))
            #expect(part["content-range"] == "bytes 4-7/\(Self.picture.count)")
            #expect(try await site.get("/api/inbox/files/\(copy)").status == 401)
            #expect(
                try await site.get("/api/inbox/files/\(ID<StoredFile>(high: 1, low: 1))", headers: [session]).status
                    == 404)
            // Another company's agent asks for the same id.
            let elsewhere = try await TestSite(InboxProduct.api(stage.office), clock: stage.clock) { services in
                services.tenants = SingleTenant(stage.other)
            }
            let token = try await elsewhere.services.sessions.sign(
                stage.tom, in: stage.other, role: .member, version: 1)
            let foreign = try await elsewhere.get(
                "/api/inbox/files/\(copy)", headers: [("cookie", "\(Sessions.cookieName)=\(token)")])
            #expect(foreign.status == 404)
            try await stage.checkTruth()
            // What the customer takes back is gone here too.
            try await stage.deliver([stage.event(.deletion, id: "m1")], to: channel)
            try await stage.office.files.forget(.message(message.id, of: id), in: stage.tenant)
            #expect(try await site.get("/api/inbox/files/\(copy)", headers: [session]).status == 404)
            let key = FileDesk.key(of: copy)
            #expect(try await stage.office.files.blobs.head(key, for: stage.tenant) == nil)
        }
    }

    @Test(arguments: Backend.all)
    func `what cannot be fetched says why, and what may be had later is tried again`(backend: Backend) async throws {
        try await with(
            backend, { request in request.target.contains("gone") ? PeerAnswer(404) : await Self.serve(request) },
            plan: [.status(503, retryAfter: nil), .dropMidBody],
            files: { peer in
                [
                    Self.image(peer), Self.image(peer, "/gone.png"),
                    InboundAttachment(.image, .address("http://169.254.169.254/latest/meta-data/")),
                    InboundAttachment(.file, .address("file:///etc/passwd")),
                    InboundAttachment(.sticker, .reference("s1")),
                    InboundAttachment(.place, .none, title: "38.7, -9.1"),
                ]
            }
        ) { stage, _, id, _ in
            let message = try await stage.thread(id)[0].id
            let steps = stage.office.attachments
            for _ in 0..<2 {
                await #expect(throws: (any Error).self) {
                    try await steps.fetch(message, in: stage.tenant, isLastAttempt: false)
                }
            }
            try await steps.fetch(message, in: stage.tenant, isLastAttempt: false)
            let files = try await stage.thread(id)[0].files
            #expect(files[0].bytes == Self.picture.count)
            #expect(files.dropFirst().map(\.failure) == ["gone", "addressRefused", "addressRefused", "gone", nil])
            #expect(files.allSatisfy { !$0.isWaiting })
        }
    }

    @Test(arguments: Backend.all.prefix(1))
    func `a redirect to a private address is refused, and so is what is larger than may be`(
        backend: Backend
    ) async throws {
        try await with(
            backend,
            { request in
                guard request.target.contains("large") else {
                    return PeerAnswer(302, headers: ["location": "http://10.0.0.1/secret"])
                }
                return PeerAnswer(content: ByteBuffer(repeating: 1, count: StoredFile.Bounds.bytes.bytes + 1))
            }, files: { [Self.image($0, "/away.png"), Self.image($0, "/large.png")] }
        ) { stage, _, id, _ in
            let message = try await stage.thread(id)[0].id
            try await stage.office.attachments.fetch(message, in: stage.tenant, isLastAttempt: false)
            #expect(try await stage.thread(id)[0].files.map(\.failure) == ["addressRefused", "tooLarge"])
        }
    }

    @Test(arguments: Backend.all)
    func `somebody of whom nothing was told is asked for, by name and picture`(backend: Backend) async throws {
        let place = Shared<String>("")
        try await with(
            backend,
            files: { peer in
                place.withLock { $0 = peer.at("/face.png").description }
                return []
            }, person: InboundProfile(name: "Anna Sousa", picture: nil)
        ) { stage, _, id, _ in
            let head = try await stage.head(id)
            #expect(head.contactName == Contact.nameless)
            try await stage.office.attachments.introduce(head.pointID, in: stage.tenant)
            #expect(try await stage.head(id).contactName == "Anna Sousa")
            // The picture that a delivery has told of is copied too.
            let address = place.withLock { $0 }
            try await stage.storage.write(for: stage.tenant) { transaction in
                try await stage.office.contacts.store.set(
                    picture: address, of: head.pointID, transaction, in: stage.tenant)
            }
            try await stage.office.attachments.introduce(head.pointID, in: stage.tenant)
            let site = try await stage.site()
            let session = try await stage.session(stage.tom, on: site)
            let picture = try await site.get("/api/inbox/contacts/\(head.contactID)/picture", headers: [session])
            #expect(picture.status == 200 && picture.body == Self.picture)
        }
    }

    @Test(arguments: Backend.all)
    func `visitors and agents send files, each to their own conversation alone`(backend: Backend) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget()
            let site = try await stage.site()
            let guest = try Guest(channel, on: site)
            try await guest.open()
            let page = Array("<script>alert(1)</script>".utf8)
            let sent = try await guest.ask(
                "POST", "/files?channel=\(channel.id)&clientId=f1&name=r%C3%A9sum%C3%A9.html", bytes: page,
                type: "text/html")
            #expect(sent.status == 202, "\(sent.text)")
            try await stage.work(off: guest)
            let head = try await stage.conversation(of: guest)
            let file = try #require(try await stage.thread(head.id)[0].files.first?.id)
            func get(_ guest: Guest) async throws -> PerformedAnswer {
                try await guest.ask("GET", "/files/\(file)?channel=\(channel.id)")
            }
            let own = try await get(guest)
            // A page in a file is no page of ours.
            #expect(own.body == page && own["content-type"] == "application/octet-stream")
            #expect(own["content-disposition"]?.hasPrefix("attachment") == true)
            let other = try Guest(channel, on: site)
            try await other.open()
            #expect(try await get(other).status == 404)
            _ = try await other.send("Hello", "c1")
            try await stage.work(off: other)
            #expect(try await get(other).status == 404)
            // Nobody claims an upload of somebody else's by naming it.
            let note = try #require(
                WidgetNote(
                    visitor: try stage.visitor(of: other).user, clientId: "c2", text: "mine",
                    receivedAt: stage.clock.now(),
                    file: .init(id: file.description, kind: .file, name: nil, mediaType: "text/plain", size: 1)))
            try await stage.office.hooks.keep(note.delivery, at: channel.id, in: stage.tenant)
            try await stage.work(off: other)
            let theirs = try await stage.conversation(of: other)
            #expect(try await stage.thread(theirs.id).allSatisfy { $0.files.isEmpty })
            // An agent answers with a picture.
            let session = try await stage.session(stage.tom, on: site)
            let reply = try await site.request(
                "POST",
                "/api/inbox/conversations/\(head.id)/files?channelId=\(channel.id)&clientId=a1&seen=1&name=map.png",
                headers: [session, ("content-type", "image/png")], body: Self.picture)
            #expect(reply.status == 201, "\(reply.text)")
            try await stage.office.sending.send(head.id, in: stage.tenant)
            stage.clock.advance(by: .seconds(6))
            try await stage.office.sending.send(head.id, in: stage.tenant)
            let lines = try #require(try await guest.thread()["messages"] as? [[String: Any]])
            let shown = try #require((lines.last?["files"] as? [[String: Any]])?.first?["id"] as? String)
            let map = try await guest.ask("GET", "/files/\(shown)?channel=\(channel.id)")
            #expect(map.status == 200 && map.body == Self.picture)
            #expect(try await other.ask("GET", "/files/\(shown)?channel=\(channel.id)").status == 404)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `a vendor fetches an answer's file by an address that ends, and nobody by a guess`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, reach: Stage.reach(publicAddress: "https://inbox.example.com")) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "A map?", id: "m1")], to: channel))
            let file = try await stage.office.files.keep(
                FileDesk.Upload(
                    channel: channel.id, origin: .agent, person: stage.tom, name: "map.png", mediaType: "image/png",
                    length: nil), from: Once(bytes: Self.picture), in: stage.tenant)
            var draft = ReplyDesk.Draft(
                conversation: id, channel: channel.id, body: "", clientID: "f1", seen: 1, undo: 0)
            draft.file = file
            _ = try await stage.office.replies.reply(draft, by: stage.tom, in: stage.tenant)
            try await stage.office.sending.send(id, in: stage.tenant)
            guard case .media(let media) = stage.vendor.sent.last?.content else {
                Issue.record("no file was sent: \(stage.vendor.sent)")
                return
            }
            let path = try #require(media.address.split(separator: "https://inbox.example.com").last.map(String.init))
            let site = try await stage.site()
            #expect(try await site.get(path).body == Self.picture)
            #expect(
                try await site.get(path.replacing("signature=", with: "signature=A").dropLast(1) + "").status == 404)
            stage.clock.advance(by: .seconds(3_601))
            #expect(try await site.get(path).status == 404)
        }
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "A map?", id: "m1")], to: channel))
            let file = try await stage.office.files.keep(
                FileDesk.Upload(
                    channel: channel.id, origin: .agent, person: stage.tom, name: nil, mediaType: "image/png",
                    length: nil), from: Once(bytes: Self.picture), in: stage.tenant)
            var draft = ReplyDesk.Draft(
                conversation: id, channel: channel.id, body: "", clientID: "f1", seen: 1, undo: 0)
            draft.file = file
            _ = try await stage.office.replies.reply(draft, by: stage.tom, in: stage.tenant)
            try await stage.office.sending.send(id, in: stage.tenant)
            // Without an address of our own no vendor can fetch anything: the thread says so.
            #expect(try await stage.thread(id).last?.failure == "mediaRefused")
        }
    }
}

/// Bytes in one piece.
struct Once: AsyncSequence, Sendable {
    let bytes: [UInt8]

    struct Iterator: AsyncIteratorProtocol {
        var bytes: [UInt8]?

        mutating func next() async -> ByteBuffer? {
            defer { bytes = nil }
            return bytes.map { ByteBuffer(bytes: $0) }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes) }
}
