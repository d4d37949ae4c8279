import Base
import Testing

@testable import InboxVendors

@Suite struct BoundsTests {
    @Test func `a text is cut between characters, and says so`() {
        let family = "👩‍👩‍👧‍👦"
        let text = String(repeating: "a", count: 7_998) + family
        let entry = InboundEntry(.message, with: "1", at: .epoch, text: text)
        #expect(entry.text == String(repeating: "a", count: 7_998))
        #expect(entry.isCut)
        let whole = InboundEntry(.message, with: "1", at: .epoch, text: String(repeating: "é", count: 8_000))
        #expect(whole.text.unicodeScalars.count == 8_000)
        #expect(!whole.isCut)
    }

    @Test func `one character of any number of scalars is cut after all`() {
        let text = "a" + String(repeating: "\u{301}", count: 20_000)
        let entry = InboundEntry(.message, with: "1", at: .epoch, text: text)
        #expect(entry.text.unicodeScalars.count == 8_000)
        #expect(entry.isCut)
    }

    @Test func `what PostgreSQL cannot store is replaced`() {
        #expect(InboundEntry(.message, with: "1", at: .epoch, text: "a\0b").text == "a\u{FFFD}b")
        #expect(InboundProfile(name: "a\0b\nc").name == "a b c")
        #expect(Delivery(key: "a\0", conversationKey: "", account: nil, raw: []).key.hasPrefix("hash:"))
    }

    @Test func `long keys become their hash, and stay apart`() {
        let long = String(repeating: "x", count: 256)
        let one = Delivery(key: long + "1", conversationKey: long, account: long, raw: [])
        let two = Delivery(key: long + "2", conversationKey: long, account: long, raw: [])
        #expect(one.key != two.key)
        #expect(one.key.utf8.count <= Delivery.Bounds.keyBytes)
        #expect(one.conversationKey == two.conversationKey)
        #expect(one.key == Delivery(key: long + "1", conversationKey: "", account: nil, raw: []).key)
    }

    @Test func `windows are counted from the customer's last message`() {
        let rules = ChannelRules(
            text: TextRule(2_000, .utf16), caption: nil, window: .seconds(86_400), personWindow: .seconds(7 * 86_400),
            download: .mebibytes(25), perConversation: 1, perChannel: 30, recentMax: 0)
        let last = Timestamp(microseconds: 1_000_000)
        #expect(rules.standing(lastCustomerAt: nil, at: last) == .closed(since: nil))
        let day = last + .seconds(86_400)
        #expect(rules.standing(lastCustomerAt: last, at: day - .seconds(1)) == .open(until: day))
        #expect(rules.standing(lastCustomerAt: last, at: day) == .open(until: day))
        let week = last + .seconds(7 * 86_400)
        #expect(rules.standing(lastCustomerAt: last, at: day + .seconds(1)) == .peopleOnly(until: week))
        #expect(rules.standing(lastCustomerAt: last, at: week + .seconds(1)) == .closed(since: week))
        var always = rules
        always.window = nil
        #expect(always.standing(lastCustomerAt: nil, at: week) == .open(until: nil))
    }
}
