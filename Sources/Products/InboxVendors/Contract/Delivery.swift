public import Base

/// A part of a webhook that is stored once and worked off by itself.
///
/// ``raw`` is complete: ``ChannelAdapter/entries(of:)`` needs nothing else, however much later it is asked.
public struct Delivery: Sendable, Hashable {
    /// What holds for every delivery.
    public enum Bounds {
        /// The largest body of a webhook; what is larger is refused before it is read.
        public static let body = ByteCount.mebibytes(1)
        /// The largest delivery.
        ///
        /// No vendor comes near it with one message; what is larger is cut, and found unreadable by who works it off.
        public static let raw = ByteCount.kibibytes(256)
        /// How many deliveries one body may hold; Meta sends up to 1,000.
        public static let count = 1_000
        /// The longest key; the vendors' own ids are shorter, longer ones are replaced by their hash.
        public static let keyBytes = 255
    }

    /// What is the same whenever the same thing is delivered again, unique within the channel: at most 255 bytes.
    public let key: String
    /// What is worked off in order, the conversation: at most 255 bytes, and empty where none is known.
    public let conversationKey: String
    /// The account at the vendor that it is for, where it says so: a body may hold deliveries for several channels.
    public let account: String?
    /// The bytes, at most 256 KiB.
    public let raw: [UInt8]

    /// Keeps a delivery within its bounds.
    public init(key: String, conversationKey: String, account: String?, raw: [UInt8]) {
        self.key = VendorKey.bounded(key)
        self.conversationKey = conversationKey.isEmpty ? "" : VendorKey.bounded(conversationKey)
        self.account = account.map(VendorKey.bounded)
        self.raw = raw.count > Bounds.raw.bytes ? Array(raw.prefix(Bounds.raw.bytes)) : raw
    }

    /// A delivery as it was stored, its keys no longer of use.
    public init(raw: [UInt8]) { self.init(key: "", conversationKey: "", account: nil, raw: raw) }
}

/// Why a delivery is not believed, or cannot be read.
public enum DeliveryFault: String, Error, Sendable, Hashable, CaseIterable {
    /// Nobody has set a secret: nothing is believed, in no environment.
    case noSecret
    /// The header that proves the sender is not there.
    case headerMissing
    /// The header that proves the sender is there twice, or has another form.
    case headerUnreadable
    /// The proof is wrong under every secret.
    case mismatch
    /// The body is larger than ``Delivery/Bounds/body``.
    case tooLarge
    /// What asks for the challenge does not name the channel's verify token.
    case challengeRefused
    /// The bytes are not of any form the vendor has.
    case unreadable
    /// The vendor of this channel sends no webhooks.
    case notDelivered
}

/// The header fields of a webhook; names are told apart without regard to case.
public struct DeliveryHeaders: Sendable, Hashable {
    enum Bounds {
        static let fields = 100
    }

    private let fields: [(name: String, value: String)]

    /// Takes the first hundred fields.
    public init(_ fields: some Sequence<(String, String)>) {
        self.fields = fields.prefix(Bounds.fields).map { ($0.0.lowercased(), $0.1) }
    }

    /// The only value of a name, given in lower case; `nil` when there is none.
    ///
    /// Two fields of a name that proves something are no proof at all: whoever stands between may read the other one.
    ///
    /// - Throws: ``DeliveryFault/headerUnreadable`` when there are several.
    func only(_ name: String) throws(DeliveryFault) -> String? {
        let values = fields.filter { $0.name == name }
        guard values.count <= 1 else { throw .headerUnreadable }
        return values.first?.value
    }

    /// Whether the same fields stand in the same order.
    public static func == (left: Self, right: Self) -> Bool {
        left.fields.elementsEqual(right.fields) { $0 == $1 }
    }

    /// Feeds the fields.
    public func hash(into hasher: inout Hasher) {
        for field in fields {
            hasher.combine(field.name)
            hasher.combine(field.value)
        }
    }
}
