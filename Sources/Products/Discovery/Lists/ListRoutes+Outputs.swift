import Base
import Web

/// A list as the API tells of it.
struct ListOutput: Output {
    static let fields: [Field] = [
        .body("id", .id), .body("name", .text), .body("kind", .choice(CreatorList.Kind.self)),
        .body("visibility", .choice(CreatorList.Visibility.self)), .body("role", .choice(ListRole.self)),
        .body("campaignId", optional: .id), .body("isFavourite", .boolean), .body("isArchived", .boolean),
        .body("isRegrouping", .boolean), .body("entries", .integer), .body("followers", .integer),
        .body("bucketField", .text),
        .body(
            "fields",
            .list(
                .object([
                    .body("key", .text), .body("label", .text), .body("kind", .choice(ListField.Kind.self)),
                    .body("options", .list(.text)),
                ]))), .body("createdAt", .timestamp), .body("version", .integer),
    ]
    static let shape = Shape.object(fields)

    let id: ID<CreatorList>
    let name: String
    let kind: CreatorList.Kind
    let visibility: CreatorList.Visibility
    let role: ListRole
    let campaignId: ID<Campaign>?
    let isFavourite: Bool
    let isArchived: Bool
    let isRegrouping: Bool
    let entries: Int
    let followers: Int64
    let bucketField: String
    let fields: [ListField]
    let createdAt: Timestamp
    let version: Int64

    init(_ shown: ShownList) {
        id = shown.list.id
        name = shown.list.name
        kind = shown.list.kind
        visibility = shown.list.visibility
        role = shown.role
        campaignId = shown.list.campaignID
        isFavourite = shown.isFavourite
        isArchived = shown.list.isArchived
        isRegrouping = shown.list.regroupTo != nil
        entries = shown.entries
        followers = shown.followers
        bucketField = shown.list.bucketField
        fields = shown.list.fields
        createdAt = shown.list.createdAt
        version = shown.list.version
    }
}

/// A card as the API tells of it.
struct EntryOutput: Encodable {
    static let fields: [Field] = [
        .body("id", .id), .body("listId", .id), .body("creatorId", .id), .body("bucket", .text), .body("rank", .text),
        .body("platform", .text), .body("handle", .text), .body("name", .text), .body("followers", optional: .integer),
        .body("followersWhenAdded", optional: .integer), .body("engagement", optional: .integer),
        .body("email", optional: .text), .body("country", optional: .text), .body("isPinned", .boolean),
        .body("contactedBy", optional: .text), .body("contactedAt", optional: .timestamp),
        .body("fields", .list(.object([.body("key", .text), .body("value", .text)]))),
        .body("addedAt", .timestamp), .body("version", .integer),
    ]

    private struct Value: Encodable {
        let key: String
        let value: String
    }

    let id: ID<ListEntry>
    let listId: ID<CreatorList>
    let creatorId: ID<Creator>
    let bucket: String
    let rank: String
    let platform: String
    let handle: String
    let name: String
    let followers: Int64?
    let followersWhenAdded: Int64?
    let engagement: Int64?
    let email: String?
    let country: String?
    let isPinned: Bool
    let contactedBy: String?
    let contactedAt: Timestamp?
    private let fields: [Value]
    let addedAt: Timestamp
    let version: Int64

    init(_ card: EntryCard, names: [ID<Person>: String]) {
        let entry = card.entry
        id = entry.id
        listId = entry.listID
        creatorId = entry.creatorID
        bucket = entry.bucket
        rank = entry.rank.rawValue
        platform = card.platform
        handle = card.handle
        name = card.name
        followers = card.followersNow
        followersWhenAdded = entry.followers
        engagement = card.engagement
        email = card.email
        country = card.country
        isPinned = entry.pinnedBy != nil
        contactedBy = card.contactedBy.flatMap { names[$0] }
        contactedAt = card.contactedAt
        fields = entry.fields.sorted { $0.key < $1.key }.map { Value(key: $0.key, value: $0.value) }
        addedAt = entry.addedAt
        version = entry.version
    }
}

/// A page of entries.
struct EntryPageOutput: Output {
    static let shape = Shape.object([
        .body("entries", .list(.object(EntryOutput.fields))), .body("next", optional: .cursor),
    ])

    let entries: [EntryOutput]
    let next: String?
}

/// A board: totals of all buckets and the first cards of each.
struct BoardOutput: Output {
    private struct Bucket: Encodable {
        let name: String
        let entries: Int
        let followers: Int64
        let cards: [EntryOutput]
    }

    static let shape = Shape.object([
        .body("list", .object(ListOutput.fields)),
        .body(
            "buckets",
            .list(
                .object([
                    .body("name", .text), .body("entries", .integer), .body("followers", .integer),
                    .body("cards", .list(.object(EntryOutput.fields))),
                ]))),
    ])

    let list: ListOutput
    private let buckets: [Bucket]

    init(_ board: Board, _ cards: [String: [EntryCard]], names: [ID<Person>: String]) {
        list = ListOutput(board.shown)
        buckets = board.buckets.map { total in
            Bucket(
                name: total.bucket, entries: total.entries, followers: total.followers,
                cards: (cards[total.bucket] ?? []).map { EntryOutput($0, names: names) })
        }
    }
}
