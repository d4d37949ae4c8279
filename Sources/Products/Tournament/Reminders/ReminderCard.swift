import Base

/// The way to be told when a slot opens, as pages offer it.
struct ReminderCard: Sendable {
    let label: String
    let href: String
    let opens: String
    let action: String
    /// Whether somebody is signed in, who alone can be told.
    let canAsk: Bool
    let isSet: Bool
    let signInHref: String

    /// - Parameters:
    ///   - slot: a slot that has not opened.
    ///   - isSet: whether who looks is told; `nil` for strangers.
    ///   - rules: those of its season.
    init(_ slot: Slot, isSet: Bool?, rules: SeasonRules) {
        label = "Slot \(slot.position)"
        href = Addresses.results(slot.id)
        opens =
            slot.state == .waiting
            ? "It opens as soon as it has a clip."
            : "It opens on \(Wording.day(slot.opensAt, in: rules.zone)) at "
                + "\(Wording.clock(slot.opensAt, in: rules.zone)) (\(Wording.place(rules.timeZone)))."
        action = "\(Addresses.results(slot.id))/reminder"
        canAsk = isSet != nil
        self.isSet = isSet ?? false
        signInHref = "/sign-in?next=\(Addresses.results(slot.id))"
    }
}
