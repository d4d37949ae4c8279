import Base
import Web

/// A state in words, with how it is meant.
struct StateBadge: Sendable {
    let kind: String
    let label: String
    let isLive: Bool

    init(_ state: Search.State) {
        label =
            switch state {
            case .queued: "on its way"
            case .searching: "searching"
            case .enriching: "reading profiles"
            case .completed: "completed"
            case .partial: "partly failed"
            case .failed: "failed"
            case .cancelled: "cancelled"
            }
        kind =
            switch state {
            case .queued, .searching, .enriching: "info"
            case .completed: "good"
            case .partial: "gold"
            case .failed: "bad"
            case .cancelled: "plain"
            }
        isLive = !state.isOver
    }
}

/// The list of searches.
struct SearchesPage: Sendable {
    struct Line: Sendable {
        let href: String
        let title: String
        let badge: StateBadge
        let found: String
        let target: String
        let percent: Int
        let platforms: String
        let ago: String
        let rounds: String

        init(_ search: Search, at now: Timestamp) {
            href = Addresses.search(search.id)
            title = search.title
            badge = StateBadge(search.state)
            found = Wording.number(search.found)
            target = Wording.number(search.wish.target)
            percent = min(100, search.found * 100 / max(1, search.wish.target))
            platforms = search.wish.platforms.map(\.title).joined(separator: ", ")
            ago = Wording.ago(now - search.createdAt)
            rounds = search.round > 1 ? " · round \(search.round)" : ""
        }
    }

    struct Sample: Sendable {
        let href: String
        let title: String
        let words: String
    }

    let tabs = Tab.all(.searches)
    let lines: [Line]
    let isEmpty: Bool
    let isFirst: Bool
    let composeHref = Addresses.compose
    let samples: [Sample]
    let nextHref: String
    let hasNext: Bool
    let canSearch: Bool

    init(_ searches: [Search], next: String?, isFirst: Bool, canSearch: Bool, at now: Timestamp) {
        lines = searches.map { Line($0, at: now) }
        isEmpty = searches.isEmpty
        self.isFirst = isFirst
        self.canSearch = canSearch
        samples = ComposePage.samples
        hasNext = next != nil
        nextHref = "\(Addresses.searches)?after=\(next ?? "")"
    }
}

/// The form for a new search.
struct ComposePage: Sendable {
    struct Choice: Sendable {
        let value: String
        let label: String
        let note: String
        let isChosen: Bool
    }

    static let samples: [SearchesPage.Sample] = [
        ["trail running", "ultra marathon", "trail shoes", "trail running drone"],
        ["vegan skincare", "skincare routine"],
        ["latte art", "pour over", "home barista"],
    ].map { words in
        SearchesPage.Sample(
            href: "\(Addresses.compose)?keywords="
                + words.map { $0.replacing(" ", with: "+") }.joined(separator: "%0A"),
            title: Wording.title(words[0]), words: words.joined(separator: " · "))
    }

    static let regions = [
        ("US", "United States"), ("GB", "United Kingdom"), ("DE", "Germany"), ("FR", "France"), ("ES", "Spain"),
        ("IT", "Italy"), ("BR", "Brazil"), ("CA", "Canada"), ("AU", "Australia"), ("NL", "Netherlands"),
        ("JP", "Japan"),
    ]

    let tabs = Tab.all(.searches)
    let action = Addresses.searches
    let estimateHref = Addresses.api + "/estimates"
    let suggestHref = Addresses.api + "/suggestions"
    let keywords: String
    let platforms: [Choice]
    let targets: [Choice]
    let regions: [Choice]
    let contacted: [Choice]
    let samples: [SearchesPage.Sample]
    let suggestions: [String]
    let hasSuggestions: Bool
    let left: String
    let leftNote: String
    let requestKey: String

