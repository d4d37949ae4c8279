import Base

/// Which vendor's formats a channel speaks.
enum ChannelAdapters {
    /// The adapter of a channel.
    static func make(_ channel: Channel, _ secrets: ChannelSecrets) -> any ChannelAdapter { ClosedAdapter() }
}

/// A channel whose vendor's formats are not there: it believes nothing, and sends nothing.
struct ClosedAdapter: ChannelAdapter {
    func verify(_ request: HookRequest) throws(HookFault) { throw .noSecret }

    func challenge(_ query: [String: String]) -> String? { nil }

    func deliveries(in body: [UInt8]) -> [Delivery]? { nil }

    func entries(of delivery: Delivery) throws -> [InboundEntry] { [] }

    func send(_ message: OutboundMessage) async -> SendOutcome {
        .refusedForGood(code: "channelClosed", reason: "The vendor's formats are not there.")
    }

    func recent(since: Timestamp) async throws -> [InboundEntry]? { nil }
}
