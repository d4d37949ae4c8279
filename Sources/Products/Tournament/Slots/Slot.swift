import Base

import typealias Storage.SQLConvertible

/// One scene of the film: clips compete for it, one wins.
struct Slot: Sendable, Hashable, Codable {
    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// Its turn has not come.
        case upcoming
        /// Its turn has come and it has no clip to vote on.
        case waiting
        case voting
        /// Frozen: no vote or withdrawal can commit any more.
        case counting
        /// The winner stands and may be replaced by a recount.
        case provisional
        case locked

        var isOpenForClips: Bool { self == .upcoming || self == .waiting || self == .voting }
        var isClosed: Bool { self == .provisional || self == .locked }
    }

    let id: ID<Slot>
    let seasonID: ID<Season>
    let trackID: ID<Track>
    /// 1 for the first scene.
    let position: Int
    var state: State
    var opensAt: Timestamp
    var freezesAt: Timestamp
    var closesAt: Timestamp
    /// How often it was lengthened because nobody had voted.
    var extensions: Int
    /// When its winner was first published.
    var decidedAt: Timestamp?
}
