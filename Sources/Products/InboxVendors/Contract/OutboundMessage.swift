import Base

/// One message to a customer, which one call to the vendor sends.
///
/// A reply with a text and files is several of them, each with an id of its own at the vendor.
public struct OutboundMessage: Sendable, Hashable {
    /// What is sent.
    public enum Content: Sendable, Hashable {
        /// A text within the channel's ``ChannelRules/text``.
        case text(String)
        /// A file at a public address of ours, with words below it where the vendor has such.
        case media(OutboundMedia)
    }

    /// Who says it, since vendors let people do more than programs.
    public enum Author: String, Sendable, Hashable, CaseIterable {
        /// A program: only in the window.
        case bot
        /// A person in the window.
        case person
        /// A person after the window, by the vendor's tag for people.
        case personAfterWindow
    }

    /// Whom it is for, in the vendor's id.
    public var recipient: String
    /// What is sent.
    public var content: Content
    /// Who says it.
    public var author: Author
    /// Our own id of the message, at most 100 bytes; the vendors that have a place for it send it back with the echo.
    public var reference: String
    /// The customer's message that it answers, by the vendor's id.
    public var replyTo: String?

    /// Makes a message.
    public init(
        to recipient: String, _ content: Content, by author: Author, reference: String, replyTo: String? = nil
    ) {
        self.recipient = recipient
        self.content = content
        self.author = author
        self.reference = reference
        self.replyTo = replyTo
    }
}

/// A file that the vendor fetches by itself.
public struct OutboundMedia: Sendable, Hashable {
    /// What it is; the vendors show each in another way.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A picture.
        case image
        /// A film.
        case video
        /// A sound.
        case audio
        /// Any other file.
        case file
    }

    /// What it is.
    public var kind: Kind
    /// A public address, at most 2,048 bytes.
    public var address: String
    /// Words below it, empty for none; left out where the vendor has no such thing.
    public var caption: String

    /// Makes it.
    public init(_ kind: Kind, at address: String, caption: String = "") {
        self.kind = kind
        self.address = address
        self.caption = caption
    }
}

/// What became of a message.
public enum SendOutcome: Sendable, Hashable {
    /// The vendor has taken it, and calls it this.
    case sent(externalId: String)
    /// The vendor will not take it, now or later; shown to the agent.
    case refusedForGood(SendRefusal)
    /// Certainly not sent; to be tried again, at the earliest after this time where the vendor has said one.
    case tryAgain(after: Duration?)
    /// Certainly not sent: the channel's token is no longer valid. Messages are held, not failed.
    case tokenExpired
    /// Certainly not sent: the conversation goes on under another id.
    case moved(to: String)
    /// The vendor may have taken it or not: look for the echo before another try.
    case unknown
}

/// Why a vendor will never take a message.
public struct SendRefusal: Sendable, Hashable {
    /// What is wrong, for us to act on.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The time in which this author may write is over.
        case windowClosed
        /// The customer does not want to be written to.
        case blocked
        /// The customer cannot be reached: is gone, or does not let the account write.
        case unavailable
        /// The text is too long.
        case tooLong
        /// The file cannot be fetched or is of a kind that the vendor does not take.
        case mediaRefused
        /// The account may not do this.
        case notPermitted
        /// The vendor cannot read what was sent.
        case invalid
        /// A code that we do not know.
        case other
    }

    /// What is wrong.
    public let reason: Reason
    /// The vendor's own code, as in `10/2018278`, at most 40 bytes.
    public let code: String
    /// The vendor's own words, at most 300 characters, for the agent.
    public let words: String

    /// Describes a refusal.
    public init(_ reason: Reason, code: String, words: String = "") {
        self.reason = reason
        self.code = String(code.prefix(40))
        self.words = VendorText.line(words, 300)
    }
}

/// What can be shown to a customer beside messages.
public enum OutboundSign: Sendable, Hashable {
    /// Somebody types; the vendors let it fade by themselves.
    case typing
    /// The customer's last message was seen.
    case seen
    /// The press of a button has arrived: ``InboundEntry/callback``.
    case answered(callback: String)
}
