import Base
import BaseTestKit
import InboxTestKit
import InboxVendors
import Outbound
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Inbox

@Suite struct CareMachineTests {
    private let now = Timestamp(microseconds: 1_000_000_000_000_000)

    private func health(
        _ answer: CareMachine.Answer, last: Duration? = .seconds(60), week: Int = 1_000, isQuietKnown: Bool = true
    ) -> Channel.Health? {
        CareMachine(now: now).health(
            answer, account: "100", arrivals: CareMachine.Arrivals(last: last.map { now - $0 }, week: week),
            isQuietKnown: isQuietKnown)?.health
    }

    @Test func `what a vendor says decides; that it says nothing decides nothing`() {
        func told(_ account: String = "100", _ isSubscribed: Bool? = true) -> CareMachine.Answer {
            .told(ChannelCondition(externalAccount: account, isSubscribed: isSubscribed))
        }
        #expect(health(told()) == .good && health(told("100", nil)) == .good)
        #expect(health(told("200")) == .failing && health(told("100", false)) == .failing)
        #expect(health(.failed(.tokenExpired)) == .tokenExpired && health(.failed(.refused(code: "10"))) == .failing)
        for failure in [VendorFailure.tryAgain(after: nil), .unreadable, .cancelled] {
            #expect(health(.failed(failure)) == nil)
        }
    }

    @Test func `silence is what is unusual for the channel, between six hours and three days`() {
        let good = CareMachine.Answer.told(ChannelCondition(externalAccount: "100", isSubscribed: true))
        let hour = Duration.seconds(3_600)
        // A thousand a week: ten minutes apart, so that six hours are silence.
        #expect(health(good, last: hour * 6) == .good && health(good, last: hour * 6 + .seconds(1)) == .silent)
        // Forty a week: four hours apart, so that fifty are silence.
        #expect(health(good, last: hour * 50, week: 40) == .good && health(good, last: hour * 51, week: 40) == .silent)
        // Twenty a week: more than eight hours apart; three days are enough.
        #expect(health(good, last: hour * 72, week: 20) == .good && health(good, last: hour * 73, week: 20) == .silent)
        // Too few to call anything usual, never anything, or a chat that nobody delivers to.
        #expect(health(good, last: hour * 500, week: 19) == .good && health(good, last: nil, week: 0) == .good)
        #expect(health(good, last: hour * 500, isQuietKnown: false) == .good)
    }

    @Test func `a token is renewed in its last ten days, and when nobody knows its end`() {
        let machine = CareMachine(now: now)
        let day = Duration.seconds(86_400)
        #expect(machine.isRenewalDue(nil) && machine.isRenewalDue(now + day * 10 - .seconds(1)))
        #expect(!machine.isRenewalDue(now + day * 10) && machine.isRenewalDue(now - day))
    }
}

