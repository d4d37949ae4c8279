import Base
import Web

/// The page of saved searches.
struct SavedSearchesPage: Sendable {
    struct Line: Sendable {
        let name: String
        let words: String
        let every: String
        let next: String
        let last: String
        let found: String
        let hasFound: Bool
        let href: String
        let hasRun: Bool
        let failure: String
        let hasFailure: Bool
        let isPaused: Bool
        let pauseValue: String
        let pauseLabel: String
        let pauseAction: String
        let deleteAction: String
    }

    let tabs = Tab.all(.searches)
    let lines: [Line]
    let isEmpty: Bool
    let action = Addresses.savedSearches
    let canSave: Bool
    let platforms: [ListsPage.Choice]
    let hasNext: Bool
    let nextHref: String

    init(_ page: [SavedSearch], next: String?, canSave: Bool, at now: Timestamp) {
        lines = page.map { saved in
            Line(
                name: saved.name, words: saved.wish.keywords.joined(separator: ", "),
                every: saved.rhythm == .day ? "Every day" : "Every week",
                next: saved.isPaused ? "paused" : "next \(Wording.day(saved.nextRunAt, now: now))",
                last: saved.lastRunAt.map { Wording.ago(now - $0) } ?? "not yet",
                found: saved.lastFound.map { Wording.count($0, "new creator") } ?? "", hasFound: saved.lastFound != nil,
                href: saved.lastSearchID.map { Addresses.search($0) } ?? "", hasRun: saved.lastSearchID != nil,
                failure: saved.failure ?? "", hasFailure: saved.failure != nil, isPaused: saved.isPaused,
                pauseValue: saved.isPaused ? "false" : "true", pauseLabel: saved.isPaused ? "Go on" : "Pause",
                pauseAction: Addresses.savedSearch(saved.id, "pause"),
                deleteAction: Addresses.savedSearch(saved.id, "delete"))
        }
        isEmpty = page.isEmpty
        self.canSave = canSave
        platforms = Platform.allCases.map {
            ListsPage.Choice(value: $0.rawValue, label: $0.title, isChosen: $0 == .tiktok)
        }
        hasNext = next != nil
        nextHref = "\(Addresses.savedSearches)?after=\(next ?? "")"
    }
}
