import Base
import Limits
import Storage
import Web

/// The pages of searches, and their forms for browsers without script.
struct SearchPageRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] { [list, compose, start, show, cancel, retry, add] }

    private var desk: SearchDesk { bureau.searches }

    private enum Bounds {
        /// Rows of a page of the table, and cards of the gallery before more are asked for.
        static let rows = 10
        static let cards = 24
        /// Lists that are offered to add creators to.
        static let lists = 50
    }

    // MARK: The list

    private struct ListQuery: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("said", optional: .text(1...60)),
        ]

        let after: Cursor?
        let said: String?
    }

    private var list: Route {
        Route(
            .get, "/discovery/searches", "discovery.showSearches", "Shows the workspace's searches.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [bureau, desk] (request: Request<ListQuery>) in
            try await refusing {
                let page = try await desk.store.page(
                    of: .workspace, after: request.input.after, limit: 20, in: request.tenant)
                return DiscoveryPages.page(
                    "Searches", "searches",
                    SearchesPage(
                        page.items, next: page.next?.description, isFirst: request.input.after == nil,
                        canSearch: request.principal.has(Seat.editor.role), at: bureau.clock.now()),
                    said: request.input.said)
            }
        }
    }

    // MARK: Composing

    private struct ComposeQuery: Input {
        static let fields: [Field] = [
            .query("keywords", optional: .text(0...2_000), default: ""), .query("said", optional: .text(1...60)),
        ]

        let keywords: String
        let said: String?
    }

    private var compose: Route {
        Route(
            .get, "/discovery/searches/new", "discovery.composeSearch", "Shows the form for a new search.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [bureau, desk] (request: Request<ComposeQuery>) in
            let (workspace, usage) = try await bureau.credits.left(in: request.tenant)
            let limit = workspace.creators(at: bureau.clock.now())
            let first = request.input.keywords.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            return DiscoveryPages.page(
                "New search", "compose",
                ComposePage(
                    keywords: request.input.keywords, suggestions: try await desk.suggestions(for: first),
                    left: usage.remaining(of: limit), of: limit,
                    requestKey: ID<SearchRequest>(at: bureau.clock.now(), using: bureau.randomness).description),
                scripts: ["compose.js"], said: request.input.said)
        }
    }

    private struct Sent: Input {
        static let fields: [Field] = [
            .body("keywords", optional: .text(0...2_000), default: "", "One on a line."),
            .body("platforms", optional: .list(.choice(Platform.self), 0...3)),
            .body("region", optional: .text(2...2), default: "US"),
            .body("target", optional: .integer(1...1_000), default: 100),
            .body("excludeListed", optional: .boolean, default: false),
            .body("excludeContactedDays", optional: .integer(Exclusions.Bounds.days)),
            .body("excludeKnown", optional: .boolean, default: false),
            .body("expansion", optional: .integer(0...10), default: 0),
            .body("enrich", optional: .integer(0...SearchWish.Bounds.enrich), default: 20),
            .body("requestKey", optional: .text(1...100)),
        ]

        let keywords: String
        let platforms: [Platform]?
        let region: String
        let target: Int
        let excludeListed: Bool
        let excludeContactedDays: Int?
        let excludeKnown: Bool
        let expansion: Int
        let enrich: Int
        let requestKey: String?

        func order(by person: ID<Person>) throws -> SearchDesk.Order {
            let words = keywords.split { $0.isNewline || $0 == "," || $0 == ";" }.map(String.init)
            let wish = try SearchWish(
                keywords: words, platforms: platforms ?? [], region: region, target: target,
                exclusions: Exclusions(
                    listed: excludeListed, contactedWithinDays: excludeContactedDays, known: excludeKnown),
                expansion: expansion, enrich: enrich)
            var order = SearchDesk.Order(wish: wish, person: person)
            order.requestKey = requestKey
            return order
        }
    }

    private var start: Route {
        Route(
            .post, "/discovery/searches", "discovery.sendSearch", "Starts a search by form.", policy: .signedIn,
            limit: Rates.writing, budget: 14, accepts: .form, status: 303
        ) { [desk] (request: Request<Sent>) in
            let input = request.input
            do {
                let person = try request.person(atLeast: .editor)
                let started = try await refusing { try await desk.start(input.order(by: person), in: request.tenant) }
                return Redirect(to: "\(Addresses.search(started.search.id))?said=searchStarted")
            } catch let problem as Problem where Said.sentence(problem.code) != nil {
                if problem.code == DiscoveryError.Code.searchActive.rawValue,
                    case .text(let id)? = problem.members.first(where: { $0.name == "searchId" })?.value,
                    let search = ID<Search>(id)
                {
                    return Redirect(to: "\(Addresses.search(search))?said=\(problem.code)")
                }
                let words = ScrapeCreatorsClient.escaped(input.keywords)
                return Redirect(to: "\(Addresses.compose)?keywords=\(words)&said=\(problem.code)")
            }
        }
    }

    // MARK: One search

    private struct ShowQuery: Input {
        static let fields: [Field] =
            [.path("id", .id)] + MatchesInput.filterFields + [
                .query("after", optional: .cursor),
                .query("view", optional: .choice(["table", "gallery"]), default: "table"),
                .query("said", optional: .text(1...60)),
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
        let view: String
        let said: String?

        var filter: MatchFilter {
            MatchFilter(
                platform: platform, followersMin: followersMin, followersMax: followersMax,
                engagementMin: engagementMin.map { Int64($0 * 1_000_000) }, country: country?.uppercased(),
                language: language?.lowercased(), email: email, includesUnknown: unknown, keyword: keyword)
        }

        /// The filters as they stand in an address.
        var query: String {
            var parts: [String] = []
            if let platform { parts.append("platform=\(platform.rawValue)") }
            if let followersMin { parts.append("followersMin=\(followersMin)") }
            if let followersMax { parts.append("followersMax=\(followersMax)") }
            if let engagementMin { parts.append("engagementMin=\(engagementMin)") }
            if let country { parts.append("country=\(ScrapeCreatorsClient.escaped(country))") }
            if let language { parts.append("language=\(ScrapeCreatorsClient.escaped(language))") }
            if let email { parts.append("email=\(email.rawValue)") }
            if unknown { parts.append("unknown=true") }
            if let keyword { parts.append("keyword=\(keyword)") }
            if sort != .found { parts.append("sort=\(sort.rawValue)") }
            return parts.joined(separator: "&")
        }
    }

    private var show: Route {
        Route(
            .get, "/discovery/searches/{id}", "discovery.showSearch", "Shows a search as it runs and what it found.",
            policy: .signedIn, limit: Rates.reading, budget: 5, failures: [Failures.missing, Failures.cursor]
        ) { [bureau, desk] (request: Request<ShowQuery>) in
            let (input, tenant) = (request.input, request.tenant)
            let asker = try request.asker()
            return try await refusing {
                let isGallery = input.view == "gallery"
                let ask = MatchDesk.Ask(
                    search: input.id, filter: input.filter, sort: input.sort, after: input.after,
                    limit: isGallery ? Bounds.cards : Bounds.rows)
                // Before the rows: what comes between the two comes twice, and is then shown once.
                let place = try await bureau.live.place(of: input.id, in: tenant)
                let status = try await desk.status(of: input.id, in: tenant)
                let found = try await bureau.results.page(ask, in: tenant)
                let passing = try await bureau.results.passing(
                    ask.filter, of: status.search, found: status.found, in: tenant)
                let model = SearchPage(
                    SearchPage.Show(
                        status: status, place: place, items: found.page.items, next: found.page.next?.description,
                        isFirst: input.after == nil, passing: passing, filter: ask.filter, sort: ask.sort,
                        isGallery: isGallery,
                        query: input.query, lists: try await lists(for: asker, in: tenant),
                        canEdit: asker.seat >= .editor), at: bureau.clock.now())
                return DiscoveryPages.page(
                    model.title, "search", model, scripts: isGallery ? ["live.js", "gallery.js"] : ["live.js"],
                    said: input.said)
            }
        }
    }

    private func lists(for asker: Asker, in tenant: Tenant) async throws -> [SearchPage.ListChoice] {
        guard asker.seat >= .editor else { return [] }
        let page = try await bureau.room.lists.page(
            ListStore.Filter(), for: asker, after: nil, limit: Bounds.lists, in: tenant)
        return page.items.filter { $0.role >= .editor }.map {
            SearchPage.ListChoice(id: $0.list.id.description, name: $0.list.name)
        }
    }

    // MARK: Forms

    private struct OfSearch: Input {
        static let fields: [Field] = [.path("id", .id)]

        let id: ID<Search>
    }

    private var cancel: Route {
        Route(
            .post, "/discovery/searches/{id}/cancellation", "discovery.sendCancellation", "Cancels a search by form.",
            policy: .signedIn, limit: Rates.writing, budget: 12, accepts: .form, status: 303
        ) { [desk] (request: Request<OfSearch>) in
            try await Said.after(Addresses.search(request.input.id)) {
                _ = try request.person(atLeast: .editor)
                _ = try await refusing { try await desk.cancel(request.input.id, in: request.tenant) }
                return "searchCancelled"
            }
        }
    }

    private var retry: Route {
        Route(
            .post, "/discovery/searches/{id}/retries", "discovery.sendRetry", "Retries failed keywords by form.",
            policy: .signedIn, limit: Rates.writing, budget: 20, accepts: .form, status: 303
        ) { [desk] (request: Request<OfSearch>) in
            try await Said.after(Addresses.search(request.input.id)) {
                _ = try request.person(atLeast: .editor)
                _ = try await refusing { try await desk.retry(request.input.id, only: nil, in: request.tenant) }
                return "retryStarted"
            }
        }
    }

    private struct Addition: Input {
        static let fields: [Field] =
            [.path("id", .id)] + [
                .body("list", optional: .id), .body("creators", optional: .list(.id, 0...200)),
                .body("all", optional: .boolean, default: false, "All that pass the filters instead of those chosen."),
                .body("platform", optional: .choice(Platform.self)),
                .body("followersMin", optional: .integer(0...10_000_000_000)),
                .body("followersMax", optional: .integer(0...10_000_000_000)),
                .body("email", optional: .choice(MatchFilter.Email.self)),
                .body("unknown", optional: .boolean, default: false), .body("keyword", optional: .integer(0...49)),
            ]

        let id: ID<Search>
        let list: ID<CreatorList>?
        let creators: [ID<Creator>]?
        let all: Bool
        let platform: Platform?
        let followersMin: Int64?
        let followersMax: Int64?
        let email: MatchFilter.Email?
        let unknown: Bool
        let keyword: Int?
    }

    private var add: Route {
        Route(
            .post, "/discovery/searches/{id}/additions", "discovery.sendAdditions",
            "Adds chosen creators of a search to a list by form.", policy: .signedIn, limit: Rates.writing, budget: 12,
            accepts: .form, status: 303
        ) { [bureau] (request: Request<Addition>) in
            let input = request.input
            return try await Said.after(Addresses.search(input.id), anchor: "results") {
                let asker = try request.asker(atLeast: .editor)
                return try await refusing {
                    guard let list = input.list else { return "chooseList" }
                    if input.all {
                        let filter = MatchFilter(
                            platform: input.platform, followersMin: input.followersMin,
                            followersMax: input.followersMax, email: input.email, includesUnknown: input.unknown,
                            keyword: input.keyword)
                        try await bureau.room.entries.add(
                            Selection(list: list, source: .search(input.id), filter: filter, asker: asker),
                            in: request.tenant)
                        return "selectionAdding"
                    }
                    guard let creators = input.creators, !creators.isEmpty else { return "chooseCreators" }
                    _ = try await bureau.room.entries.add(creators, to: list, by: asker, in: request.tenant)
                    return "creatorsAdded"
                }
            }
        }
    }
}
