import Base
import BaseTestKit
import Synchronization

@testable import Tournament

/// The product's pure rules over plain arrays: what stands in a row is here in a value.
///
/// Votes wait for each other as they do for the locks of a database; everything that is decided is decided by the
/// product's own functions.
final class PaperField: Playfield {
    private struct Paper {
        var slot: Slot
        var votes: [Vote] = []
        var requests: [ID<Vote>: Int64] = [:]
        var spent: [[Int64]: Int] = [:]
        var winner: (clip: ID<Clip>, isBelowMinimum: Bool)?
        var clipState = Clip.State.active
        var standings: [Standing] = []
    }

    private let clock: SimClock
    private let chance: SeededRandomness
    private let rules: SeasonRules
    private let clips: [ID<Clip>]
    private let paper: Mutex<Paper>
    let model: VotingModel

    init(_ rules: VotingModel.Rules, clock: SimClock, chance: SeededRandomness) {
        self.clock = clock
        self.chance = chance
        var season = SeasonRules()
        season.dailyWeight = rules.cap
        season.votersMinimum = rules.votersMinimum
        season.extensionsMax = rules.extensionsMax
        season.slotHours = Int(rules.length / 3_600_000_000)
        season.timeZone = rules.zoneOffset == 0 ? "UTC" : "Asia/Tokyo"
        self.rules = season
        let now = clock.now()
        let slot = Slot(
            id: ID(at: now, using: chance), seasonID: ID(high: 1, low: 1), trackID: ID(high: 1, low: 2), position: 1,
            state: .upcoming, opensAt: now, freezesAt: now, closesAt: now, extensions: 0
        ).opened(at: now, rules: season)
        clips = (0..<Schedule.clips).map { _ in ID(at: now, using: chance) }
        paper = Mutex(Paper(slot: slot))
        model = VotingModel(
            rules: rules, clipOrder: clips.indices.sorted { [clips] in clips[$0] < clips[$1] },
            now: now.microseconds)
    }

    private func id(_ voter: Int) -> ID<Tournament.Voter> { ID(high: 4, low: UInt64(voter)) }

    func perform(_ step: VotingModel.Step, node: Int) -> VotingModel.Answer {
        let now = clock.now()
        return paper.withLock { paper -> VotingModel.Answer in
            switch step {
            case .cast(let voter, let clip, let kind, let request):
                .init(cast(voter, clip, Vote.Kind.allCases[kind.rawValue], request.map(Int64.init), &paper, at: now))
            case .withdraw(let voter, let clip): .init(withdraw(voter, clip, &paper, at: now))
            }
        }
    }

    private func cast(
        _ voter: Int, _ clip: Int, _ kind: Vote.Kind, _ request: Int64?, _ paper: inout Paper, at now: Timestamp
    ) -> VoteOutcome {
        let day = CalendarDay(of: now, in: rules.zone)
        let key = [Int64(voter), day.daysSinceEpoch]
        let own = paper.votes.filter { $0.voterID == id(voter) && $0.withdrawnAt == nil }
        let standing = own.first { $0.clipID == clips[clip] }
        var facts = VoteFacts(
            clipState: paper.clipState, isOwnClip: voter == 0 && clip == 0, slotState: paper.slot.state,
            slotID: paper.slot.id, freezesAt: paper.slot.freezesAt, standing: standing?.id,
            standingKind: standing?.kind)
        facts.standingRequest = standing.flatMap { paper.requests[$0.id] }
        facts.isSpecialSpent = kind != .normal && own.contains { $0.kind == kind }
        facts.weightUsed = paper.spent[key] ?? 0
        let weight = rules.weight(of: kind)
        func answer(_ id: ID<Vote>, used: Int) -> VoteOutcome {
            .cast(
                CastVote(
                    id: id, slotID: paper.slot.id, clipID: clips[clip], kind: kind, weight: weight,
                    allowance: Allowance(used: used, at: now, rules: rules)))
        }
        if let request, facts.standingRequest == request, let standing, standing.kind == kind {
            return answer(standing.id, used: facts.weightUsed)
        }
        if let refusal = VoteRefusal.reason(facts, kind: kind, at: now, rules: rules) { return .refused(refusal) }
        let vote = Vote(
            id: ID(at: now, using: chance), slotID: paper.slot.id, clipID: clips[clip], voterID: id(voter), kind: kind,
            weight: weight, castAt: now)
        paper.votes.append(vote)
        if let request { paper.requests[vote.id] = request }
        paper.spent[key] = facts.weightUsed + weight
        return answer(vote.id, used: facts.weightUsed + weight)
    }

