import Base

/// A voter who may not vote any more, or again.
struct Ban: Sendable, Hashable {
    let voterID: ID<Voter>
    let isBanned: Bool
    let reason: String
    let changedAt: Timestamp
}
