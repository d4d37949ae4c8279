import Base
import BaseTestKit
import InboxTestKit
import Testing

@testable import InboxVendors

/// What vendors are asked beside sending.
@Suite struct AskingTests {
    @Test(arguments: [ChannelKind.messenger, .instagram])
    func `Meta's own account brings what no delivery brought`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            let adapter = stage.adapter(kind)
            let start = stage.clock.now()
            for text in ["first é", "second 🚲", "third"] {
                stage.clock.advance(by: .seconds(60))
                _ = await adapter.send(stage.message(text), over: stage.line(kind))
            }
            let recent = try #require(try await adapter.recent(since: start + .seconds(90), over: stage.line(kind)))
            #expect(recent.map(\.text) == ["third", "second 🚲"])
            #expect(recent.map(\.kind) == [.echo, .echo])
            #expect(recent.map(\.externalId) == stage.vendor.taken.dropFirst().reversed().map(\.externalId))
            #expect(recent.allSatisfy { $0.externalUserId == SendingStage.customer })
        }
    }

    @Test func `customers' messages are told from ours by who said them`() throws {
        let body = try #require(
            VendorJSON(
                Array(
                    #"{"data":[{"updated_time":"2026-01-01T00:00:00+0000","messages":{"data":[{"id":"m_2","created_time":"2026-01-01T00:00:00+0000","from":{"id":"7"},"to":{"data":[{"id":"100"}]},"message":"","attachments":{"data":[{"mime_type":"image/jpeg","name":"a.jpg","size":12,"image_data":{"url":"https://cdn.example/a"}},{"mime_type":"audio/mp4","file_url":"https://cdn.example/b"}]}},{"id":"m_1","created_time":"2025-12-31T23:00:00+0000","from":{"id":"7"},"message":"old"},{"created_time":"nonsense"},{}]}},{"updated_time":"2025-12-31T00:00:00+0000"}],"paging":{"cursors":{"after":"abc"},"next":"https://evil.example/"}}"#
                        .utf8)))
        let since = try #require(Timestamp("2025-12-31T23:30:00Z"))
        let page = MetaConversations.page(body, of: "100", since: since)
        #expect(page.entries.map(\.externalId) == ["m_2"])
        #expect(page.entries.first?.kind == .message)
        #expect(page.entries.first?.attachments.map(\.kind) == [.image, .audio])
        // The last conversation is older than was asked for: there is no next page to go to.
        #expect(page.cursor == nil)
        #expect(MetaConversations.page(body, of: "100", since: .epoch).cursor == "abc")
    }

    @Test func `Telegram has no account of it`() async throws {
        try await SendingStage.run { stage in
            let recent = try await stage.adapter(.telegram).recent(since: .epoch, over: stage.line(.telegram))
            #expect(recent == nil)
            #expect(stage.vendor.calls.isEmpty)
        }
    }

    @Test func `a bot's file has an address of its own, which is a secret`() async throws {
        try await SendingStage.run { stage in
            let adapter = stage.adapter(.telegram)
            let attachment = InboundAttachment(.image, .reference("AgAC1"))
            let place = try #require(try await adapter.place(of: attachment, over: stage.line(.telegram)))
            let address = place.address.reveal { $0 }
            #expect(address == "\(stage.vendor.telegramOrigin)/file/bot123456:AAF-secret_of_bot/photos/AgAC1.jpg")
            #expect(!"\(place)".contains("AAF"))
            #expect(place.size == 15)
            await #expect(throws: VendorFailure.refused(code: "400")) {
                try await adapter.place(of: InboundAttachment(.video, .reference("large")), over: stage.line(.telegram))
            }
            let none = InboundAttachment(.place, .none)
            #expect(try await adapter.place(of: none, over: stage.line(.telegram)) == nil)
        }
    }

    @Test(arguments: SendingStage.kinds) func `who a customer is`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            let profile = try #require(
                try await stage.adapter(kind).profile(of: SendingStage.customer, over: stage.line(kind)))
            #expect(profile.name == "Zoë Müller")
            #expect(profile.picture == (kind == .telegram ? nil : "https://example.com/p.jpg"))
        }
    }

    @Test(arguments: SendingStage.kinds) func `a channel is subscribed, and says so`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            let adapter = stage.adapter(kind)
            let line = stage.line(kind)
            #expect(try await adapter.condition(of: line).isSubscribed == false)
            let secrets = ChannelSecrets(signing: [Secret("secret-1")], verifyToken: Secret("v"))
            try await adapter.subscribe(at: "https://capstan.example/hooks/x", with: secrets, over: line)
            let condition = try await adapter.condition(of: line)
            #expect(condition.isSubscribed == true)
            #expect(condition.externalAccount == SendingStage.account(kind))
            if kind == .telegram {
                #expect(condition.waiting == 3 && condition.lastFault == "Connection timed out")
                #expect(stage.vendor.account(.telegram, "123456")?.hook == "https://capstan.example/hooks/x")
            }
            await #expect(throws: VendorFailure.refused(code: "inbox.noSecret")) {
                try await adapter.subscribe(
                    at: "https://capstan.example/", with: ChannelSecrets(signing: []), over: line)
            }
            stage.vendor.change(kind, SendingStage.account(kind)) { $0.isExpired = true }
            await #expect(throws: VendorFailure.tokenExpired) { try await adapter.condition(of: line) }
        }
    }

    @Test func `a token of Instagram Login is renewed`() async throws {
        try await SendingStage.run { stage in
            let adapter = stage.adapter(.instagram)
            let renewed = try #require(try await adapter.renewed(stage.line(.instagram, door: .account)))
            #expect(renewed.lifetime == .seconds(60 * 86_400))
            let line = ChannelLine(
                externalAccount: SendingStage.account(.instagram), token: renewed.token, door: .account)
            #expect(await adapter.send(stage.message(), over: line).externalId != nil)
            #expect(await adapter.send(stage.message(), over: stage.line(.instagram)) == .tokenExpired)
            #expect(try await adapter.renewed(stage.line(.instagram)) == nil)
        }
    }

    @Test(arguments: SendingStage.kinds) func `signs are shown, and nothing is said`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            for sign in [OutboundSign.typing, .seen, .answered(callback: "1")] {
                await stage.adapter(kind).show(sign, to: SendingStage.customer, over: stage.line(kind))
            }
            #expect(stage.vendor.calls.count == 2)
            #expect(stage.vendor.taken.isEmpty)
        }
    }

    @Test func `a wait that Meta names in its header of use is believed up to an hour`() {
        let fault = Array(#"{"error":{"code":4,"message":"limit"}}"#.utf8)
        func wait(_ usage: String?, _ retryAfter: Duration? = nil) -> SendOutcome {
            MetaAnswer(status: 400, fault, retryAfter: retryAfter, usage: usage).outcome
        }
        #expect(
            wait(#"{"100":[{"type":"messenger","estimated_time_to_regain_access":3},{"x":1}]}"#)
                == .tryAgain(after: .seconds(180)))
        #expect(wait(#"{"100":[{"estimated_time_to_regain_access":9999999}]}"#) == .tryAgain(after: .seconds(3_600)))
        #expect(wait("nonsense") == .tryAgain(after: nil))
        #expect(wait(nil, .seconds(86_400)) == .tryAgain(after: .seconds(3_600)))
    }
}
