import Base

/// The clock of a slot as pages show it; the browser counts on against the server's time.
struct SlotClock: Sendable {
    let closes: Int64
    let freezes: Int64
    let state: String
    let isOpen: Bool
    let isFrozen: Bool
    let isOver: Bool
    let freezesISO: String
    let digits: String

    init(_ slot: Slot, at now: Timestamp) {
        closes = slot.closesAt.microseconds / 1_000
        freezes = slot.freezesAt.microseconds / 1_000
        freezesISO = slot.freezesAt.description
        isOpen = now < slot.freezesAt
        isFrozen = !isOpen && now < slot.closesAt
        isOver = !isOpen && !isFrozen
        state = isOpen ? "open" : isFrozen ? "frozen" : "over"
        digits = Wording.countdown((isOpen ? slot.freezesAt : slot.closesAt) - now)
    }
}
