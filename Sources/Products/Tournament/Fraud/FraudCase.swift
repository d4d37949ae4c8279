import Base

import typealias Storage.SQLConvertible

/// Votes that share features, until a moderator has decided about them.
struct FraudCase: Sendable, Hashable {
    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case open, removed, dismissed
    }

    let id: ID<FraudCase>
    let slotID: ID<Slot>
    /// In words for moderators.
    let reasons: [String]
    let voters: Int
    let votes: Int
    let state: State
    /// What the votes share; the same pattern again is the same case as long as it is open.
    let fingerprint: String?
    let openedAt: Timestamp
    let decidedAt: Timestamp?
    let decidedBy: String?
}
