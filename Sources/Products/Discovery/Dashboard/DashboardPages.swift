import Base
import Web

/// What somebody sees first.
struct DashboardPage: Sendable {
    struct Starred: Sendable {
        let href: String
        let name: String
        let entries: String
        let followers: String
    }

    struct Pinned: Sendable {
        let href: String
        let name: String
        let handle: String
        let platformName: String
        let followers: String
        let listHref: String
        let bucket: String
    }

    struct Recent: Sendable {
        let href: String
        let title: String
        let state: String
        let stateKind: String
        let found: String
        let ago: String
    }

    let tabs = Tab.all(.dashboard)
    let starred: [Starred]
    let hasStarred: Bool
    let pinned: [Pinned]
    let hasPinned: Bool
    let recent: [Recent]
    let hasRecent: Bool
    let listsHref = Addresses.lists
    let composeHref = Addresses.compose
    let savedHref = Addresses.savedSearches

    init(_ dashboard: Dashboard, at now: Timestamp) {
        starred = dashboard.starred.map {
            Starred(
                href: Addresses.list($0.id), name: $0.name, entries: Wording.count($0.entries, "creator"),
                followers: Wording.short($0.followers))
        }
        hasStarred = !starred.isEmpty
        pinned = dashboard.pinned.map {
            Pinned(
                href: Addresses.creator($0.id), name: $0.name, handle: $0.handle,
                platformName: Platform(rawValue: $0.platform)?.title ?? $0.platform,
                followers: Wording.short($0.followers), listHref: Addresses.list($0.list),
                bucket: Wording.title($0.bucket))
        }
        hasPinned = !pinned.isEmpty
        recent = dashboard.recent.map {
            Recent(
                href: Addresses.search($0.id), title: $0.title, state: Wording.title($0.state),
                stateKind: CampaignPage.kind($0.state), found: Wording.count($0.found, "creator"),
                ago: Wording.ago(now - $0.at))
        }
        hasRecent = !recent.isEmpty
    }
}
