import Base

/// Chooses the next clips of a slot so that all are shown equally often.
///
/// Of ten clips six are drawn as the less shown of two candidates, two among recent ones and two by pure chance. Every
/// request draws for itself: a minute's audience does not see the same ten. A draw costs the same whatever the number
/// of clips.
struct ExposureSampler: Sendable {
    /// What is known of a clip.
    struct Entry: Sendable, Hashable {
        let clipID: ID<Clip>
        let activeAt: Timestamp
        /// The median of impressions when a late clip entered: from there it is treated like all others.
        var base = 0
        /// How often it was shown.
        var impressions = 0
        /// Impressions that it owes to being recent, which do not count against it later.
        var boosted = 0

        /// What "less shown" compares.
        var level: Int { base + impressions - boosted }
    }

    /// A clip that was drawn.
    struct Pick: Sendable, Hashable {
        let clipID: ID<Clip>
        /// Whether it owes the impression to being recent.
        let isBoosted: Bool
    }

    /// The audience's ten.
    struct Mix: Sendable, Hashable {
        var least = 6
        var recent = 2
        var random = 2

        var count: Int { least + recent + random }
    }

    /// How long a clip counts as recent.
    static let recency: Duration = .seconds(600)
    /// Random candidates that are looked at for one pick before the rest is searched in order.
    private static let triesMax = 8

    let mix: Mix
    private(set) var entries: [Entry] = []
    private var places: [ID<Clip>: Int] = [:]
    private var unsaved: [ID<Clip>: (impressions: Int, boosted: Int)] = [:]
    private var recent: [Int] = []
    private var median = 0
    private var drawsUntilReview = 0

    init(mix: Mix = Mix()) { self.mix = mix }

    /// The median of impressions, which a clip that enters now starts from.
    var medianLevel: Int { Self.middle(entries.map(\.level)) }

    /// Takes what the database says; what was shown here and not yet saved is added.
    mutating func refresh(_ saved: [Entry]) {
        entries = saved
        places = Dictionary(uniqueKeysWithValues: saved.enumerated().map { ($1.clipID, $0) })
        for (clip, more) in unsaved {
            guard let place = places[clip] else { continue }
            entries[place].impressions += more.impressions
            entries[place].boosted += more.boosted
        }
        drawsUntilReview = 0
    }

    /// Draws the next clips and counts them as shown.
    ///
    /// - Parameters:
    ///   - stale: Clips this voter has voted on or seen lately, which are used only when nothing else is left.
    ///   - now: Decides who is recent.
    ///   - randomness: Where the draws come from.
    /// - Returns: As many clips as the mix asks for or as there are, stale ones last.
    mutating func draw(
        avoiding stale: Set<ID<Clip>>, at now: Timestamp, using randomness: some Randomness
    ) -> [Pick] {
        guard !entries.isEmpty else { return [] }
        review(at: now)
        var taken: Set<Int> = []
        var picks: [Pick] = []
        func take(_ place: Int, isBoosted: Bool = false) {
            taken.insert(place)
            picks.append(Pick(clipID: entries[place].clipID, isBoosted: isBoosted))
        }
        func isFree(_ place: Int) -> Bool { !taken.contains(place) && !stale.contains(entries[place].clipID) }

        var candidates = recent.filter { isFree($0) && entries[$0].activeAt + Self.recency > now }
        let lifted = min(mix.recent, candidates.count)
        // Whoever is drawn as recent is out of the other draws. As often as those would have taken it, the impression
        // counts as an ordinary one, so that its level keeps up with the others' and the lift leaves no debt behind.
        let ordinary = Double(mix.count - lifted) / Double(max(1, entries.count - lifted))
        for _ in 0..<lifted {
            take(
                candidates.remove(at: randomness.below(candidates.count)), isBoosted: randomness.fraction() >= ordinary)
        }
        // Spots that no recent clip fills go to the least shown.
        let least = mix.least + mix.recent - picks.count
        let freshMax = entries.count - stale.count
        for kind in 0..<(least + mix.random) {
            guard let first = free(isFree, freshMax: freshMax - taken.count, using: randomness) else { break }
            guard kind < least, let second = free(isFree, freshMax: freshMax - taken.count, using: randomness) else {
                take(first)
                continue
            }
            take(entries[second].level < entries[first].level ? second : first)
        }
        var generator = randomness.generator
        picks.shuffle(using: &generator)
        fillWithStale(&picks, taken: &taken, stale: stale, using: randomness)
        for pick in picks { count(pick) }
        return picks
    }

    /// What was shown since the last call and is to be added to the saved numbers.
    mutating func takeUnsaved() -> [ID<Clip>: (impressions: Int, boosted: Int)] {
        defer { unsaved = [:] }
        return unsaved
    }

    /// Takes back what could not be saved.
    mutating func putBack(_ clip: ID<Clip>, impressions: Int, boosted: Int) {
        let before = unsaved[clip] ?? (0, 0)
        unsaved[clip] = (before.impressions + impressions, before.boosted + boosted)
    }

    // MARK: Parts of a draw

    /// A random free place: by chance while that is likely to succeed, else by search from a random start.
    private func free(
        _ isFree: (Int) -> Bool, freshMax: Int, using randomness: some Randomness
    ) -> Int? {
        guard freshMax > 0 || entries.count <= 64 else { return nil }
        for _ in 0..<Self.triesMax {
            let place = randomness.below(entries.count)
            if isFree(place) { return place }
        }
        let start = randomness.below(entries.count)
        // Counting the free ones and drawing among them keeps the choice uniform.
        let open = (0..<entries.count).filter { isFree(($0 + start) % entries.count) }
        guard !open.isEmpty else { return nil }
        return (open[randomness.below(open.count)] + start) % entries.count
    }

    private func fillWithStale(
        _ picks: inout [Pick], taken: inout Set<Int>, stale: Set<ID<Clip>>, using randomness: some Randomness
    ) {
        guard picks.count < mix.count, picks.count < entries.count else { return }
        var rest = stale.compactMap { places[$0] }.filter { !taken.contains($0) }.sorted {
            (entries[$0].level, entries[$0].clipID) < (entries[$1].level, entries[$1].clipID)
        }
        rest = Array(rest.prefix(mix.count - picks.count))
        for place in rest { picks.append(Pick(clipID: entries[place].clipID, isBoosted: false)) }
    }

    private mutating func count(_ pick: Pick) {
        guard let place = places[pick.clipID] else { return }
        entries[place].impressions += 1
        entries[place].boosted += pick.isBoosted ? 1 : 0
        let before = unsaved[pick.clipID] ?? (0, 0)
        unsaved[pick.clipID] = (before.impressions + 1, before.boosted + (pick.isBoosted ? 1 : 0))
    }

    /// Finds recent clips and the median again, once for as many draws as there are clips.
    private mutating func review(at now: Timestamp) {
        drawsUntilReview -= 1
        guard drawsUntilReview < 0 else { return }
        drawsUntilReview = max(1, entries.count / mix.count)
        median = Self.middle(entries.map(\.impressions))
        recent = entries.indices.filter {
            entries[$0].activeAt + Self.recency > now && entries[$0].impressions < median
        }
    }

    private static func middle(_ numbers: [Int]) -> Int {
        numbers.isEmpty ? 0 : numbers.sorted()[numbers.count / 2]
    }
}
