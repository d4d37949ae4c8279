import Base
import Storage
import Web

/// Pages and forms of campaigns.
struct CampaignPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [list, create, show, change] }

    private struct ListQuery: Input {
        let state: Campaign.State
        let after: Cursor?
        let said: String?

        static let fields: [Field] = [
            .query("state", optional: .choice(Campaign.State.self), default: "active"),
            .query("after", optional: .cursor), .query("said", optional: .text(1...40)),
        ]
    }

    private var list: Route {
        Route(
            .get, "/discovery/campaigns", "discovery.showCampaigns", "Shows the campaigns in a state.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [room] (request: Request<ListQuery>) in
            try await refusing {
                let input = request.input
                let page = try await room.campaigns.store.page(
                    input.state, after: input.after, limit: 20, in: request.tenant)
                return DiscoveryPages.listPage(
                    "Campaigns", "campaigns",
                    CampaignsPage(
                        page.items, state: input.state, next: page.next?.description,
                        canCreate: try request.asker().seat > .viewer, at: room.clock.now()), said: input.said)
            }
        }
    }

    private struct CreateSent: Input {
        let name: String?

        static let fields: [Field] = [.body("name", optional: .text(0...400))]
    }

    private var create: Route {
        Route(
            .post, "/discovery/campaigns", "discovery.sendCampaign", "Makes a campaign by form.", policy: .signedIn,
            limit: Rates.writing, budget: 2, accepts: .form, status: 303
        ) { [room] (request: Request<CreateSent>) in
            try await Said.after(Addresses.campaigns) {
                try await refusing {
                    _ = try await room.campaigns.create(
                        request.input.name ?? "", by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return "campaignCreated"
            }
        }
    }

    private struct IDQuery: Input {
        let id: ID<Campaign>
        let said: String?

        static let fields: [Field] = [.path("id", .id), .query("said", optional: .text(1...40))]
    }

    private var show: Route {
        Route(
            .get, "/discovery/campaigns/{id}", "discovery.showCampaign",
            "Shows a campaign's runs beside each other, and what they found together.", policy: .signedIn,
            limit: Rates.reading, budget: 4, failures: [Failures.missing]
        ) { [room] (request: Request<IDQuery>) in
            try await refusing {
                let (id, tenant, asker) = (request.input.id, request.tenant, try request.asker())
                let store = room.campaigns.store
                guard let campaign = try await store.campaign(id, in: tenant) else {
                    throw DiscoveryError.missing("campaign")
                }
                var filter = ListStore.Filter()
                filter.campaign = id
                let lists = try await room.lists.page(filter, for: asker, after: nil, in: tenant)
                return DiscoveryPages.listPage(
                    campaign.name, "campaign",
                    CampaignPage(
                        campaign, runs: try await store.runs(of: id, in: tenant),
                        merged: try await store.merged(id, limit: 30, in: tenant), lists: lists.items,
                        canEdit: asker.seat > .viewer, at: room.clock.now()), said: request.input.said)
            }
        }
    }

    private struct ChangeSent: Input {
        let id: ID<Campaign>
        let name: String?
        let state: Campaign.State?

        static let fields: [Field] = [
            .path("id", .id), .body("name", optional: .text(1...400)),
            .body("state", optional: .choice(Campaign.State.self)),
        ]
    }

    private var change: Route {
        Route(
            .post, "/discovery/campaigns/{id}/change", "discovery.sendCampaignChange",
            "Renames a campaign or moves it on by form.", policy: .signedIn, limit: Rates.writing, budget: 1,
            accepts: .form, status: 303
        ) { [room] (request: Request<ChangeSent>) in
            let input = request.input
            return try await Said.after(Addresses.campaign(input.id)) {
                try await refusing {
                    _ = try request.asker(atLeast: .editor)
                    _ = try await room.campaigns.change(
                        input.id, name: input.name, state: input.state, in: request.tenant)
                }
                return "campaignChanged"
            }
        }
    }
}
