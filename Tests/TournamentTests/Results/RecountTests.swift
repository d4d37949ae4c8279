import Base
import BaseTestKit
import Crypto
import Testing

@testable import Tournament

@Suite struct RecountTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private func ballots(seed: UInt64, count: Int, clips: [ID<Clip>]) -> [Ballot] {
        let chance = SeededRandomness(seed: seed)
        let salt = chance.bytes(32)
        return (0..<count).map { index in
            // Few distinct times, so that ties are common.
            let time = start + .seconds(Int64(index / 7))
            let kind = Vote.Kind.allCases[chance.below(3)]
            return Ballot(
                id: ID(at: time, using: chance), castAt: time, clipID: clips[chance.below(clips.count)],
                voter: Pseudonym(of: ID(high: chance.next(), low: chance.next()), salt: salt), kind: kind,
                weight: SeasonRules().weight(of: kind), state: Ballot.State.allCases[min(2, chance.below(12) / 5)])
        }.sorted { $0.id < $1.id }
    }

    @Test(arguments: 0..<20) func `whoever replays the published bytes gets winner, scores and digest bit for bit`(
        seed: Int
    ) throws {
        let chance = SeededRandomness(seed: UInt64(seed) &* 977)
        let clips = (0..<5).map { _ in ID<Clip>(at: start, using: chance) }
        let entrants = clips.map { Standing(clipID: $0, activeAt: start) }
        var original = Recount(clips: entrants)
        var stream = BallotStream.heading
        for ballot in ballots(seed: UInt64(seed), count: 400, clips: clips) {
            original.add(ballot)
            BallotStream.append(ballot, to: &stream)
        }
        var replay = Recount(clips: entrants.reversed())
        let lines = String(decoding: stream, as: UTF8.self).split(separator: "\r\n").dropFirst()
        for line in lines { replay.add(try #require(BallotStream.ballot(line: line))) }
        #expect(replay.ranking == original.ranking)
        #expect(replay.digestText == original.digestText)
        let direct = SHA256.hash(data: stream).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(original.digestText == direct)
        #expect(original.ballots == 400)
    }

    @Test(arguments: 0..<20) func `the order of the input never decides a rank`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed))
        var generator = chance.generator
        let standings = (0..<40).map { _ in
            var standing = Standing(clipID: ID(at: start, using: chance), activeAt: start)
            standing.score = chance.below(4)
            if standing.score > 0 { standing.lastVoteAt = start + .seconds(Int64(chance.below(3))) }
            return standing
        }
        let expected = TieRule.ranked(standings)
        for _ in 0..<10 { #expect(TieRule.ranked(standings.shuffled(using: &generator)) == expected) }
        for (first, second) in zip(expected, expected.dropFirst()) {
            #expect(TieRule.precedes(first, second))
            #expect(!TieRule.precedes(second, first))
        }
    }

    @Test func `of equal scores the clip wins whose last counted vote came earlier`() {
        let chance = SeededRandomness(seed: 3)
        var early = Standing(clipID: ID(at: start + .seconds(1), using: chance), activeAt: start)
        var late = Standing(clipID: ID(at: start, using: chance), activeAt: start)
        early.add(weight: 3, castAt: start + .seconds(10))
        late.add(weight: 1, castAt: start)
        late.add(weight: 2, castAt: start + .seconds(11))
        #expect(TieRule.ranked([late, early]).map(\.clipID) == [early.clipID, late.clipID])
    }

    @Test func `withdrawn and removed ballots are published and do not count`() {
        let chance = SeededRandomness(seed: 4)
        let clip = ID<Clip>(at: start, using: chance)
        var recount = Recount(clips: [Standing(clipID: clip, activeAt: start)])
        for (index, state) in Ballot.State.allCases.enumerated() {
            recount.add(
                Ballot(
                    id: ID(at: start, using: chance), castAt: start + .seconds(Int64(index)), clipID: clip,
                    voter: Pseudonym(of: ID(high: 1, low: UInt64(index)), salt: chance.bytes(32)), kind: .normal,
                    weight: 1, state: state))
        }
        #expect(recount.ballots == 3)
        #expect(recount.ranking.first?.score == 1)
        #expect(recount.ranking.first?.lastVoteAt == start)
        #expect(recount.removed == 1)
        #expect(recount.withdrawn == 1)
    }

    @Test func `a pseudonym is the same within a season and unrelated in another`() {
        let chance = SeededRandomness(seed: 5)
        let (first, second) = (chance.bytes(32), chance.bytes(32))
        let voter = ID<Voter>(high: 1, low: 2)
        #expect(Pseudonym(of: voter, salt: first) == Pseudonym(of: voter, salt: first))
        #expect(Pseudonym(of: voter, salt: first) != Pseudonym(of: voter, salt: second))
        #expect(Pseudonym(of: voter, salt: first).id.description != voter.description)
    }

    @Test func `published times are written as everywhere else`() throws {
        let chance = SeededRandomness(seed: 8)
        // From 1902 to 2106, so that signs, leap years and centuries are met.
        for _ in 0..<2_000 {
            let time =
                Timestamp(microseconds: Int64(chance.below(6_440_000_000)) * 1_000_000 - 2_145_000_000_000_000)
                + .microseconds(Int64(chance.below(1_000_000)))
            let ballot = Ballot(
                id: ID(high: 1, low: 2), castAt: time, clipID: ID(high: 3, low: 4),
                voter: Pseudonym(stored: ID(high: 5, low: 6)), kind: .normal, weight: 12, state: .counted)
            var bytes: [UInt8] = []
            BallotStream.append(ballot, to: &bytes)
            let cells = String(decoding: bytes, as: UTF8.self).split(separator: ",")
            #expect(cells[1] == time.description)
            #expect(BallotStream.ballot(line: Substring(String(decoding: bytes.dropLast(2), as: UTF8.self))) == ballot)
        }
    }
}
