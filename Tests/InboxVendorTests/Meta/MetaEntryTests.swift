import Base
import Foundation
import InboxTestKit
import Testing

@testable import InboxVendors

/// The documented forms, one by one, as they stand in a body.
@Suite struct MetaEntryTests {
    static let time = Timestamp(microseconds: 1_767_225_600_123_000)

    /// Everything a body says, through the cut into deliveries and back from what was kept.
    private func entries(_ text: String, _ kind: ChannelKind = .messenger) throws -> [InboundEntry] {
        let adapter = MetaRules.adapter(kind)
        return try adapter.deliveries(in: Array(text.utf8)).flatMap { delivery in
            try adapter.entries(of: Delivery(raw: delivery.raw))
        }
    }

    private func item(_ members: String, from sender: String = "7", to recipient: String = "100") -> String {
        #"{"object":"page","entry":[{"id":"100","time":1767225600500,"messaging":[{"sender":{"id":"\#(sender)"},"#
            + #""recipient":{"id":"\#(recipient)"},"timestamp":1767225600123,\#(members)}]}]}"#
    }

    private func one(_ members: String) throws -> InboundEntry {
        let entries = try entries(item(members))
        #expect(entries.count == 1)
        return try #require(entries.first)
    }

    @Test func `a text`() throws {
        let entry = try one(#""message":{"mid":"m_1","text":"Gr\u00fc\u00dfe \ud83d\udeb2 1\/2"}"#)
        var expected = InboundEntry(
            .message, with: "7", at: Self.time, account: "100", externalId: "m_1", text: "Grüße 🚲 1/2")
        #expect(entry == expected)
        expected.text = ""
        #expect(entry != expected)
    }

    @Test func `a quick reply, an answer, and where the customer came from`() throws {
        let entry = try one(
            #""message":{"mid":"m_1","text":"Red","quick_reply":{"payload":"COLOR_RED"},"reply_to":{"mid":"m_0"},"#
                + #""referral":{"source":"ADS","type":"OPEN_THREAD","ad_id":"6045246247433","ref":"r"}}"#)
        #expect(entry.payload == "COLOR_RED")
        #expect(entry.replyTo == "m_0")
        #expect(entry.origin == "6045246247433")
    }

    @Test func `attachments`() throws {
        let entry = try one(
            #""message":{"mid":"m_1","attachments":["#
                + #"{"type":"image","payload":{"url":"https:\/\/cdn.example\/a.jpg?x=1"}},"#
                + #"{"type":"image","payload":{"url":"https://cdn.example/s.png","sticker_id":369239263222822}},"#
                + #"{"type":"video","payload":{"url":"https://cdn.example/v.mp4"}},"#
                + #"{"type":"audio","payload":{"url":"https://cdn.example/a.m4a"}},"#
                + #"{"type":"file","payload":{"url":"https://cdn.example/f.pdf","name":"f.pdf"}},"#
                + #"{"type":"location","title":"Maya's place","payload":{"coordinates":{"lat":48.5,"long":-2.25}}},"#
                + #"{"type":"fallback","title":"A page","payload":{"url":"https://example.com/"}},"#
                + #"{"type":"story_mention","payload":{"url":"https://cdn.example/story"}},"#
                + #"{"type":"template","payload":{"url":"javascript:alert(1)"}},"#
                + #"{"type":"unsupported_type"},{"type":"hologram","payload":{}},{}]}"#)
        #expect(
            entry.attachments.map(\.kind) == [
                .image, .sticker, .video, .audio, .file, .place, .share, .share, .share, .unsupported, .share, .share,
            ])
        #expect(entry.attachments[0].source == .address("https://cdn.example/a.jpg?x=1"))
        #expect(entry.attachments[4].name == "f.pdf")
        #expect(entry.attachments[5].title == "48.5, -2.25")
        #expect(entry.attachments[8].source == .none)
        #expect(entry.attachments[10].title == "hologram")
    }

    @Test func `a reply to a story, and what the vendor gives no access to`() throws {
        let story = try one(
            #""message":{"mid":"m_1","text":"wow","reply_to":{"story":{"url":"https://cdn.example/s","id":"9"}}}"#)
        #expect(story.attachments == [InboundAttachment(.share, .address("https://cdn.example/s"), title: "story")])
        #expect(try one(#""message":{"mid":"m_1","is_unsupported":true}"#).attachments.map(\.kind) == [.unsupported])
        #expect(try one(#""message":{"mid":"m_1"}"#).attachments.map(\.kind) == [.unsupported])
    }

    @Test func `echoes of ours and of Meta's own inbox`() throws {
        let echoes = try entries(
            item(
                #""message":{"mid":"m_1","is_echo":true,"app_id":1517776481860111,"metadata":"ref-1","text":"Hi"}"#,
                from: "100", to: "7")
        )
        #expect(echoes.map(\.kind) == [.echo])
        #expect(echoes[0].account == "100" && echoes[0].externalUserId == "7")
        #expect(echoes[0].reference == "ref-1" && echoes[0].application == "1517776481860111")
        let theirs = try entries(item(#""message":{"mid":"m_2","is_echo":true,"text":"Hi"}"#, from: "100", to: "7"))
        #expect(theirs[0].reference == nil && theirs[0].application == nil)
    }

    @Test func `deletions and edits`() throws {
        let deletion = try one(#""message":{"mid":"m_1","is_deleted":true}"#)
        #expect(deletion.kind == .deletion && deletion.externalId == "m_1")
        let edit = try one(#""message_edit":{"mid":"m_1","text":"better","num_edit":2}"#)
        #expect(edit.kind == .edit && edit.text == "better" && edit.externalId == "m_1")
        #expect(try one(#""message_edit":{"mid":"m_1","num_edit":0}"#).kind == .unknown)
    }

    @Test func `delivered and read, by time and by message`() throws {
        let delivered = try one(#""delivery":{"mids":["m_1","m_2"],"watermark":1767225600000}"#)
        #expect(delivered.kind == .delivered)
        #expect(delivered.mark == .until(Timestamp(microseconds: 1_767_225_600_000_000)))
        #expect(try one(#""delivery":{"mids":["m_1","m_2"]}"#).mark == .messages(["m_1", "m_2"]))
        #expect(try one(#""read":{"watermark":1767225600000}"#).kind == .read)
        #expect(try one(#""read":{"mid":"m_3"}"#).mark == .messages(["m_3"]))
        #expect(try one(#""read":{}"#).kind == .unknown)
    }

    @Test func `a button is what the customer has seen himself say`() throws {
        let entry = try one(
            #""postback":{"mid":"m_9","title":"Get started","payload":"START","referral":{"ref":"shop"}}"#)
        #expect(entry.kind == .message && entry.text == "Get started" && entry.payload == "START")
        #expect(entry.externalId == "m_9" && entry.origin == "shop")
        let older = try one(#""postback":{"title":"Get started","payload":"START"}"#)
        #expect(older.externalId?.hasPrefix("bytes:") ?? false)
    }

    @Test(arguments: [
        (#""reaction":{"mid":"m_1","action":"react","emoji":"❤"}"#, InboundEntry.SkipReason.reaction),
        (#""referral":{"ref":"shop","source":"SHORTLINK","type":"OPEN_THREAD"}"#, .referral),
        (#""optin":{"type":"notification_messages"}"#, .optIn),
        (#""pass_thread_control":{"new_owner_app_id":"1"}"#, .handover),
        (#""take_thread_control":{"previous_owner_app_id":"1"}"#, .handover),
        (#""account_linking":{"status":"linked"}"#, .other),
    ])
    func `a form that is known and not used says why`(_ members: String, _ reason: InboundEntry.SkipReason) throws {
        #expect(try one(members).kind == .skipped(reason))
    }

    @Test func `a form that nobody knows is kept`() throws {
        let entry = try one(#""hologram":{"depth":3}"#)
        #expect(entry.kind == .unknown && entry.externalUserId == "7")
        #expect(try entries(#"{"object":"page"}"#).map(\.kind) == [.unknown])
        #expect(try entries("[]").map(\.kind) == [.unknown])
        #expect(try entries(#"{"object":"page","entry":[]}"#).map(\.kind) == [.unknown])
        #expect(try entries(#"{"object":"page","entry":[{"id":"1","hop_context":3}]}"#).map(\.kind) == [.unknown])
        #expect(try entries(#"{"object":"page","entry":[{"id":"1","holograms":[{}]}]}"#).map(\.kind) == [.unknown])
    }

    @Test func `the test button makes no conversation`() throws {
        let test =
            #"{"entry":[{"id":"0","time":1527459824,"changes":[{"field":"messages","value":{"sender":{"id":"12334"},"#
            + #""recipient":{"id":"23245"},"timestamp":"1527459824","message":{"mid":"random_mid","text":"random_text"}}}]}],"object":"instagram"}"#
        #expect(try entries(test, .instagram).map(\.kind) == [.skipped(.test)])
        let asMessaging = item(#""message":{"mid":"random_mid","text":"random_text"}"#, from: "12334", to: "23245")
        #expect(try entries(asMessaging).map(\.kind) == [.skipped(.test)])
    }

    @Test func `comments are not conversations`() throws {
        let body =
            #"{"object":"instagram","entry":[{"id":"100","time":1,"changes":[{"field":"comments","value":{"id":"1"}},"#
            + #"{"field":"mentions","value":{}},{"field":"holograms","value":{}}]}]}"#
        #expect(try entries(body, .instagram).map(\.kind) == [.skipped(.publicPost), .skipped(.publicPost), .unknown])
    }

    @Test func `what another application answers is kept and marked`() throws {
        let body = item(#""message":{"mid":"m_1","text":"Hi"}"#).replacing("\"messaging\"", with: "\"standby\"")
        let entries = try entries(body)
        #expect(entries.map(\.kind) == [.message])
        #expect(entries[0].isStandby)
    }

    @Test func `who writes to himself is no customer`() throws {
        let body = item(#""message":{"mid":"m_1","text":"note","is_echo":true,"is_self":true}"#, from: "100", to: "100")
        #expect(try entries(body).map(\.kind) == [.skipped(.service)])
    }

    @Test func `texts and attachments beyond the bounds are cut and marked`() throws {
        let long = try one(#""message":{"mid":"m_1","text":"\#(String(repeating: "x", count: 9_000))"}"#)
        #expect(long.isCut && long.text.count == InboundEntry.Bounds.textScalars)
        let image = #"{"type":"image","payload":{"url":"https://cdn.example/a"}}"#
        let many = try one(
            #""message":{"mid":"m_1","attachments":[\#(Array(repeating: image, count: 21).joined(separator: ","))]}"#)
        #expect(many.isCut && many.attachments.count == InboundEntry.Bounds.attachments)
    }

    @Test func `what is broken goes to the dead letters`() {
        #expect(throws: DeliveryFault.unreadable) { try entries("{\"object\":\"page\",\"entry\":[") }
        #expect(throws: DeliveryFault.unreadable) { try entries("") }
    }
}
