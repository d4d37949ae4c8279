import Base

import typealias Storage.SQLConvertible

/// Somebody's wish for creators: keywords, where to look, how many are wanted and who is left out.
struct Search: Sendable, Hashable {
    /// Where a search stands.
    enum State: String, Sendable, Hashable, CaseIterable, Codable, SQLConvertible {
        case queued, searching
        /// All keywords have ended; profiles are still being read. Another search may start.
        case enriching
        /// Every keyword has brought what there was.
        case completed
        /// Some keywords failed.
        case partial
        /// All keywords failed.
        case failed
        case cancelled

        /// Whether keywords may still ask vendors.
        var isActive: Bool { self == .queued || self == .searching }
        /// Whether its results are as they will be, late profiles aside.
        var isSettled: Bool { self == .completed || self == .partial }
        /// Whether it is over.
        var isOver: Bool { !isActive && self != .enriching }
    }

    enum Bounds {
        /// How long keywords may take in all.
        static let deadline: Duration = .seconds(3_600)
        static let targets = [100, 500, 1_000]
        static let titleScalars = 120
    }

    let id: ID<Search>
    let personID: ID<Person>
    var campaignID: ID<Campaign>?
    var savedSearchID: ID<SavedSearch>?
    let wish: SearchWish
    var title: String
    var state: State
    /// How often it was begun: retries of failed keywords are further rounds.
    var round: Int
    var expandedRounds: Int
    var emptyRounds: Int
    /// How many creators had been found when the last round of expansion began.
    var foundBefore: Int
    var found: Int
    var excluded: Int
    var enriched: Int
    var reserved: Int
    var settled: Int
    /// What its credits are reserved under; a new one in each round.
    var reservationID: ID<SearchRound>
    let createdAt: Timestamp
    var deadlineAt: Timestamp
    var finishedAt: Timestamp?
    var version: Int

    /// Where a search stands when its keywords have ended.
    static func verdict(of keywords: some Collection<Keyword>, wasCancelled: Bool) -> State {
        if wasCancelled { return .cancelled }
        let failed = keywords.count { $0.state == .failed }
        if failed == 0 { return .completed }
        return failed == keywords.count ? .failed : .partial
    }
}

/// What somebody looks for.
struct SearchWish: Sendable, Hashable, Codable {
    var keywords: [String]
    var platforms: [Platform]
    /// ISO 3166-1 alpha-2, as vendors want it.
    var region: String
    var target: Int
    var exclusions: Exclusions
    /// How many rounds of further keywords are tried while the target is not reached, 0 to 10.
    var expansion: Int
    /// How many of the first creators have their profiles read, 0 to 200.
    var enrich: Int

    enum Bounds {
        static let typedKeywords = 10
        static let keywords = 50
        static let keywordScalars = 2...80
        static let expansionRounds = 10
        static let wordsPerRound = 5
        static let emptyRounds = 3
        static let enrich = 200
    }

    /// A wish put in order: keywords trimmed, in lower case and each once, platforms in their order.
    ///
    /// - Throws: `discovery.keywordsInvalid` naming the first keyword that is none.
    init(
        keywords: [String], platforms: [Platform], region: String = "US", target: Int = 100,
        exclusions: Exclusions = Exclusions(), expansion: Int = 0, enrich: Int = 20
    ) throws(DiscoveryError) {
        let words = try Self.ordered(keywords)
        guard (1...Bounds.typedKeywords).contains(words.count) else {
            throw DiscoveryError(
                .keywordsInvalid, "A search has 1 to \(Bounds.typedKeywords) keywords, not \(words.count).",
                context: ["count": "\(words.count)"])
        }
        let places = Platform.allCases.filter(platforms.contains)
        guard !places.isEmpty else {
            throw DiscoveryError(.keywordsInvalid, "A search looks on one platform at least.")
        }
        self.keywords = words
        self.platforms = places
        self.region = region
        self.target = target
        self.exclusions = exclusions
        self.expansion = expansion
        self.enrich = enrich
    }

    /// A wish as it was stored; its keywords stand in rows of their own.
    init(
        stored platforms: [Platform], region: String, target: Int, exclusions: Exclusions, expansion: Int, enrich: Int
    ) {
        keywords = []
        self.platforms = platforms
        self.region = region
        self.target = target
        self.exclusions = exclusions
        self.expansion = expansion
        self.enrich = enrich
    }

    /// Words in lower case with single spaces, each once.
    static func ordered(_ keywords: [String]) throws(DiscoveryError) -> [String] {
        var seen: Set<String> = []
        var words: [String] = []
        for keyword in keywords {
            let word = Keyword.normalised(keyword)
            if word.isEmpty { continue }
            guard Bounds.keywordScalars.contains(word.unicodeScalars.count) else {
                throw DiscoveryError(
                    .keywordsInvalid, "A keyword has 2 to 80 characters.", context: ["position": "\(words.count + 1)"])
            }
            if seen.insert(word).inserted { words.append(word) }
        }
        return words
    }

    /// The title that a search has when nobody gives it one.
    var title: String {
        let more = keywords.count - 2
        return keywords.prefix(2).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}

/// Whom a search leaves out.
struct Exclusions: Sendable, Hashable, Codable {
    /// Creators who are on any list.
    var listed = false
    /// Creators who are on these lists, at most 20.
    var lists: [ID<CreatorList>] = []
    /// Creators to whom somebody of the workspace wrote within as many days; `nil` for none.
    var contactedWithinDays: Int?
    /// Creators that the workspace knows already, as saved searches want it.
    var known = false

    enum Bounds {
        static let lists = 20
        static let days = 1...365
    }

    /// Whether anybody but blocked creators is left out.
    var isEmpty: Bool { !listed && lists.isEmpty && contactedWithinDays == nil && !known }
}

/// One round of a search: what its credits are reserved for.
enum SearchRound {}
