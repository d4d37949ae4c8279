import Base
import BaseTestKit
import Testing

@testable import Discovery

@Suite struct RankTests {
    @Test(arguments: 1...40)
    func `a rank between two others stands between them, however often`(seed: Int) throws {
        let chance = SeededRandomness(seed: UInt64(seed))
        var ranks = (1...5).map { Rank.added(Int64($0)) }
        for step in 0..<400 {
            let place = chance.below(ranks.count + 1)
            let (low, high) = (place > 0 ? ranks[place - 1] : nil, place < ranks.count ? ranks[place] : nil)
            let rank = Rank.between(low, high)
            if let low { #expect(low < rank, "seed \(seed), step \(step): \(low) \(rank)") }
            if let high { #expect(rank < high, "seed \(seed), step \(step): \(rank) \(high)") }
            #expect(Rank(rawValue: rank.rawValue) != nil)
            ranks.insert(rank, at: place)
        }
        #expect(ranks == ranks.sorted())
    }

    @Test func `ranks grow where everybody moves to one place, and spacing makes them short again`() throws {
        var low = Rank.added(1)
        let high = Rank.added(2)
        for _ in 0..<400 { low = Rank.between(low, high) }
        #expect(low.isTooLong)
        #expect(low.cut.rawValue.utf8.count == Rank.Bounds.characters)
        #expect(low.cut <= low)
        let spaced = (0..<1_000).map(Rank.spaced)
        #expect(spaced == spaced.sorted() && Set(spaced).count == 1_000)
        #expect(spaced.allSatisfy { $0 < Rank.added(1) }, "what is added later comes behind")
    }

    @Test func `where there is no room between two the rank stands behind the first`() throws {
        let same = try #require(Rank(rawValue: "m5"))
        #expect(Rank.between(same, same) > same)
        let (low, high) = (try #require(Rank(rawValue: "a")), try #require(Rank(rawValue: "a0")))
        #expect(Rank.between(low, high) > low)
        #expect(Rank(rawValue: "") == nil && Rank(rawValue: "a-b") == nil && Rank(rawValue: "é") == nil)
        #expect(Rank(rawValue: String(repeating: "z", count: 257)) == nil)
    }
}
