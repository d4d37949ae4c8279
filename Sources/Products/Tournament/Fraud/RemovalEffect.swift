import Base

/// What the removal of votes would do to a ranking: a pure function of the ballots and the rules.
struct RemovalEffect: Sendable, Hashable {
    /// A clip before and after.
    struct Change: Sendable, Hashable {
        let clipID: ID<Clip>
        let rankBefore: Int
        let rankAfter: Int
        let scoreBefore: Int
        let scoreAfter: Int
        let removed: Int
    }

    /// Every clip that loses votes or its place, and the first ones, in the order of before.
    let changes: [Change]
    let winnerBefore: ID<Clip>?
    let winnerAfter: ID<Clip>?
    /// Votes that would be taken out: those of the case that count now.
    let votes: Int
    let weight: Int

    var changesWinner: Bool { winnerBefore != winnerAfter }

    /// Compares two rankings of the same clips.
    init(before: [Standing], after: [Standing], removed: [ID<Clip>: Int], weight: Int, rules: SeasonRules) {
        var placesAfter: [ID<Clip>: Int] = [:]
        for (index, standing) in after.enumerated() { placesAfter[standing.clipID] = index }
        changes = before.enumerated().compactMap { index, standing in
            guard let place = placesAfter[standing.clipID] else { return nil }
            let lost = removed[standing.clipID] ?? 0
            guard lost > 0 || place != index || index < Self.shownAlways else { return nil }
            return Change(
                clipID: standing.clipID, rankBefore: index + 1, rankAfter: place + 1, scoreBefore: standing.score,
                scoreAfter: after[place].score, removed: lost)
        }
        winnerBefore = Self.winner(before, rules)
        winnerAfter = Self.winner(after, rules)
        votes = removed.values.reduce(0, +)
        self.weight = weight
    }

    private static let shownAlways = 3

    private static func winner(_ ranking: [Standing], _ rules: SeasonRules) -> ID<Clip>? {
        // As a recount decides: a slot is not lengthened any more.
        if case .winner(let clip, _) = Verdict.of(ranking, rules: rules, extensions: rules.extensionsMax) {
            clip
        } else {
            nil
        }
    }
}

/// Counts ballots twice at once: all that count, and all but those of a case.
struct RemovalCount: Sendable {
    private var before: [ID<Clip>: Standing]
    private var after: [ID<Clip>: Standing]
    private var removed: [ID<Clip>: Int] = [:]
    private var weight = 0
    private let votes: Set<ID<Vote>>

    init(clips: [Standing], removing votes: Set<ID<Vote>>) {
        before = Dictionary(clips.map { ($0.clipID, $0) }, uniquingKeysWith: { first, _ in first })
        after = before
        self.votes = votes
    }

    mutating func add(_ ballot: Ballot) {
        guard ballot.state == .counted else { return }
        before[ballot.clipID]?.add(weight: ballot.weight, castAt: ballot.castAt)
        if votes.contains(ballot.id) {
            removed[ballot.clipID, default: 0] += 1
            weight += ballot.weight
        } else {
            after[ballot.clipID]?.add(weight: ballot.weight, castAt: ballot.castAt)
        }
    }

    func effect(rules: SeasonRules) -> RemovalEffect {
        RemovalEffect(
            before: TieRule.ranked(before.values), after: TieRule.ranked(after.values), removed: removed,
            weight: weight, rules: rules)
    }
}
