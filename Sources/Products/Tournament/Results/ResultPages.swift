import Base

/// The result of a slot, with everything that is needed to believe it.
struct ResultPage: Sendable {
    struct Champion: Sendable {
        let title: String
        let href: String
        let creator: String
        let poster: String
        let video: String
        let large: String?
        let score: String
        let voters: String
        let margin: String
    }

    struct Row: Sendable {
        let rank: String
        let title: String
        let creator: String
        let href: String
        let score: String
        let voters: String
        let removed: String
        let percent: String
        let isWinner: Bool
        let isTied: Bool
    }

    struct RemovalLine: Sendable {
        let votes: String
        let reason: String
        let detail: String
    }

    /// Rows that a page shows; the ballots have all.
    static let rowsMax = 100

    let base = Addresses.base
    let season: String
    let heading: String
    let lead: String
    let badges: [Badge]
    let isOpen: Bool
    let isVoting: Bool
    let openHeading: String
    let openText: String
    /// The way to be told, while the slot has not opened.
    let reminder: ReminderCard?
    let clock: SlotClock?
    let winner: Champion?
    let rows: [Row]
    let hasRemovals: Bool
    let removals: [RemovalLine]
    let stats: [Figure]
    let tieRule = TieRule.statement
    let digest: String
    let ballotsHref: String
    let recountCommand: String
    let digestCommand: String
    let feedHref = Addresses.feed
    let boardHref: String
    let timetableHref = Addresses.timetable
    let uploadHref = Addresses.upload

    /// The page of a slot without a result.
    init(openSlot slot: Slot, season: Season, clips: Int, isReminded: Bool? = nil, at now: Timestamp) {
        self.season = season.title
        heading = "Slot \(slot.position)"
        isOpen = true
        switch slot.state {
        case .voting: (lead, badges) = ("\(Wording.count(clips, "clip")) compete.", [Badge(.live, "voting")])
        case .counting: (lead, badges) = ("The votes are being counted.", [Badge(.info, "counting")])
        case .waiting: (lead, badges) = ("Waits for its first clip.", [Badge(.plain, "waiting")])
        default:
            lead = "Opens on \(Wording.day(slot.opensAt, in: season.rules.zone))."
            badges = [Badge(.plain, "upcoming")]
        }
        isVoting = slot.state == .voting
        let hasBegun = slot.state == .voting || slot.state == .counting
        clock = hasBegun ? SlotClock(slot, at: now) : SlotClock(opening: slot, at: now)
        reminder = hasBegun ? nil : ReminderCard(slot, isSet: isReminded, rules: season.rules)
        openHeading = hasBegun ? (isVoting ? "Still being voted on" : "Being counted") : "Not open yet"
        openText =
            hasBegun ? "A result stands here once the votes are counted." : "Its clips can be sent until it closes."
        (winner, rows, removals, hasRemovals, stats, digest) = (nil, [], [], false, [], "")
        (ballotsHref, recountCommand, digestCommand) = ("", "", "")
        boardHref = Addresses.board("slot", scope: slot.id.description)
    }

