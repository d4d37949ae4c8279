import Base
import Storage
import Web

/// Searches over HTTP.
struct SearchRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] {
        [suggest, estimate, start, list, status, matches, retry, cancel]
    }

    private var desk: SearchDesk { bureau.searches }

    static let active = Failure(
        "discovery.searchActive", 409, "A search of the person is running; `searchId` names it.")
    static let short = Failure("discovery.creditsShort", 402, "The month has too few credits left.")
    static let invalid = Failure(
        "discovery.keywordsInvalid", 422, "A search has 1 to 10 keywords of 2 to 80 characters.")

    // MARK: Before a search

    private struct SeedInput: Input {
        static let fields: [Field] = [.query("seed", .text(Suggestion.Bounds.seedScalars), "What to begin with.")]

        let seed: String
    }

    private struct SuggestionsAnswer: Output {
        static let shape = Shape.object([.body("keywords", .list(.text, 0...12))])

        let keywords: [String]
    }

    private var suggest: Route {
        Route(
            .get, "/suggestions", "discovery.suggestKeywords", "Names up to twelve keywords for a seed.",
            policy: .signedIn, limit: Rates.reading, budget: 0
        ) { [desk] (request: Request<SeedInput>) in
            SuggestionsAnswer(keywords: try await desk.suggestions(for: request.input.seed))
        }
    }

    /// A search as clients compose it.
    struct WishInput: Input {
        static let wishFields: [Field] = [
            .body("keywords", .list(.text(0...400), 1...20), "What to look for."),
            .body("platforms", .list(.choice(Platform.self), 1...3)),
            .body("region", optional: .text(2...2), default: "US", "ISO 3166-1 alpha-2."),
            .body("target", optional: .integer(1...1_000), default: 100, "How many creators are wanted."),
            .body("excludeListed", optional: .boolean, default: false, "Leaves out who is on any list."),
            .body(
                "excludeLists", optional: .list(.id, 0...Exclusions.Bounds.lists), "Leaves out who is on these lists."),
            .body(
                "excludeContactedDays", optional: .integer(Exclusions.Bounds.days),
                "Leaves out who was written to within as many days."),
            .body("excludeKnown", optional: .boolean, default: false, "Leaves out whom the workspace knows already."),
            .body(
                "expansion", optional: .integer(0...SearchWish.Bounds.expansionRounds), default: 0,
                "Rounds of further keywords while the target is not reached."),
            .body(
                "enrich", optional: .integer(0...SearchWish.Bounds.enrich), default: 20,
                "How many of the first creators have their profiles read."),
        ]
        static let fields = wishFields

        let keywords: [String]
        let platforms: [Platform]
        let region: String
        let target: Int
        let excludeListed: Bool
        let excludeLists: [ID<CreatorList>]?
        let excludeContactedDays: Int?
        let excludeKnown: Bool
        let expansion: Int
        let enrich: Int

        func wish() throws -> SearchWish {
            try SearchWish(
                keywords: keywords, platforms: platforms, region: region.uppercased(), target: target,
                exclusions: Exclusions(
                    listed: excludeListed, lists: excludeLists ?? [], contactedWithinDays: excludeContactedDays,
                    known: excludeKnown), expansion: expansion, enrich: enrich)
        }
    }

    private struct EstimateAnswer: Output {
        static let shape = Shape.object([
            .body("calls", .integer), .body("credits", .integer), .body("profiles", .integer),
            .body("minutes", .integer), .body("costMicrodollars", .integer), .body("held", .integer),
            .body("excluded", .integer),
        ])

        let calls: Int
        let credits: Int
        let profiles: Int
        let minutes: Int
        let costMicrodollars: Int64
        let held: Int
        let excluded: Int

        init(_ estimate: Estimate) {
            calls = estimate.calls
            credits = estimate.credits
            profiles = estimate.profiles
            minutes = Int((estimate.time.components.seconds + 59) / 60)
            costMicrodollars = estimate.cost
            held = estimate.held
            excluded = estimate.excluded
        }
    }

    private var estimate: Route {
        Route(
            .post, "/estimates", "discovery.estimateSearch", "Says what a search would take; reserves nothing.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Self.invalid]
        ) { [desk] (request: Request<WishInput>) in
            try await refusing {
                EstimateAnswer(try await desk.estimate(request.input.wish(), in: request.tenant))
            }
        }
    }

    // MARK: Starting

    private struct StartInput: Input {
        static let fields =
            WishInput.wishFields + [
                .body("title", optional: .text(1...Search.Bounds.titleScalars)), .body("campaignId", optional: .id),
                .body("queue", optional: .boolean, default: false, "Whether it may wait for a vendor that is away."),
            ]

        let wish: WishInput
        let title: String?
        let campaignId: ID<Campaign>?
        let queue: Bool

        private enum CodingKeys: String, CodingKey { case title, campaignId, queue }

        init(from decoder: any Decoder) throws {
            wish = try WishInput(from: decoder)
            let values = try decoder.container(keyedBy: CodingKeys.self)
            title = try values.decodeIfPresent(String.self, forKey: .title)
            campaignId = try values.decodeIfPresent(ID<Campaign>.self, forKey: .campaignId)
            queue = try values.decode(Bool.self, forKey: .queue)
        }
    }

    private struct StartAnswer: Output {
        static let shape = Shape.object([
            .body("search", .object(SearchOutput.fields)),
            .body("isRepeat", .boolean, "Whether the same request had started it before."),
        ])

        let search: SearchOutput
        let isRepeat: Bool
    }

    /// On PostgreSQL four statements: search, credits, keywords, jobs.
    ///
    /// On SQLite, where statements cost no round trip, the ledger and the jobs take some more.
    private var start: Route {
        Route(
            .post, "/searches", "discovery.startSearch",
            "Starts a search; `Idempotency-Key` makes it safe to send again for a day.", policy: .signedIn,
            limit: Rates.writing, budget: 14, status: 201,
            failures: [
                Self.invalid, Self.active, Self.short, Failures.notAllowed,
                Failure("discovery.tooManySearches", 429, "Twenty searches an hour may be started."),
                Failure("discovery.dailyLimit", 429, "All of the day's vendor calls have been made."),
                Failure("discovery.vendorUnavailable", 503, "The vendor does not answer; `queue: true` waits for it."),
                Failure("discovery.requestReused", 422, "The idempotency key was used for another search."),
            ]
        ) { [desk] (request: Request<StartInput>) in
            let person = try request.person(atLeast: .editor)
            return try await refusing {
                let input = request.input
                var order = SearchDesk.Order(wish: try input.wish.wish(), person: person)
                order.title = input.title
                order.campaign = input.campaignId
                order.queues = input.queue
                order.requestKey = request.context.header("idempotency-key").map { String($0.prefix(200)) }
                let started = try await desk.start(order, in: request.tenant)
                return StartAnswer(search: SearchOutput(started.search), isRepeat: started.isRepeat)
            }
        }
    }

    // MARK: Reading

    private struct ListInput: Input {
        static let fields: [Field] = [
            .query("mine", optional: .boolean, default: false, "Only those of the person."),
            .query("campaignId", optional: .id), .query("after", optional: .cursor),
            .query("limit", optional: .integer(1...100), default: 20),
        ]

        let mine: Bool
        let campaignId: ID<Campaign>?
        let after: Cursor?
        let limit: Int
    }

    private struct ListAnswer: Output {
        static let shape = Shape.object([
            .body("searches", .list(.object(SearchOutput.fields))), .body("next", optional: .cursor),
        ])

        let searches: [SearchOutput]
        let next: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/searches", "discovery.listSearches", "Lists searches, the newest first.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<ListInput>) in
            let person = try request.person()
            return try await refusing {
                let input = request.input
                let scope: SearchScope =
                    input.campaignId.map { .campaign($0) } ?? (input.mine ? .person(person) : .workspace)
                let page = try await desk.store.page(
                    of: scope, after: input.after, limit: input.limit, in: request.tenant)
                return ListAnswer(searches: page.items.map { SearchOutput($0) }, next: page.next)
            }
        }
    }

    struct OfSearch: Input {
        static let fields: [Field] = [.path("id", .id, "The search.")]

        let id: ID<Search>
    }

    private var status: Route {
        Route(
            .get, "/searches/{id}", "discovery.getSearch", "Says where a search and its keywords stand.",
            policy: .signedIn, limit: Rates.reading, budget: 1, cache: .privateRevalidate,
            failures: [Failures.missing]
        ) { [bureau, desk] (request: Request<OfSearch>) in
            try await refusing {
                StatusOutput(
                    try await desk.status(of: request.input.id, in: request.tenant), at: bureau.clock.now())
            }
        }
    }

    private var matches: Route {
        Route(
            .get, "/searches/{id}/matches", "discovery.listMatches",
            "Lists what a search found; with filters in which what nobody knows is a choice of its own.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing, Failures.cursor]
        ) { [bureau] (request: Request<MatchesInput>) in
            try await refusing {
                let input = request.input
                let found = try await bureau.results.page(
                    MatchDesk.Ask(
                        search: input.id, filter: input.filter, sort: input.sort, after: input.after, limit: input.limit
                    ),
                    in: request.tenant)
                return MatchesAnswer(found)
            }
        }
    }

    // MARK: Acting

    private struct RetryInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The search."),
            .body("keywordIds", optional: .list(.id, 1...150), "Which failed keywords; all when not given."),
        ]

        let id: ID<Search>
        let keywordIds: [ID<Keyword>]?
    }

    private var retry: Route {
        Route(
            .post, "/searches/{id}/retries", "discovery.retrySearch", "Tries failed keywords again in a new round.",
            policy: .signedIn, limit: Rates.writing, budget: 20,
            failures: [
                Failures.missing, Failures.notAllowed, Self.active, Self.short,
                Failure("discovery.nothingToRetry", 409, "No keyword has failed."),
            ]
        ) { [bureau, desk] (request: Request<RetryInput>) in
            _ = try request.person(atLeast: .editor)
            return try await refusing {
                let status = try await desk.retry(
                    request.input.id, only: request.input.keywordIds, in: request.tenant)
                return StatusOutput(status, at: bureau.clock.now())
            }
        }
    }

    private var cancel: Route {
        Route(
            .post, "/searches/{id}/cancellation", "discovery.cancelSearch",
            "Stops a search; what was found stays and the rest of its credits is given back.", policy: .signedIn,
            limit: Rates.writing, budget: 12,
            failures: [
                Failures.missing, Failures.notAllowed, Failure("discovery.searchEnded", 409, "It had ended already."),
            ]
        ) { [bureau, desk] (request: Request<OfSearch>) in
            _ = try request.person(atLeast: .editor)
            return try await refusing {
                StatusOutput(
                    try await desk.cancel(request.input.id, in: request.tenant), at: bureau.clock.now())
            }
        }
    }
}

