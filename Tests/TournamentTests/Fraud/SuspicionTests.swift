import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct SuspicionTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)
    private let clips = (0..<5).map { ID<Clip>(high: 5, low: UInt64($0)) }

    private func evidence(
        _ number: Int, clip: Int, address: Int64, agent: Int64, at seconds: Double, _ reasons: [RiskReason] = []
    ) -> Evidence {
        Evidence(
            voterID: ID(high: 1, low: UInt64(number)), voteID: ID(high: 2, low: UInt64(number)), clipID: clips[clip],
            reasons: reasons, address: address, agent: agent, at: start + .microseconds(Int64(seconds * 1_000_000)))
    }

    /// Honest voters from many places with a few common browsers.
    private func crowd(_ count: Int, from first: Int, seed: UInt64) -> [Evidence] {
        let chance = SeededRandomness(seed: seed)
        return (0..<count).map { number in
            evidence(
                first + number, clip: chance.below(5), address: Int64(1_000 + chance.below(500)),
                agent: Int64(chance.below(6)), at: chance.fraction() * 7_200)
        }
    }

    @Test(arguments: 1...20) func `an honest crowd, a café and a campus raise no suspicion`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed) &* 31)
        let café = (0..<40).map { number in
            evidence(
                5_000 + number, clip: chance.below(5), address: 1, agent: Int64(chance.below(6)),
                at: chance.fraction() * 600, number > 20 ? [.manyNewcomers] : [])
        }
        let found = SuspicionRules.suspicions(crowd(400, from: 0, seed: UInt64(seed)) + café)
        #expect(found.isEmpty, "seed \(seed): \(found.map(\.reasons))")
    }

    @Test func `many voters of one address group for one clip are one case, whatever their browsers`() throws {
        let farm = (0..<60).map { number in
            evidence(9_000 + number, clip: 2, address: 77, agent: Int64(100 + number), at: Double(number) * 7)
        }
        let found = SuspicionRules.suspicions(crowd(300, from: 0, seed: 1) + farm)
        let suspicion = try #require(found.first)
        #expect(found.count == 1)
        #expect(suspicion.clipID == clips[2])
        #expect(suspicion.votes == Set(farm.map(\.voteID)))
        #expect(suspicion.reasons[0].contains("60 voters of one address group"))
        #expect(suspicion.reasons.contains("votes arrive like a clock"))
    }

    @Test func `one browser from many addresses is a case where it is rare elsewhere, and none where it is common`() {
        func votes(agent: Int64) -> [Evidence] {
            let chance = SeededRandomness(seed: 3)
            return (0..<80).map { number in
                evidence(
                    9_000 + number, clip: 3, address: Int64(90_000 + number), agent: agent,
                    at: chance.fraction() * 500)
            }
        }
        let rare = SuspicionRules.suspicions(crowd(300, from: 0, seed: 2) + votes(agent: 4_711))
        #expect(rare.count == 1)
        #expect(rare.first?.votes.count == 80)
        // Two of three honest voters have this browser.
        let common = crowd(300, from: 0, seed: 2).enumerated().map { index, one in
            Evidence(
                voterID: one.voterID, voteID: one.voteID, clipID: one.clipID, reasons: [], address: one.address,
                agent: index % 3 == 0 ? one.agent : 4_711, at: one.at)
        }
        #expect(SuspicionRules.suspicions(common + votes(agent: 4_711)).isEmpty)
    }

    @Test func `replayed tokens and marked votes are cases of their own`() {
        let replayed = (0..<6).map {
            evidence(9_000 + $0, clip: 1, address: Int64($0), agent: 1, at: Double($0 * 97), [.replayedToken])
        }
        let marked = (0..<7).map {
            evidence(
                9_100 + $0, clip: 1, address: Int64($0), agent: 1, at: Double($0 * 131),
                [.headlessMarks, .noLanguage, .chromeWithoutHints])
        }
        let found = SuspicionRules.suspicions(replayed + marked)
        #expect(found.map { String($0.fingerprint.prefix { $0 != ":" }) }.sorted() == ["marked", "replay"])
        #expect(SuspicionRules.suspicions(Array(replayed.prefix(4)) + Array(marked.prefix(4))).isEmpty)
    }

    @Test(arguments: 1...10) func `the order of the evidence decides nothing`(seed: Int) {
        let farm = (0..<60).map { evidence(9_000 + $0, clip: 2, address: 77, agent: 9, at: Double($0) * 5) }
        let all = crowd(200, from: 0, seed: 5) + farm
        let chance = SeededRandomness(seed: UInt64(seed))
        var generator = chance.generator
        #expect(SuspicionRules.suspicions(all.shuffled(using: &generator)) == SuspicionRules.suspicions(all))
    }

    @Test(arguments: 1...20) func `the effect that is shown is what a count without the votes gives`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed))
        let entrants = clips.map { Standing(clipID: $0, activeAt: start) }
        let ballots = (0..<300).map { number in
            Ballot(
                id: ID(high: 3, low: UInt64(number)), castAt: start + .seconds(Int64(number / 5)),
                clipID: clips[chance.below(5)],
                voter: Pseudonym(stored: ID(high: 1, low: UInt64(number))), kind: .normal, weight: 1 + chance.below(3),
                state: Ballot.State.allCases[min(2, chance.below(12) / 5)])
        }
        let removed = Set(ballots.filter { $0.clipID == clips[seed % 5] && chance.below(3) > 0 }.map(\.id))
        var count = RemovalCount(clips: entrants, removing: removed)
        for ballot in ballots { count.add(ballot) }
        let effect = count.effect(rules: SeasonRules())
        func ranking(without removed: Set<ID<Vote>>) -> [Standing] {
            var recount = Recount(clips: entrants)
            for ballot in ballots where !removed.contains(ballot.id) { recount.add(ballot) }
            return recount.ranking
        }
        let (before, after) = (ranking(without: []), ranking(without: removed))
        let taken = ballots.filter { removed.contains($0.id) && $0.state == .counted }
        #expect(effect.votes == taken.count)
        #expect(effect.weight == taken.reduce(0) { $0 + $1.weight })
        #expect(effect.winnerBefore == before[0].clipID)
        #expect(effect.winnerAfter == after[0].clipID)
        for change in effect.changes {
            #expect(before[change.rankBefore - 1].clipID == change.clipID)
            #expect(after[change.rankAfter - 1].clipID == change.clipID)
            #expect(before[change.rankBefore - 1].score == change.scoreBefore)
            #expect(after[change.rankAfter - 1].score == change.scoreAfter)
        }
        let moved = before.indices.filter { before[$0].clipID != after[$0].clipID }.map { before[$0].clipID }
        #expect(Set(moved).isSubset(of: effect.changes.map(\.clipID)))
    }
}
