import Base
import BaseTestKit
import InboxTestKit
import Limits
import Outbound
import OutboundTestKit
import Telemetry
import Testing

@testable import InboxVendors

/// The vendors on the loopback, an account of each kind, a customer who has just written, and the adapters.
struct SendingStage: Sendable {
    static let customer = "4503599627370495"

    let vendor: ScriptedVendor
    let clock: SimClock
    let way: VendorClient

    static func run(
        breaker: CircuitBreakerOptions = CircuitBreakerOptions(),
        _ body: @Sendable (_ stage: SendingStage) async throws -> Void
    ) async throws {
        let clock = SimClock()
        try await ScriptedVendor.run(clock: clock) { vendor in
            for kind in kinds {
                vendor.open(.init(kind, id: account(kind), token: token(kind)))
                vendor.meet(.init(customer, lastWroteAt: clock.now()), at: account(kind))
            }
            let outbound = OutboundClient(
                try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
            try await body(
                SendingStage(
                    vendor: vendor, clock: clock,
                    way: VendorClient("scripted", through: outbound, breaker, clock: clock)))
        }
    }

    static let kinds: [ChannelKind] = [.messenger, .instagram, .telegram]

    static func account(_ kind: ChannelKind) -> String {
        kind == .messenger ? "100" : kind == .instagram ? "17841400000000000" : "123456"
    }

    private static func token(_ kind: ChannelKind) -> String {
        kind == .telegram ? "123456:AAF-secret_of_bot" : "EAAG\(kind.rawValue)"
    }

    func adapter(_ kind: ChannelKind) -> any ChannelAdapter {
        switch kind {
        case .messenger, .instagram: MetaClient(kind, through: way, at: vendor.metaOrigins)
        case .telegram: TelegramClient(through: way, at: vendor.telegramOrigin)
        case .widget: WidgetClient()
        }
    }

    func line(_ kind: ChannelKind, door: ChannelLine.Door = .page) -> ChannelLine {
        ChannelLine(externalAccount: Self.account(kind), token: Secret(Self.token(kind)), door: door)
    }

    func message(
        _ text: String = "Grüße 🚲 \"1/2\"\n<b>", by author: OutboundMessage.Author = .person,
        to recipient: String = customer
    ) -> OutboundMessage {
        OutboundMessage(to: recipient, .text(text), by: author, reference: "ref-1")
    }

    /// Sends, and lets the call's time run out once the vendor has taken the message.
    func sendUntilTimeout(_ kind: ChannelKind) async -> SendOutcome {
        async let outcome = adapter(kind).send(message(), over: line(kind))
        while vendor.taken.isEmpty { await Task.yield() }
        clock.advance(by: VendorClient.Bounds.sending + .seconds(1))
        return await outcome
    }
}

extension SendOutcome {
    var refusal: SendRefusal? { if case .refusedForGood(let refusal) = self { refusal } else { nil } }
    var externalId: String? { if case .sent(let id) = self { id } else { nil } }
}
