public import Base

/// One thing that a vendor tells of one conversation, in words that no vendor owns.
public struct InboundEntry: Sendable, Hashable {
    /// What holds for every entry.
    public enum Bounds {
        /// The longest text in characters (Unicode scalars); what is longer is cut and marked.
        public static let textScalars = 8_000
        /// Attachments; further ones are dropped and counted.
        public static let attachments = 20
        /// Ids in one mark.
        public static let marked = 500
        /// The longest id, payload or reference in bytes.
        public static let idBytes = 255
        /// The longest payload of a button in bytes.
        public static let payloadBytes = 1_000
    }

    /// What it tells.
    public enum Kind: Sendable, Hashable {
        /// The customer wrote.
        case message
        /// The account wrote: by us, or in the vendor's own application.
        case echo
        /// The message of the same ``InboundEntry/externalId`` has another text now.
        ///
        /// It may come before the message itself.
        case edit
        /// The message of the same ``InboundEntry/externalId`` was taken back.
        case deletion
        /// Messages reached the customer: ``InboundEntry/mark``.
        case delivered
        /// The customer has seen messages: ``InboundEntry/mark``.
        case read
        /// The customer can no longer be written to.
        case left
        /// The customer can be written to again.
        case returned
        /// The conversation goes on under another id: ``InboundEntry/externalUserId`` becomes this one.
        case moved(to: String)
        /// A form that is known and not used.
        case skipped(SkipReason)
        /// A form that is not known: kept raw and counted.
        case unknown
    }

    /// Why a known form is not used.
    public enum SkipReason: String, Sendable, Hashable, CaseIterable {
        /// The vendor's button for trying a webhook.
        case test
        /// Comments, mentions and the like on posts.
        case publicPost
        /// A customer's sign at a message.
        case reaction
        /// Where a conversation came from, without a message.
        case referral
        /// An agreement to be written to.
        case optIn
        /// The thread was handed from one application to another.
        case handover
        /// Something of a group or a channel that is no message.
        case service
        /// A message of a business account's or a broadcast channel's, which a bot only looks on.
        case lookingOn
        /// Polls, payments, inline questions and other things of bots.
        case other
    }

    /// What it tells.
    public var kind: Kind
    /// The account at the vendor that it is for, where the delivery says so.
    public var account: String?
    /// Who the conversation is with, in the vendor's id; empty only where there is no conversation.
    public var externalUserId: String
    /// The vendor's id of the message, unique in the channel.
    public var externalId: String?
    /// The text; empty when there is none.
    public var text: String
    /// Whether the text was longer than ``Bounds/textScalars``, or more was attached than ``Bounds/attachments``.
    public var isCut: Bool
    /// What is attached.
    public var attachments: [InboundAttachment]
    /// When it was said, by the vendor's clock; `nil` when it does not tell, and the time of receiving has to do.
    public var sentAt: Timestamp?
    /// The message that it answers.
    public var replyTo: String?
    /// What a button that was pressed stands for.
    public var payload: String?
    /// What has to be told to the vendor so that the button rests: ``OutboundSign/answered(callback:)``.
    public var callback: String?
    /// Who the conversation is with, where the delivery itself says so.
    public var profile: InboundProfile?
    /// Who of a group wrote, at most 200 characters.
    public var author: String?
    /// Where the customer came from, as an advertisement's or a link's id.
    public var origin: String?
    /// Of an echo: the ``OutboundMessage/reference`` that it was sent with.
    public var reference: String?
    /// Of an echo: the application that sent it; `nil` for the vendor's own.
    public var application: String?
    /// Of a delivered and a read: what it covers.
    public var mark: InboundMark?
    /// Whether another application has the conversation now: to be kept, not to be answered by a bot.
    public var isStandby: Bool

    /// Makes an entry of these few, the rest being nothing.
    public init(
        _ kind: Kind, with externalUserId: String, at sentAt: Timestamp?, account: String? = nil,
        externalId: String? = nil, text: String = ""
    ) {
        self.kind = kind
        self.account = account
        self.externalUserId = externalUserId
        self.externalId = externalId
        (self.text, isCut) = VendorText.bounded(text)
        attachments = []
        self.sentAt = sentAt
        isStandby = false
    }
}

/// Which messages a mark covers.
public enum InboundMark: Sendable, Hashable {
    /// All that were sent until then.
    case until(Timestamp)
    /// These.
    case messages([String])
}

/// Who a customer is at the vendor.
public struct InboundProfile: Sendable, Hashable {
    /// The name shown, at most 200 characters.
    public var name: String
    /// The name to be called by, at most 100 characters.
    public var handle: String?
    /// The language as the vendor names it, at most 35 characters.
    public var locale: String?
    /// Where the picture is for now; to be copied, as it does not last.
    public var picture: String?

    /// Keeps a profile within its bounds.
    public init(name: String, handle: String? = nil, locale: String? = nil, picture: String? = nil) {
        self.name = VendorText.line(name, 200)
        self.handle = handle.map { VendorText.line($0, 100) }
        self.locale = locale.map { VendorText.line($0, 35) }
        self.picture = picture
    }
}

/// Something attached to a customer's message; its bytes are fetched elsewhere.
public struct InboundAttachment: Sendable, Hashable {
    /// What it is.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A picture.
        case image
        /// A film.
        case video
        /// A sound or a spoken message.
        case audio
        /// Any other file.
        case file
        /// A sticker.
        case sticker
        /// A place on earth: its coordinates are the ``InboundAttachment/title``.
        case place
        /// Something shared of the vendor's: a post, a story, a product.
        case share
        /// Another person's address: what can be read of it is the ``InboundAttachment/title``.
        case contact
        /// What the vendor gives no access to.
        case unsupported
    }

    /// Where its bytes are.
    public enum Source: Sendable, Hashable {
        /// At an address that does not last, at most 4,096 bytes.
        case address(String)
        /// Behind an id that ``ChannelAdapter/place(of:over:)`` turns into an address.
        case reference(String)
        /// It has none.
        case none
    }

    /// What it is.
    public var kind: Kind
    /// Where its bytes are.
    public var source: Source
    /// The file's name, at most 200 characters.
    public var name: String?
    /// The media type as the vendor claims it, at most 100 characters.
    public var mediaType: String?
    /// The size as the vendor claims it.
    public var size: Int64?
    /// Words to show in its place, at most 500 characters.
    public var title: String?

    /// Keeps an attachment within its bounds.
    public init(
        _ kind: Kind, _ source: Source, name: String? = nil, mediaType: String? = nil, size: Int64? = nil,
        title: String? = nil
    ) {
        self.kind = kind
        self.source = source
        self.name = name.map { VendorText.line($0, 200) }
        self.mediaType = mediaType.map { VendorText.line($0, 100) }
        self.size = size.flatMap { $0 >= 0 ? $0 : nil }
        self.title = title.map { VendorText.line($0, 500) }
    }
}

/// Where the bytes of an attachment can be read now.
public struct MediaPlace: Sendable {
    /// The address; it may hold the channel's token and must be neither stored nor shown.
    public let address: Secret<String>
    /// The size as the vendor claims it.
    public let size: Int64?

    /// Names a place.
    public init(_ address: Secret<String>, size: Int64? = nil) {
        self.address = address
        self.size = size
    }
}
