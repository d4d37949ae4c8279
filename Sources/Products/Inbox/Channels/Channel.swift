import Base
import InboxVendors

import typealias Storage.SQLConvertible

extension ChannelKind: SQLConvertible {
    /// Whether the vendor sends back what we have sent, so that its absence means something.
    var hasEchoes: Bool { self == .messenger || self == .instagram }
}

extension ChannelLine.Door: SQLConvertible {}

/// An account at a vendor, or the company's own widget, on which customers write.
struct Channel: Sendable, Hashable {
    enum Bounds {
        /// Channels of a company.
        static let channels = 100
        /// Characters of a name.
        static let nameCharacters = 120
        /// Bytes of the vendor's id of the account.
        static let accountBytes = 200
        /// Random bytes of the address that a vendor delivers to.
        static let pathKeyBytes = 16
    }

    enum Health: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case good
        /// Sending fails for a reason that is told.
        case failing
        /// Somebody has to sign in at the vendor again; messages wait.
        case tokenExpired
        /// Nothing has come for longer than is usual.
        case silent
    }

    let id: ID<Channel>
    var kind: ChannelKind
    /// What the vendor calls the account.
    var externalAccount: String
    /// The end of the address that the vendor delivers to.
    var pathKey: String
    var name: String
    var health: Health
    var healthReason: String?
    var tokenExpiresAt: Timestamp?
    /// Whether the bot answers first.
    var isBotFirst: Bool
    let createdAt: Timestamp
}

/// A channel together with whose it is: what an address of a webhook stands for.
struct RoutedChannel: Sendable, Hashable {
    let tenant: Tenant
    let channel: ID<Channel>
    let kind: ChannelKind
}

/// What a channel's deliveries are believed by, and what it sends with; never printed.
struct ChannelKeys: Sendable {
    var secrets = ChannelSecrets(signing: [])
    var token = Secret("")
    var door = ChannelLine.Door.page
}
