import Base
import BaseTestKit
import InboxTestKit
import Testing

@testable import InboxVendors

/// Bytes that were changed at random: never a trap, always at least one delivery, and entries within their bounds.
@Suite struct MutationTests {
    private static let adapters: [any ChannelAdapter] = [
        MetaRules.adapter(.messenger), MetaRules.adapter(.instagram), TelegramRules.adapter(), WidgetClient(),
    ]

    private static let bodies: [[UInt8]] =
        HookStory.meta(.messenger, seed: 1, messages: 20, accounts: ["100", "200"], secret: "s").hooks.map(\.raw)
        + HookStory.telegram(seed: 2, messages: 20, secret: "t").hooks.map(\.raw)
        + [
            WidgetNote(visitor: "v:1", clientId: "c", text: "Hi 🚲", receivedAt: .epoch)?.delivery.raw ?? [],
            Array(
                #"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"sender":{"id":"7"},"recipient":{"id":"1"},"timestamp":1,"message":{"mid":"m","attachments":[{"type":"location","payload":{"coordinates":{"lat":1,"long":2}}}],"quick_reply":{"payload":"x"}}},{"delivery":{"mids":["a"],"watermark":3}}],"standby":[{}],"changes":[{"field":"messages","value":{}}]}]}"#
                    .utf8),
        ]

    /// Pieces that change what a value is, and numbers at the edges of 64 bits.
    private static let pieces: [[UInt8]] = [
        "null", "true", "[]", "{}", "\"\"", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "1e308", "1e999", "0.5", "\"\\ud800\"", "\"\\u0000\"", "[[[[[[", "}}}}", "\"", "\\", ",", ":", "\u{FEFF}", "😀",
    ].map { Array($0.utf8) }

    private static func mutated(_ body: [UInt8], _ chance: SeededRandomness) -> [UInt8] {
        var body = body
        for _ in 0...chance.below(4) where !body.isEmpty {
            let place = chance.below(body.count)
            switch chance.below(7) {
            case 0: body[place] = UInt8(truncatingIfNeeded: chance.next())
            case 1: body[place] ^= 1 << UInt8(chance.below(8))
            case 2: body.remove(at: place)
            case 3: body.removeSubrange(place..<min(body.count, place + 1 + chance.below(30)))
            case 4: body.insert(contentsOf: pieces[chance.below(pieces.count)], at: place)
            case 5: body.insert(contentsOf: body[place..<min(body.count, place + 1 + chance.below(60))], at: place)
            default: replaceValue(&body, from: place, chance)
            }
        }
        return body
    }

    /// Puts a piece in the place of the value behind the next colon, so that the document often stays one.
    private static func replaceValue(_ body: inout [UInt8], from place: Int, _ chance: SeededRandomness) {
        guard let colon = body[place...].firstIndex(of: UInt8(ascii: ":")) else { return }
        let end = body[(colon + 1)...].firstIndex { [UInt8(ascii: ","), UInt8(ascii: "}")].contains($0) } ?? body.count
        body.replaceSubrange(colon + 1..<end, with: pieces[chance.below(pieces.count)])
    }

    private static func check(_ raw: [UInt8], _ comment: @autoclosure () -> Comment) {
        for adapter in adapters {
            let deliveries = adapter.deliveries(in: raw)
            #expect((1...Delivery.Bounds.count).contains(deliveries.count), comment())
            #expect(deliveries == adapter.deliveries(in: raw), comment())
            for delivery in deliveries {
                let keys = [delivery.key, delivery.conversationKey, delivery.account ?? ""]
                #expect(
                    keys.allSatisfy { $0.utf8.count <= Delivery.Bounds.keyBytes && !$0.utf8.contains(0) }, comment())
                #expect(delivery.raw.count <= Delivery.Bounds.raw.bytes && !delivery.key.isEmpty, comment())
                do throws(DeliveryFault) {
                    let entries = try adapter.entries(of: Delivery(raw: delivery.raw))
                    #expect(!entries.isEmpty && entries.allSatisfy(isBounded), comment())
                } catch {
                    #expect(error == .unreadable, comment())
                }
            }
        }
    }

    private static func isBounded(_ entry: InboundEntry) -> Bool {
        let ids = [entry.account, entry.externalId, entry.replyTo, entry.reference, entry.application, entry.callback]
        let short = (ids + [entry.externalUserId]).allSatisfy { ($0 ?? "").utf8.count <= InboundEntry.Bounds.idBytes }
        let texts =
            [entry.text, entry.payload, entry.origin, entry.author, entry.profile?.name]
            + entry.attachments.map(\.title)
        // What is stored as a message has an id and somebody it is with.
        let isWhole =
            ![.message, .echo, .edit, .deletion].contains(entry.kind)
            || (entry.externalId != nil && !entry.externalUserId.isEmpty)
        return short && isWhole && texts.allSatisfy { !($0 ?? "").utf8.contains(0) }
            && entry.text.unicodeScalars.count <= InboundEntry.Bounds.textScalars
            && (entry.payload ?? "").utf8.count <= InboundEntry.Bounds.payloadBytes
            && entry.attachments.count <= InboundEntry.Bounds.attachments + 2
    }

    @Test(arguments: 1...60) func `changed bytes never trap and never vanish`(_ seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        for body in Self.bodies {
            let raw = Self.mutated(body, chance)
            Self.check(raw, "seed \(seed): \(String(decoding: raw, as: UTF8.self))")
        }
    }

    @Test func `every prefix of a body is taken`() {
        for body in Self.bodies.suffix(2) {
            for length in 0..<body.count { Self.check(Array(body.prefix(length)), "\(length) bytes") }
        }
    }

    @Test(arguments: 1...20) func `noise is taken`(_ seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        for _ in 0..<20 { Self.check(chance.bytes(chance.below(400)), "seed \(seed)") }
    }

    @Test(arguments: 1...10) func `long values are taken within their bounds`(_ seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        let texts = ["x", "é", "👩‍👩‍👧‍👦", "\\u0000", "\\ud83d\\udeb2"]
        for body in Self.bodies.suffix(8) {
            let long = Array(
                String(repeating: texts[chance.below(texts.count)], count: 1 << (6 + chance.below(9))).utf8)
            let quotes = body.indices.filter { body[$0] == UInt8(ascii: "\"") }
            var raw = body
            raw.insert(contentsOf: long, at: quotes[chance.below(quotes.count)] + 1)
            Self.check(raw, "seed \(seed)")
        }
    }
}
