import Base
import BaseTestKit
import Testing

@testable import Limits

@Suite struct PauseTableTests {
    private let subject = PauseTable.Subject(name: "vendor", reason: "asked")

    @Test func `a pause is told once, then every five seconds while it lasts`() {
        var table = PauseTable(node: 1)
        table.begin(subject, id: 9, for: .seconds(12), at: .zero)
        table.begin(subject, id: 10, for: .seconds(12), at: .milliseconds(100))
        let first = table.take(at: .milliseconds(100))
        let none = table.take(at: .seconds(4))
        let second = table.take(at: .seconds(5))
        let third = table.take(at: .seconds(10))
        let over = table.take(at: .seconds(15))
        #expect(first.count == 1 && first[0].ids == [9], "what is found twice at once is one pause")
        #expect(none.isEmpty && over.isEmpty)
        #expect(second.map(\.microseconds) == [7_000_000] && third.map(\.microseconds) == [2_000_000])
    }

    @Test func `what is repeated and comes late makes no pause longer and brings none back`() {
        var (finder, other) = (PauseTable(node: 1), PauseTable(node: 2))
        finder.begin(subject, id: 9, for: .seconds(12), at: .zero)
        let began = finder.take(at: .zero).map { other.hear($0, at: .zero) }
        #expect(began == [.began(reason: "asked", remaining: .seconds(12))])
        let repetition = finder.take(at: .seconds(6))
        #expect(repetition.map(\.microseconds) == [6_000_000])
        let late = repetition.map { other.hear($0, at: .seconds(10)) }
        #expect(late == [nil] && other.remaining(subject, at: .seconds(10)) == .seconds(2))
        let tooLate = repetition.map { other.hear($0, at: .seconds(12)) }
        #expect(tooLate == [nil] && other.remaining(subject, at: .seconds(12)) == nil)
        finder.begin(subject, id: 10, for: .seconds(12), at: .seconds(12))
        let again = finder.take(at: .seconds(12)).map { other.hear($0, at: .seconds(13)) }
        #expect(again == [.began(reason: "asked", remaining: .seconds(12))], "what is found anew is another pause")
    }

    @Test func `what others tell is bounded, and what is no message of theirs changes nothing`() {
        var table = PauseTable(node: 1)
        func message(_ node: UInt64, _ microseconds: Int64, ids: [UInt64] = [7]) -> PauseTable.Message {
            PauseTable.Message(
                node: node, name: subject.name, reason: subject.reason, ids: ids, microseconds: microseconds)
        }
        let own = table.hear(message(1, 5_000_000), at: .zero)
        let negative = table.hear(message(2, -5), at: .zero)
        let crowd = table.hear(message(2, 5_000_000, ids: Array(0..<17)), at: .zero)
        #expect(own == nil && negative == nil && crowd == nil)
        let endless = table.hear(message(2, .max), at: .zero)
        #expect(endless == .began(reason: "asked", remaining: PauseTable.Bounds.longest))
        for number in 0..<2_000 {
            table.begin(PauseTable.Subject(name: "\(number)", reason: "x"), id: 1, for: .seconds(9), at: .zero)
        }
        #expect(table.all(at: .zero).count == PauseTable.Bounds.pauses)
        #expect(table.take(at: .zero).count <= PauseTable.Bounds.unsent)
    }

    /// A message under way.
    private struct Letter {
        var arrival: Duration
        var reader: Int
        var message: PauseTable.Message
    }

    @Test(arguments: 1...200)
    func `whatever is lost or late, nodes come to agree, and what has ended does not come back`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed))
        let subjects = ["a", "b"].map { PauseTable.Subject(name: $0, reason: "asked") }
        var tables = (0..<4).map { PauseTable(node: UInt64($0)) }
        var letters: [Letter] = []
        var lastID: UInt64 = 0
        var now = Duration.zero
        func step(isLossy: Bool) {
            let due = letters.filter { $0.arrival <= now }.sorted { $0.arrival < $1.arrival }
            letters.removeAll { $0.arrival <= now }
            for letter in due { _ = tables[letter.reader].hear(letter.message, at: now) }
            for writer in tables.indices {
                for message in tables[writer].take(at: now) {
                    for reader in tables.indices {
                        if isLossy, chance.below(5) == 0 { continue }
                        for _ in 0..<(chance.below(10) == 0 ? 2 : 1) {
                            letters.append(
                                Letter(
                                    arrival: now + .milliseconds(chance.below(900)), reader: reader, message: message))
                        }
                    }
                }
            }
            now += .milliseconds(100)
        }
        while now < .seconds(40) {
            if chance.below(20) == 0 {
                let (node, subject) = (chance.below(tables.count), subjects[chance.below(2)])
                if chance.below(3) == 0 {
                    tables[node].end(subject, at: now)
                } else {
                    lastID += 1
                    tables[node].begin(subject, id: lastID, for: .seconds(20 + chance.below(60)), at: now)
                }
            }
            step(isLossy: true)
        }
        while now < .seconds(52) { step(isLossy: false) }
        for subject in subjects {
            for node in tables.indices {
                let ids = tables[node].ownIDs(of: subject, at: now)
                guard !ids.isEmpty else { continue }
                for other in tables.indices {
                    #expect(!ids.allSatisfy { tables[other].isEnded($0) }, "seed \(seed): \(node) missed an end")
                    #expect(
                        tables[other].remaining(subject, at: now) != nil,
                        "seed \(seed): \(other) does not know of \(subject) of \(node)")
                }
            }
            for table in tables {
                #expect(table.remaining(subject, at: now) ?? .zero <= .seconds(80), "seed \(seed)")
            }
        }
    }
}
