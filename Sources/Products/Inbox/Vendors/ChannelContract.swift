import Base

import typealias Storage.SQLConvertible

/// Where customers write from.
enum ChannelKind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
    case messenger, instagram, telegram, widget
}

/// What a channel proves itself and its vendor by; never printed.
struct ChannelSecrets: Sendable {
    /// What deliveries are signed with; several while one takes the place of another.
    var signing: [Secret<String>] = []
    /// What a subscription is confirmed with.
    var verifyToken: Secret<String>?
    /// What messages are sent with.
    var accessToken: Secret<String>?
}

/// A webhook request as it came.
struct HookRequest: Sendable {
    let body: [UInt8]
    /// Gives a header by its name in lower case.
    let header: @Sendable (String) -> String?
}

/// Why a webhook request is not believed.
enum HookFault: String, Error, Sendable, Hashable, CaseIterable {
    /// Nobody has set a secret: nothing is believed, in no environment.
    case noSecret
    case headerMissing
    case headerUnreadable
    case mismatch
}

/// A part of a webhook request that belongs to one conversation.
struct Delivery: Sendable, Hashable {
    /// What it is known by at its channel, however often it comes; at most 200 bytes.
    let key: String
    /// Deliveries of one key are worked off one after the other; at most 100 bytes without `|`.
    let conversationKey: String
    /// The bytes that ``ChannelAdapter/entries(of:)`` reads.
    let raw: [UInt8]
}

/// Something that a customer sent with a message.
struct InboundAttachment: Sendable, Hashable, Codable {
    enum Kind: String, Sendable, Hashable, Codable { case image, video, audio, file, other }

    var kind: Kind
    /// Where the vendor has it: an address, or an id that the adapter knows how to fetch.
    var reference: String
    var name: String?
}

/// One thing that happened at the vendor's, in neutral words.
struct InboundEntry: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case message
        /// Something that was sent from the company's side: by us or in the vendor's own app.
        case echo
        case edit
        case deletion
        /// All that we sent until `sentAt`, or the message of `externalID`, has reached the customer.
        case delivered
        /// The same was read.
        case read
        /// A form that is known and means nothing here.
        case skipped(reason: String)
        /// A form that nobody knows.
        case unknown
    }

    var kind: Kind
    var externalUserID: String
    /// What the vendor knows the message by, unique at the channel.
    var externalID: String?
    var text = ""
    var attachments: [InboundAttachment] = []
    var sentAt: Timestamp
    /// What the customer is called there.
    var userName: String?
    var picture: String?
}

/// A message on its way to a customer.
struct OutboundMessage: Sendable, Hashable {
    let externalUserID: String
    let text: String
    /// Whether a person wrote it outside of the window for which the vendor has a tag for people.
    var isHumanTagged = false
    /// The same for every attempt, for vendors that take an idempotency key.
    let reference: String
}

/// What became of an attempt to send.
enum SendOutcome: Sendable, Hashable {
    case sent(externalID: String)
    /// Trying again would not help.
    case refusedForGood(code: String, reason: String)
    case tryAgain(after: Duration?)
    case tokenExpired
    /// It may have been sent: the answer was lost.
    case unknown
}

/// A vendor as Inbox sees it: one for each channel, made with its secrets.
protocol ChannelAdapter: Sendable {
    /// Checks a request over the bytes that came, against every secret.
    func verify(_ request: HookRequest) throws(HookFault)
    /// What a subscription's question is answered with, word for word; `nil` for who does not know the token.
    func challenge(_ query: [String: String]) -> String?
    /// Cuts a verified body into deliveries; `nil` when it cannot be read.
    func deliveries(in body: [UInt8]) -> [Delivery]?
    /// Reads what a delivery tells.
    func entries(of delivery: Delivery) throws -> [InboundEntry]
    func send(_ message: OutboundMessage) async -> SendOutcome
    /// What has happened since; `nil` where the vendor does not tell.
    func recent(since: Timestamp) async throws -> [InboundEntry]?
}
