public import Base

/// Our own widget: what visitors write comes over its own route, and what they read they read from us.
public struct WidgetClient: ChannelAdapter {
    /// Makes the adapter.
    public init() {}

    /// ``ChannelKind/widget``.
    public var kind: ChannelKind { .widget }

    /// Texts of 4,000 scalars, no window.
    public var rules: ChannelRules {
        ChannelRules(
            text: TextRule(4_000, .scalars), caption: TextRule(1_000, .scalars), window: nil, personWindow: nil,
            download: .mebibytes(25), perConversation: 10, perChannel: 1_000, recentMax: 0)
    }

    /// Nobody delivers to a widget from outside: whoever tries is refused.
    public func verify(
        _ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets
    ) throws(DeliveryFault) { throw .notDelivered }

    /// There is none.
    public func challenge(
        _ query: [String: String], with secrets: ChannelSecrets
    ) throws(DeliveryFault) -> String? { nil }

    /// The one note.
    public func deliveries(in raw: [UInt8]) -> [Delivery] {
        // A note that we made ourselves can be read; should it not be, it is kept.
        guard let entry = try? WidgetNote.entry(in: raw), let id = entry.externalId else {
            return [VendorKey.whole(raw)]
        }
        return [Delivery(key: id, conversationKey: entry.externalUserId, account: nil, raw: raw)]
    }

    /// The one message.
    public func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry] {
        [try WidgetNote.entry(in: delivery.raw)]
    }

    /// A message that is stored is sent: the visitor reads it from the thread.
    public func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome {
        switch message.content {
        case .text(let text) where text.isEmpty: .refusedForGood(SendRefusal(.invalid, code: "inbox.empty"))
        case .text(let text) where !rules.text.allows(text):
            .refusedForGood(SendRefusal(.tooLong, code: "inbox.tooLong"))
        case .text, .media: .sent(externalId: VendorKey.bounded(message.reference))
        }
    }

    /// Signs go over the visitor's stream, not over a vendor.
    public func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async {}

    /// There is nobody else to ask.
    public func recent(
        since time: Timestamp, over line: ChannelLine
    ) async throws(VendorFailure) -> [InboundEntry]? { nil }

    /// Files of visitors are uploaded to us.
    public func place(
        of attachment: InboundAttachment, over line: ChannelLine
    ) async throws(VendorFailure) -> MediaPlace? { nil }

    /// What a visitor tells of himself comes with his session.
    public func profile(
        of externalUserId: String, over line: ChannelLine
    ) async throws(VendorFailure) -> InboundProfile? { nil }

    /// Always well.
    public func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition {
        ChannelCondition(externalAccount: line.externalAccount, isSubscribed: true)
    }

    /// Nothing has to be asked for.
    public func subscribe(
        at hook: String, with secrets: ChannelSecrets, over line: ChannelLine
    ) async throws(VendorFailure) {}

    /// There is no token.
    public func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken? { nil }
}
