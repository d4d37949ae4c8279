import Base
import Storage
import Web

/// Pages and forms of saved searches.
struct SavedSearchPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [page, save, pause, delete] }

    private struct PageQuery: Input {
        let after: Cursor?
        let said: String?

        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("said", optional: .text(1...40)),
        ]
    }

    private var page: Route {
        Route(
            .get, "/discovery/saved-searches", "discovery.showSavedSearches", "Shows my saved searches.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [room] (request: Request<PageQuery>) in
            try await refusing {
                let asker = try request.asker()
                let page = try await room.savedSearches.store.page(
                    of: asker.person, after: request.input.after, limit: 20, in: request.tenant)
                return DiscoveryPages.listPage(
                    "Saved searches", "saved-searches",
                    SavedSearchesPage(
                        page.items, next: page.next?.description, canSave: asker.seat > .viewer, at: room.clock.now()),
                    said: request.input.said)
            }
        }
    }

    private struct SaveSent: Input {
        let name: String?
        let keywords: String?
        let platform: [Platform]?
        let every: SavedSearch.Rhythm

        static let fields: [Field] = [
            .body("name", optional: .text(0...400)),
            .body("keywords", optional: .text(0...1_000), "With commas between them."),
            .body("platform", optional: .list(.choice(Platform.self), 1...3)),
            .body("every", optional: .choice(SavedSearch.Rhythm.self), default: "week"),
        ]
    }

    private var save: Route {
        Route(
            .post, "/discovery/saved-searches", "discovery.sendSavedSearch", "Saves a search by form.",
            policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form, status: 303
        ) { [room] (request: Request<SaveSent>) in
            let input = request.input
            return try await Said.after(Addresses.savedSearches) {
                try await refusing {
                    let words = (input.keywords ?? "").split { $0 == "," || $0.isNewline }.map(String.init)
                    let wish = try SearchWish(keywords: words, platforms: input.platform ?? [.tiktok])
                    _ = try await room.savedSearches.save(
                        wish, named: input.name, every: input.every, by: try request.asker(atLeast: .editor),
                        in: request.tenant)
                }
                return "searchSaved"
            }
        }
    }

    private struct PauseSent: Input {
        let id: ID<SavedSearch>
        let wanted: Bool

        static let fields: [Field] = [.path("id", .id), .body("wanted", .boolean)]
    }

    private var pause: Route {
        Route(
            .post, "/discovery/saved-searches/{id}/pause", "discovery.sendPause",
            "Pauses a saved search by form, or lets it go on.", policy: .signedIn, limit: Rates.writing, budget: 2,
            accepts: .form, status: 303
        ) { [room] (request: Request<PauseSent>) in
            try await Said.after(Addresses.savedSearches) {
                try await refusing {
                    try await room.savedSearches.pause(
                        request.input.id, request.input.wanted, of: try request.person(), in: request.tenant)
                }
                return request.input.wanted ? "searchPaused" : "searchGoesOn"
            }
        }
    }

    private var delete: Route {
        Route(
            .post, "/discovery/saved-searches/{id}/delete", "discovery.sendSavedSearchDeletion",
            "Deletes a saved search by form.", policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form,
            status: 303
        ) { [room] (request: Request<SavedSearchRoutes.IDInput>) in
            try await Said.after(Addresses.savedSearches) {
                try await refusing {
                    try await room.savedSearches.delete(
                        request.input.id, of: try request.person(), in: request.tenant)
                }
                return "savedSearchDeleted"
            }
        }
    }
}
