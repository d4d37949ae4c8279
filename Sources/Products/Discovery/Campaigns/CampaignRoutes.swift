import Base
import Storage
import Web

/// Campaigns over HTTP.
struct CampaignRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [create, list, change, runs] }

    private var desk: CampaignDesk { room.campaigns }

    private struct CampaignOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("name", .text), .body("state", .choice(Campaign.State.self)),
            .body("runs", optional: .integer), .body("creatorsFound", optional: .integer),
            .body("lists", optional: .integer), .body("createdAt", .timestamp), .body("version", .integer),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Campaign>
        let name: String
        let state: Campaign.State
        var runs: Int?
        var creatorsFound: Int?
        var lists: Int?
        let createdAt: Timestamp
        let version: Int64

        init(_ campaign: Campaign) {
            id = campaign.id
            name = campaign.name
            state = campaign.state
            createdAt = campaign.createdAt
            version = campaign.version
        }

        init(_ summary: CampaignSummary) {
            self.init(summary.campaign)
            runs = summary.runs
            creatorsFound = summary.found
            lists = summary.lists
        }
    }

    private struct CreateInput: Input {
        let name: String
        let state: Campaign.State

        static let fields: [Field] = [
            .body("name", .text(1...200)),
            .body("state", optional: .choice(Campaign.State.self), default: "active"),
        ]
    }

    private var create: Route {
        Route(
            .post, "/campaigns", "discovery.createCampaign", "Makes a campaign.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 201,
            failures: [Failures.notAllowed, ListRoutes.invalid, ListRoutes.limit]
        ) { [desk] (request: Request<CreateInput>) in
            try await refusing {
                CampaignOutput(
                    try await desk.create(
                        request.input.name, state: request.input.state, by: try request.asker(atLeast: .editor),
                        in: request.tenant))
            }
        }
    }

    private struct PageInput: Input {
        let state: Campaign.State
        let after: Cursor?
        let limit: Int

        static let fields: [Field] = [
            .query("state", optional: .choice(Campaign.State.self), default: "active"),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]
    }

    private struct PageAnswer: Output {
        static let shape = Shape.object([
            .body("campaigns", .list(.object(CampaignOutput.fields))), .body("next", optional: .cursor),
        ])

        let campaigns: [CampaignOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/campaigns", "discovery.listCampaigns", "Lists the campaigns in a state, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<PageInput>) in
            try await refusing {
                let page = try await desk.store.page(
                    request.input.state, after: request.input.after, limit: request.input.limit, in: request.tenant)
                return PageAnswer(
                    campaigns: page.items.map { CampaignOutput($0) }, next: page.next?.description)
            }
        }
    }

    private struct ChangeInput: Input {
        let id: ID<Campaign>
        let name: String?
        let state: Campaign.State?

        static let fields: [Field] = [
            .path("id", .id, "The campaign."), .body("name", optional: .text(1...200)),
            .body("state", optional: .choice(Campaign.State.self)),
        ]
    }

    private var change: Route {
        Route(
            .patch, "/campaigns/{id}", "discovery.changeCampaign", "Renames a campaign or moves it on.",
            policy: .signedIn, limit: Rates.writing, budget: 1,
            failures: [Failures.missing, Failures.notAllowed, ListRoutes.invalid]
        ) { [desk] (request: Request<ChangeInput>) in
            try await refusing {
                _ = try request.asker(atLeast: .editor)
                return CampaignOutput(
                    try await desk.change(
                        request.input.id, name: request.input.name, state: request.input.state, in: request.tenant))
            }
        }
    }

    private struct IDInput: Input {
        let id: ID<Campaign>

        static let fields: [Field] = [.path("id", .id, "The campaign.")]
    }

    private struct RunOutput: Output {
        static let shape = Shape.object([
            .body("searchId", .id), .body("title", .text), .body("state", .text), .body("startedAt", .timestamp),
            .body("found", .integer), .body("fresh", .integer, "Creators that no earlier run had."),
            .body("enriched", .integer), .body("withEmail", .integer), .body("followersMedian", optional: .integer),
        ])

        let searchId: ID<Search>
        let title: String
        let state: String
        let startedAt: Timestamp
        let found: Int
        let fresh: Int
        let enriched: Int
        let withEmail: Int
        let followersMedian: Int64?

        init(_ run: CampaignRun) {
            searchId = run.search
            title = run.title
            state = run.state
            startedAt = run.startedAt
            found = run.found
            fresh = run.fresh
            enriched = run.enriched
            withEmail = run.withEmail
            followersMedian = run.followersMedian
        }
    }

    private var runs: Route {
        Route(
            .get, "/campaigns/{id}/runs", "discovery.listCampaignRuns",
            "Holds the runs of a campaign against each other.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [desk] (request: Request<IDInput>) in
            try await desk.store.runs(of: request.input.id, in: request.tenant).map { RunOutput($0) }
        }
    }
}
