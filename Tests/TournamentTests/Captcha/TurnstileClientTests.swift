import Base
import BaseTestKit
import Foundation
import Outbound
import OutboundTestKit
import Synchronization
import Telemetry
import Testing

@testable import Tournament

/// The client against a vendor on the loopback: a real HTTP server with the fake verifier behind it and a fault dial.
@Suite struct TurnstileClientTests {
    private struct Question: Decodable {
        let secret: String
        let response: String
        let remoteip: String
        let idempotencyKey: String

        enum CodingKeys: String, CodingKey {
            case secret, response, remoteip
            case idempotencyKey = "idempotency_key"
        }
    }

    private func with(
        _ body:
            @Sendable (_ peer: ScriptedPeer, _ fake: FakeVerifier, _ verifier: TurnstileVerifier) async throws ->
            Void
    ) async throws {
        let fake = FakeVerifier(clock: SimClock())
        try await ScriptedPeer.run { request in
            do {
                let question = try JSONDecoder().decode(Question.self, from: Data(request.text.utf8))
                guard question.secret == "our secret" else {
                    return .text(#"{"success":false,"error-codes":["invalid-input-secret"]}"#, status: 400)
                }
                let answer = try await fake.siteverify(
                    SiteverifyRequest(
                        token: question.response, remoteAddress: question.remoteip,
                        idempotencyKey: question.idempotencyKey))
                return .text(
                    String(decoding: try JSONEncoder().encode(answer), as: UTF8.self),
                    headers: ["content-type": "application/json"])
            } catch {
                return .text("{}", status: 500)
            }
        } body: { peer in
            let clock = SystemClock()
            let rule = try #require(AddressRule(allowing: ["127.0.0.1"]))
            let outbound = OutboundClient(
                OutboundOptions(rule: rule), clock: clock, events: .silent(clock: clock))
            let client = TurnstileClient(
                outbound: outbound, address: peer.at("/turnstile/v0/siteverify"), secret: Secret("our secret"),
                deadline: .seconds(2))
            let verifier = TurnstileVerifier(
                way: client, expectation: CaptchaExpectation(hosts: ["film.example"]), failed: { _ in })
            try await body(peer, fake, verifier)
        }
    }

    @Test func `what the vendor is asked is what it documents, and its answer decides`() async throws {
        try await with { peer, fake, verifier in
            let token = fake.solve("one")
            #expect(await verifier.verify(token, from: "203.0.113.7", attempt: "a") == .solved)
            let request = try #require(peer.received.first)
            #expect(request.method == "POST" && request.path == "/turnstile/v0/siteverify")
            #expect(request.headers["content-type"] == "application/json")
            let question = try JSONDecoder().decode(Question.self, from: Data(request.text.utf8))
            #expect(question.response == "one" && question.remoteip == "203.0.113.7")
            #expect(question.idempotencyKey == "a")
            #expect(await verifier.verify(token, from: "203.0.113.7", attempt: "b") == .refused(.spent))
            // The same question again gets the same answer.
            #expect(await verifier.verify(token, from: "203.0.113.7", attempt: "a") == .solved)
            fake.set(.otherHost)
            #expect(await verifier.verify(fake.solve("two"), from: "::1", attempt: "c") == .refused(.otherHost))
            fake.set(.otherAction)
            #expect(await verifier.verify(fake.solve("three"), from: "::1", attempt: "d") == .refused(.otherAction))
        }
    }

    @Test(arguments: [
        PeerFault.silence, .stall, .drop, .dropMidBody, .status(500, retryAfter: nil), .status(503, retryAfter: "2"),
        .garbage, .endlessBody, .hugeHeaders(200_000), .truncated(3),
        .redirect(302, to: "http://127.0.0.1:1/"),
    ])
    func `one fault is asked past under the same key, two are unreachable and never a pass`(fault: PeerFault)
        async throws
    {
        try await with { peer, fake, verifier in
            peer.plan([fault])
            #expect(await verifier.verify(fake.solve("one"), from: "::1", attempt: "a") == .solved, "\(fault)")
            #expect(peer.received.count == 2)
            peer.plan([fault, fault])
            #expect(await verifier.verify(fake.solve("two"), from: "::1", attempt: "b") == .unreachable, "\(fault)")
        }
    }
}
