import Base
import Storage
import Web

/// Saved searches over HTTP.
struct SavedSearchRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [save, list, delete] }

    private var desk: SavedSearchDesk { room.savedSearches }

    private struct SavedOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("name", .text), .body("keywords", .list(.text)),
            .body("every", .choice(SavedSearch.Rhythm.self)), .body("isPaused", .boolean),
            .body("lastSearchId", optional: .id), .body("lastFound", optional: .integer),
            .body("lastRunAt", optional: .timestamp), .body("nextRunAt", .timestamp), .body("failure", optional: .text),
        ]
        static let shape = Shape.object(fields)

        let id: ID<SavedSearch>
        let name: String
        let keywords: [String]
        let every: SavedSearch.Rhythm
        let isPaused: Bool
        let lastSearchId: ID<Search>?
        let lastFound: Int?
        let lastRunAt: Timestamp?
        let nextRunAt: Timestamp
        let failure: String?

        init(_ saved: SavedSearch) {
            id = saved.id
            name = saved.name
            keywords = saved.wish.keywords
            every = saved.rhythm
            isPaused = saved.isPaused
            lastSearchId = saved.lastSearchID
            lastFound = saved.lastFound
            lastRunAt = saved.lastRunAt
            nextRunAt = saved.nextRunAt
            failure = saved.failure
        }
    }

    private struct SaveInput: Input {
        let keywords: [String]
        let platforms: [Platform]
        let region: String
        let target: Int
        let name: String?
        let every: SavedSearch.Rhythm

        static let fields: [Field] = [
            .body("keywords", .list(.text(1...80), 1...SearchWish.Bounds.typedKeywords)),
            .body("platforms", .list(.choice(Platform.self), 1...3)),
            .body("region", optional: .text(2...2), default: "US"),
            .body("target", optional: .integer(1...1_000), default: 100),
            .body("name", optional: .text(1...200)),
            .body("every", optional: .choice(SavedSearch.Rhythm.self), default: "week"),
        ]
    }

    private var save: Route {
        Route(
            .post, "/saved-searches", "discovery.saveSearch",
            "Saves a search that is begun again every day or week and brings only new creators.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 201,
            failures: [
                Failures.notAllowed, ListRoutes.invalid, ListRoutes.limit,
                Failure("discovery.keywordsInvalid", 422, "A keyword is none."),
            ]
        ) { [desk] (request: Request<SaveInput>) in
            let input = request.input
            return try await refusing {
                let wish = try SearchWish(
                    keywords: input.keywords, platforms: input.platforms, region: input.region, target: input.target)
                return SavedOutput(
                    try await desk.save(
                        wish, named: input.name, every: input.every, by: try request.asker(atLeast: .editor),
                        in: request.tenant))
            }
        }
    }

    private struct PageInput: Input {
        let after: Cursor?
        let limit: Int

        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]
    }

    private struct PageAnswer: Output {
        static let shape = Shape.object([
            .body("savedSearches", .list(.object(SavedOutput.fields))), .body("next", optional: .cursor),
        ])

        let savedSearches: [SavedOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/saved-searches", "discovery.listSavedSearches", "Lists my saved searches, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<PageInput>) in
            try await refusing {
                let page = try await desk.store.page(
                    of: try request.person(), after: request.input.after, limit: request.input.limit, in: request.tenant
                )
                return PageAnswer(savedSearches: page.items.map(SavedOutput.init), next: page.next?.description)
            }
        }
    }

    struct IDInput: Input {
        let id: ID<SavedSearch>

        static let fields: [Field] = [.path("id", .id, "The saved search.")]
    }

    private var delete: Route {
        Route(
            .delete, "/saved-searches/{id}", "discovery.deleteSavedSearch", "Deletes a saved search.",
            policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.missing]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                try await desk.delete(request.input.id, of: try request.person(), in: request.tenant)
                return NoContent()
            }
        }
    }
}
