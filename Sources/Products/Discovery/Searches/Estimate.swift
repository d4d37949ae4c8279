import Base

/// What a search is likely to take before anything is reserved.
struct Estimate: Sendable, Hashable {
    enum Bounds {
        /// Creators that a page names on average and are new to the search.
        static let perPage = 18
        /// Pages that one keyword brings at most before it is of little use.
        static let pagesPerKeyword = 12
        /// Calls that end in two seconds when many run at once.
        static let callsPerSecond = 5
    }

    /// Calls at the vendor.
    let calls: Int
    /// Credits that are reserved: one for each creator that is wanted.
    let credits: Int
    /// Profiles that are read.
    let profiles: Int
    let time: Duration
    /// What the calls cost, in millionths of a dollar.
    let cost: Int64
    /// Creators of the workspace that have these words already.
    let held: Int
    /// How many of those would be left out.
    let excluded: Int

    /// - Parameters:
    ///   - wish: what is looked for.
    ///   - vendor: who is asked.
    ///   - held: creators that the workspace has for these words.
    ///   - excluded: how many of those the exclusions leave out.
    init(_ wish: SearchWish, at vendor: Vendor, held: Int, excluded: Int) {
        let lanes = wish.keywords.count * wish.platforms.count
        let wanted = (wish.target + Bounds.perPage - 1) / Bounds.perPage
        let pages = min(max(lanes, wanted), lanes * Bounds.pagesPerKeyword)
        let profiles = min(wish.enrich, wish.target)
        calls = pages + profiles
        credits = wish.target
        self.profiles = profiles
        self.held = held
        self.excluded = excluded
        cost = Int64(calls) * vendor.callCost
        // One page of a keyword follows the other; keywords go side by side.
        let slowest = wish.platforms.contains(.instagram) ? 60 : 8
        let rounds = (pages + lanes - 1) / lanes
        time = .seconds(max(rounds * slowest, calls / Bounds.callsPerSecond))
    }
}
