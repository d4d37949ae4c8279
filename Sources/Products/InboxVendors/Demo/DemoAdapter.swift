public import Base

/// An adapter that answers for channels of the demo itself, and passes every other one on to the vendor's.
///
/// What comes in is read exactly as the vendor's; what goes out to an account whose id begins with ``prefix`` is taken at
/// once and never leaves the process.
public struct DemoAdapter: ChannelAdapter {
    /// How the account of a channel of the demo begins; no vendor's id has a letter at its beginning.
    public static let prefix = "demo-"

    private let real: any ChannelAdapter

    /// Stands before the adapter of a vendor.
    public init(before real: any ChannelAdapter) { self.real = real }

    /// Whether the account belongs to the demo.
    public static func isDemo(_ line: ChannelLine) -> Bool { line.externalAccount.hasPrefix(prefix) }

    /// The vendor's.
    public var kind: ChannelKind { real.kind }
    /// The vendor's.
    public var rules: ChannelRules { real.rules }

    /// As the vendor's.
    public func verify(
        _ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets
    ) throws(DeliveryFault) { try real.verify(raw, headers, with: secrets) }

    /// As the vendor's.
    public func challenge(
        _ query: [String: String], with secrets: ChannelSecrets
    ) throws(DeliveryFault) -> String? { try real.challenge(query, with: secrets) }

    /// As the vendor's.
    public func deliveries(in raw: [UInt8]) -> [Delivery] { real.deliveries(in: raw) }

    /// As the vendor's.
    public func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry] {
        try real.entries(of: delivery)
    }

    /// Takes it, unless the vendor would find its text too long; the same reference has the same id each time.
    public func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome {
        guard Self.isDemo(line) else { return await real.send(message, over: line) }
        if case .text(let text) = message.content, !rules.text.allows(text) {
            return .refusedForGood(SendRefusal(.tooLong, code: "inbox.tooLong"))
        }
        let number = VendorKey.hash(Array("\(line.externalAccount)/\(message.reference)".utf8)).prefix(24)
        return .sent(externalId: kind == .telegram ? "\(message.recipient):d\(number)" : "m_demo_\(number)")
    }

    /// Nobody sees it.
    public func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async {
        guard !Self.isDemo(line) else { return }
        await real.show(sign, to: externalUserId, over: line)
    }

    /// None of the demo's.
    public func recent(
        since time: Timestamp, over line: ChannelLine
    ) async throws(VendorFailure) -> [InboundEntry]? {
        Self.isDemo(line) ? nil : try await real.recent(since: time, over: line)
    }

    /// None of the demo's.
    public func place(
        of attachment: InboundAttachment, over line: ChannelLine
    ) async throws(VendorFailure) -> MediaPlace? {
        Self.isDemo(line) ? nil : try await real.place(of: attachment, over: line)
    }

    /// What the demo's deliveries have told is all there is.
    public func profile(
        of externalUserId: String, over line: ChannelLine
    ) async throws(VendorFailure) -> InboundProfile? {
        Self.isDemo(line) ? nil : try await real.profile(of: externalUserId, over: line)
    }

    /// The demo's are always well.
    public func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition {
        guard Self.isDemo(line) else { return try await real.condition(of: line) }
        return ChannelCondition(externalAccount: line.externalAccount, isSubscribed: true, waiting: 0)
    }

    /// The demo's are subscribed.
    public func subscribe(
        at hook: String, with secrets: ChannelSecrets, over line: ChannelLine
    ) async throws(VendorFailure) {
        guard !Self.isDemo(line) else { return }
        try await real.subscribe(at: hook, with: secrets, over: line)
    }

    /// The demo's last.
    public func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken? {
        Self.isDemo(line) ? nil : try await real.renewed(line)
    }
}
