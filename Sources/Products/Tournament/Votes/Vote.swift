import Base

import typealias Storage.SQLConvertible

/// One voter's mark on one clip; never deleted and never re-weighted.
struct Vote: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case normal
        case `super`
        case mega
    }

    let id: ID<Vote>
    let slotID: ID<Slot>
    let clipID: ID<Clip>
    let voterID: ID<Voter>
    let kind: Kind
    let weight: Int
    let castAt: Timestamp
    var withdrawnAt: Timestamp?
    var removalID: ID<Removal>?

    var counts: Bool { withdrawnAt == nil && removalID == nil }
}
