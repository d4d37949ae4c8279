import Base

/// A search as it is watched: where it stands, with each of its keywords.
struct SearchStatus: Sendable, Hashable {
    var search: Search
    var keywords: [Keyword]

    init(_ search: Search, keywords: [Keyword]) {
        self.search = search
        self.keywords = keywords
    }

    /// How many creators were found: each is counted by the keyword that was first.
    var found: Int { keywords.reduce(0) { $0 + $1.found } }
    /// How many results were left out.
    var excluded: Int { keywords.reduce(0) { $0 + $1.excluded } }
    /// How many have had their profiles read.
    var enriched: Int { search.enriched + keywords.reduce(0) { $0 + $1.reused } }
    /// How many creators cost a credit.
    var charged: Int { keywords.reduce(0) { $0 + $1.charged } }
    var failed: [Keyword] { keywords.filter { $0.state == .failed } }
    var running: Int { keywords.count { !$0.state.isOver } }

    /// One sentence about how far it is: `7 of 9 keywords, 2 failed`.
    var summary: String {
        let over = keywords.count { $0.state.isOver }
        let (done, failed) = (keywords.count { $0.state == .done || $0.reason == .targetReached }, failed.count)
        let text = "\(search.state.isActive ? over : done) of \(keywords.count) keywords"
        return failed > 0 ? "\(text), \(failed) failed" : text
    }

    /// What more words may be asked for: when no keyword is left, the target is not reached, and not too many rounds
    /// have brought nothing.
    var mayExpand: Bool {
        let wish = search.wish
        return found < wish.target && search.expandedRounds < min(wish.expansion, SearchWish.Bounds.expansionRounds)
            && search.emptyRounds < SearchWish.Bounds.emptyRounds && texts < SearchWish.Bounds.keywords
    }

    /// How many texts the search has.
    var texts: Int { (keywords.map(\.ordinal).max() ?? -1) + 1 }
}
