import Base

import typealias Storage.SQLConvertible

/// The result of a slot; one row per slot.
struct Winner: Sendable, Hashable, Codable {
    enum State: String, Sendable, Hashable, Codable, SQLConvertible {
        /// A recount may still replace it.
        case provisional
        case final
    }

    let slotID: ID<Slot>
    let clipID: ID<Clip>
    let score: Int
    let voters: Int
    var state: State
    /// SHA-256 of the ballots as they are published.
    let digest: String
    /// Whether it won with fewer voters than the season asks for, as nobody had them.
    let belowMinimum: Bool
    let standings: [Standing]
    let ballots: Int
    let removed: Int
    let withdrawn: Int
    let decidedAt: Timestamp
}

/// Votes that were taken out of a result, with the reason that everybody reads.
struct Removal: Sendable, Hashable, Codable {
    let id: ID<Removal>
    let slotID: ID<Slot>
    let caseID: ID<FraudCase>?
    /// Words for the public, as in "same device key replayed".
    let reason: String
    let votes: Int
    let weight: Int
    /// Whether the result was still provisional: later removals are shown and change nothing.
    let changedResult: Bool
    let removedAt: Timestamp
    let removedBy: String
}
