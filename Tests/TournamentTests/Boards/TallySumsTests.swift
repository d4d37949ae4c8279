import Base
import BaseTestKit
import Storage
import Testing

@testable import Tournament

@Suite struct TallySumsTests {
    @Test func `lanes in any order add up to what a dictionary adds up`() throws {
        let randomness = SeededRandomness(seed: 7)
        let ids = (0..<3_000).map { _ in ID<Clip>(high: 1, low: randomness.next() % 5_000) }
        var sums = TallySums()
        var expected: [ID<Clip>: Int] = [:]
        for id in ids {
            let votes = Int(randomness.next() % 100)
            expected[id, default: 0] += votes
            sums.add(ClipTally(clipID: id, votes: votes), clipsMax: 10_000)
        }
        #expect(sums.tallies.count == expected.count)
        #expect(Dictionary(uniqueKeysWithValues: sums.tallies.map { ($0.clipID, $0.votes) }) == expected)
    }

    @Test func `a clip beyond the bound is left out, and lanes of those within still count`() {
        var sums = TallySums()
        for low in UInt64(0)..<5 { sums.add(ClipTally(clipID: ID(high: 0, low: low), votes: 1), clipsMax: 3) }
        sums.add(ClipTally(clipID: ID(high: 0, low: 1), votes: 4), clipsMax: 3)
        #expect(sums.tallies.map(\.votes) == [1, 5, 1])
    }

    @Test func `the sum has the latest of the last votes`() {
        var sum = ClipTally(clipID: ID(high: 0, low: 1), votes: 1, lastVoteAt: Timestamp(microseconds: 5))
        sum.add(ClipTally(clipID: ID(high: 0, low: 1), votes: 1))
        #expect(sum.lastVoteAt == Timestamp(microseconds: 5))
        sum.add(ClipTally(clipID: ID(high: 0, low: 1), votes: 1, lastVoteAt: Timestamp(microseconds: 9)))
        #expect(sum.lastVoteAt == Timestamp(microseconds: 9))
    }
}
