import Base
import InboxTestKit
import Testing

@testable import InboxVendors

@Suite struct TelegramEntryTests {
    private let adapter = TelegramRules.adapter()
    private static let time = Timestamp(microseconds: 1_767_225_600_000_000)
    private static let person =
        #""from":{"id":4503599627370495,"is_bot":false,"first_name":"Zoë","last_name":"Müller","username":"zoe","language_code":"de"}"#
    private static let chat = #""chat":{"id":4503599627370495,"type":"private","first_name":"Zoë"}"#

    private func entry(_ members: String) throws -> InboundEntry {
        let deliveries = adapter.deliveries(in: Array("{\"update_id\":10,\(members)}".utf8))
        #expect(deliveries.count == 1)
        #expect(deliveries[0].key == "update:10")
        return try #require(try adapter.entries(of: Delivery(raw: deliveries[0].raw)).first)
    }

    private func message(_ members: String, name: String = "message") throws -> InboundEntry {
        try entry(#""\#(name)":{"message_id":5,\#(Self.person),\#(Self.chat),"date":1767225600,\#(members)}"#)
    }

    @Test func `a text, with an id of 52 bits`() throws {
        let entry = try message(#""text":"Gr\u00fc\u00dfe 🚲""#)
        var expected = InboundEntry(
            .message, with: "4503599627370495", at: Self.time, externalId: "4503599627370495:5", text: "Grüße 🚲")
        expected.profile = InboundProfile(name: "Zoë Müller", handle: "zoe", locale: "de")
        #expect(entry == expected)
    }

    @Test func `an edit, an answer and a start with a word`() throws {
        let edit = try message(#""edit_date":1767225660,"text":"better""#, name: "edited_message")
        #expect(
            edit.kind == .edit && edit.sentAt == Self.time + .seconds(60) && edit.externalId == "4503599627370495:5")
        let answer = try message(#""text":"yes","reply_to_message":{"message_id":4}"#)
        #expect(answer.replyTo == "4503599627370495:4")
        #expect(try message(#""text":"/start summer-sale""#).origin == "summer-sale")
        #expect(try message(#""text":"/start""#).origin == nil)
    }

    @Test(arguments: [
        (
            #""photo":[{"file_id":"small","width":90},{"file_id":"big","file_size":12345}],"caption":"look""#,
            InboundAttachment.Kind.image, "big"
        ),
        (#""document":{"file_id":"d","file_name":"a.pdf","mime_type":"application/pdf"}"#, .file, "d"),
        (#""animation":{"file_id":"g"},"document":{"file_id":"g2"}"#, .video, "g"),
        (#""video":{"file_id":"v"}"#, .video, "v"), (#""video_note":{"file_id":"n"}"#, .video, "n"),
        (#""audio":{"file_id":"a"}"#, .audio, "a"), (#""voice":{"file_id":"o"}"#, .audio, "o"),
        (#""sticker":{"file_id":"s","emoji":"👍"}"#, .sticker, "s"),
    ])
    func `files come by their id`(_ members: String, _ kind: InboundAttachment.Kind, _ id: String) throws {
        let entry = try message(members)
        #expect(entry.attachments.map(\.kind) == [kind])
        #expect(entry.attachments.map(\.source) == [.reference(id)])
    }

    @Test func `places, contacts, dice, and what cannot be shown`() throws {
        #expect(
            try message(#""location":{"latitude":48.5,"longitude":9.25}"#).attachments.map(\.title) == ["48.5, 9.25"])
        let venue =
            #""venue":{"title":"Shop","location":{"latitude":1,"longitude":2}},"location":{"latitude":1,"longitude":2}"#
        #expect(try message(venue).attachments.map(\.title) == ["Shop, 1.0, 2.0"])
        let contact = try message(#""contact":{"first_name":"Leo","phone_number":"+49 1"}"#)
        #expect(contact.attachments == [InboundAttachment(.contact, .none, title: "Leo +49 1")])
        #expect(try message(#""dice":{"emoji":"🎲","value":3}"#).text == "🎲")
        #expect(try message(#""hologram":{}"#).attachments.map(\.kind) == [.unsupported])
    }

    @Test func `a group is who the conversation is with`() throws {
        let entry = try entry(
            #""message":{"message_id":5,\#(Self.person),"chat":{"id":-1001,"type":"supergroup","title":"Ride club"},"date":1767225600,"text":"Hi"}"#
        )
        #expect(entry.externalUserId == "-1001" && entry.profile?.name == "Ride club" && entry.author == "Zoë Müller")
    }

    @Test func `a group that becomes a supergroup goes on there`() throws {
        #expect(try message(#""migrate_to_chat_id":-1009007199254740993"#).kind == .moved(to: "-1009007199254740993"))
        #expect(try message(#""migrate_from_chat_id":-5"#).kind == .skipped(.service))
        #expect(try message(#""new_chat_members":[]"#).kind == .skipped(.service))
    }

    @Test func `blocked and unblocked`() throws {
        func change(_ status: String) throws -> InboundEntry {
            try entry(
                #""my_chat_member":{\#(Self.chat),\#(Self.person),"date":1767225600,"old_chat_member":{},"new_chat_member":{"status":"\#(status)"}}"#
            )
        }
        #expect(try change("kicked").kind == .left)
        #expect(try change("left").kind == .left)
        #expect(try change("member").kind == .returned)
        #expect(try change("member").externalUserId == "4503599627370495")
        #expect(try change("restricted").kind == .skipped(.service))
        #expect(try change("emperor").kind == .unknown)
    }

    @Test func `a button is what stands on it`() throws {
        let entry = try entry(
            #""callback_query":{"id":"4382bfdwdsb323b2d9","#
                + #"\#(Self.person),"data":"size:m","message":{"message_id":4,\#(Self.chat),"date":1767225600,"#
                + #""reply_markup":{"inline_keyboard":[[{"text":"S","callback_data":"size:s"}],[{"text":"Size M","callback_data":"size:m"}]]}}}"#
        )
        #expect(entry.kind == .message && entry.text == "Size M" && entry.payload == "size:m")
        #expect(entry.callback == "4382bfdwdsb323b2d9" && entry.externalId == "callback:4382bfdwdsb323b2d9")
        #expect(entry.replyTo == "4503599627370495:4" && entry.sentAt == nil)
        let inline = #""callback_query":{"id":"1",\#(Self.person),"data":"x","inline_message_id":"AB"}"#
        #expect(try self.entry(inline).kind == .skipped(.other))
    }

    @Test(arguments: [
        ("channel_post", InboundEntry.SkipReason.lookingOn), ("business_message", .lookingOn),
        ("message_reaction", .reaction), ("chat_member", .service), ("inline_query", .other), ("poll", .other),
    ])
    func `what bots are not asked for says why it is skipped`(_ name: String, _ reason: InboundEntry.SkipReason) throws
    {
        #expect(try entry(#""\#(name)":{}"#).kind == .skipped(reason))
    }

    @Test func `a place that moves says nothing`() throws {
        let moving = #""location":{"latitude":1,"longitude":2,"live_period":60},"edit_date":1767225660"#
        #expect(try message(moving, name: "edited_message").kind == .skipped(.service))
    }

    @Test func `forms that nobody knows are kept, and broken ones go to the dead letters`() throws {
        #expect(try entry(#""hologram":{}"#).kind == .unknown)
        #expect(try entry(#""message":{"message_id":5}"#).kind == .unknown)
        #expect(try entry(#""message":[]"#).kind == .unknown)
        #expect(throws: DeliveryFault.unreadable) { try adapter.entries(of: Delivery(raw: Array("[]".utf8))) }
        #expect(throws: DeliveryFault.unreadable) { try adapter.entries(of: Delivery(raw: Array("{".utf8))) }
        #expect(adapter.deliveries(in: Array("{}".utf8))[0].key.hasPrefix("bytes:"))
    }

    @Test func `two bots with the same numbers have the same keys, so the channel must tell them apart`() {
        let raw = TelegramHooks.update(1, "message", TelegramHooks.message(chat: 7, number: 1, "Hi", at: Self.time))
        #expect(adapter.deliveries(in: raw).map(\.account) == [nil])
        #expect(adapter.deliveries(in: raw).map(\.conversationKey) == ["7"])
    }
}