@Suite(.databases) struct CareTests {
    /// Real vendors on the loopback, and channels of all three kinds.
    private func with(
        _ backend: Backend, publicAddress: String? = "https://inbox.example.com",
        _ body: @escaping @Sendable (Stage, ScriptedVendor, [ChannelKind: Channel]) async throws -> Void
    ) async throws {
        let clock = SystemClock()
        try await ScriptedVendor.run(clock: clock) { vendor in
            let accounts: [(ChannelKind, String, String)] = [
                (.messenger, "100", "page-token"), (.instagram, "17841400000000000", "ig-token"),
                (.telegram, "123456", "123456:AAF-secret_of_bot"),
            ]
            for (kind, id, token) in accounts { vendor.open(.init(kind, id: id, token: token)) }
            let outbound = OutboundClient(
                try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
            let way = VendorClient("scripted", through: outbound, clock: clock)
            let adapters = ChannelAdapters([
                MetaClient(.messenger, through: way, at: vendor.metaOrigins),
                MetaClient(.instagram, through: way, at: vendor.metaOrigins),
                TelegramClient(through: way, at: vendor.telegramOrigin), WidgetClient(),
            ])
            try await Stage.with(
                backend, adapters: adapters, reach: Stage.reach(outbound: outbound, publicAddress: publicAddress)
            ) { stage in
                var channels: [ChannelKind: Channel] = [:]
                for (kind, id, token) in accounts {
                    var draft = ChannelDesk.Draft(kind: kind, externalAccount: id, name: "Lumen \(kind.rawValue)")
                    draft.keys = ChannelKeys(
                        secrets: ChannelSecrets(signing: [Secret("s3cret_Token-1")], verifyToken: Secret("verify")),
                        token: Secret(token), door: kind == .instagram ? .account : .page)
                    channels[kind] = try await stage.office.channels.connect(draft, in: stage.tenant)
                }
                try await body(stage, vendor, channels)
            }
        }
    }

    private func channel(_ id: ID<Channel>, _ stage: Stage) async throws -> Channel {
        try #require(try await stage.office.channels.store.keys(of: id, in: stage.tenant)).channel
    }

    @Test(arguments: Backend.all)
    func `accounts that are not subscribed are subscribed, and the look is kept`(backend: Backend) async throws {
        try await with(backend) { stage, vendor, channels in
            for (kind, made) in channels {
                try await stage.office.care.check(made.id, in: stage.tenant)
                let after = try await channel(made.id, stage)
                #expect(after.health == .good, "\(kind): \(after.healthReason ?? "")")
                let account = try #require(vendor.account(kind, made.externalAccount))
                #expect(account.isSubscribed || !account.hook.isEmpty, "\(kind)")
                let check = try #require(try await stage.office.care.checks(in: stage.tenant)[made.id])
                // What Telegram says of its last failed delivery is shown, whatever the channel's health is.
                #expect(check.isSubscribed != false && (check.fault == nil) == (kind != .telegram), "\(kind): \(check)")
            }
            let telegram = try #require(channels[.telegram])
            let hook = vendor.account(.telegram, telegram.externalAccount)?.hook
            #expect(hook == "https://inbox.example.com/api/inbox/hooks/\(telegram.pathKey)")
        }
        try await with(backend, publicAddress: nil) { stage, vendor, channels in
            let made = try #require(channels[.messenger])
            try await stage.office.care.check(made.id, in: stage.tenant)
            // Where nobody has said how we are reached, nothing is subscribed: the page says what is wrong.
            #expect(try await channel(made.id, stage).health == .failing)
            #expect(vendor.account(.messenger, "100")?.isSubscribed == false)
        }
    }

    @Test(arguments: Backend.all)
    func
        `a token is renewed before it ends and kept sealed; one that is over turns the channel red until it is replaced`(
            backend: Backend
        ) async throws
    {
        try await with(backend) { stage, vendor, channels in
            let made = try #require(channels[.instagram])
            try await stage.office.care.check(made.id, in: stage.tenant)
            let renewed = try #require(try await stage.office.channels.store.keys(of: made.id, in: stage.tenant))
            let token = renewed.keys.token.reveal { $0 }
            #expect(token != "ig-token" && token == vendor.account(.instagram, made.externalAccount)?.token)
            let end = try #require(renewed.channel.tokenExpiresAt)
            #expect(end - stage.clock.now() > .seconds(50 * 86_400))
            // With so long to go nothing is asked.
            try await stage.office.care.check(made.id, in: stage.tenant)
            #expect(
                try await stage.office.channels.store.keys(of: made.id, in: stage.tenant)?.keys.token.reveal { $0 }
                    == token)
            vendor.change(.instagram, made.externalAccount) { $0.isExpired = true }
            try await stage.office.care.check(made.id, in: stage.tenant)
            #expect(try await channel(made.id, stage).health == .tokenExpired)
            vendor.change(.instagram, made.externalAccount) {
                $0.isExpired = false
                $0.token = "new-token"
            }
            try await stage.office.channels.rekey(
                made.id, signing: [], verifyToken: nil, token: Secret("new-token"), expiresAt: nil, in: stage.tenant)
            #expect(try await channel(made.id, stage).health == .good)
            let after = try #require(try await stage.office.channels.store.keys(of: made.id, in: stage.tenant))
            // What was left out stays.
            #expect(after.keys.secrets.signing.map { $0.reveal { $0 } } == ["s3cret_Token-1"])
            try await stage.office.care.check(made.id, in: stage.tenant)
            #expect(try await channel(made.id, stage).health == .good)
        }
    }

    @Test(arguments: Backend.all)
    func `a token of another account turns the channel red`(backend: Backend) async throws {
        try await with(backend) { stage, vendor, channels in
            let made = try #require(channels[.messenger])
            try await stage.office.care.check(made.id, in: stage.tenant)
            vendor.open(.init(.messenger, id: "200", token: "other-token"))
            try await stage.office.channels.rekey(
                made.id, signing: [], verifyToken: nil, token: Secret("other-token"), expiresAt: nil, in: stage.tenant)
            try await stage.office.care.check(made.id, in: stage.tenant)
            let after = try await channel(made.id, stage)
            #expect(after.health == .failing && after.healthReason?.contains("another account") == true)
        }
    }

    @Test(arguments: Backend.all)
    func `a channel that is quiet for longer than usual is told of, once`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let made = try await stage.channel()
            for number in 0..<40 {
                try await stage.deliver([stage.event(.message, "Hi", from: "u\(number)", id: "m\(number)")], to: made)
            }
            try await stage.office.care.check(made.id, in: stage.tenant)
            #expect(try await channel(made.id, stage).health == .good)
            stage.clock.advance(by: .seconds(3 * 86_400))
            try await stage.office.care.check(made.id, in: stage.tenant)
            #expect(try await channel(made.id, stage).health == .silent)
            try await stage.deliver([stage.event(.message, "Hi", id: "m99")], to: made)
            try await stage.office.care.check(made.id, in: stage.tenant)
            #expect(try await channel(made.id, stage).health == .good)
        }
    }

    @Test(arguments: Backend.all)
    func `all channels of all companies are looked after, each by a job of its own`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            let one = try await stage.channel()
            let other = try await stage.channel(account: "page-9", in: stage.other)
            try await stage.working {
                try await stage.office.channels.enqueueChecking()
                try await stage.eventually("both were looked at") {
                    let mine = try await stage.office.care.checks(in: stage.tenant)[one.id]
                    let theirs = try await stage.office.care.checks(in: stage.other)[other.id]
                    return mine != nil && theirs != nil
                }
            }
            #expect(try await stage.office.care.checks(in: stage.tenant)[other.id] == nil)
        }
    }
}
