import Base

/// The timetable: every slot of a track, what is on now, and the rules.
struct TimetablePage: Sendable {
    /// A slot with what its tile shows.
    struct Entry: Sendable {
        let slot: Slot
        /// The winner of a decided slot.
        let winner: Clip?
        let clips: Int
    }

    struct Cell: Sendable {
        let position: Int
        let state: String
        let href: String
        let poster: String?
        let title: String
        let detail: String
    }

    struct Rule: Sendable {
        let heading: String
        let text: String
    }

    struct Current: Sendable {
        let label: String
        let href: String
        let clock: SlotClock
        let detail: String
        let feedHref: String
        let boardHref: String
        let posters: [String]
    }

    struct Progress: Sendable {
        let text: String
        let total: Int
        let done: Int
    }

    struct TrackLink: Sendable {
        let name: String
        let href: String
        let isCurrent: Bool
    }

    /// What only those who run the stage see.
    struct Desk: Sendable {
        let text: String
        let deskHref: String
        let flagsHref = Addresses.flagsDesk
        let actions: [Action]
    }

    struct Action: Sendable {
        let action: String
        let label: String
        let isDanger: Bool
    }

    let base = Addresses.base
    let season: String
    let lead: String
    let progress: Progress?
    let hasTracks: Bool
    let tracks: [TrackLink]
    let current: Current?
    /// What opens next.
    let next: ReminderCard?
    let desk: Desk?
    let slots: [Cell]
    let rules: [Rule]
    let pager: BoardPage.Pager?

    /// - Parameters:
    ///   - season: The season.
    ///   - track: The track that is shown.
    ///   - tracks: All tracks of the season.
    ///   - entries: The slots of the track, first position first.
    ///   - posters: Posters of clips in the running, a handful.
    ///   - votes: Votes in the slot that is on now; `nil` when they are hidden.
    ///   - reminded: The slots that whoever reads is reminded of; `nil` for strangers.
    ///   - canDirect: Whether whoever reads may close slots.
    ///   - now: The time.
    init(
        season: Season, track: Track, tracks: [Track], entries: [Entry], posters: [String], votes: Int?,
        reminded: Set<ID<Slot>>? = nil, canDirect: Bool, at now: Timestamp
    ) {
        self.season = season.title
        let rules = season.rules
        lead =
            "\(Wording.count(entries.count, "slot")) of \(Wording.count(rules.slotHours, "hour")). One clip wins each; "
            + "the winners in sequence are the film."
        let done = entries.count { $0.slot.state.isClosed }
        progress = Progress(text: "\(done) of \(entries.count) slots decided", total: entries.count, done: done)
        hasTracks = tracks.count > 1
        self.tracks = tracks.map {
            TrackLink(name: $0.name, href: Addresses.timetable(track: $0.id), isCurrent: $0.id == track.id)
        }
        let open = entries.first { $0.slot.state == .voting || $0.slot.state == .counting }
        current = open.map { entry in
            let counts = [Wording.count(entry.clips, "clip"), votes.map { Wording.count($0, "vote") + " so far" }]
            return Current(
                label: "Slot \(entry.slot.position)", href: Addresses.results(entry.slot.id),
                clock: SlotClock(entry.slot, at: now),
                detail:
                    counts.compactMap { $0 }.joined(separator: ", ")
                    + ". Votes are frozen \(rules.freezeSeconds) seconds before the close, so that counting never races a vote.",
                feedHref: Addresses.feed, boardHref: Addresses.board("slot", scope: entry.slot.id.description),
                posters: posters)
        }
        next = entries.first { $0.slot.state == .waiting || $0.slot.state == .upcoming }.map { entry in
            ReminderCard(entry.slot, isSet: reminded.map { $0.contains(entry.slot.id) }, rules: rules)
        }
        desk =
            canDirect
            ? open.map { entry in
                Desk(
                    text: "You direct this stage. Closing freezes the votes now, counts them and opens the next slot.",
                    deskHref: Addresses.desk,
                    actions: [
                        Action(
                            action: Addresses.close(entry.slot.id), label: "Close slot \(entry.slot.position) now",
                            isDanger: true)
                    ])
            } : nil
        slots = entries.map { Self.cell($0, rules, isReminded: reminded?.contains($0.slot.id) ?? false) }
        self.rules = Self.rules(rules)
        pager = nil
    }

    private static func cell(_ entry: Entry, _ rules: SeasonRules, isReminded: Bool) -> Cell {
        let slot = entry.slot
        let title: String
        let detail: String
        switch (slot.state, entry.winner) {
        case (_, let winner?): (title, detail) = (winner.title, winner.credit)
        case (.voting, _): (title, detail) = ("On now", Wording.count(entry.clips, "clip"))
        case (.counting, _): (title, detail) = ("Counting", Wording.count(entry.clips, "clip"))
        case (.waiting, _): (title, detail) = ("Waiting", "for a first clip")
        default: (title, detail) = ("Slot \(slot.position)", Wording.shortDay(slot.opensAt, in: rules.zone))
        }
        return Cell(
            position: slot.position, state: slot.state.rawValue, href: Addresses.results(slot.id),
            poster: entry.winner?.files.poster, title: title, detail: isReminded ? detail + ", reminder" : detail)
    }

    private static func rules(_ rules: SeasonRules) -> [Rule] {
        let place = Wording.place(rules.timeZone)
        return [
            Rule(
                heading: "One vote for a clip",
                text: "Vote for as many clips of a slot as you like, once for each, never for your own."),
            Rule(
                heading: "\(Wording.number(rules.dailyWeight)) a day",
                text:
                    "A vote costs \(rules.weights.normal), a super vote \(rules.weights.super), a mega vote "
                    + "\(rules.weights.mega). The day turns at midnight in \(place)."),
            Rule(
                heading: "One super, one mega",
                text: "Each voter has one super and one mega vote in a slot. Taken back, they are free again."),
            Rule(
                heading: "Until the freeze",
                text:
                    "Votes can be cast and taken back until \(rules.freezeSeconds) seconds before the close. What was "
                    + "taken back on the same day can be spent again."),
            Rule(heading: "Ties", text: TieRule.statement),
            Rule(
                heading: "\(rules.votersMinimum) voters to win",
                text:
                    "If no clip has that many, the best one wins and the result says so. A slot without any vote is "
                    + "lengthened, \(rules.extensionsMax) times at most."),
            Rule(
                heading: "\(rules.reviewMinutes) minutes of review",
                text:
                    "Then a result is final. Votes that break the rules are removed with a public reason; every ballot "
                    + "is published under a pseudonym, and anybody can recount."),
        ]
    }
}
