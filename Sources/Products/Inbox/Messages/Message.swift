import Base
import InboxVendors

import typealias Storage.SQLConvertible

/// One line of a thread: what somebody said, a note among agents, or something that happened.
struct Message: Sendable, Hashable {
    enum Bounds {
        /// Characters of a body; the schema holds the same.
        static let bodyCharacters = 8_000
        /// Files of a message.
        static let files = 20
        /// Bytes of what a client knows its own message by.
        static let clientIDBytes = 64
        /// Bytes of what a vendor knows a message by.
        static let externalIDBytes = 400
    }

    enum Role: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case customer, agent, bot
        /// Among agents; never sent.
        case note
        /// What was done with the conversation.
        case event

        /// Whether the customer sees it.
        var isSaid: Bool { self == .customer || self == .agent || self == .bot }
    }

    enum Delivery: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// It came from outside, or is not sent at all.
        case received
        /// It waits to be sent; until then it can be withdrawn.
        case queued
        /// A vendor is being asked.
        case sending
        /// It may have been sent: its echo is waited for.
        case unknown
        case sent, delivered, read
        case failed
        /// Its author took it back before it was sent.
        case withdrawn
    }

    let id: ID<Message>
    let conversationID: ID<Conversation>
    /// From 1 without a gap, in the order in which messages were written here.
    var sequence: Int64
    let channelID: ID<Channel>
    let role: Role
    var externalID: String?
    var clientID: String?
    var personID: ID<Person>?
    var body: String
    var files: [MessageFile] = []
    /// How many messages of the customer there are up to here.
    var customerIndex: Int64 = 0
    /// The bot's epoch in which it spoke.
    var epoch: Int64 = 0
    var delivery: Delivery
    /// Why it could not be sent, in the words of a small set.
    var failure: String?
    var attempts = 0
    /// Until when its author may take it back.
    var sendAfter: Timestamp?
    /// When a vendor was asked last.
    var triedAt: Timestamp?
    /// When it was said, by the vendor's time; threads are shown in this order.
    var sentAt: Timestamp
    let createdAt: Timestamp
    var editedAt: Timestamp?
    var deletedAt: Timestamp?
    /// Of an answer of the bot's: where it was found.
    var sources: [AnswerSource] = []

    /// Whether nothing of it is shown to whoever looks at the list.
    var isHidden: Bool { deletedAt != nil || delivery == .withdrawn }
}

/// Something that came with a message: what it is, and where the vendor has it.
struct MessageFile: Sendable, Hashable, Codable {
    /// What it is, by the vendors' common words.
    let kind: String
    /// An address that does not last.
    var address: String?
    /// An id that the vendor turns into an address.
    var reference: String?
    var name: String?
    var mediaType: String?
    /// Words to show in its place.
    var title: String?
    /// Our own copy; `nil` while it is being fetched, and for what has no bytes.
    var id: ID<StoredFile>?
    /// The size of our copy.
    var bytes: Int?
    /// Why there is no copy, in the words of a small set.
    var failure: String?

    /// Whether its bytes are still to be fetched from a vendor.
    var isWaiting: Bool { id == nil && failure == nil && (address != nil || reference != nil) }

    /// Names a file that is here.
    init(_ file: StoredFile) {
        kind = file.kind
        name = file.name
        mediaType = file.mediaType
        id = file.id
        bytes = file.bytes
    }

    init(_ attachment: InboundAttachment) {
        kind = attachment.kind.rawValue
        switch attachment.source {
        case .address(let place): address = place
        case .reference(let id): reference = id
        case .none: break
        }
        name = attachment.name
        mediaType = attachment.mediaType
        title = attachment.title
    }
}
