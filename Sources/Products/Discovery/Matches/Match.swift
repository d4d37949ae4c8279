import Base

/// That a search found a creator: one for each pair, however many keywords found it.
struct Match: Sendable, Hashable, Codable {
    let searchID: ID<Search>
    let creatorID: ID<Creator>
    /// The place among the search's matches, from 1 without gaps, in the order in which they were committed.
    let sequence: Int64
    /// The keywords that found it: the bit of each text's ordinal.
    var keywords: KeywordSet
    /// Whether it costs a credit: not when the workspace had the creator within the last 30 days.
    var isCharged: Bool
    let foundAt: Timestamp
    var enrichedAt: Timestamp?
}

/// Some of a search's texts, each a bit by its ordinal.
struct KeywordSet: OptionSet, Sendable, Hashable, Codable {
    let rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    /// The one text with this ordinal, 0 to 49.
    init(ordinal: Int) { rawValue = 1 << Int64(ordinal) }

    func contains(ordinal: Int) -> Bool { rawValue & (1 << Int64(ordinal)) != 0 }
}

/// A match with the creator that it is about, as results show it.
struct FoundMatch: Sendable, Hashable, Codable {
    let match: Match
    let creator: Creator
}
