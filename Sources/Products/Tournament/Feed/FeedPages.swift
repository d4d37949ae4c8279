import Base

/// The feed: full-height clips of the voting slot, one after the other.
struct FeedPage: Sendable {
    struct Head: Sendable {
        let label: String
        let href: String
    }

    /// A clip with what its page needs beside it.
    struct Entry: Sendable {
        let clip: Clip
        let score: Int
        let votes: Int
        let rank: Int?
        let given: Vote.Kind?
        let viewToken: String?
        var comments = 0
    }

    /// A clip as it is shown.
    struct Shot: Sendable {
        let id: String
        let title: String
        let href: String
        let creator: String
        let genre: String
        let poster: String
        let video: String
        let large: String?
        let seconds: Int
        let preload: String
        let viewToken: String?
        let isBlind: Bool
        let score: String
        let votes: String
        let rank: String
        let comments: String
        let previousHref: String?
        let nextHref: String
        let kinds: [VoteForm.Kind]
        let given: VoteForm.Given?
        let isClosed: Bool
        let note: String?
    }

    let base = Addresses.base
    let slot: Head?
    let season: String
    let heading: String
    let detail: String
    let clock: SlotClock?
    let allowance: AllowanceMeter?
    let clips: [Shot]
    let feedHref = Addresses.feed
    let moreHref = Addresses.feed
    let votesHref = Addresses.votes
    let viewsHref = Addresses.views
    let totalsHref: String?
    let filmHref = Addresses.film
    let timetableHref = Addresses.timetable
    let uploadHref = Addresses.upload

    /// The page of a slot that is voted on.
    init(season: Season, slot: Slot, entries: [Entry], power: VotingPower, at now: Timestamp) {
        self.season = season.title
        self.slot = Head(label: "Slot \(slot.position)", href: Addresses.results(slot.id))
        heading = ""
        detail = ""
        clock = SlotClock(slot, at: now)
        allowance = AllowanceMeter(power.allowance, rules: season.rules)
        totalsHref = season.rules.isBlind ? nil : "\(Addresses.api)/boards/slot?scope=\(slot.id)"
        clips = entries.enumerated().map { index, entry in
            let clip = entry.clip
            let form = VoteForm(
                clip, given: entry.given, power: power, rules: season.rules, isOpen: slot.takesVotes(at: now)
            )
            let next = index + 1 < entries.count ? "#clip-\(entries[index + 1].clip.id)" : "#more"
            return Shot(
                id: form.id, title: clip.title, href: Addresses.clip(clip.id), creator: clip.credit,
                genre: Wording.title(clip.genre.rawValue), poster: clip.files.poster ?? "",
                video: clip.files.small ?? "", large: clip.files.large,
                seconds: (clip.milliseconds + 500) / 1_000,
                preload: index == 0 ? "auto" : index < 3 ? "metadata" : "none",
                viewToken: entry.viewToken, isBlind: season.rules.isBlind, score: Wording.number(entry.score),
                votes: Wording.number(entry.votes), rank: entry.rank.map { Wording.number($0) } ?? "–",
                comments: Wording.count(entry.comments, "comment"),
                previousHref: index > 0 ? "#clip-\(entries[index - 1].clip.id)" : nil, nextHref: next,
                kinds: form.kinds, given: form.given, isClosed: form.isClosed, note: form.note)
        }
    }

    /// The page that a desk hands out.
    init(_ page: FeedDesk.Page, comments: [ID<Clip>: Int] = [:], at now: Timestamp) {
        guard let season = page.season, let slot = page.slot, let record = page.record else {
            self.init(nothingOpenIn: page.season, next: page.next, at: now)
            return
        }
        self.init(
            season: season, slot: slot,
            entries: page.items.map { item in
                Entry(
                    clip: item.clip, score: item.standing?.score ?? 0, votes: item.standing?.votes ?? 0,
                    rank: item.standing?.rank, given: item.given, viewToken: item.viewToken,
                    comments: comments[item.clip.id] ?? 0)
            }, power: VotingPower(record), at: now)
    }

    /// The page while nothing is voted on.
    init(nothingOpenIn season: Season?, next: Slot?, at now: Timestamp) {
        self.season = season?.title ?? ""
        slot = nil
        clips = []
        allowance = nil
        totalsHref = nil
        clock = next.flatMap { SlotClock(opening: $0, at: now) }
        switch (season, next) {
        case (nil, _):
            heading = "No season is running"
            detail = "The stage is dark. The next season is announced here."
        case (_?, let next?) where next.state == .waiting:
            heading = "Slot \(next.position) waits for its first clip"
            detail = "Voting begins as soon as a clip is approved."
        case (let season?, let next?):
            heading = "Slot \(next.position) opens soon"
            detail =
                "On \(Wording.day(next.opensAt, in: season.rules.zone)) at "
                + "\(Wording.clock(next.opensAt, in: season.rules.zone)) (\(Wording.place(season.rules.timeZone)))."
        case (_?, nil):
            heading = "The film is complete"
            detail = "Every slot of the season has its winner."
        }
    }
}
