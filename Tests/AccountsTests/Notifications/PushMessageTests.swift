import Base
import BaseTestKit
import Crypto
import Foundation
import Outbound
import Testing

@testable import Accounts

@Suite struct PushMessageTests {
    private func bytes(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text)) }

    @Test func `the example of RFC 8291 is sealed bit for bit`() throws {
        let sender = try P256.KeyAgreement.PrivateKey(
            rawRepresentation: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
        let receiver = try P256.KeyAgreement.PrivateKey(
            rawRepresentation: bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
        let publicKey = try bytes(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
        #expect(Array(receiver.publicKey.x963Representation) == publicKey)
        let secret = try bytes("BTBZMqHH6r4Tts7J_aSIgg")
        let sealed = try PushMessage.seal(
            Array("When I grow up, I want to be a watermelon".utf8), to: publicKey, secret: secret, from: sender,
            salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"))
        #expect(
            Base64URL.encode(sealed)
                == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
                + "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
        let opened = try #require(PushMessage.open(sealed, as: receiver, secret: secret))
        #expect(String(decoding: opened, as: UTF8.self) == "When I grow up, I want to be a watermelon")
    }

    @Test func `what is sealed fits on the wire, opens for its device and for no other`() throws {
        let device = P256.KeyAgreement.PrivateKey()
        let publicKey = Array(device.publicKey.x963Representation)
        let secret = [UInt8](repeating: 7, count: 16)
        for count in [0, 1, 3_993] {
            let content = [UInt8](repeating: 0, count: count)
            let sealed = try PushMessage.seal(
                content, to: publicKey, secret: secret, from: .init(), salt: .init(repeating: 1, count: 16))
            #expect(sealed.count <= 4_096 && (count < 3_993 || sealed.count == 4_096))
            #expect(PushMessage.open(sealed, as: device, secret: secret) == content)
            #expect(PushMessage.open(sealed, as: .init(), secret: secret) == nil)
            #expect(PushMessage.open(sealed, as: device, secret: .init(repeating: 8, count: 16)) == nil)
            var changed = sealed
            changed[changed.count - 1] ^= 1
            #expect(PushMessage.open(changed, as: device, secret: secret) == nil)
        }
        #expect(throws: PushMessage.Failure.tooLarge) {
            try PushMessage.seal(
                .init(repeating: 0, count: 3_994), to: publicKey, secret: secret, from: .init(),
                salt: .init(repeating: 1, count: 16))
        }
        for wrong in [[UInt8](), .init(repeating: 4, count: 65), Array(publicKey.dropLast())] {
            #expect(throws: (any Error).self) {
                try PushMessage.seal([], to: wrong, secret: secret, from: .init(), salt: .init(repeating: 1, count: 16))
            }
        }
    }

    @Test func `a token names the origin alone, ends within a day, and has a signature of 64 bytes`() throws {
        let identity = PushIdentity(
            secret: Secret([UInt8](repeating: 5, count: 32)), contact: "mailto:you@example.com")
        let same = PushIdentity(secret: Secret([UInt8](repeating: 5, count: 32)), contact: "mailto:other@example.com")
        #expect(identity.publicKey == same.publicKey, "all nodes are one to push services")
        let endpoint = try #require(OutboundAddress("https://push.example.net:8443/deep/path?token=x"))
        let now = Timestamp(microseconds: 1_767_225_600_000_000)
        let header = try identity.authorization(for: endpoint, at: now)
        let token = try PushToken(header)
        #expect(token.isGenuine && token.key == identity.publicKey)
        #expect(token.claims.aud == "https://push.example.net:8443")
        #expect(token.claims.sub == "mailto:you@example.com")
        #expect(token.claims.exp > now.seconds && token.claims.exp <= now.seconds + 86_400)
    }

    @Test func `answers mean what the RFC says`() throws {
        let cases: [(Int, PushDelivery.Verdict)] = [
            (201, .delivered), (200, .delivered), (202, .delivered), (404, .gone), (410, .gone), (413, .refused),
            (400, .refused), (401, .refused), (403, .refused), (301, .refused), (429, .retry(least: .seconds(9))),
            (500, .retry(least: .seconds(9))), (503, .retry(least: .seconds(9))),
        ]
        for (status, verdict) in cases {
            #expect(PushDelivery.verdict(status: status, retryAfter: .seconds(9)) == verdict, "\(status)")
        }
        #expect(PushDelivery.verdict(status: 503, retryAfter: nil) == .retry(least: .zero))
        #expect(PushDelivery.verdict(OutboundError(.addressRefused, "")) == .gone)
        #expect(PushDelivery.verdict(OutboundError(.unreachable, "")) == .retry(least: .zero))
    }

    @Test func `pauses grow fourfold, are no shorter than asked for, and end`() throws {
        let chance = SeededRandomness(seed: 1)
        func pause(after attempt: Int, least: Duration = .zero) -> Duration? {
            PushDelivery.sample(attempt: attempt).pause(least: least, using: chance)
        }
        for (attempt, longest) in [(1, 30), (2, 120), (3, 480), (4, 1_920)] {
            for _ in 0..<50 {
                let pause = try #require(pause(after: attempt))
                #expect(pause >= .seconds(longest) / 2 && pause <= .seconds(longest), "\(attempt): \(pause)")
            }
        }
        #expect(pause(after: 5) == nil)
        #expect(pause(after: 1, least: .seconds(3_000)) == .seconds(3_000))
    }
}

extension PushDelivery {
    static func sample(attempt: Int) -> PushDelivery {
        PushDelivery(
            key: Key(tenant: ID(high: 1, low: 1), notice: ID(high: 2, low: 2), subscription: ID(high: 3, low: 3)),
            kind: "test.kind", title: "t", text: "", link: "/", urgency: "normal", attempt: attempt,
            expiresAt: .epoch)
    }
}
