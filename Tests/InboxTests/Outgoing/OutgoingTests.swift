import Base
import BaseTestKit
import Crypto
import Foundation
import InboxVendors
import Jobs
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

@Suite(.databases) struct OutgoingTests {
    /// A company's own server, and the office that may call it.
    private func with(
        _ backend: Backend, isLive: Bool = false, _ script: @escaping ScriptedPeer.Script = { _ in PeerAnswer(204) },
        _ body: @escaping @Sendable (Stage, ScriptedPeer, OutgoingDesk.Made) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run {
            await script($0)
        } body: { peer in
            let clock = SystemClock()
            let outbound = OutboundClient(
                try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
            try await Stage.with(backend, isLive: isLive, reach: Stage.reach(outbound: outbound)) { stage in
                let made = try await stage.office.outgoing.add(
                    peer.at("/hooks?x=1").description, events: [.received, .opened, .closed], in: stage.tenant)
                try await body(stage, peer, made)
            }
        }
    }

    private func hooks(_ stage: Stage, _ made: OutgoingDesk.Made) async throws -> [OutgoingHook] {
        try await stage.office.outgoing.store.page(of: made.endpoint.id, after: nil, limit: 100, in: stage.tenant)
            .items
    }

    /// As whoever receives it checks: by the page of Standard Webhooks, not by our own code.
    private func isSigned(_ request: PeerRequest, by secret: String) -> Bool {
        guard let id = request.headers["webhook-id"], let time = request.headers["webhook-timestamp"],
            let header = request.headers["webhook-signature"],
            let key = Data(base64Encoded: String(secret.dropFirst("whsec_".count)))
        else { return false }
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(time).".utf8) + Data(request.content.readableBytesView), using: SymmetricKey(data: key))
        return header.split(separator: " ").contains { $0 == "v1,\(Data(code).base64EncodedString())" }
    }

    @Test(arguments: Backend.all)
    func `what happens is told once, signed, to endpoints that want it and to no other company's`(
        backend: Backend
    ) async throws {
        try await with(backend) { stage, peer, made in
            let channel = try await stage.channel()
            let foreign = try await stage.channel(account: "page-9", in: stage.other)
            try await stage.deliver([stage.event(.message, "Grüße", id: "m1")], to: channel)
            try await stage.deliver([stage.event(.message, "Theirs", id: "m1")], to: foreign, in: stage.other)
            try await stage.office.counts.fold()
            try await stage.office.counts.fold()
            let waiting = try await hooks(stage, made)
            #expect(waiting.map(\.kind.rawValue).sorted() == ["conversation.opened", "message.received"])
            for hook in waiting {
                for _ in 0..<2 {
                    try await stage.office.outgoing.deliver(hook.id, in: stage.tenant, isLastAttempt: false)
                }
            }
            #expect(peer.received.count == 2)
            #expect(peer.received.allSatisfy { isSigned($0, by: made.secret) && $0.target == "/hooks?x=1" })
            #expect(Set(peer.received.map { $0.headers["webhook-id"] }) == Set(waiting.map(\.id.description)))
            let body = try #require(
                JSONSerialization.jsonObject(with: Data(peer.received[0].content.readableBytesView)) as? [String: Any])
            let head = try #require(try await stage.conversations().first)
            #expect((body["data"] as? [String: Any])?["conversationId"] as? String == head.id.description)
            #expect(try await hooks(stage, made).allSatisfy { $0.state == .delivered })
        }
    }

    @Test(arguments: Backend.all)
    func `a new secret signs beside the former one for a day`(backend: Backend) async throws {
        try await with(backend) { stage, peer, made in
            let secret = try await stage.office.outgoing.rotate(made.endpoint.id, in: stage.tenant)
            func told() async throws -> PeerRequest {
                try await stage.office.outgoing.test(made.endpoint.id, in: stage.tenant)
                let hook = try #require(try await hooks(stage, made).first { $0.state == .waiting })
                try await stage.office.outgoing.deliver(hook.id, in: stage.tenant, isLastAttempt: false)
                return try #require(peer.received.last)
            }
            let during = try await told()
            #expect(isSigned(during, by: secret) && isSigned(during, by: made.secret))
            stage.clock.advance(by: .seconds(86_401))
            let after = try await told()
            #expect(isSigned(after, by: secret) && !isSigned(after, by: made.secret))
        }
    }

    @Test(arguments: Backend.all)
    func `eight attempts are made with one id; then it rests among the failed until somebody tries again`(
        backend: Backend
    ) async throws {
        let isDown = Shared(true)
        try await with(backend, { _ in PeerAnswer(isDown.withLock { $0 } ? 500 : 200) }) { stage, peer, made in
            try await stage.office.outgoing.test(made.endpoint.id, in: stage.tenant)
            let hook = try #require(try await hooks(stage, made).first)
            for attempt in 1...OutgoingHook.Bounds.attempts {
                let isLast = attempt == OutgoingHook.Bounds.attempts
                do {
                    try await stage.office.outgoing.deliver(hook.id, in: stage.tenant, isLastAttempt: isLast)
                    #expect(isLast)
                } catch {
                    #expect(!isLast, "\(error)")
                }
            }
            let failed = try #require(try await hooks(stage, made).first)
            #expect(failed.state == .failed && failed.attempts == 8 && failed.status == 500)
            #expect(Set(peer.received.map { $0.headers["webhook-id"] }).count == 1 && peer.received.count == 8)
            let times = peer.received.compactMap { $0.headers["webhook-timestamp"] }
            #expect(times.count == 8)
            isDown.withLock { $0 = false }
            try await stage.office.outgoing.retry(hook.id, in: stage.tenant)
            try await stage.office.outgoing.deliver(hook.id, in: stage.tenant, isLastAttempt: false)
            #expect(try await hooks(stage, made).first?.state == .delivered)
            #expect(try await stage.office.outgoing.endpoints(in: stage.tenant).first?.failures == 0)
        }
    }

