import Base

/// A vote that wants to be cast.
struct VoteAsk: Sendable, Hashable {
    let id: ID<Vote>
    let clipID: ID<Clip>
    let voter: Voter
    let kind: Vote.Kind
    /// What the client calls this request: the same request again gets the first answer.
    var request: Int64?
    /// Whether this node has not seen the voter yet, so that a row must be there afterwards.
    var isNewVoter = false
    /// What the voter may spend a day where that is less than the season allows.
    var weightMax: Int?
}

/// A vote that was cast.
struct CastVote: Sendable, Hashable {
    let id: ID<Vote>
    let slotID: ID<Slot>
    let clipID: ID<Clip>
    let kind: Vote.Kind
    let weight: Int
    /// What the voter may still spend today.
    let allowance: Allowance
}

/// A vote that was taken back.
struct WithdrawnVote: Sendable, Hashable {
    let slotID: ID<Slot>
    let clipID: ID<Clip>
    let kind: Vote.Kind
    let weight: Int
    /// Whether its weight may be spent again, because it was cast on the same local day.
    let isReturned: Bool
    /// What the voter may spend now, where its weight was returned.
    let allowance: Allowance?
}

/// Everything about a group that its statements share.
struct VoteGroupFrame: Sendable {
    let tenant: Tenant
    let rules: SeasonRules
    let now: Timestamp
    /// The lane of tallies that this node writes.
    let lane: Int

    var day: CalendarDay { CalendarDay(of: now, in: rules.zone) }
    var dayStart: Timestamp { day.start(in: rules.zone) }
}

/// What storage knows of a vote that was not cast, and why it was not: a pure function of it.
struct VoteFacts: Sendable, Hashable {
    var clipState: Clip.State?
    var isOwnClip = false
    var slotState: Slot.State?
    var slotID: ID<Slot>?
    var freezesAt: Timestamp?
    /// The standing vote of the voter on this clip.
    var standing: ID<Vote>?
    var standingKind: Vote.Kind?
    var standingRequest: Int64?
    /// Whether a vote of the same special kind stands in this slot.
    var isSpecialSpent = false
    var weightUsed = 0
    var isBlocked = false
}

enum VoteRefusal: Sendable, Hashable {
    case clipNotFound, ownClip, slotClosed, votingFrozen, banned
    case alreadyVoted(Vote.Kind)
    case superSpent, megaSpent
    case dailyLimit(Allowance)

    /// Why a vote cannot be cast; `nil` when nothing stands against it any more, so that it may be tried again.
    static func reason(
        _ facts: VoteFacts, kind: Vote.Kind, at now: Timestamp, rules: SeasonRules, weightMax: Int? = nil
    ) -> VoteRefusal? {
        guard let clipState = facts.clipState, clipState.isPublic, let slotState = facts.slotState else {
            return .clipNotFound
        }
        if facts.isBlocked { return .banned }
        if facts.isOwnClip { return .ownClip }
        if slotState == .counting { return .votingFrozen }
        if slotState != .voting || clipState != .active { return .slotClosed }
        if let freezesAt = facts.freezesAt, now >= freezesAt { return .votingFrozen }
        if facts.standing != nil { return .alreadyVoted(facts.standingKind ?? .normal) }
        if facts.isSpecialSpent { return kind == .mega ? .megaSpent : .superSpent }
        let allowance = Allowance(used: facts.weightUsed, at: now, rules: rules, weightMax: weightMax)
        return allowance.covers(rules.weight(of: kind)) ? nil : .dailyLimit(allowance)
    }

    func error(at now: Timestamp) -> TournamentError {
        switch self {
        case .clipNotFound: TournamentError(.clipNotFound, "There is no such clip to vote on.")
        case .ownClip: TournamentError(.ownClip, "Nobody votes for a clip of their own.")
        case .slotClosed: TournamentError(.slotClosed, "The slot of this clip is not being voted on.")
        case .votingFrozen: TournamentError(.votingFrozen, "Voting has stopped and the count is about to begin.")
        case .banned: TournamentError(.banned, "This voter may not vote here.")
        case .alreadyVoted(let kind):
            TournamentError(
                .alreadyVoted, "You have voted for this clip already; take that vote back first.",
                context: ["kind": kind.rawValue])
        case .superSpent:
            TournamentError(.superSpent, "Your super vote of this slot is spent; take it back to use it here.")
        case .megaSpent:
            TournamentError(.megaSpent, "Your mega vote of this slot is spent; take it back to use it here.")
        case .dailyLimit(let allowance):
            TournamentError(
                .dailyLimit, "Of today's \(allowance.limit) only \(allowance.left) are left; midnight renews them.",
                retryAfter: allowance.renewsAt - now, context: ["left": String(allowance.left)])
        }
    }
}

enum WithdrawRefusal: Sendable, Hashable {
    case noVote, votingFrozen

    var error: TournamentError {
        switch self {
        case .noVote: TournamentError(.noVote, "There is no vote of yours on this clip.")
        case .votingFrozen: TournamentError(.votingFrozen, "Voting has stopped; votes stay as they are.")
        }
    }
}
