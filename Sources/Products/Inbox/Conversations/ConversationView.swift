import Base

/// Which conversations somebody looks at.
struct ConversationView: Sendable, Hashable {
    enum Name: String, Sendable, Hashable, Codable, CaseIterable {
        case all, mine, unassigned, mentions, snoozed, closed

        var state: Conversation.State {
            switch self {
            case .all, .mine, .unassigned, .mentions: .open
            case .snoozed: .snoozed
            case .closed: .closed
            }
        }
    }

    var name = Name.all
    var channel: ID<Channel>?
    var team: ID<Team>?
    var tag: ID<Tag>?
}

/// A word that agents put on conversations.
struct Tag: Sendable, Hashable {
    enum Bounds {
        static let tags = 500
        static let labelCharacters = 40
        /// Tags of a conversation.
        static let each = 20
    }

    let id: ID<Tag>
    let label: String
}

/// A conversation as one agent sees it.
struct SeenConversation: Sendable, Hashable {
    enum Bounds {
        /// Unread messages that are counted for who has never opened the conversation.
        static let unreadOfNew = 99
    }

    let head: Conversation
    /// How far the agent has read; `nil` for who never opened it.
    let readSequence: Int64?
    let unread: Int64
}

/// How many conversations with something unread the views hold, among the newest ones.
struct Badges: Sendable, Hashable, Codable {
    enum Bounds {
        /// Conversations that are looked at.
        static let depth = 1_000
        /// Counted up to here and shown as more.
        static let shown = 99
    }

    var all: Int
    var mine: Int
    var unassigned: Int
}
