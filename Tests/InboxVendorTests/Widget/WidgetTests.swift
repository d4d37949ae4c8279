import Base
import BaseTestKit
import Testing

@testable import InboxVendors

@Suite struct WidgetTests {
    private static let now = Timestamp(microseconds: 1_767_225_600_000_000)
    private static let secret = Secret("identity secret")
    private static let key = Secret([UInt8](repeating: 7, count: 32))

    private func fault(
        _ userId: String = "käufer-7", expires: Int64 = 1_767_312_000, _ signature: String? = nil,
        secrets: [Secret<String>] = [secret], at now: Timestamp = now
    ) -> WidgetIdentity.Fault? {
        let right = "8d109a493a237896349f8b4e4db036a9f63abdd0a7ebe03c6e6293a05bf2aafc"
        do throws(WidgetIdentity.Fault) {
            let identity = try WidgetIdentity(
                userId: userId, expires: expires, signature: signature ?? right, with: secrets, at: now)
            return identity.userId == userId ? nil : .unreadable
        } catch { return error }
    }

    @Test func `an identity that another program signed is believed until it expires`() {
        #expect(fault() == nil)
        #expect(fault(at: Self.now + .seconds(86_399)) == nil)
        #expect(fault(at: Self.now + .seconds(86_400)) == .expired)
        #expect(
            WidgetIdentity.signature(userId: "käufer-7", expires: 1_767_312_000, with: Self.secret)
                == "8d109a493a237896349f8b4e4db036a9f63abdd0a7ebe03c6e6293a05bf2aafc")
    }

    @Test func `id, expiry and secret are all signed`() {
        #expect(fault("käufer-8") == .mismatch)
        #expect(fault(expires: 1_767_312_001) == .mismatch)
        #expect(fault(secrets: [Secret("another company's")]) == .mismatch)
        #expect(fault(secrets: [Secret("old"), Self.secret]) == nil)
        #expect(fault(secrets: []) == .noSecret)
        #expect(fault(secrets: [Secret("")]) == .noSecret)
        // The expiry cannot be moved into the id, nor the other way.
        #expect(fault("2000.käufer-7", expires: 176_731) == .mismatch)
        #expect(fault("", "00") == .unreadable)
        #expect(fault(String(repeating: "x", count: 201)) == .unreadable)
    }

    @Test func `an identity for longer than a week is none`() {
        let far = Int64(1_767_225_600 + 8 * 86_400)
        let signature = WidgetIdentity.signature(userId: "u", expires: far, with: Self.secret)
        #expect(fault("u", expires: far, signature) == .tooLong)
    }

    @Test func `a visitor's token names its channel and nobody else`() throws {
        let chance = SeededRandomness(seed: 1)
        let token = VisitorToken(channel: "c1", now: Self.now, using: chance)
        let text = token.text(signedWith: Self.key)
        #expect(text.utf8.count <= VisitorToken.Bounds.bytes)
        let read = try VisitorToken(text, channel: "c1", keys: [Self.key], at: Self.now)
        #expect(read == token && !read.isKnown)
        #expect(VisitorToken(channel: "c1", now: Self.now, using: chance) != token)
        #expect(throws: VisitorToken.Fault.otherChannel) {
            try VisitorToken(text, channel: "c2", keys: [Self.key], at: Self.now)
        }
        #expect(throws: VisitorToken.Fault.expired) {
            try VisitorToken(text, channel: "c1", keys: [Self.key], at: Self.now + VisitorToken.Bounds.visitor)
        }
        let other = Secret([UInt8](repeating: 8, count: 32))
        #expect(throws: VisitorToken.Fault.mismatch) {
            try VisitorToken(text, channel: "c1", keys: [other], at: Self.now)
        }
        #expect(try VisitorToken(text, channel: "c1", keys: [other, Self.key], at: Self.now) == token)
        for keys in [[], [Secret([UInt8]())]] {
            #expect(throws: VisitorToken.Fault.noKey) {
                try VisitorToken(text, channel: "c1", keys: keys, at: Self.now)
            }
        }
    }

    @Test func `every changed character of a token is noticed`() {
        let text = VisitorToken(channel: "c1", now: Self.now, using: SeededRandomness(seed: 1)).text(
            signedWith: Self.key)
        for index in text.indices {
            for replacement in ["A", "."] where String(text[index]) != replacement {
                let wrong = text.replacingCharacters(at: index, with: replacement)
                #expect(throws: VisitorToken.Fault.self) {
                    try VisitorToken(wrong, channel: "c1", keys: [Self.key], at: Self.now)
                }
            }
        }
        for wrong in ["", ".", "a", "a.b.c", String(repeating: "a", count: 2_000)] {
            #expect(throws: VisitorToken.Fault.self) {
                try VisitorToken(wrong, channel: "c1", keys: [Self.key], at: Self.now)
            }
        }
    }

    @Test func `a known user holds no longer than his identity, and cannot be taken for a visitor`() throws {
        let signature = WidgetIdentity.signature(userId: "v:1", expires: 1_767_312_000, with: Self.secret)
        let identity = try WidgetIdentity(
            userId: "v:1", expires: 1_767_312_000, signature: signature, with: [Self.secret], at: Self.now)
        let token = VisitorToken(channel: "c1", identity)
        #expect(token.isKnown && token.externalUserId == "u:v:1")
        #expect(token.expires == Self.now + .seconds(86_400))
        #expect(
            try VisitorToken(token.text(signedWith: Self.key), channel: "c1", keys: [Self.key], at: Self.now) == token)
    }

    @Test func `origins match exactly`() throws {
        let rule = try #require(
            OriginRule(["https://example.com", "HTTPS://Shop.Example.com:443", "http://localhost:8080"]))
        for origin in ["https://example.com", "https://shop.example.com", "http://localhost:8080"] {
            #expect(rule.allows(origin), "\(origin)")
        }
        for origin in [
            "https://evil-example.com", "https://example.com.evil.com", "http://example.com", "https://www.example.com",
            "https://example.com:8443", "https://example.com/", "https://example.com/x", "null", "",
            "https://user@example.com", "https://EXAMPLE.com", "https://example.com:443", "http://localhost",
            "https://example.com?", "https://example.com#", " https://example.com", "https://exämple.com",
        ] {
            #expect(!rule.allows(origin), "\(origin)")
        }
        #expect(!rule.allows(nil))
        #expect(OriginRule([])?.allows("https://example.com") == false)
        for entry in ["*", "https://*.example.com", "example.com", "https://", "https://a..b", "ftp://example.com"] {
            #expect(OriginRule([entry]) == nil, "\(entry)")
        }
        #expect(OriginRule(Array(repeating: "https://example.com", count: 51)) == nil)
    }

    @Test func `a note goes the way of every delivery, once for each of the browser's ids`() throws {
        let note = try #require(
            WidgetNote(visitor: "v:1", clientId: "c1", text: "Grüße\n\"🚲\"", receivedAt: Self.now))
        let widget = WidgetClient()
        #expect(widget.deliveries(in: note.delivery.raw) == [note.delivery])
        let entries = try widget.entries(of: Delivery(raw: note.delivery.raw))
        #expect(
            entries == [
                InboundEntry(.message, with: "v:1", at: Self.now, externalId: note.delivery.key, text: "Grüße\n\"🚲\"")
            ])
        let others = [("v:2", "c1"), ("v:1", "c2")].map { visitor, id in
            WidgetNote(visitor: visitor, clientId: id, text: "x", receivedAt: Self.now)?.delivery.key
        }
        #expect(Set(others + [note.delivery.key]).count == 3)
        #expect(WidgetNote(visitor: "v:1", clientId: "", text: "x", receivedAt: Self.now) == nil)
        #expect(WidgetNote(visitor: "v:1", clientId: "c", text: "", receivedAt: Self.now) == nil)
    }

    @Test func `nobody delivers to a widget from outside`() {
        #expect(throws: DeliveryFault.notDelivered) {
            try WidgetClient().verify([], DeliveryHeaders([]), with: ChannelSecrets(signing: [Self.secret]))
        }
    }

    @Test func `what a widget sends is sent when it is stored`() async {
        let line = ChannelLine(externalAccount: "w", token: Secret(""))
        let message = OutboundMessage(to: "v:1", .text("Hi"), by: .bot, reference: "r1")
        #expect(await WidgetClient().send(message, over: line) == .sent(externalId: "r1"))
        var long = message
        long.content = .text(String(repeating: "x", count: 4_001))
        guard case .refusedForGood(let refusal) = await WidgetClient().send(long, over: line) else {
            Issue.record("a text beyond the rule was sent")
            return
        }
        #expect(refusal.reason == .tooLong)
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, with text: String) -> String {
        String(self[..<index]) + text + self[self.index(after: index)...]
    }
}
