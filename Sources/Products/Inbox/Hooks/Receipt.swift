import Base
import Crypto
import InboxVendors

import typealias Storage.SQLConvertible

/// A delivery as it was kept before anybody answered for it.
struct Receipt: Sendable, Hashable {
    enum Bounds {
        /// Deliveries of a conversation that are worked off in one transaction.
        static let batch = 50
        /// Characters of a reason.
        static let reasonCharacters = 300
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case waiting, done, dead
    }

    let id: ID<Receipt>
    let channelID: ID<Channel>
    let deliveryKey: String
    let conversationKey: String
    let raw: [UInt8]
    let receivedAt: Timestamp

    var delivery: Delivery { Delivery(raw: raw) }
}

/// What the deliveries of one conversation are worked off by.
struct ConversationKey: Codable, Sendable, Hashable {
    let channel: ID<Channel>
    let key: String

    /// A short text that is another one for every conversation of every channel.
    var text: String {
        let digest = SHA256.hash(data: channel.bytes + Array(key.utf8))
        return Base64URL.encode(Array(digest))
    }
}
