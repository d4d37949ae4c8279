import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct SlotTimetableTests {
    private let rules = SeasonRules()
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private func slot(_ state: Slot.State = .upcoming) -> Slot {
        let chance = SeededRandomness(seed: 7)
        return Slot(
            id: ID(at: start, using: chance), seasonID: ID(at: start, using: chance),
            trackID: ID(at: start, using: chance), position: 1, state: state, opensAt: start,
            freezesAt: start + rules.slotLength - rules.freeze, closesAt: start + rules.slotLength, extensions: 0)
    }

    @Test func `a slot freezes two minutes before it closes and is counted at the close`() {
        let open = slot().opened(at: start, rules: rules)
        #expect(open.closesAt - open.freezesAt == .seconds(120))
        #expect(open.step(at: open.freezesAt - .microseconds(1), rules: rules) == .wait(until: open.freezesAt))
        #expect(open.step(at: open.freezesAt, rules: rules) == .freeze)
        #expect(!open.takesVotes(at: open.freezesAt))
        #expect(open.takesVotes(at: open.freezesAt - .microseconds(1)))
        var frozen = open
        frozen.state = .counting
        #expect(frozen.step(at: open.freezesAt, rules: rules) == .wait(until: open.closesAt))
        #expect(frozen.step(at: open.closesAt, rules: rules) == .count)
    }

    @Test func `a clock that jumps past everything still takes every step in order`() {
        var subject = slot()
        let late = start + .seconds(30 * 86_400)
        #expect(subject.step(at: late, rules: rules) == .open)
        subject = subject.opened(at: start, rules: rules)
        #expect(subject.step(at: late, rules: rules) == .freeze)
        subject.state = .counting
        #expect(subject.step(at: late, rules: rules) == .count)
        subject.state = .provisional
        subject.decidedAt = late
        #expect(subject.step(at: late, rules: rules) == .wait(until: late + .seconds(3_600)))
        #expect(subject.step(at: late + .seconds(3_600), rules: rules) == .finalise)
        subject.state = .locked
        #expect(subject.step(at: late + .seconds(86_400), rules: rules) == .wait(until: nil))
    }

    @Test func `a slot without a vote is lengthened three times and then won by the clip that came first`() {
        let chance = SeededRandomness(seed: 1)
        let early = Standing(clipID: ID(at: start + .seconds(9), using: chance), activeAt: start)
        let late = Standing(clipID: ID(at: start, using: chance), activeAt: start + .seconds(5))
        let ranking = TieRule.ranked([late, early])
        for extensions in 0..<3 {
            #expect(Verdict.of(ranking, rules: rules, extensions: extensions) == .lengthen)
        }
        #expect(
            Verdict.of(ranking, rules: rules, extensions: 3) == .winner(early.clipID, belowMinimum: true))
        #expect(Verdict.of([], rules: rules, extensions: 0) == .wait)
        let longer = slot(.counting).lengthened(at: start, rules: rules)
        #expect(longer.closesAt == start + rules.slotLength + rules.slotLength)
        #expect(longer.state == .voting)
    }

    @Test func `the best clip with twenty voters wins, and without any such clip the best one with a mark`() {
        let chance = SeededRandomness(seed: 2)
        func standing(score: Int, voters: Int) -> Standing {
            var standing = Standing(clipID: ID(at: start, using: chance), activeAt: start)
            standing.score = score
            standing.voters = voters
            standing.lastVoteAt = start
            return standing
        }
        let loud = standing(score: 100, voters: 10)
        let broad = standing(score: 40, voters: 20)
        #expect(
            Verdict.of(TieRule.ranked([broad, loud]), rules: rules, extensions: 0)
                == .winner(broad.clipID, belowMinimum: false))
        let small = standing(score: 30, voters: 19)
        #expect(
            Verdict.of(TieRule.ranked([small, loud]), rules: rules, extensions: 0)
                == .winner(loud.clipID, belowMinimum: true))
    }
}