/// Which of a search's matches are asked for.
struct MatchesInput: Input {
    static let filterFields: [Field] = [
        .query("platform", optional: .choice(Platform.self)),
        .query("followersMin", optional: .integer(0...10_000_000_000)),
        .query("followersMax", optional: .integer(0...10_000_000_000)),
        .query("engagementMin", optional: .number(0...1_000), "As a part: 0.05 for five of a hundred."),
        .query("country", optional: .text(2...2)), .query("language", optional: .text(2...2)),
        .query("email", optional: .choice(MatchFilter.Email.self)),
        .query("unknown", optional: .boolean, default: false, "Whether those pass whose number nobody knows."),
        .query("keyword", optional: .integer(0...49), "The ordinal of a text: only what it found."),
        .query("sort", optional: .choice(MatchSort.self), default: "found"),
    ]
    static let fields: [Field] =
        [.path("id", .id, "The search.")] + filterFields + [
            .query("after", optional: .cursor),
            .query("limit", optional: .integer(1...MatchDesk.Bounds.pageMax), default: 50),
        ]

    let id: ID<Search>
    let platform: Platform?
    let followersMin: Int64?
    let followersMax: Int64?
    let engagementMin: Double?
    let country: String?
    let language: String?
    let email: MatchFilter.Email?
    let unknown: Bool
    let keyword: Int?
    let sort: MatchSort
    let after: Cursor?
    let limit: Int

    var filter: MatchFilter {
        MatchFilter(
            platform: platform, followersMin: followersMin, followersMax: followersMax,
            engagementMin: engagementMin.map { Int64($0 * 1_000_000) }, country: country?.uppercased(),
            language: language?.lowercased(), email: email, includesUnknown: unknown, keyword: keyword)
    }
}

/// A page of a search's matches.
struct MatchesAnswer: Output {
    static let shape = Shape.object([
        .body("total", .integer, "How many the search has, filters aside."), .body("state", .choice(Search.State.self)),
        .body("matches", .list(.object(MatchOutput.fields))), .body("next", optional: .cursor),
    ])

    let total: Int
    let state: Search.State
    let matches: [MatchOutput]
    let next: Cursor?

    init(_ found: MatchDesk.Found) {
        total = found.total
        state = found.state
        matches = found.page.items.map(MatchOutput.init)
        next = found.page.next
    }
}
