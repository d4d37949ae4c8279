import Base
import Web

/// A slot as the API tells of it.
struct SlotOutput: Output {
    static let shape = Shape.object([
        .body("id", .id), .body("trackId", .id), .body("position", .integer), .body("state", .choice(Slot.State.self)),
        .body("opensAt", .timestamp), .body("freezesAt", .timestamp), .body("closesAt", .timestamp),
        .body("extensions", .integer),
    ])

    let id: ID<Slot>
    let trackId: ID<Track>
    let position: Int
    let state: Slot.State
    let opensAt: Timestamp
    let freezesAt: Timestamp
    let closesAt: Timestamp
    let extensions: Int

    init(_ slot: Slot) {
        id = slot.id
        trackId = slot.trackID
        position = slot.position
        state = slot.state
        opensAt = slot.opensAt
        freezesAt = slot.freezesAt
        closesAt = slot.closesAt
        extensions = slot.extensions
    }
}

/// A clip as the API tells of it.
struct ClipOutput: Output {
    static let fields: [Field] = [
        .body("id", .id), .body("slotId", .id), .body("trackId", .id), .body("title", .text), .body("credit", .text),
        .body("genre", .choice(Clip.Genre.self)), .body("state", .choice(Clip.State.self)),
        .body("poster", optional: .text), .body("small", optional: .text), .body("large", optional: .text),
        .body("milliseconds", .integer), .body("score", optional: .integer), .body("votes", optional: .integer),
        .body("rank", optional: .integer), .body("comments", optional: .integer),
        .body("given", optional: .choice(Vote.Kind.self)),
        .body("viewToken", optional: .text),
    ]
    static let shape = Shape.object(fields)

    let id: ID<Clip>
    let slotId: ID<Slot>
    let trackId: ID<Track>
    let title: String
    let credit: String
    let genre: Clip.Genre
    let state: Clip.State
    let poster: String?
    let small: String?
    let large: String?
    let milliseconds: Int
    let score: Int?
    let votes: Int?
    let rank: Int?
    let comments: Int?
    let given: Vote.Kind?
    let viewToken: String?

    init(
        _ clip: Clip, standing: FeedDesk.Standing? = nil, comments: Int? = nil, given: Vote.Kind? = nil,
        viewToken: String? = nil
    ) {
        id = clip.id
        slotId = clip.slotID
        trackId = clip.trackID
        title = clip.title
        credit = clip.credit
        genre = clip.genre
        state = clip.state
        poster = clip.files.poster
        small = clip.files.small
        large = clip.files.large
        milliseconds = clip.milliseconds
        score = standing?.score
        votes = standing?.votes
        rank = standing?.rank
        self.comments = comments
        self.given = given
        self.viewToken = viewToken
    }
}

/// What a voter may still spend.
struct AllowanceOutput: Output {
    static let shape = Shape.object([
        .body("day", .day), .body("zone", optional: .text), .body("limit", .integer), .body("used", .integer),
        .body("left", .integer), .body("renewsAt", .timestamp), .body("superLeft", optional: .integer),
        .body("megaLeft", optional: .integer),
    ])

    let day: CalendarDay
    var zone: String?
    let limit: Int
    let used: Int
    let left: Int
    let renewsAt: Timestamp
    var superLeft: Int?
    var megaLeft: Int?

    init(_ allowance: Allowance) {
        day = allowance.day
        limit = allowance.limit
        used = allowance.used
        left = allowance.left
        renewsAt = allowance.renewsAt
    }

    init(_ record: VoterRecord, zone: String) {
        self.init(record.allowance)
        self.zone = zone
        superLeft = record.left(of: .super)
        megaLeft = record.left(of: .mega)
    }
}

/// A page of a board.
struct BoardOutput: Output {
    struct Row: Encodable {
        let id: ID<Ranked>
        let rank: Int
        let name: String
        let detail: String
        let poster: String?
        let score: Int
        let votes: Int
    }

    static let shape = Shape.object([
        .body("kind", .choice(BoardKey.Kind.self)), .body("scope", .text),
        .body("order", .choice(BoardDesk.Order.self)),
        .body("version", .integer), .body("builtAt", .timestamp), .body("total", .integer),
        .body("isBlind", .boolean), .body("next", optional: .cursor),
        .body(
            "rows",
            .list(
                .object([
                    .body("id", .id), .body("rank", .integer), .body("name", .text), .body("detail", .text),
                    .body("poster", optional: .text), .body("score", .integer), .body("votes", .integer),
                ]))),
    ])

    let kind: String
    let scope: String
    let order: String
    let version: Int64
    let builtAt: Timestamp
    let total: Int
    let isBlind: Bool
    let next: String?
    let rows: [Row]

    init(_ page: BoardDesk.Page) {
        kind = page.key.kind.rawValue
        scope = page.key.scope
        order = page.order.rawValue
        version = page.version
        builtAt = page.builtAt
        total = page.total
        isBlind = page.isBlind
        next = page.next?.description
        rows = page.rows.map {
            Row(
                id: $0.id, rank: $0.rank, name: $0.name, detail: $0.detail, poster: $0.poster, score: $0.score,
                votes: $0.votes)
        }
    }
}
