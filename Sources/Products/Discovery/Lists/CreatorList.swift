import Base

import typealias Storage.SQLConvertible

/// A list of creators that people put together.
struct CreatorList: Sendable, Hashable {
    enum Bounds {
        /// Lists of a workspace.
        static let lists = 1_000
        /// Entries of a list; the schema holds the same.
        static let entries = 50_000
        /// Buckets of a board.
        static let buckets = 12
        /// Characters of a bucket's name.
        static let bucketCharacters = 32
        /// Characters of a list's name.
        static let nameCharacters = 120
        /// People with a role of their own in a list.
        static let members = 200
    }

    enum Kind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case campaign, favourites, industry, scouting, contacted, custom
    }

    /// Who may see a list beside its members.
    enum Visibility: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// Nobody.
        case `private`
        /// Everybody in the workspace; its editors may also work on it.
        case team
        /// As the team, and whoever has a link that is neither revoked nor over.
        case link
    }

    let id: ID<CreatorList>
    var personID: ID<Person>
    var campaignID: ID<Campaign>?
    var name: String
    var kind: Kind
    var visibility: Visibility
    /// The select field whose values are the buckets of the board.
    var bucketField: String
    var fields: [ListField]
    var isArchived: Bool
    /// The field that the board is being grouped by; `nil` when it stands still.
    var regroupTo: String?
    let createdAt: Timestamp
    var version: Int64

    /// The buckets of the board in their order: the values of its field.
    var buckets: [String] { fields.first { $0.key == bucketField }?.options ?? [] }

    /// Where an entry goes that nobody has put anywhere.
    var firstBucket: String { buckets.first ?? ListField.stages[0] }
}

/// What a person may do with a list; each role includes the ones before it.
enum ListRole: String, Sendable, Hashable, Codable, CaseIterable, Comparable, SQLConvertible {
    case viewer, editor, owner

    /// The role of someone: their own one, else what the list's visibility and their seat in the workspace give.
    ///
    /// - Parameters:
    ///   - own: the role that somebody has given them.
    ///   - visibility: who sees the list.
    ///   - seat: what they may do in the workspace.
    /// - Returns: the role; `nil` when they may not see the list.
    static func effective(own: ListRole?, visibility: CreatorList.Visibility, seat: Seat) -> ListRole? {
        // Who may only look in the workspace only looks, whatever a list says.
        if let own { return seat == .viewer ? .viewer : own }
        guard visibility != .private else { return nil }
        switch seat {
        case .viewer: return .viewer
        case .editor: return .editor
        case .owner: return .owner
        }
    }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .editor: 1
        case .owner: 2
        }
    }

    static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// Who asks: the person and their seat in the workspace.
struct Asker: Sendable, Hashable, Codable {
    let person: ID<Person>
    let seat: Seat
}

/// A list as somebody sees it.
struct ShownList: Sendable, Hashable {
    let list: CreatorList
    let role: ListRole
    let isFavourite: Bool
    let entries: Int
    let followers: Int64
}

/// How many entries a bucket has, and how many followers these have together.
struct BucketTotal: Sendable, Hashable {
    let bucket: String
    let place: Int
    var entries: Int
    var followers: Int64
}

/// A list with the totals of its board.
struct Board: Sendable, Hashable {
    let shown: ShownList
    let buckets: [BucketTotal]
}
