import Base
import Foundation

import typealias Storage.SQLConvertible

/// A tournament with a beginning and an end: its tracks' slots in sequence give one film.
struct Season: Sendable, Hashable, Codable {
    enum State: String, Sendable, Hashable, Codable, SQLConvertible {
        case draft, active, finished
    }

    let id: ID<Season>
    var title: String
    var state: State
    var rules: SeasonRules
    /// When voters' ids gave way to pseudonyms for good; until then pseudonyms are computed.
    var pseudonymisedAt: Timestamp?
    var createdAt: Timestamp
}

/// A parallel line of slots within a season.
struct Track: Sendable, Hashable, Codable {
    let id: ID<Track>
    let seasonID: ID<Season>
    var name: String
    var weight: Int
}