    /// The page of a decided slot.
    ///
    /// - Parameters:
    ///   - result: The stored result.
    ///   - slot: The slot.
    ///   - season: Its season.
    ///   - clips: The clips of the slot by id, those shown at least.
    ///   - removals: What was taken out, with reasons.
    ///   - removedVotes: Removed votes by clip.
    ///   - origin: The server's address as the reader sees it, for the command that recounts.
    init(
        _ result: Winner, slot: Slot, season: Season, clips: [ID<Clip>: Clip], removals: [Removal],
        removedVotes: [ID<Clip>: Int], origin: String
    ) {
        let zone = season.rules.zone
        self.season = season.title
        heading = "Slot \(slot.position)"
        isOpen = false
        (isVoting, reminder, openHeading, openText) = (false, nil, "", "")
        clock = nil
        let counted = result.ballots - result.removed - result.withdrawn
        lead =
            "Decided on \(Wording.day(result.decidedAt, in: zone)): \(Wording.count(result.standings.count, "clip")), "
            + "\(Wording.count(counted, "vote")) that count."
        badges = Self.badges(result)
        winner = clips[result.clipID].map { Self.champion($0, result, clips) }
        rows = Self.rows(result, clips, removedVotes)
        hasRemovals = !removals.isEmpty
        self.removals = removals.map { removal in
            let day = Wording.day(removal.removedAt, in: zone)
            return RemovalLine(
                votes: Wording.number(removal.votes),
                reason: removal.reason.prefix(1).uppercased() + removal.reason.dropFirst(),
                detail:
                    "\(Wording.count(removal.weight, "point")) taken out on \(day) by \(removal.removedBy). "
                    + (removal.changedResult
                        ? "The result was still provisional and counts without them."
                        : "The result was final by then and stays as it is."))
        }
        stats = [
            Figure(label: "Votes counted", value: Wording.number(counted)),
            Figure(label: "Points", value: Wording.number(result.standings.reduce(0) { $0 + $1.score })),
            Figure(label: "Removed", value: Wording.number(result.removed)),
            Figure(label: "Taken back", value: Wording.number(result.withdrawn)),
        ]
        digest = result.digest
        ballotsHref = Addresses.ballots(slot.id)
        recountCommand = "python3 recount.py \(origin)\(Addresses.api)/slots/\(slot.id)"
        digestCommand = "curl -s \(origin)\(ballotsHref) | grep -v '^#' | sha256sum"
        boardHref = Addresses.board("slot", scope: slot.id.description)
    }

    /// The page of a result that a desk hands out.
    init(_ result: ResultDesk.Result, origin: String) {
        self.init(
            result.winner, slot: result.slot, season: result.season,
            clips: Dictionary(result.clips.clips.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }),
            removals: result.removals, removedVotes: result.removedVotes, origin: origin)
    }

    private static func badges(_ result: Winner) -> [Badge] {
        var badges = [
            result.state == .final ? Badge(.good, "final") : Badge(.info, "provisional: may still be recounted")
        ]
        if result.belowMinimum { badges.append(Badge(.gold, "fewer voters than the rules ask for")) }
        if result.removed > 0 { badges.append(Badge(.bad, Wording.count(result.removed, "vote") + " removed")) }
        return badges
    }

    private static func champion(_ clip: Clip, _ result: Winner, _ clips: [ID<Clip>: Clip]) -> Champion {
        let second = result.standings.first { $0.clipID != clip.id }
        let margin: String
        switch (second, second.flatMap { clips[$0.clipID]?.title }) {
        case (nil, _): margin = "There was no other clip."
        case (let second?, let title):
            let lead = result.score - second.score
            let rival = title.map { "“\($0)”" } ?? "the next clip"
            margin =
                lead == 0
                ? "As many points as \(rival): the tie rule decided."
                : lead > 0
                    ? "\(Wording.count(lead, "point")) ahead of \(rival)."
                    : "Chosen by the minimum of voters, over \(rival)."
        }
        return Champion(
            title: clip.title, href: Addresses.clip(clip.id), creator: clip.credit, poster: clip.files.poster ?? "",
            video: clip.files.small ?? "", large: clip.files.large, score: Wording.number(result.score),
            voters: Wording.number(result.voters),
            margin: margin)
    }

    private static func rows(
        _ result: Winner, _ clips: [ID<Clip>: Clip], _ removedVotes: [ID<Clip>: Int]
    ) -> [Row] {
        let best = max(1, result.standings.first?.score ?? 1)
        let scores = result.standings.map(\.score)
        return result.standings.prefix(rowsMax).enumerated().map { index, standing in
            let clip = clips[standing.clipID]
            let tenths = standing.score * 1_000 / best
            let isTied =
                standing.score > 0
                && (index > 0 && scores[index - 1] == standing.score
                    || index + 1 < scores.count && scores[index + 1] == standing.score)
            return Row(
                rank: String(index + 1), title: clip?.title ?? "A removed clip", creator: clip?.credit ?? "",
                href: Addresses.clip(standing.clipID), score: Wording.number(standing.score),
                voters: Wording.number(standing.voters), removed: Wording.number(removedVotes[standing.clipID] ?? 0),
                percent: "\(tenths / 10).\(tenths % 10)", isWinner: standing.clipID == result.clipID, isTied: isTied)
        }
    }
}