    private func withdraw(_ voter: Int, _ clip: Int, _ paper: inout Paper, at now: Timestamp) -> WithdrawOutcome {
        guard
            let index = paper.votes.firstIndex(where: {
                $0.voterID == id(voter) && $0.clipID == clips[clip] && $0.counts
            })
        else { return .refused(.noVote) }
        guard paper.slot.takesVotes(at: now) else { return .refused(.votingFrozen) }
        let vote = paper.votes[index]
        paper.votes[index].withdrawnAt = now
        let day = CalendarDay(of: now, in: rules.zone)
        let isReturned = CalendarDay(of: vote.castAt, in: rules.zone) == day
        if isReturned { paper.spent[[Int64(voter), day.daysSinceEpoch], default: 0] -= vote.weight }
        return .withdrawn(
            WithdrawnVote(
                slotID: vote.slotID, clipID: vote.clipID, kind: vote.kind, weight: vote.weight, isReturned: isReturned,
                allowance: nil))
    }

    // MARK: Moderators and the clock

    private func ballots(_ paper: Paper) -> [Ballot] {
        paper.votes.sorted { $0.id < $1.id }.map { vote in
            Ballot(
                id: vote.id, castAt: vote.castAt, clipID: vote.clipID,
                voter: Pseudonym(stored: vote.voterID), kind: vote.kind, weight: vote.weight,
                state: vote.removalID != nil ? .removed : vote.withdrawnAt != nil ? .withdrawn : .counted)
        }
    }

    private func entrants(_ paper: Paper) -> [Standing] {
        let start = paper.slot.opensAt
        return clips.map { Standing(clipID: $0, activeAt: start) }
    }

    private func recount(_ paper: Paper) -> Recount {
        var recount = Recount(clips: entrants(paper))
        for ballot in ballots(paper) { recount.add(ballot) }
        return recount
    }

    func remove(_ voters: Set<Int>) -> Int {
        let ids = Set(voters.map(id))
        return paper.withLock { paper in
            let found = paper.votes.indices.filter { ids.contains(paper.votes[$0].voterID) && paper.votes[$0].counts }
            guard paper.slot.state != .locked, !found.isEmpty else { return found.count }
            // What is shown before is what happens.
            var count = RemovalCount(clips: entrants(paper), removing: Set(found.map { paper.votes[$0].id }))
            for ballot in ballots(paper) { count.add(ballot) }
            let effect = count.effect(rules: rules)
            for index in found { paper.votes[index].removalID = ID(high: 1, low: 1) }
            if paper.slot.state == .provisional {
                decide(&paper, extensions: rules.extensionsMax)
                precondition(paper.winner?.clip == effect.winnerAfter, "the effect that was shown is not what happened")
            }
            return effect.votes
        }
    }

    private func decide(_ paper: inout Paper, extensions: Int) {
        let ranking = recount(paper).ranking
        guard
            case .winner(let clip, let isBelowMinimum) = Verdict.of(ranking, rules: rules, extensions: extensions)
        else { return }
        paper.winner = (clip, isBelowMinimum)
        paper.standings = ranking
    }

    func wait(_ microseconds: Int64) { clock.advance(by: .microseconds(microseconds)) }

    func advance(node: Int) -> Bool {
        let now = clock.now()
        return paper.withLock { paper in
            switch paper.slot.step(at: now, rules: rules) {
            case .wait, .open: return false
            case .freeze: paper.slot.state = .counting
            case .count:
                if Verdict.of(recount(paper).ranking, rules: rules, extensions: paper.slot.extensions) == .lengthen {
                    paper.slot = paper.slot.lengthened(at: now, rules: rules)
                } else {
                    decide(&paper, extensions: paper.slot.extensions)
                    paper.slot.state = .provisional
                    paper.slot.decidedAt = now
                    paper.clipState = .eliminated
                }
            case .finalise: paper.slot.state = .locked
            }
            return true
        }
    }

    func differences(from model: VotingModel) -> [String] {
        paper.withLock { paper in
            var found: [String] = []
            let recount = recount(paper)
            for (index, clip) in clips.enumerated() where recount.standings[clip]?.score != model.score(index) {
                found.append("clip \(index) has \(recount.standings[clip]?.score ?? -1), not \(model.score(index))")
            }
            let places = recount.ranking.compactMap { clips.firstIndex(of: $0.clipID) }
            if places != model.ranking { found.append("order \(places), not \(model.ranking)") }
            for (key, weight) in paper.spent where weight != model.spent[key] ?? 0 || weight > rules.dailyWeight {
                found.append("voter \(key[0]) on day \(key[1]) spent \(weight), not \(model.spent[key] ?? 0)")
            }
            let index = paper.winner.flatMap { clips.firstIndex(of: $0.clip) }
            if index != model.winner { found.append("winner \(index ?? -1), not \(model.winner ?? -1)") }
            if let winner = paper.winner, winner.isBelowMinimum != model.isBelowMinimum {
                found.append("the mark below the minimum is wrong")
            }
            return found
        }
    }
}
