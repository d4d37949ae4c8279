import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct BoardTests {
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private func board(_ count: Int, seed: UInt64) -> Board {
        let chance = SeededRandomness(seed: seed)
        return Board(
            (0..<count).map { _ in
                Board.Entry(
                    id: ID(at: now, using: chance), score: Int64(chance.below(max(1, count / 5))),
                    tie: Int64(chance.below(3)), voters: Int64(chance.below(9)))
            }, version: Int64(seed), builtAt: now)
    }

    @Test(arguments: [0, 1, 99, 100, 101, 1_537]) func `pages of a version partition the set`(count: Int) {
        let board = board(count, seed: 5)
        var collected: [Board.Entry] = []
        while true {
            let page = board.page(from: collected.count)
            if page.isEmpty { break }
            collected += page
        }
        #expect(collected == board.entries)
        #expect(Set(collected.map(\.id)).count == count)
        #expect(board.page(from: count + 5).isEmpty)
    }

    @Test(arguments: 1...5) func `the rank around an id is its place in the full sort`(seed: Int) throws {
        let board = board(1_000, seed: UInt64(seed))
        for (place, entry) in board.entries.enumerated() {
            #expect(board.place(of: entry.id) == place)
            let around = try #require(board.around(entry.id))
            #expect(around.start == max(0, place - 10))
            #expect(around.entries.count == min(1_000, place + 11) - around.start)
            #expect(around.entries[place] == entry)
        }
        #expect(board.place(of: ID(high: 1, low: 1)) == nil)
        #expect(zip(board.entries, board.entries.dropFirst()).allSatisfy(Board.Entry.precedes))
    }

    @Test func `a stored board reads back whole and a damaged one not at all`() throws {
        let board = board(250, seed: 6)
        let copy = try #require(Board(blob: board.blob))
        #expect(copy.entries == board.entries)
        #expect(copy.version == board.version)
        #expect(copy.builtAt == board.builtAt)
        #expect(Board(blob: Array(board.blob.dropLast())) == nil)
        #expect(Board(blob: []) == nil)
    }

    @Test func `cursors read back and nonsense does not`() {
        let cursor = BoardCursor(version: 1_234_567, place: 300)
        #expect(BoardCursor(cursor.description) == cursor)
        for text in ["", ".", "1", "1.", ".1", "-1.2", "1.-2", "+1.2", "1.2.3", "zzzzzzzzzzzzzzz.1", "1.é"] {
            #expect(BoardCursor(text) == nil, "\(text)")
        }
    }

    @Test func `three of three viewers stand below ninety of a hundred`() {
        #expect(Rising.score(voters: 3, views: 3, impressions: 19) == nil)
        let few = Rising.score(voters: 3, views: 3, impressions: 20) ?? 0
        let many = Rising.score(voters: 90, views: 100, impressions: 100) ?? 0
        #expect(few < many)
        // Wilson (1927) at 95 %: 90 of 100 gives 0.8256, 0 of 10 gives 0.
        #expect(abs(Rising.lowerBound(voters: 90, viewers: 100) - 0.82563) < 0.0001)
        #expect(Rising.lowerBound(voters: 0, viewers: 10) < 0.000001)
        #expect(Rising.lowerBound(voters: 0, viewers: 0) == 0)
    }
}
