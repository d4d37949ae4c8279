import Base
import Web

/// A creator as the API tells of one.
struct CreatorOutput: Output {
    enum Bounds {
        /// Of a bio only its beginning stands in lists.
        static let bioScalars = 200
    }

    static let fields: [Field] = [
        .body("id", .id), .body("platform", .choice(Platform.self)), .body("handle", .text), .body("name", .text),
        .body("bio", .text, "Its beginning, in lists."), .body("profile", .text, "Where everybody sees it."),
        .body("picture", optional: .text), .body("followers", optional: .integer), .body("posts", optional: .integer),
        .body("engagement", optional: .number, "The median of (likes + comments) / views."),
        .body("medianViews", optional: .integer), .body("language", optional: .text),
        .body("country", optional: .text), .body("email", optional: .text),
        .body("enrichment", .choice(Creator.Enrichment.self)), .body("enrichedAt", optional: .timestamp),
        .body("isBlocked", .boolean), .body("foundAt", .timestamp), .body("updatedAt", .timestamp),
    ]
    static let shape = Shape.object(fields)

    let id: ID<Creator>
    let platform: Platform
    let handle: String
    let name: String
    let bio: String
    let profile: String
    let picture: String?
    let followers: Int64?
    let posts: Int64?
    let engagement: Double?
    let medianViews: Int64?
    let language: String?
    let country: String?
    let email: String?
    let enrichment: Creator.Enrichment
    let enrichedAt: Timestamp?
    let isBlocked: Bool
    let foundAt: Timestamp
    let updatedAt: Timestamp

    init(_ creator: Creator, isWhole: Bool = false) {
        id = creator.id
        platform = creator.platform
        handle = creator.handle
        name = creator.name
        if isWhole {
            bio = creator.bio
        } else {
            var cut = String.UnicodeScalarView()
            cut.append(contentsOf: creator.bio.unicodeScalars.prefix(Bounds.bioScalars))
            bio = String(cut)
        }
        profile = creator.platform.address(of: creator.handle)
        picture = creator.hasPicture ? Addresses.picture(creator.id) : nil
        followers = creator.facts.followers
        posts = creator.facts.posts
        engagement = creator.facts.engagement.map { Double($0) / 1_000_000 }
        medianViews = creator.facts.medianViews
        language = creator.facts.language
        country = creator.facts.country
        email = creator.facts.email
        enrichment = creator.enrichment
        enrichedAt = creator.enrichedAt
        isBlocked = creator.isBlocked
        foundAt = creator.createdAt
        updatedAt = creator.updatedAt
    }
}

/// A match as the API tells of one.
struct MatchOutput: Output {
    static let fields: [Field] = [
        .body("sequence", .integer), .body("keywords", .list(.integer), "The ordinals of the texts that found it."),
        .body("isCharged", .boolean), .body("creator", .object(CreatorOutput.fields)),
    ]
    static let shape = Shape.object(fields)

    let sequence: Int64
    let keywords: [Int]
    let isCharged: Bool
    let creator: CreatorOutput

    init(_ found: FoundMatch) {
        sequence = found.match.sequence
        keywords = (0..<SearchWish.Bounds.keywords).filter(found.match.keywords.contains(ordinal:))
        isCharged = found.match.isCharged
        creator = CreatorOutput(found.creator)
    }
}

/// A keyword of a search as the API tells of one.
struct KeywordOutput: Output {
    static let fields: [Field] = [
        .body("id", .id), .body("platform", .choice(Platform.self)), .body("text", .text),
        .body("ordinal", .integer), .body("state", .choice(Keyword.State.self)),
        .body("reason", optional: .choice(Keyword.Reason.self)), .body("isExpanded", .boolean),
        .body("pages", .integer), .body("found", .integer), .body("excluded", .integer),
    ]
    static let shape = Shape.object(fields)

    let id: ID<Keyword>
    let platform: Platform
    let text: String
    let ordinal: Int
    let state: Keyword.State
    let reason: Keyword.Reason?
    let isExpanded: Bool
    let pages: Int
    let found: Int
    let excluded: Int

    init(_ keyword: Keyword) {
        id = keyword.id
        platform = keyword.platform
        text = keyword.text
        ordinal = keyword.ordinal
        state = keyword.state
        reason = keyword.reason
        isExpanded = keyword.isExpanded
        pages = keyword.pages
        found = keyword.found
        excluded = keyword.excluded
    }
}

/// A search as the API tells of one.
struct SearchOutput: Output {
    static let fields: [Field] = [
        .body("id", .id), .body("personId", .id), .body("campaignId", optional: .id), .body("title", .text),
        .body("state", .choice(Search.State.self)), .body("round", .integer),
        .body("platforms", .list(.choice(Platform.self))), .body("region", .text), .body("target", .integer),
        .body("creatorsFound", .integer), .body("creatorsExcluded", .integer), .body("creatorsEnriched", .integer),
        .body("creditsReserved", .integer), .body("creditsSettled", .integer), .body("createdAt", .timestamp),
        .body("deadlineAt", .timestamp), .body("finishedAt", optional: .timestamp),
    ]
    static let shape = Shape.object(fields)

    let id: ID<Search>
    let personId: ID<Person>
    let campaignId: ID<Campaign>?
    let title: String
    let state: Search.State
    let round: Int
    let platforms: [Platform]
    let region: String
    let target: Int
    let creatorsFound: Int
    let creatorsExcluded: Int
    let creatorsEnriched: Int
    let creditsReserved: Int
    let creditsSettled: Int
    let createdAt: Timestamp
    let deadlineAt: Timestamp
    let finishedAt: Timestamp?

    init(_ search: Search, status: SearchStatus? = nil) {
        id = search.id
        personId = search.personID
        campaignId = search.campaignID
        title = search.title
        state = search.state
        round = search.round
        platforms = search.wish.platforms
        region = search.wish.region
        target = search.wish.target
        creatorsFound = status?.found ?? search.found
        creatorsExcluded = status?.excluded ?? search.excluded
        creatorsEnriched = status?.enriched ?? search.enriched
        creditsReserved = search.reserved
        creditsSettled = search.settled
        createdAt = search.createdAt
        deadlineAt = search.deadlineAt
        finishedAt = search.finishedAt
    }
}

/// Where a search stands, with each of its keywords.
struct StatusOutput: Output {
    static let shape = Shape.object([
        .body("search", .object(SearchOutput.fields)), .body("keywords", .list(.object(KeywordOutput.fields))),
        .body("summary", .text, "As in: 7 of 9 keywords, 2 failed."), .body("isOver", .boolean),
        .body("at", .timestamp),
    ])

    let search: SearchOutput
    let keywords: [KeywordOutput]
    let summary: String
    let isOver: Bool
    let at: Timestamp

    init(_ status: SearchStatus, at time: Timestamp) {
        search = SearchOutput(status.search, status: status)
        keywords = status.keywords.map(KeywordOutput.init)
        summary = status.summary
        isOver = status.search.state.isOver
        at = time
    }
}
