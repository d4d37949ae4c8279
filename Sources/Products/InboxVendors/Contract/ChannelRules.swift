public import Base

/// What a vendor allows on one kind of channel.
public struct ChannelRules: Sendable, Hashable {
    /// How long a text may be.
    public var text: TextRule
    /// How long the words below a file may be; `nil` where there are none.
    public var caption: TextRule?
    /// How long after the customer's last message everybody may write; `nil` for ever.
    public var window: Duration?
    /// How long after it people still may, by the vendor's tag; `nil` where there is no such tag.
    public var personWindow: Duration?
    /// The largest file that can be fetched from the vendor.
    public var download: ByteCount
    /// Messages per second to one conversation.
    public var perConversation: Int
    /// Messages per second of one channel.
    public var perChannel: Int
    /// The most entries that ``ChannelAdapter/recent(since:over:)`` gives; zero where the vendor has no such thing.
    public var recentMax: Int

    /// Whether and how an author may write now.
    public enum Standing: Sendable, Hashable {
        /// Everybody, until then; `nil` for ever.
        case open(until: Timestamp?)
        /// People only, until then: ``OutboundMessage/Author/personAfterWindow``.
        case peopleOnly(until: Timestamp)
        /// Nobody, since then; `nil` when the customer has never written.
        case closed(since: Timestamp?)
    }

    /// How the channel stands towards a customer.
    ///
    /// Counted from the customer's last message, never from ours. The last moment of a window is still in it.
    ///
    /// - Parameters:
    ///   - lastCustomerAt: When the customer last wrote; `nil` for never.
    ///   - now: Our time.
    /// - Returns: Who may write, and until when.
    public func standing(lastCustomerAt: Timestamp?, at now: Timestamp) -> Standing {
        guard let window else { return .open(until: nil) }
        guard let lastCustomerAt else { return .closed(since: nil) }
        let end = lastCustomerAt + window
        if now <= end { return .open(until: end) }
        guard let personWindow else { return .closed(since: end) }
        let personEnd = lastCustomerAt + personWindow
        return now <= personEnd ? .peopleOnly(until: personEnd) : .closed(since: personEnd)
    }
}

/// How long a vendor lets a text be, in the unit in which it counts.
public struct TextRule: Sendable, Hashable {
    /// What is counted.
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        /// Bytes of UTF-8.
        case bytes
        /// Units of UTF-16.
        case utf16
        /// Unicode scalars.
        case scalars
    }

    /// What is counted.
    public let unit: Unit
    /// How many there may be.
    public let limit: Int

    /// Makes a rule; the limit is at least 64, so that every character fits.
    public init(_ limit: Int, _ unit: Unit) {
        precondition(limit >= 64, "a text of \(limit) is too short for one character")
        self.unit = unit
        self.limit = limit
    }

    /// How long a text is in the vendor's unit.
    public func length(of text: some StringProtocol) -> Int {
        switch unit {
        case .bytes: text.utf8.count
        case .utf16: text.utf16.count
        case .scalars: text.unicodeScalars.count
        }
    }

    /// Whether a text fits.
    public func allows(_ text: some StringProtocol) -> Bool { length(of: text) <= limit }
}
