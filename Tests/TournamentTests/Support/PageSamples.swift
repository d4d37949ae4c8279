import Base
import BaseTestKit

@testable import Tournament

/// A small season for the tests of pages.
struct PageSamples {
    let clock = SimClock()
    let season: Season
    let track: Track
    let slot: Slot
    let clips: [Clip]

    var now: Timestamp { slot.opensAt + .seconds(15 * 3_600) }

    init(isBlind: Bool = false) {
        let randomness = SeededRandomness(seed: 12)
        let start = clock.now()
        func id<Entity>() -> ID<Entity> { ID(at: start, using: randomness) }
        var rules = SeasonRules()
        rules.isBlind = isBlind
        rules.timeZone = "Europe/Lisbon"
        season = Season(id: id(), title: "The Lighthouse", state: .active, rules: rules, createdAt: start)
        track = Track(id: id(), seasonID: season.id, name: "main", weight: 1)
        slot = Slot(
            id: id(), seasonID: season.id, trackID: track.id, position: 12, state: .voting, opensAt: start,
            freezesAt: start + .seconds(86_280), closesAt: start + .seconds(86_400), extensions: 0)
        let (season, track, slot) = (season, track, slot)
        clips = (0..<12).map { number in
            Clip(
                id: id(), seasonID: season.id, trackID: track.id, slotID: slot.id, personID: id(),
                title: number == 1 ? "<b>Eleven & Knots</b>" : "Clip \(number)", credit: "Maker \(number)",
                genre: Clip.Genre.allCases[number % 8], state: .active, activeAt: start,
                files: Clip.Files(poster: "/p/\(number).svg", small: "/v/\(number).mp4"), milliseconds: 8_000,
                bytes: 400_000)
        }
    }

    func power(used: Int = 27, hasSuper: Bool = true, hasMega: Bool = false) -> VotingPower {
        VotingPower(
            allowance: Allowance(used: used, at: now, rules: season.rules), hasSuper: hasSuper, hasMega: hasMega)
    }

    var feed: FeedPage {
        FeedPage(
            season: season, slot: slot,
            entries: clips.prefix(10).enumerated().map { index, clip in
                FeedPage.Entry(
                    clip: clip, score: 1_900 - index, votes: 1_411 - index, rank: index + 1,
                    given: index == 2 ? .super : nil, viewToken: "token\(index)")
            }, power: power(), at: now)
    }

    var decided: Winner {
        let standings = clips.enumerated().map { index, clip in
            var standing = Standing(clipID: clip.id, activeAt: clip.activeAt)
            standing.score = index < 2 ? 1_204 : 1_204 - index * 40
            standing.voters = 611 - index
            return standing
        }
        return Winner(
            slotID: slot.id, clipID: clips[0].id, score: 1_204, voters: 611, state: .final,
            digest: String(repeating: "9f2c", count: 16), belowMinimum: false, standings: standings, ballots: 5_622,
            removed: 312, withdrawn: 96, decidedAt: slot.closesAt)
    }

    var result: ResultPage {
        let removal = Removal(
            id: ID(high: 1, low: 2), slotID: slot.id, caseID: nil, reason: "same device key replayed", votes: 312,
            weight: 330, changedResult: true, removedAt: slot.closesAt + .seconds(900), removedBy: "a moderator")
        return ResultPage(
            decided, slot: slot, season: season,
            clips: Dictionary(uniqueKeysWithValues: clips.map { ($0.id, $0) }), removals: [removal],
            removedVotes: [clips[3].id: 312], origin: "http://127.0.0.1:8080")
    }

    func board(order: BoardPage.Order = .score) -> BoardPage {
        let view = BoardPage.View(
            kind: .slot, order: order, scope: slot.id.description, marked: clips[4].id.description,
            own: clips[4].id.description, total: 42, next: "abc", bestScore: 1_900, builtAt: now - .seconds(2),
            isBlind: season.rules.isBlind)
        let entries = clips.enumerated().map { index, clip in
            BoardPage.Entry(
                id: clip.id.description, rank: index + 1, name: clip.title, detail: clip.credit,
                href: Addresses.clip(clip.id), poster: clip.files.poster, score: 1_900 - index * 90,
                votes: 1_411 - index * 70)
        }
        return BoardPage(view, entries: season.rules.isBlind ? [] : entries, season: season, slot: slot, at: now)
    }

    func timetable(canDirect: Bool) -> TimetablePage {
        var past = slot
        past.state = .locked
        var next = slot
        next.state = .upcoming
        return TimetablePage(
            season: season, track: track, tracks: [track],
            entries: [
                TimetablePage.Entry(slot: past, winner: clips[0], clips: 38),
                TimetablePage.Entry(slot: slot, winner: nil, clips: 42),
                TimetablePage.Entry(slot: next, winner: nil, clips: 0),
            ], posters: ["/p/1.svg"], votes: 8_212, canDirect: canDirect, at: now)
    }

    var film: FilmPage {
        FilmPage(season: season, winners: clips.prefix(11).map { (1, $0, 1_204) })
    }

    func clip(_ number: Int) -> ClipPage {
        ClipPage(
            clips[number], slot: slot, season: season,
            numbers: ClipPage.Numbers(score: 1_826, votes: 1_349, rank: 3, rivals: 42), given: nil,
            power: power(), at: now)
    }
}
