import Base
import InboxTestKit
import Testing

@testable import InboxVendors

@Suite struct MetaDeliveryTests {
    private let adapter = MetaRules.adapter()
    private let time = MetaEntryTests.time

    @Test func `several entries with several items each are cut into their items`() throws {
        let one = MetaHooks.Thread(account: "100", user: "7")
        let two = MetaHooks.Thread(account: "200", user: "7")
        let raw = MetaHooks.body(
            "page",
            [
                (
                    "100", time,
                    [
                        MetaHooks.message(one, id: "m_1", "é 1/2", at: time),
                        MetaHooks.deletion(one, id: "m_0", at: time),
                    ]
                ),
                ("200", time, [MetaHooks.message(two, id: "m_2", "🚲", at: time)]),
                ("100", time, [MetaHooks.echo(one, id: "m_3", "Hi", at: time)]),
            ])
        let deliveries = adapter.deliveries(in: raw)
        #expect(deliveries.map(\.key) == ["message:m_1", "deletion:m_0", "message:m_2", "message:m_3"])
        #expect(deliveries.map(\.conversationKey) == ["100/7", "100/7", "200/7", "100/7"])
        #expect(deliveries.map(\.account) == ["100", "100", "200", "100"])
        // Not a byte of an item is written anew.
        #expect(String(decoding: deliveries[0].raw, as: UTF8.self).contains(#""text":"\u00e9 1\/2""#))
        let entries = try deliveries.flatMap { try adapter.entries(of: Delivery(raw: $0.raw)) }
        #expect(entries.map(\.text) == ["é 1/2", "", "🚲", "Hi"])
        #expect(entries.map(\.account) == ["100", "100", "200", "100"])
        #expect(try entries == adapter.entries(of: Delivery(raw: raw)))
    }

    @Test func `one item keeps the body as it came`() {
        let thread = MetaHooks.Thread(account: "100", user: "7")
        let raw = MetaHooks.body("page", [("100", time, [MetaHooks.message(thread, id: "m_1", "Hi", at: time)])])
        #expect(adapter.deliveries(in: raw).map(\.raw) == [raw])
    }

    @Test func `standby, changes and unknown lists survive the cut`() throws {
        let raw = Array(
            #"{"object":"page","entry":[{"id":1,"time":5,"standby":[{"a":1}],"changes":[{"field":"feed"}],"new":[{"b": 2}]},{"id":"2","odd":true}]}"#
                .utf8)
        let deliveries = adapter.deliveries(in: raw)
        #expect(deliveries.count == 4)
        let kinds = try deliveries.flatMap { try adapter.entries(of: $0).map(\.kind) }
        #expect(kinds == [.unknown, .skipped(.publicPost), .unknown, .unknown])
        #expect(String(decoding: deliveries[2].raw, as: UTF8.self).contains(#""new":[{"b": 2}]"#))
        #expect(String(decoding: deliveries[3].raw, as: UTF8.self).contains(#""odd":true"#))
        #expect(Set(deliveries.map(\.key)).count == 4)
    }

    @Test func `a body of more items than any vendor sends is kept whole`() {
        let many = Array(repeating: "{}", count: Delivery.Bounds.count + 1).joined(separator: ",")
        let raw = Array(#"{"object":"page","entry":[{"id":"1","messaging":[\#(many)]}]}"#.utf8)
        let deliveries = adapter.deliveries(in: raw)
        #expect(deliveries.map(\.raw) == [raw])
        let most = Array(repeating: "{}", count: Delivery.Bounds.count).joined(separator: ",")
        let full = Array(#"{"object":"page","entry":[{"id":"1","messaging":[\#(most)]}]}"#.utf8)
        #expect(adapter.deliveries(in: full).count == Delivery.Bounds.count)
    }

    @Test func `an item beyond the bound is cut and found unreadable`() {
        let thread = MetaHooks.Thread(account: "100", user: "7")
        let long = String(repeating: "x", count: Delivery.Bounds.raw.bytes)
        let raw = MetaHooks.body("page", [("100", time, [MetaHooks.message(thread, id: "m_1", long, at: time)])])
        let deliveries = adapter.deliveries(in: raw)
        #expect(deliveries.map(\.key) == ["message:m_1"])
        #expect(deliveries[0].raw.count == Delivery.Bounds.raw.bytes)
        #expect(throws: DeliveryFault.unreadable) { try adapter.entries(of: deliveries[0]) }
    }

    @Test func `what cannot be read is one delivery, the same each time`() {
        let deliveries = adapter.deliveries(in: Array("no JSON".utf8))
        #expect(deliveries.count == 1)
        #expect(deliveries[0].conversationKey.isEmpty)
        #expect(deliveries == adapter.deliveries(in: Array("no JSON".utf8)))
        #expect(deliveries[0].key != adapter.deliveries(in: Array("no json".utf8))[0].key)
    }

    @Test func `an edit is told apart from the next edit, and from the message`() {
        let thread = MetaHooks.Thread(account: "100", user: "7")
        let items = [
            MetaHooks.message(thread, id: "m_1", "a", at: time),
            MetaHooks.edit(thread, id: "m_1", "b", number: 1, at: time),
            MetaHooks.edit(thread, id: "m_1", "c", number: 2, at: time),
            MetaHooks.deletion(thread, id: "m_1", at: time),
        ]
        let keys = adapter.deliveries(in: MetaHooks.body("page", [("100", time, items)])).map(\.key)
        #expect(keys == ["message:m_1", "edit:1:m_1", "edit:2:m_1", "deletion:m_1"])
    }
}