    init(keywords typed: String, suggestions words: [String], left count: Int, of limit: Int, requestKey key: String) {
        keywords = typed
        requestKey = key
        platforms = Platform.allCases.map {
            Choice(value: $0.rawValue, label: $0.title, note: "", isChosen: $0 == .tiktok)
        }
        targets = Search.Bounds.targets.map {
            Choice(value: "\($0)", label: Wording.number($0), note: "", isChosen: $0 == 100)
        }
        regions = Self.regions.map { Choice(value: $0.0, label: $0.1, note: "", isChosen: $0.0 == "US") }
        contacted = [("", "nobody"), ("30", "30 days"), ("90", "90 days"), ("365", "a year")].map {
            Choice(value: $0.0, label: $0.1, note: "", isChosen: $0.0.isEmpty)
        }
        samples = typed.isEmpty ? Self.samples : []
        suggestions = words
        hasSuggestions = !words.isEmpty
        left = Wording.number(count)
        leftNote = "of \(Wording.number(limit)) creators this month"
    }
}

/// A keyword as a chip.
struct KeywordChip: Sendable {
    let id: String
    let text: String
    let platform: String
    let state: String
    let note: String
    let found: String
    let href: String
    let isCurrent: Bool

    init(_ keyword: Keyword, of search: ID<Search>, current: Int?) {
        id = keyword.id.description
        text = keyword.text
        platform = keyword.platform.title
        state = keyword.state.rawValue
        note = Self.note(keyword)
        found = Wording.number(keyword.found)
        href = "\(Addresses.search(search))?keyword=\(keyword.ordinal)"
        isCurrent = current == keyword.ordinal
    }

    /// Where a keyword stands, in a few words; the live page says the same.
    static func note(_ keyword: Keyword) -> String {
        switch (keyword.state, keyword.reason) {
        case (.waiting, _): "waiting"
        case (.running, _): keyword.pages == 0 ? "asking" : "page \(keyword.pages + 1)"
        case (.done, .targetReached), (.cancelled, .targetReached): "enough found"
        case (.done, _): "done"
        case (.failed, .vendorFailed): "failed: the source did not answer"
        case (.failed, .unreadable): "failed: the answer was unreadable"
        case (.failed, .deadline): "failed: the hour was over"
        case (.failed, .dailyLimit): "failed: the day's calls are spent"
        case (.failed, _): "failed"
        case (.cancelled, _): "cancelled"
        }
    }
}

/// A search: its chips while it runs, and what it found.
struct SearchPage: Sendable {
    struct Option: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    struct ListChoice: Sendable {
        let id: String
        let name: String
    }

    let tabs = Tab.all(.searches)
    let id: String
    let title: String
    let badge: StateBadge
    let summary: String
    let foundLabel: String
    let found: String
    let target: String
    let percent: Int
    let excluded: String
    let hasExcluded: Bool
    let enriched: String
    let credits: String
    let when: String
    let chips: [KeywordChip]
    let isLive: Bool
    let canCancel: Bool
    let canRetry: Bool
    let retryLabel: String
    let cancelAction: String
    let retryAction: String
    /// Where the topic of the search stood when this was read.
    let epoch: String
    let offset: Int64
    let statusHref: String
    let matchesHref: String
    let lastSequence: String
    let lines: [CreatorLine]
    let isEmpty: Bool
    let emptyText: String
    let view: String
    let isGallery: Bool
    let tableHref: String
    let galleryHref: String
    let sorts: [Option]
    let platforms: [Option]
    let emails: [Option]
    let followersMin: String
    let followersMax: String
    let includesUnknown: Bool
    let isFiltered: Bool
    let passing: String
    let clearHref: String
    let nextHref: String
    let hasNext: Bool
    let firstHref: String
    let hasFirst: Bool
    let lists: [ListChoice]
    let hasLists: Bool
    let addAction: String
    let exportAction: String
    let query: String
    let canEdit: Bool
    /// Whether rows tell which keywords found a creator.
    let showsKeywords = true

    /// What a page shows of a search.
    struct Show: Sendable {
        let status: SearchStatus
        let place: SearchTopics.Place
        let items: [FoundMatch]
        /// Where the next page begins.
        let next: String?
        let isFirst: Bool
        let passing: Int
        let filter: MatchFilter
        let sort: MatchSort
        let isGallery: Bool
        let query: String
        let lists: [ListChoice]
        let canEdit: Bool
    }

