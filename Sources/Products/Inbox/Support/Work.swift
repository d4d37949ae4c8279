import Base

/// How a company works: everything about teams, hours, promises and figures.
struct Work: Sendable {
    let teams: TeamDesk
    let canned: CannedReplyDesk
    let promises: SlaDesk
    let assignments: AssignmentDesk
    let ratings: RatingDesk
    let seals: SealDesk
    let reports: ReportDesk

    init(
        _ parts: Office.Parts, channels: ChannelDesk, answering: BotDesk, visible: VisibilityDesk, notices: NoticeDesk,
        topics: InboxTopics, names: NameKeeper
    ) {
        let (storage, clock, randomness) = (parts.storage, parts.clock, parts.randomness)
        teams = TeamDesk(storage: storage, caches: parts.caches, clock: clock, randomness: randomness)
        canned = CannedReplyDesk(
            storage: storage, caches: parts.caches, names: names, clock: clock, randomness: randomness)
        promises = SlaDesk(
            storage: storage, caches: parts.caches, teams: teams, channels: channels, answering: answering,
            notices: notices, topics: topics, clock: clock, randomness: randomness)
        assignments = AssignmentDesk(
            storage: storage, teams: teams, visible: visible, notices: notices, topics: topics, clock: clock,
            randomness: randomness)
        ratings = RatingDesk(storage: storage, clock: clock, randomness: randomness)
        seals = SealDesk(storage: storage, clock: clock, events: parts.events)
        reports = ReportDesk(storage: storage, names: names, channels: channels, teams: teams, clock: clock)
    }
}

extension Office {
    var teams: TeamDesk { work.teams }
    var canned: CannedReplyDesk { work.canned }
    var promises: SlaDesk { work.promises }
    var assignments: AssignmentDesk { work.assignments }
    var ratings: RatingDesk { work.ratings }
    var seals: SealDesk { work.seals }
    var reports: ReportDesk { work.reports }
}
