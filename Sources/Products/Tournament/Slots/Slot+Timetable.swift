import Base

extension Slot {
    /// What the clock demands of a slot.
    enum Step: Sendable, Hashable {
        /// Nothing before this time; never again when `nil`.
        case wait(until: Timestamp?)
        /// Start voting, if there is a clip.
        case open
        /// Stop voting.
        case freeze
        /// Count the votes and publish the winner.
        case count
        /// Make the winner final.
        case finalise
    }

    /// A waiting slot is looked at again after this time.
    static let wakeEvery: Duration = .seconds(300)

    /// Decides purely from the row and the time.
    ///
    /// Late calls catch up one step at a time: however long the clock jumped, a slot freezes, is counted and becomes
    /// final in this order.
    func step(at now: Timestamp, rules: SeasonRules) -> Step {
        func due(_ time: Timestamp, _ step: Step) -> Step { now < time ? .wait(until: time) : step }
        switch state {
        case .upcoming, .waiting: return due(opensAt, .open)
        case .voting: return due(freezesAt, .freeze)
        case .counting: return due(closesAt, .count)
        case .provisional: return due((decidedAt ?? closesAt) + rules.review, .finalise)
        case .locked: return .wait(until: nil)
        }
    }

    /// This slot with voting that starts now.
    func opened(at now: Timestamp, rules: SeasonRules) -> Slot {
        var copy = self
        copy.state = .voting
        copy.opensAt = now
        copy.closesAt = now + rules.slotLength
        copy.freezesAt = copy.closesAt - rules.freeze
        return copy
    }

    /// This slot with voting that goes on for another length, because nobody has voted.
    func lengthened(at now: Timestamp, rules: SeasonRules) -> Slot {
        var copy = self
        copy.state = .voting
        copy.closesAt = max(closesAt, now) + rules.slotLength
        copy.freezesAt = copy.closesAt - rules.freeze
        copy.extensions += 1
        return copy
    }

    /// Whether a vote may be cast or withdrawn.
    func takesVotes(at now: Timestamp) -> Bool { state == .voting && now < freezesAt }
}
