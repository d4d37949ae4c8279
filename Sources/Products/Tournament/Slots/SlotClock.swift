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
    var openLabel = "Voting ends in"
    var overLabel = "Counting the votes"
    /// Whether there is another page once the clock has run down.
    var leadsOn = false

    /// Counts down to the opening of a slot; `nil` when it could be open now, or waits for a clip and not for a time.
    init?(opening slot: Slot, at now: Timestamp) {
        guard slot.state == .upcoming, now < slot.opensAt else { return nil }
        closes = slot.opensAt.microseconds / 1_000
        freezes = 0
        freezesISO = slot.opensAt.description
        (isOpen, isFrozen, isOver) = (true, false, false)
        state = "open"
        digits = Wording.countdown(slot.opensAt - now)
        openLabel = "Voting begins in"
        overLabel = "Voting begins"
        leadsOn = true
    }

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
