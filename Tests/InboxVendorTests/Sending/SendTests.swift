import Base
import BaseTestKit
import InboxTestKit
import Limits
import NIOCore
import Outbound
import OutboundTestKit
import Telemetry
import Testing

@testable import InboxVendors

/// Messages against the scripted vendors: what they took, and what we believe they took.
@Suite struct SendTests {
    @Test(arguments: SendingStage.kinds) func `a text arrives as it is`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            let outcome = await stage.adapter(kind).send(stage.message(), over: stage.line(kind))
            let taken = try #require(stage.vendor.taken.first)
            #expect(outcome == .sent(externalId: taken.externalId))
            #expect(stage.vendor.taken.count == 1)
            #expect(taken.text == "Grüße 🚲 \"1/2\"\n<b>")
            #expect(taken.user == SendingStage.customer && taken.account == SendingStage.account(kind))
            #expect(taken.tag == nil && taken.reference == (kind == .messenger ? "ref-1" : nil))
        }
    }

    @Test(arguments: SendingStage.kinds) func `files are sent by their address`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            for media in OutboundMedia.Kind.allCases {
                let message = OutboundMessage(
                    to: SendingStage.customer,
                    .media(OutboundMedia(media, at: "https://files.example/a", caption: "é")),
                    by: .person, reference: "r", replyTo: kind == .telegram ? "\(SendingStage.customer):12" : nil)
                #expect(await stage.adapter(kind).send(message, over: stage.line(kind)).externalId != nil)
            }
            #expect(stage.vendor.taken.map(\.media) == Array(repeating: "https://files.example/a", count: 4))
            #expect(stage.vendor.taken.allSatisfy { $0.text == (kind == .telegram ? "é" : "") })
            let local = OutboundMessage(
                to: SendingStage.customer, .media(OutboundMedia(.image, at: "file:///etc/passwd")), by: .person,
                reference: "r")
            let outcome = await stage.adapter(kind).send(local, over: stage.line(kind))
            #expect(outcome.refusal?.reason == .mediaRefused)
            #expect(stage.vendor.taken.count == 4)
        }
    }

    private static let notTaken: [(VendorFault, SendOutcome?)] = [
        (.busy(seconds: 7), .tryAgain(after: .seconds(7))), (.failing(status: 500), .unknown),
        (.failing(status: 502), .unknown), (.drop, .unknown),
    ]

    @Test(arguments: SendingStage.kinds, notTaken.indices)
    func `what the vendor did not take is never said to be sent`(_ kind: ChannelKind, _ place: Int) async throws {
        let (fault, expected) = Self.notTaken[place]
        try await SendingStage.run { stage in
            stage.vendor.plan([fault, nil])
            let outcome = await stage.adapter(kind).send(stage.message(), over: stage.line(kind))
            #expect(outcome == expected)
            #expect(stage.vendor.taken.isEmpty)
            // The adapter has not tried again by itself; whoever does finds the vendor well.
            #expect(stage.vendor.calls.count == 1)
            #expect(await stage.adapter(kind).send(stage.message(), over: stage.line(kind)).externalId != nil)
            #expect(stage.vendor.taken.count == 1)
        }
    }

    private static let taken: [VendorFault] = [.cut, .nonsense, .withoutId, .failingAfterTaking(status: 504)]

    @Test(arguments: SendingStage.kinds, taken)
    func `what the vendor took and could not say is unknown`(_ kind: ChannelKind, _ fault: VendorFault) async throws {
        try await SendingStage.run { stage in
            stage.vendor.plan([fault])
            #expect(await stage.adapter(kind).send(stage.message(), over: stage.line(kind)) == .unknown)
            #expect(stage.vendor.taken.count == 1)
            #expect(stage.vendor.calls.count == 1)
        }
    }

    @Test(arguments: SendingStage.kinds) func `a vendor that takes it and is silent is unknown`(_ kind: ChannelKind)
        async throws
    {
        try await SendingStage.run { stage in
            stage.vendor.plan([.silence])
            #expect(await stage.sendUntilTimeout(kind) == .unknown)
            #expect(stage.vendor.taken.count == 1)
        }
    }

    @Test func `the echo tells what became of an unknown message`() async throws {
        try await SendingStage.run { stage in
            stage.vendor.plan([.silence])
            #expect(await stage.sendUntilTimeout(.messenger) == .unknown)
            let hooks = stage.vendor.echoes(secret: "s", application: 5)
            let adapter = stage.adapter(.messenger)
            let hook = try #require(hooks.first)
            try adapter.verify(hook.raw, hook.headers, with: ChannelSecrets(signing: [Secret("s")]))
            let entries = try adapter.deliveries(in: hook.raw).flatMap { try adapter.entries(of: $0) }
            #expect(entries.map(\.kind) == [.echo])
            #expect(entries.first?.reference == "ref-1")
            #expect(entries.first?.externalId == stage.vendor.taken.first?.externalId)
            #expect(stage.vendor.echoes(secret: "s", application: 5).isEmpty)
        }
    }

    @Test func `what Meta calls temporary is tried again, what Telegram does not explain is unknown`() async throws {
        try await SendingStage.run { stage in
            stage.vendor.plan([.temporary, .temporary])
            #expect(
                await stage.adapter(.messenger).send(stage.message(), over: stage.line(.messenger))
                    == .tryAgain(after: nil))
            #expect(await stage.adapter(.telegram).send(stage.message(), over: stage.line(.telegram)) == .unknown)
        }
    }

    @Test(arguments: SendingStage.kinds) func `a token that is over stops the channel, not the message`(
        _ kind: ChannelKind
    ) async throws {
        try await SendingStage.run { stage in
            stage.vendor.change(kind, SendingStage.account(kind)) { $0.isExpired = true }
            #expect(await stage.adapter(kind).send(stage.message(), over: stage.line(kind)) == .tokenExpired)
            stage.vendor.change(kind, SendingStage.account(kind)) { $0.isExpired = false }
            #expect(await stage.adapter(kind).send(stage.message(), over: stage.line(kind)).externalId != nil)
        }
    }

    @Test(arguments: SendingStage.kinds) func `a customer who blocked, and one who is not there`(_ kind: ChannelKind)
        async throws
    {
        try await SendingStage.run { stage in
            var customer = ScriptedVendor.Customer("9", lastWroteAt: stage.clock.now())
            customer.hasBlocked = true
            stage.vendor.meet(customer, at: SendingStage.account(kind))
            let blocked = await stage.adapter(kind).send(stage.message(to: "9"), over: stage.line(kind))
            #expect(blocked.refusal?.reason == (kind == .telegram ? .blocked : .unavailable))
            #expect(blocked.refusal?.words.isEmpty == false)
            let nobody = await stage.adapter(kind).send(stage.message(to: "10"), over: stage.line(kind))
            #expect(nobody.refusal?.reason == (kind == .telegram ? .unavailable : .invalid))
            #expect(stage.vendor.taken.isEmpty)
        }
    }

    @Test(arguments: [ChannelKind.messenger, .instagram])
    func `the window is the vendor's to the second, and people have a week`(_ kind: ChannelKind) async throws {
        try await SendingStage.run { stage in
            let adapter = stage.adapter(kind)
            let line = stage.line(kind)
            let start = stage.clock.now()
            let week = start + .seconds(7 * 86_400)
            for (passed, author, isIn) in [
                (86_399, OutboundMessage.Author.bot, true), (86_401, .bot, false), (86_401, .personAfterWindow, true),
                (7 * 86_400 - 1, .personAfterWindow, true), (7 * 86_400 + 1, .personAfterWindow, false),
            ] {
                stage.clock.advance(by: start + .seconds(passed) - stage.clock.now())
                let outcome = await adapter.send(stage.message(by: author), over: line)
                #expect((outcome.externalId != nil) == isIn, "\(passed) \(author)")
                if !isIn {
                    #expect(outcome.refusal?.reason == .windowClosed)
                    #expect(outcome.refusal?.code == "10/2018278")
                }
                let standing = adapter.rules.standing(lastCustomerAt: start, at: stage.clock.now())
                switch (author, isIn) {
                case (.personAfterWindow, true): #expect(standing == .peopleOnly(until: week))
                case (.personAfterWindow, false): #expect(standing == .closed(since: week))
                case (_, true): #expect(standing == .open(until: start + .seconds(86_400)))
                case (_, false): #expect(standing == .peopleOnly(until: week))
                }
            }
            #expect(stage.vendor.taken.map(\.tag) == [nil, "HUMAN_AGENT", "HUMAN_AGENT"])
        }
    }

    @Test(arguments: SendingStage.kinds) func `the longest text is taken, one more is refused without a call`(
        _ kind: ChannelKind
    ) async throws {
        try await SendingStage.run { stage in
            let adapter = stage.adapter(kind)
            let rule = adapter.rules.text
            for text in ["x", "é", "🚲"] {
                let longest = String(repeating: text, count: rule.limit / rule.length(of: text))
                #expect(await adapter.send(stage.message(longest), over: stage.line(kind)).externalId != nil)
                let calls = stage.vendor.calls.count
                let outcome = await adapter.send(stage.message(longest + text), over: stage.line(kind))
                #expect(outcome.refusal?.reason == .tooLong)
                #expect(stage.vendor.calls.count == calls)
            }
            #expect(await adapter.send(stage.message(""), over: stage.line(kind)).refusal?.reason == .invalid)
        }
    }

    @Test func `a group that moved is told, and the message was not sent`() async throws {
        try await SendingStage.run { stage in
            var group = ScriptedVendor.Customer("-5")
            group.movedTo = -1_001_234_567_890
            stage.vendor.meet(group, at: SendingStage.account(.telegram))
            let outcome = await stage.adapter(.telegram).send(stage.message(to: "-5"), over: stage.line(.telegram))
            #expect(outcome == .moved(to: "-1001234567890"))
            #expect(stage.vendor.taken.isEmpty)
        }
    }

    @Test(
        arguments: [
            (190, nil, nil), (4, nil, nil), (32, nil, nil), (613, nil, nil), (2, nil, nil),
            (10, 2_018_278, .windowClosed),
            (10, nil, .notPermitted), (551, nil, .unavailable), (200, nil, .notPermitted), (100, nil, .invalid),
            (9_999, 1, .other),
        ] as [(Int, Int?, SendRefusal.Reason?)])
    func `an error within a good status is an error`(_ code: Int, _ subcode: Int?, _ reason: SendRefusal.Reason?)
        async throws
    {
        try await SendingStage.run { stage in
            stage.vendor.plan([.errorWithGoodStatus(code: code, subcode: subcode)])
            let outcome = await stage.adapter(.messenger).send(stage.message(), over: stage.line(.messenger))
            if let reason {
                #expect(outcome.refusal?.reason == reason)
            } else {
                #expect(outcome == (code == 190 ? .tokenExpired : .tryAgain(after: nil)))
            }
            #expect(stage.vendor.taken.isEmpty)
        }
    }

    @Test func `a vendor that is down is left alone for a while`() async throws {
        let options = CircuitBreakerOptions(callsMin: 4, openTime: .seconds(5))
        try await SendingStage.run(breaker: options) { stage in
            let adapter = stage.adapter(.messenger)
            stage.vendor.plan(Array(repeating: .failing(status: 503), count: 4))
            for _ in 0..<4 { _ = await adapter.send(stage.message(), over: stage.line(.messenger)) }
            guard case .tryAgain(.some(let after)) = await adapter.send(stage.message(), over: stage.line(.messenger))
            else {
                Issue.record("the vendor was asked although it is down")
                return
            }
            #expect(after > .zero)
            #expect(stage.vendor.calls.count == 4)
            stage.clock.advance(by: .seconds(6))
            #expect(await adapter.send(stage.message(), over: stage.line(.messenger)).externalId != nil)
        }
    }

    @Test func `one account that calls too often, or whose token is over, stops no other`() async throws {
        let options = CircuitBreakerOptions(callsMin: 2, failureRatio: 0.1)
        try await SendingStage.run(breaker: options) { stage in
            stage.vendor.plan(Array(repeating: .busy(seconds: 60), count: 5))
            for _ in 0..<5 { _ = await stage.adapter(.messenger).send(stage.message(), over: stage.line(.messenger)) }
            stage.vendor.change(.messenger, "100") { $0.isExpired = true }
            _ = await stage.adapter(.messenger).send(stage.message(), over: stage.line(.messenger))
            #expect(
                await stage.adapter(.instagram).send(stage.message(), over: stage.line(.instagram)).externalId != nil)
        }
    }

    @Test func `nobody there is certainly not sent`() async throws {
        let clock = SimClock()
        let outbound = OutboundClient(try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
        let way = VendorClient("gone", through: outbound, clock: clock)
        // A port that a peer had and has given back.
        let origin = try await ScriptedPeer.run { _ in
            .text("")
        } body: {
            $0.address.origin
        }
        let adapter = MetaClient(.messenger, through: way, at: .init(page: origin, account: origin))
        let message = OutboundMessage(to: "7", .text("Hi"), by: .person, reference: "r")
        let outcome = await adapter.send(message, over: ChannelLine(externalAccount: "1", token: Secret("t")))
        #expect(outcome == .tryAgain(after: nil))
    }

    @Test(arguments: ["", "abc", "1:a/../../x", "1:a?b", "1:ä", "1:2:3"])
    func `a bot's token leads nowhere but to its own address`(_ token: String) async throws {
        try await SendingStage.run { stage in
            let line = ChannelLine(externalAccount: "1", token: Secret(token))
            let outcome = await stage.adapter(.telegram).send(stage.message(), over: line)
            #expect(outcome.refusal?.reason == .invalid)
            #expect(stage.vendor.calls.isEmpty)
        }
    }

    @Test func `an account's id stays within its part of the address`() async throws {
        try await SendingStage.run { stage in
            let line = ChannelLine(externalAccount: "../me?x=", token: Secret("t"))
            _ = await stage.adapter(.messenger).send(stage.message(), over: line)
            #expect(stage.vendor.calls == ["POST /v23.0/..%2Fme%3Fx%3D/messages"])
        }
    }
}
