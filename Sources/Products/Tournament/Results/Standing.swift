import Base

/// A clip's result by the votes that count.
struct Standing: Sendable, Hashable, Codable {
    let clipID: ID<Clip>
    let activeAt: Timestamp
    /// The sum of weights.
    var score = 0
    /// How many voters, one vote each.
    var voters = 0
    /// When the last vote that counts was cast.
    var lastVoteAt: Timestamp?

    init(clipID: ID<Clip>, activeAt: Timestamp) {
        self.clipID = clipID
        self.activeAt = activeAt
    }

    mutating func add(weight: Int, castAt: Timestamp) {
        score += weight
        voters += 1
        lastVoteAt = max(lastVoteAt ?? castAt, castAt)
    }
}

/// The order of clips in a slot.
enum TieRule {
    /// What the results page prints.
    static let statement = """
        More weight wins. Equal weight: the clip whose last counted vote was cast earlier wins. \
        Equal time too: the smaller clip id wins.
        """

    /// Whether `left` stands before `right`.
    static func precedes(_ left: Standing, _ right: Standing) -> Bool {
        if left.score != right.score { return left.score > right.score }
        switch (left.lastVoteAt, right.lastVoteAt) {
        case (let first?, let second?) where first != second: return first < second
        case (.some, nil): return true
        case (nil, .some): return false
        default: return left.clipID < right.clipID
        }
    }

    /// Ranks standings; the same for every order of the input.
    static func ranked(_ standings: some Sequence<Standing>) -> [Standing] { standings.sorted(by: precedes) }
}
