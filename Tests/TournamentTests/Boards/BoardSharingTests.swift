import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct BoardSharingTests {
    private func board(_ count: Int, _ chance: SeededRandomness, version: Int64) -> Board {
        let entries = (0..<count).map { _ in
            Board.Entry(
                id: ID(high: chance.next(), low: chance.next()), score: Int64(chance.below(50)) - 25,
                tie: Int64(truncatingIfNeeded: chance.next()), voters: Int64(chance.below(1_000)))
        }
        return Board(entries, version: version, builtAt: Timestamp(microseconds: 1_767_225_600_000_001))
    }

    @Test func `a board is on another node what it was on the one that built it`() throws {
        let chance = SeededRandomness(seed: 5)
        for (whole, rising) in [(0, 0), (1, 0), (700, 30)] {
            let shelf = BoardShelf(
                byScore: board(whole, chance, version: 77), rising: board(rising, chance, version: .max))
            let copy = try BoardShelf(bytes: shelf.bytes)
            for (left, right) in [(shelf.byScore, copy.byScore), (shelf.rising, copy.rising)] {
                #expect(left.entries == right.entries)
                #expect(left.version == right.version && left.builtAt == right.builtAt)
                if let last = left.entries.last { #expect(right.place(of: last.id) == left.count - 1) }
            }
        }
    }

    @Test func `what is no board is none, wherever it is cut or changed`() throws {
        let chance = SeededRandomness(seed: 6)
        let bytes = BoardShelf(byScore: board(9, chance, version: 1), rising: board(2, chance, version: 1)).bytes
        for length in 0..<bytes.count {
            #expect(throws: BoardShelf.Damaged.self) { try BoardShelf(bytes: Array(bytes.prefix(length))) }
        }
        #expect(throws: BoardShelf.Damaged.self) { try BoardShelf(bytes: bytes + [0]) }
        var twice = bytes
        twice.replaceSubrange(60..<100, with: bytes[20..<60])
        #expect(throws: BoardShelf.Damaged.self) { try BoardShelf(bytes: twice) }
        var endless = bytes
        endless.replaceSubrange(16..<20, with: [0xFF, 0xFF, 0xFF, 0x7F])
        #expect(throws: BoardShelf.Damaged.self) { try BoardShelf(bytes: endless) }
    }
}
