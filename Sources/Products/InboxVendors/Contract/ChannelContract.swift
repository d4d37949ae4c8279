public import Base

/// Everything that knows one vendor's format: what it delivers and signs, what it takes, what its answers mean.
///
/// An adapter holds no state of a channel and no company: what belongs to one channel comes with each call. The pure
/// half (``verify(_:_:with:)``, ``challenge(_:with:)``, ``deliveries(in:)``, ``entries(of:)``) does no call and never
/// traps, whatever bytes it is given; the other half speaks to the vendor and says how that ended as a value.
public protocol ChannelAdapter: Sendable {
    /// Which kind of channel it speaks for.
    var kind: ChannelKind { get }

    /// What the vendor allows: lengths, windows, sizes.
    var rules: ChannelRules { get }

    /// Believes the bytes of a webhook, or says why not; does it before anything is parsed.
    ///
    /// All configured secrets are tried in constant time. No secret is a refusal, never a pass.
    ///
    /// - Parameters:
    ///   - raw: The body as it came, not a byte changed.
    ///   - headers: The request's header fields.
    ///   - secrets: The channel's.
    /// - Throws: ``DeliveryFault``: everything but `unreadable`.
    func verify(_ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets) throws(DeliveryFault)

    /// The answer to a subscription's challenge, to be sent as plain text.
    ///
    /// - Parameters:
    ///   - query: The names and values of the address, unescaped.
    ///   - secrets: The channel's.
    /// - Returns: The challenge; `nil` where the vendor has no such thing.
    /// - Throws: ``DeliveryFault``: `noSecret`, `challengeRefused`; to be answered with 403.
    func challenge(_ query: [String: String], with secrets: ChannelSecrets) throws(DeliveryFault) -> String?

    /// Cuts a body that was believed into what is kept and worked off by itself.
    ///
    /// Reads no more than the keys. A body that cannot be read is one delivery too, so that nothing that was believed is
    /// lost; at most ``Delivery/Bounds/count`` of them.
    func deliveries(in raw: [UInt8]) -> [Delivery]

    /// What a delivery says, in the vendor's order; at least one entry.
    ///
    /// A form that is known and unused is `skipped` with its reason, an unknown one is `unknown`.
    ///
    /// - Throws: ``DeliveryFault/unreadable``, for the dead letters: the same bytes will not get better.
    func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry]

    /// Sends one message in one call; never tries again by itself.
    func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome

    /// Shows a customer that somebody types, or that the message was seen; nothing is lost if that fails.
    func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async

    /// What was said since a time by the vendor's own account of it; `nil` where the vendor has no such thing.
    ///
    /// Newest first, at most ``ChannelRules/recentMax`` entries.
    ///
    /// - Throws: ``VendorFailure``.
    func recent(since time: Timestamp, over line: ChannelLine) async throws(VendorFailure) -> [InboundEntry]?

    /// Where the bytes of an attachment are now; `nil` when it has none.
    ///
    /// To be asked just before they are fetched: the addresses do not last, and some hold the channel's token.
    ///
    /// - Throws: ``VendorFailure``.
    func place(of attachment: InboundAttachment, over line: ChannelLine) async throws(VendorFailure) -> MediaPlace?

    /// Who a customer is, as far as the vendor tells; `nil` when it does not.
    ///
    /// - Throws: ``VendorFailure``.
    func profile(of externalUserId: String, over line: ChannelLine) async throws(VendorFailure) -> InboundProfile?

    /// Whether the channel's token works and deliveries are on their way.
    ///
    /// - Throws: ``VendorFailure``.
    func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition

    /// Asks the vendor to deliver to a public address of ours from now on; doing it again changes nothing.
    ///
    /// - Parameters:
    ///   - hook: The channel's own address, over https.
    ///   - secrets: What deliveries will be believed by, where the vendor takes it from us.
    ///   - line: The channel.
    /// - Throws: ``VendorFailure``.
    func subscribe(
        at hook: String, with secrets: ChannelSecrets, over line: ChannelLine
    ) async throws(VendorFailure)

    /// A token in place of the channel's that lasts longer; `nil` where tokens are not renewed like this.
    ///
    /// - Throws: ``VendorFailure``.
    func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken?
}

