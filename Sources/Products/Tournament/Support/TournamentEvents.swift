import Logging
import Telemetry

/// What the product tells about itself; `Documentation/Reference/tournament-events.md` shows them as a table.
extension Event {
    static let tournament: [Event] = [
        .voteMarked, .voteBlocked, .riskEventsDropped, .captchaFailed, .captchaUnreachable, .caseOpened, .caseDecided,
        .votesRemoved, .slotRecounted, .voterBanned, .tallyDiffered, .tallyChecked, .seasonPseudonymised,
        .fairnessFailed, .archiveKept, .archiveLost,
    ]

    static let voteMarked = Event(
        "vote.marked", .info, "A vote was counted and marked for a moderator's look.", fields: ["points"])
    static let voteBlocked = Event(
        "vote.blocked", .info, "A vote was refused because it looks automated.", fields: ["points"])
    static let riskEventsDropped = Event(
        "riskEvents.dropped", .warning, "Evidence about voters was lost: too much waited, or it could not be written.",
        fields: ["events"], feeds: .counter("capstan_tournament_risk_events_dropped_total"))
    static let captchaFailed = Event(
        "captcha.failed", .info, "A solved captcha was refused by its verifier or by our checks.", fields: ["reason"])
    static let captchaUnreachable = Event(
        "captcha.unreachable", .warning, "The verifier of captchas cannot be reached; a small daily cap holds.",
        fields: ["error"])
    static let caseOpened = Event(
        "case.opened", .notice, "Votes that share features wait for a moderator.", fields: ["slot", "votes", "voters"])
    static let caseDecided = Event(
        "case.decided", .notice, "A moderator has decided about suspicious votes.", fields: ["slot", "state"])
    static let votesRemoved = Event(
        "votes.removed", .notice, "Votes were taken out of a slot with a public reason.", fields: ["slot", "votes"],
        feeds: .counter("capstan_tournament_votes_removed_total"))
    static let slotRecounted = Event(
        "slot.recounted", .notice, "A provisional result was counted anew.", fields: ["slot", "isChanged"])
    static let voterBanned = Event(
        "voter.banned", .notice, "A voter was banned, or the ban was lifted.", fields: ["isBanned"])
    static let tallyDiffered = Event(
        "tally.differed", .critical, "A clip's tally is not the sum of its votes.",
        fields: ["slot", "clip", "tally", "votes"], feeds: .counter("capstan_tournament_tally_differences_total"))
    static let tallyChecked = Event(
        "tally.checked", .info, "A sample of tallies was held against the votes.", fields: ["slot", "clips"],
        feeds: .counter("capstan_tournament_tallies_checked_total"))
    static let seasonPseudonymised = Event(
        "season.pseudonymised", .notice, "The voters of a finished season have given way to pseudonyms for good.",
        fields: ["season", "votes"])
    static let archiveKept = Event(
        "archive.kept", .notice, "A month of old rows is in a file alone.", fields: ["kind", "rows", "bytes"],
        feeds: .counter("capstan_tournament_archived_rows_total"))
    static let archiveLost = Event(
        "archive.lost", .critical, "A sealed archive's file is gone or changed; its rows stay and are written anew.",
        fields: ["kind"])
    static let fairnessFailed = Event(
        "fairness.failed", .error, "A duty of fairness failed and is tried again.", fields: ["duty", "code"])
}
