import Base

/// Brings several orders of the same things into one (reciprocal rank fusion: Cormack, Clarke and Büttcher, 2009).
enum RankFusion {
    /// Their constant, which keeps a first place from deciding alone.
    static let constant = 60.0

    /// The sum of 1/(60 + rank) over all lists, ranks from 1.
    static func scores(_ lists: [[ID<Passage>]]) -> [ID<Passage>: Double] {
        var scores: [ID<Passage>: Double] = [:]
        for list in lists {
            for (place, id) in list.enumerated() { scores[id, default: 0] += 1 / (constant + Double(place + 1)) }
        }
        return scores
    }
}
