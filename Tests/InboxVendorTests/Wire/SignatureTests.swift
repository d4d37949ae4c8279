import Base
import InboxTestKit
import Testing

@testable import InboxVendors

/// Every text here has what breaks when it is written anew: escapes, an escaped slash, a float, spaces, a line's end.
@Suite struct SignatureTests {
    private static let body =
        Array(
            #"{"object":"page","entry":[{"id":"100","time":1767225600000,"messaging":[{"sender":{"id":"7"}, "recipient":{"id":"100"},"timestamp":1767225600000,"message":{"mid":"m_1","text":"Gr\u00fc\u00dfe \ud83d\udeb2 1\/2 é","x":1.0}}]}]}"#
                .utf8) + [10]
    /// HMAC-SHA256 of another program.
    private static let signature = "aba0e0cf5d67eeb89b3dc7a3967135d016f8447675613d6ce167919c0bfa40dc"
    private static let adapter = MetaRules.adapter()

    private func check(
        _ fields: [(String, String)], _ secrets: [String], body: [UInt8] = body
    ) -> DeliveryFault? {
        do throws(DeliveryFault) {
            try Self.adapter.verify(
                body, DeliveryHeaders(fields), with: ChannelSecrets(signing: secrets.map { Secret($0) }))
            return nil
        } catch { return error }
    }

    @Test func `the bytes as they came verify`() {
        #expect(check([("X-Hub-Signature-256", "sha256=" + Self.signature)], ["app secret"]) == nil)
        #expect(check([("x-hub-signature-256", "sha256=" + Self.signature.uppercased())], ["app secret"]) == nil)
    }

    @Test func `each of several secrets is tried`() {
        let field = [("X-Hub-Signature-256", "sha256=" + Self.signature)]
        #expect(check(field, ["old", "older", "app secret"]) == nil)
        #expect(check(field, ["app secret", "next"]) == nil)
        #expect(check(field, ["old", "older"]) == .mismatch)
    }

    @Test func `no secret is a refusal, and so is an empty one`() {
        let field = [("X-Hub-Signature-256", "sha256=" + Self.signature)]
        #expect(check(field, []) == .noSecret)
        #expect(check(field, [""]) == .noSecret)
        #expect(check([], []) == .noSecret)
    }

    @Test func `other headers prove nothing`() {
        #expect(check([], ["app secret"]) == .headerMissing)
        #expect(check([("X-Hub-Signature", "sha1=" + Self.signature)], ["app secret"]) == .headerMissing)
        #expect(check([("X-Hub-Signature-256", Self.signature)], ["app secret"]) == .headerUnreadable)
        #expect(
            check([("X-Hub-Signature-256", "sha256=" + Self.signature.dropLast(2))], ["app secret"])
                == .headerUnreadable)
        #expect(
            check([("X-Hub-Signature-256", "sha256=" + Self.signature + "00")], ["app secret"]) == .headerUnreadable)
        let twice = [
            ("X-Hub-Signature-256", "sha256=" + Self.signature), ("X-Hub-Signature-256", "sha256=" + Self.signature),
        ]
        #expect(check(twice, ["app secret"]) == .headerUnreadable)
    }

    @Test func `every changed byte is noticed`() {
        let field = [("X-Hub-Signature-256", "sha256=" + Self.signature)]
        for place in Self.body.indices {
            var body = Self.body
            body[place] ^= 1
            #expect(check(field, ["app secret"], body: body) == .mismatch, "byte \(place)")
        }
        #expect(check(field, ["app secret"], body: Self.body.dropLast()) == .mismatch)
    }

    @Test func `a body beyond the bound is refused before it is read`() {
        let body = [UInt8](repeating: 32, count: Delivery.Bounds.body.bytes + 1)
        let hook = VendorHook.meta(body, secret: "app secret")
        #expect(check(hook.fields, ["app secret"], body: body) == .tooLarge)
    }

    @Test func `the challenge is answered to who knows the verify token`() throws {
        let secrets = ChannelSecrets(signing: [], verifyToken: Secret("verify"))
        let query = ["hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "1158201444"]
        #expect(try Self.adapter.challenge(query, with: secrets) == "1158201444")
        for (name, value) in [("hub.mode", "unsubscribe"), ("hub.verify_token", "verif"), ("hub.challenge", "")] {
            var wrong = query
            wrong[name] = value
            #expect(throws: DeliveryFault.challengeRefused) { try Self.adapter.challenge(wrong, with: secrets) }
        }
        #expect(throws: DeliveryFault.challengeRefused) { try Self.adapter.challenge([:], with: secrets) }
        #expect(throws: DeliveryFault.noSecret) {
            try Self.adapter.challenge(query, with: ChannelSecrets(signing: [], verifyToken: Secret("")))
        }
    }

    @Test func `the secret token of a bot is compared as a whole`() {
        func check(_ fields: [(String, String)], _ secrets: [String]) -> DeliveryFault? {
            do throws(DeliveryFault) {
                try TelegramRules.adapter().verify(
                    Self.body, DeliveryHeaders(fields), with: ChannelSecrets(signing: secrets.map { Secret($0) }))
                return nil
            } catch { return error }
        }
        let name = "X-Telegram-Bot-Api-Secret-Token"
        #expect(check([(name, "token-1")], ["token-1"]) == nil)
        #expect(check([(name, "token-1")], ["token-2", "token-1"]) == nil)
        #expect(check([(name, "token-")], ["token-1"]) == .mismatch)
        #expect(check([(name, "token-11")], ["token-1"]) == .mismatch)
        #expect(check([(name, "token-1")], []) == .noSecret)
        #expect(check([], ["token-1"]) == .headerMissing)
        #expect(check([(name, "")], [""]) == .noSecret)
        #expect(check([(name, String(repeating: "a", count: 257))], ["token-1"]) == .headerUnreadable)
        #expect(check([(name, "token-1"), (name, "token-1")], ["token-1"]) == .headerUnreadable)
    }
}
