import Base

/// What was noticed about a voter: evidence for moderators, never a count.
struct RiskEvent: Sendable, Hashable {
    let id: ID<RiskEvent>
    let voterID: ID<Voter>
    var slotID: ID<Slot>?
    var clipID: ID<Clip>?
    /// The vote, where it was counted.
    var voteID: ID<Vote>?
    let points: Int
    let reasons: [RiskReason]
    /// A keyed hash of the address group.
    let address: Int64
    /// A hash of the browser's name.
    let agent: Int64
    let noticedAt: Timestamp
}