    @Test func `the pauses between eight attempts are a day together, as near as chance has it`() {
        let chance = SeededRandomness(seed: 5)
        let rule = InboxJobs.outgoing.rule
        #expect(rule.attemptsMax == 8)
        let sums = (0..<200).map { _ in
            (1..<rule.attemptsMax).reduce(Duration.zero) { $0 + rule.backoff.pause(after: $1, using: chance) }
        }
        let mean = sums.reduce(.zero, +) / sums.count
        #expect((.seconds(20 * 3_600) ... .seconds(28 * 3_600)).contains(mean), "\(mean)")
    }

    @Test(arguments: Backend.all)
    func `an endpoint rests after a hundred failures in a row, or at once when it says that it is gone`(
        backend: Backend
    ) async throws {
        let status = Shared(500)
        try await with(backend, { _ in PeerAnswer(status.withLock { $0 }) }) { stage, peer, made in
            func tell() async throws {
                // Ids of one millisecond are in no order.
                stage.clock.advance(by: .milliseconds(2))
                try await stage.office.outgoing.test(made.endpoint.id, in: stage.tenant)
                let hook = try #require(try await hooks(stage, made).first { $0.state == .waiting })
                try await stage.office.outgoing.deliver(hook.id, in: stage.tenant, isLastAttempt: true)
            }
            func endpoint() async throws -> OutgoingEndpoint {
                try #require(try await stage.office.outgoing.endpoints(in: stage.tenant).first)
            }
            for _ in 0..<99 { try await tell() }
            #expect(try await endpoint().state == .active)
            status.withLock { $0 = 200 }
            try await tell()
            #expect(try await endpoint().failures == 0)
            status.withLock { $0 = 503 }
            for _ in 0..<100 { try await tell() }
            let tired = try await endpoint()
            #expect(tired.state == .paused && tired.reason == "failures")
            // What happens while it rests is not kept for it.
            let channel = try await stage.channel()
            let before = try await hooks(stage, made).count
            try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel)
            try await stage.office.counts.fold()
            #expect(try await hooks(stage, made).count == before)
            try await stage.office.outgoing.set(made.endpoint.id, .active, in: stage.tenant)
            status.withLock { $0 = 410 }
            try await tell()
            let gone = try await endpoint()
            #expect(gone.state == .paused && gone.reason == "gone")
        }
    }

    @Test(arguments: Backend.all)
    func `addresses that may not be called are refused, and a company has ten at most`(backend: Backend) async throws {
        try await with(backend) { stage, peer, _ in
            func code(_ address: String, _ events: [OutgoingHook.Kind] = [.received]) async throws -> InboxError.Code? {
                do {
                    _ = try await stage.office.outgoing.add(address, events: events, in: stage.tenant)
                    return nil
                } catch let error as InboxError {
                    return error.code
                }
            }
            for address in [
                "", "ftp://example.com", "http://example.com/x", "https://10.0.0.1/x", "https://169.254.169.254/",
                "https://[::1]/", "javascript:alert(1)",
            ] { #expect(try await code(address) == .endpointInvalid, "\(address)") }
            #expect(try await code("https://example.com/a", []) == .endpointInvalid)
            #expect(try await code("https://example.com/a", [.test]) == .endpointInvalid)
            for number in 2...10 { #expect(try await code("https://example.com/\(number)") == nil) }
            #expect(try await code("https://example.com/11") == .limitReached)
            let site = try await stage.site()
            let admin = try await stage.session(stage.tom, .admin, on: site)
            let listed = try await site.get("/api/inbox/outgoing-hooks", headers: [admin])
            #expect(listed.status == 200 && !listed.text.contains("whsec_"))
            #expect(site.records.last?.cost[.statements] == 1)
            let added = try await site.post(
                "/api/inbox/outgoing-hooks", json: #"{"address":"https://example.com/","events":["message.received"]}"#,
                headers: [admin])
            #expect(added.problemCode == "inbox.notAllowed")
        }
    }

    @Test(arguments: Backend.all)
    func `a worker tells what was enqueued`(backend: Backend) async throws {
        try await with(backend, isLive: true) { stage, peer, made in
            try await stage.office.outgoing.test(made.endpoint.id, in: stage.tenant)
            try await stage.working {
                try await stage.eventually("it was told") {
                    try await hooks(stage, made).first?.state == .delivered
                }
            }
            #expect(Set(peer.received.map { $0.headers["webhook-id"] }).count == 1)
        }
    }
}
