import Base

/// A number with its name, as a row of figures shows it.
struct Figure: Sendable {
    let label: String
    let value: String
    var unit: String?
    var note: String?
}

/// A short word with a meaning's colour.
struct Badge: Sendable {
    enum Kind: String, Sendable {
        case plain, good, bad, gold, info, accent
        case live = "good live"
    }

    let kind: String
    let label: String

    init(_ kind: Kind, _ label: String) {
        self.kind = kind.rawValue
        self.label = label
    }
}

/// A clip's own page.
struct ClipPage: Sendable {
    /// What the page shows beside the clip.
    struct Numbers: Sendable {
        var score: Int
        var votes: Int
        var rank: Int?
        var rivals: Int
    }

    struct Voting: Sendable {
        let clock: SlotClock
        let allowance: AllowanceMeter
    }

    struct Outcome: Sendable {
        let text: String
        let href: String
    }

    let base = Addresses.base
    let id: String
    let title: String
    let creator: String
    let creatorHref: String
    let genre: String
    let poster: String
    /// The rendition for a narrow screen or a slow network, and that for others.
    let video: String
    let large: String?
    let seconds: Int
    let slotLabel: String
    let slotHref: String
    let badges: [Badge]
    let stats: [Figure]
    let voting: Voting?
    let outcome: Outcome?
    let kinds: [VoteForm.Kind]
    let given: VoteForm.Given?
    let isClosed: Bool
    let note: String?
    let aroundHref: String
    let feedHref = Addresses.feed
    let votesHref = Addresses.votes
    let totalsHref: String?
    let comments: CommentSection?

    init(
        _ clip: Clip, slot: Slot, season: Season, numbers: Numbers?, given: Vote.Kind?, power: VotingPower,
        comments: CommentSection? = nil, at now: Timestamp
    ) {
        let isRunning = clip.state == .active && slot.state == .voting
        let isHidden = season.rules.isBlind && !slot.state.isClosed
        id = clip.id.description
        title = clip.title
        creator = clip.credit
        creatorHref = Addresses.person(clip.personID)
        self.comments = comments
        genre = Wording.title(clip.genre.rawValue)
        poster = clip.files.poster ?? ""
        video = clip.files.small ?? ""
        large = clip.files.large
        seconds = (clip.milliseconds + 500) / 1_000
        slotLabel = "Slot \(slot.position)"
        slotHref = Addresses.results(slot.id)
        let form = VoteForm(
            clip, given: given, power: power, rules: season.rules, isOpen: slot.takesVotes(at: now))
        kinds = form.kinds
        self.given = form.given
        isClosed = form.isClosed
        note = form.note
        badges = Self.badges(clip, isRunning: isRunning)
        stats = isHidden ? [] : numbers.map(Self.figures) ?? []
        voting =
            isRunning
            ? Voting(clock: SlotClock(slot, at: now), allowance: AllowanceMeter(power.allowance, rules: season.rules))
            : nil
        outcome = isRunning ? nil : Self.outcome(clip, slot)
        aroundHref = Addresses.board("slot", scope: slot.id.description, around: clip.id.description)
        totalsHref =
            isRunning && !isHidden ? "\(Addresses.api)/boards/slot?scope=\(slot.id)&around=\(clip.id)" : nil
    }

    private static func badges(_ clip: Clip, isRunning: Bool) -> [Badge] {
        switch clip.state {
        case .active: [isRunning ? Badge(.live, "in the running") : Badge(.plain, "waits for its slot")]
        case .winner: [Badge(.gold, "winner")]
        case .eliminated: [Badge(.plain, "not chosen")]
        case .uploading, .processing, .pending, .rejected, .removed: [Badge(.bad, clip.state.rawValue)]
        }
    }

    private static func figures(_ numbers: Numbers) -> [Figure] {
        var figures = [
            Figure(label: "Score", value: Wording.number(numbers.score)),
            Figure(label: "Votes", value: Wording.number(numbers.votes)),
        ]
        if let rank = numbers.rank {
            figures.append(
                Figure(label: "Rank", value: Wording.number(rank), unit: "of \(Wording.number(numbers.rivals))"))
        }
        return figures
    }

    private static func outcome(_ clip: Clip, _ slot: Slot) -> Outcome? {
        guard slot.state.isClosed || slot.state == .counting else { return nil }
        let href = Addresses.results(slot.id)
        switch clip.state {
        case .winner: return Outcome(text: "This clip won slot \(slot.position) and is part of the film.", href: href)
        case .eliminated: return Outcome(text: "Another clip won slot \(slot.position).", href: href)
        default: return Outcome(text: "The votes of slot \(slot.position) are being counted.", href: href)
        }
    }
}
