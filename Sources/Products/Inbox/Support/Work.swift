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

    init(_ parts: Office.Parts, _ ground: Ground, notices: NoticeDesk) {
        let (storage, clock, randomness) = (parts.storage, parts.clock, parts.randomness)
        teams = TeamDesk(storage: storage, caches: parts.caches, clock: clock, randomness: randomness)
        canned = ground.canned
        promises = SlaDesk(
            storage: storage, caches: parts.caches, teams: teams, channels: ground.channels,
            answering: ground.answering, notices: notices, topics: ground.topics, clock: clock, randomness: randomness)
        assignments = AssignmentDesk(
            storage: storage, teams: teams, visible: ground.visible, notices: notices, topics: ground.topics,
            clock: clock,
            randomness: randomness)
        ratings = RatingDesk(storage: storage, clock: clock, randomness: randomness)
        seals = SealDesk(storage: storage, clock: clock, events: parts.events)
        reports = ReportDesk(
            storage: storage, names: ground.names, channels: ground.channels, teams: teams, clock: clock)
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
