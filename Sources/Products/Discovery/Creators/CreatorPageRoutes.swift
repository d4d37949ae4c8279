import Base
import Storage
import Web

/// The pages of creators, and their forms for browsers without script.
struct CreatorPageRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] { [list, show, enrich, block] }

    private var desk: CreatorDesk { bureau.creators }

    private struct ListQuery: Input {
        static let fields: [Field] = [
            .query("q", optional: .text(0...200), default: ""), .query("after", optional: .cursor),
        ]

        let q: String
        let after: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/discovery/creators", "discovery.showCreators", "Shows the workspace's creators.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<ListQuery>) in
            try await refusing {
                let input = request.input
                let page = try await desk.page(matching: input.q, after: input.after, limit: 20, in: request.tenant)
                return DiscoveryPages.page(
                    "Creators", "creators",
                    CreatorsPage(
                        page.items, query: input.q, next: page.next?.description, isFirst: input.after == nil))
            }
        }
    }

    private struct ShowQuery: Input {
        static let fields: [Field] = [.path("id", .id), .query("said", optional: .text(1...60))]

        let id: ID<Creator>
        let said: String?
    }

    private var show: Route {
        Route(
            .get, "/discovery/creators/{id}", "discovery.showCreator", "Shows what is known of a creator.",
            policy: .signedIn, limit: Rates.reading, budget: 5, failures: [Failures.missing]
        ) { [bureau, desk] (request: Request<ShowQuery>) in
            try await refusing {
                let report = try await desk.report(on: request.input.id, in: request.tenant)
                let similar = try await desk.store.similar(to: report.creator, in: request.tenant)
                return DiscoveryPages.page(
                    report.creator.name, "creator",
                    CreatorPage(
                        report, similar: similar, canEdit: request.principal.has(Seat.editor.role),
                        at: bureau.clock.now()), said: request.input.said)
            }
        }
    }

    private struct OfCreator: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("wanted", optional: .choice(["block", "unblock"]), default: "block"),
        ]

        let id: ID<Creator>
        let wanted: String
    }

    private var enrich: Route {
        Route(
            .post, "/discovery/creators/{id}/enrichment", "discovery.sendEnrichment", "Has a profile read by form.",
            policy: .signedIn, limit: Rates.writing, budget: 12, accepts: .form, status: 303
        ) { [desk] (request: Request<OfCreator>) in
            try await Said.after(Addresses.creator(request.input.id)) {
                let person = try request.person(atLeast: .editor)
                _ = try await refusing {
                    try await desk.enrich(request.input.id, for: person, in: request.tenant)
                }
                return "enrichmentStarted"
            }
        }
    }

    private var block: Route {
        Route(
            .post, "/discovery/creators/{id}/block", "discovery.sendBlock",
            "Leaves a creator out of searches by form, or no longer.", policy: .signedIn, limit: Rates.writing,
            budget: 1, accepts: .form, status: 303
        ) { [desk] (request: Request<OfCreator>) in
            let isBlocked = request.input.wanted == "block"
            return try await Said.after(Addresses.creator(request.input.id)) {
                _ = try request.person(atLeast: .editor)
                try await refusing {
                    try await desk.setBlocked(isBlocked, request.input.id, in: request.tenant)
                }
                return isBlocked ? "creatorBlocked" : "creatorUnblocked"
            }
        }
    }
}