/// Where conversations come from.
public enum ChannelKind: String, CaseIterable, Sendable, Hashable, Codable {
    /// Messages to a page on Messenger.
    case messenger
    /// Direct messages to an Instagram account.
    case instagram
    /// Messages to a Telegram bot.
    case telegram
    /// Our own widget on a company's site.
    case widget
}

/// What a channel's deliveries are believed by.
///
/// Several at once while one takes the place of the other.
public struct ChannelSecrets: Sendable {
    enum Bounds {
        static let signing = 4
    }

    /// What signs deliveries, or is sent with them.
    ///
    /// Application secrets of Meta, the secret token of Telegram, the secret of a widget's identities. At most four.
    public let signing: [Secret<String>]
    /// What a subscription's challenge must name; only Meta's channels have one.
    public let verifyToken: Secret<String>?

    /// Takes the secrets; empty ones count as none.
    public init(signing: [Secret<String>], verifyToken: Secret<String>? = nil) {
        self.signing = Array(signing.filter { $0.reveal { !$0.isEmpty } }.prefix(Bounds.signing))
        self.verifyToken = verifyToken.flatMap { token in token.reveal { $0.isEmpty } ? nil : token }
    }
}

/// How one channel reaches its vendor.
public struct ChannelLine: Sendable {
    /// Which of a vendor's two doors the account was connected through.
    public enum Door: String, CaseIterable, Sendable, Hashable, Codable {
        /// The account's page: `graph.facebook.com`.
        case page
        /// The account itself, by Instagram Login: `graph.instagram.com`.
        case account
    }

    /// The channel's own id at the vendor: of the page, the Instagram account, the bot.
    public let externalAccount: String
    /// What proves that the channel may send.
    public let token: Secret<String>
    /// The door; Messenger and Telegram have one only.
    public let door: Door

    /// Takes the account, its token and the door it was connected through, the page's where none is named.
    public init(externalAccount: String, token: Secret<String>, door: Door = .page) {
        self.externalAccount = externalAccount
        self.token = token
        self.door = door
    }
}

/// What proves that a channel may send, for as long as it does.
public struct ChannelToken: Sendable {
    /// The token.
    public let token: Secret<String>
    /// How long it lasts from now.
    public let lifetime: Duration

    /// Names a token.
    public init(_ token: Secret<String>, lifetime: Duration) {
        self.token = token
        self.lifetime = lifetime
    }
}

/// How a channel does, as its vendor tells it.
public struct ChannelCondition: Sendable, Hashable {
    /// The account the token belongs to; another than the channel's is a fault.
    public var externalAccount: String
    /// What the account is called, at most 200 characters.
    public var name: String?
    /// Whether deliveries are subscribed to; `nil` when the vendor does not tell.
    public var isSubscribed: Bool?
    /// How many deliveries wait at the vendor; `nil` when it does not tell.
    public var waiting: Int?
    /// What the vendor says of its last failed delivery to us, at most 300 characters.
    public var lastFault: String?

    /// Describes a condition.
    public init(
        externalAccount: String, name: String? = nil, isSubscribed: Bool? = nil, waiting: Int? = nil,
        lastFault: String? = nil
    ) {
        self.externalAccount = externalAccount
        self.name = name
        self.isSubscribed = isSubscribed
        self.waiting = waiting
        self.lastFault = lastFault
    }
}

/// Why a question to a vendor brought no answer.
public enum VendorFailure: Error, Sendable, Hashable {
    /// The channel's token is no longer valid.
    case tokenExpired
    /// Not now; at the earliest after this time, where it is known.
    case tryAgain(after: Duration?)
    /// The vendor refuses, with its code; asking again is no use.
    case refused(code: String)
    /// The vendor's answer cannot be read.
    case unreadable
    /// The task was cancelled.
    case cancelled
}
