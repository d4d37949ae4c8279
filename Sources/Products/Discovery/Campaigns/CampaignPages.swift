import Base
import Web

/// The page of campaigns.
struct CampaignsPage: Sendable {
    struct Line: Sendable {
        let href: String
        let name: String
        let runs: String
        let found: String
        let lists: String
        let ago: String
    }

    let tabs = Tab.all(.campaigns)
    let views: [ListsPage.View]
    let lines: [Line]
    let isEmpty: Bool
    let canCreate: Bool
    let action = Addresses.campaigns
    let hasNext: Bool
    let nextHref: String

    init(_ page: [CampaignSummary], state: Campaign.State, next: String?, canCreate: Bool, at now: Timestamp) {
        views = Campaign.State.allCases.map {
            ListsPage.View(
                href: "\(Addresses.campaigns)?state=\($0.rawValue)", label: Wording.title($0.rawValue),
                isCurrent: $0 == state)
        }
        lines = page.map {
            Line(
                href: Addresses.campaign($0.campaign.id), name: $0.campaign.name, runs: Wording.number($0.runs),
                found: Wording.number($0.found), lists: Wording.number($0.lists),
                ago: Wording.ago(now - $0.campaign.createdAt))
        }
        isEmpty = page.isEmpty
        self.canCreate = canCreate
        hasNext = next != nil
        nextHref = "\(Addresses.campaigns)?state=\(state.rawValue)&after=\(next ?? "")"
    }
}

/// A campaign: its runs held against each other, and what they found together.
struct CampaignPage: Sendable {
    struct Run: Sendable {
        let href: String
        let title: String
        let state: String
        let stateKind: String
        let ago: String
        let found: String
        let foundValue: Int
        let fresh: String
        let freshWidth: Int
        let enriched: String
        let withEmail: String
        let median: String
    }

    struct Row: Sendable {
        let href: String
        let name: String
        let handle: String
        let platformName: String
        let followers: String
        let engagement: String
        let email: String
        let runs: String
        let isRepeated: Bool
    }

    struct Step: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    let tabs = Tab.all(.campaigns)
    let id: String
    let name: String
    let state: String
    let changeAction: String
    let exportAction = Addresses.exports
    let states: [Step]
    let runs: [Run]
    let hasRuns: Bool
    let rows: [Row]
    let lists: [ListLine]
    let hasLists: Bool
    let canEdit: Bool
    let runHref: String
    let total: String

    init(
        _ campaign: Campaign, runs: [CampaignRun], merged: [MergedCreator], lists: [ShownList], canEdit: Bool,
        at now: Timestamp
    ) {
        id = campaign.id.description
        name = campaign.name
        state = Wording.title(campaign.state.rawValue)
        changeAction = Addresses.campaign(campaign.id) + "/change"
        states = Campaign.State.allCases.map {
            Step(value: $0.rawValue, label: Wording.title($0.rawValue), isChosen: $0 == campaign.state)
        }
        let most = max(1, runs.map(\.found).max() ?? 1)
        self.runs = runs.map { run in
            Run(
                href: Addresses.search(run.search), title: run.title, state: Wording.title(run.state),
                stateKind: Self.kind(run.state), ago: Wording.ago(now - run.startedAt),
                found: Wording.number(run.found),
                foundValue: run.found * 100 / most, fresh: Wording.number(run.fresh),
                freshWidth: run.fresh * 100 / most, enriched: Wording.number(run.enriched),
                withEmail: Wording.number(run.withEmail), median: Wording.short(run.followersMedian))
        }
        hasRuns = !runs.isEmpty
        rows = merged.map {
            Row(
                href: Addresses.creator($0.id), name: $0.name, handle: $0.handle, platformName: $0.platform.title,
                followers: Wording.short($0.followers), engagement: Wording.percent(millionths: $0.engagement),
                email: $0.email ?? "", runs: Wording.count($0.runs, "run"), isRepeated: $0.runs > 1)
        }
        self.lists = lists.map { ListLine($0, at: now) }
        hasLists = !lists.isEmpty
        self.canEdit = canEdit
        runHref = "\(Addresses.compose)?campaign=\(campaign.id)"
        total = Wording.count(runs.reduce(0) { $0 + $1.fresh }, "creator")
    }

    static func kind(_ state: String) -> String {
        switch state {
        case "completed": "good"
        case "partial": "gold"
        case "failed": "bad"
        case "cancelled": "plain"
        default: "info live"
        }
    }
}