    init(_ show: Show, at now: Timestamp) {
        let (status, search, filter) = (show.status, show.status.search, show.filter)
        let address = Addresses.search(search.id)
        id = search.id.description
        title = search.title
        badge = StateBadge(search.state)
        summary = status.summary
        found = Wording.number(status.found)
        foundLabel = status.found == 1 ? "creator" : "creators"
        target = Wording.number(search.wish.target)
        percent = min(100, status.found * 100 / max(1, search.wish.target))
        excluded = Wording.number(status.excluded)
        hasExcluded = status.excluded > 0
        enriched = Wording.number(status.enriched)
        credits = search.state.isActive ? Wording.number(status.charged) : Wording.number(search.settled)
        when = Wording.ago(now - search.createdAt)
        chips = status.keywords.map { KeywordChip($0, of: search.id, current: filter.keyword) }
        isLive = !search.state.isOver
        canEdit = show.canEdit
        canCancel = show.canEdit && search.state.isActive
        canRetry = show.canEdit && !search.state.isActive && !status.failed.isEmpty
        retryLabel = "Retry \(Wording.count(status.failed.count, "failed keyword"))"
        cancelAction = Addresses.search(search.id, "cancellation")
        retryAction = Addresses.search(search.id, "retries")
        (epoch, offset) = (show.place.epoch, show.place.offset)
        statusHref = Addresses.status(search.id)
        matchesHref = Addresses.matches(search.id)
        lastSequence = String(status.found)
        let texts = Dictionary(status.keywords.map { ($0.ordinal, $0.text) }, uniquingKeysWith: { first, _ in first })
            .sorted { $0.key < $1.key }.map(\.value)
        lines = show.items.map { CreatorLine($0.creator, match: $0.match, texts: texts) }
        isEmpty = lines.isEmpty
        emptyText =
            isLive
            ? "Creators appear here as they are found."
            : filter.isEmpty
                ? "Nothing was found. Try broader keywords, another platform or fewer exclusions."
                : "Nobody passes these filters."
        isGallery = show.isGallery
        view = show.isGallery ? "gallery" : "table"
        let rest = show.query.isEmpty ? "" : "&\(show.query)"
        tableHref = "\(address)?view=table\(rest)"
        galleryHref = "\(address)?view=gallery\(rest)"
        sorts = Self.sorts(show.sort)
        platforms = Self.platforms(search.wish.platforms, filter)
        emails = Self.emails(filter)
        followersMin = filter.followersMin.map(String.init) ?? ""
        followersMax = filter.followersMax.map(String.init) ?? ""
        includesUnknown = filter.includesUnknown
        isFiltered = !filter.isEmpty
        passing = Wording.count(show.passing, "creator")
        clearHref = "\(address)?view=\(view)"
        hasNext = show.next != nil
        nextHref = "\(address)?view=\(view)\(rest)&after=\(show.next ?? "")"
        hasFirst = !show.isFirst
        firstHref = "\(address)?view=\(view)\(rest)"
        lists = show.lists
        hasLists = !show.lists.isEmpty
        addAction = Addresses.search(search.id, "additions")
        exportAction = Addresses.search(search.id, "exports")
        query = show.query
    }

    private static func sorts(_ chosen: MatchSort) -> [Option] {
        [
            (MatchSort.found, "As found"), (.followers, "Most followers"), (.engagement, "Highest engagement"),
            (.views, "Most views"), (.name, "Name"),
        ].map { Option(value: $0.0.rawValue, label: $0.1, isChosen: $0.0 == chosen) }
    }

    private static func platforms(_ all: [Platform], _ filter: MatchFilter) -> [Option] {
        [Option(value: "", label: "All platforms", isChosen: filter.platform == nil)]
            + all.map { Option(value: $0.rawValue, label: $0.title, isChosen: $0 == filter.platform) }
    }

    private static func emails(_ filter: MatchFilter) -> [Option] {
        [
            Option(value: "", label: "Any", isChosen: filter.email == nil),
            Option(value: "known", label: "Known", isChosen: filter.email == .known),
            Option(value: "unknown", label: "Unknown", isChosen: filter.email == .unknown),
        ]
    }
}
