import Base
import BaseTestKit
import Testing

@testable import Realtime

@Suite struct SeatTableTests {
    private typealias Fingerprint = SeatTable.Fingerprint

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a table says what a dictionary says, whatever comes and goes`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        var table = SeatTable()
        var truth: [Fingerprint: Int] = [:]
        // Close to each other and to both ends, so that many want one place; then anywhere.
        let crowded = (0..<60).map { Fingerprint(bits: $0) } + (0..<60).map { Fingerprint(bits: .max - $0) }
        let spread = (0..<400).map { _ in Fingerprint(bits: chance.next()) }
        for round in 0..<40_000 {
            // It fills and empties by turns.
            let isFilling = round / 5_000 % 2 == 0
            let pool = chance.next().isMultiple(of: 3) ? crowded : spread
            let holder = pool[Int(chance.next() % UInt64(pool.count))]
            let count = isFilling || chance.next().isMultiple(of: 4) ? Int(chance.next() % 4) : 0
            let change = table.set(count, of: holder)
            #expect(change == count - (truth[holder] ?? 0), "seed \(seed), round \(round)")
            truth[holder] = count == 0 ? nil : count
            #expect(table[holder] == count && table.count == truth.count, "seed \(seed), round \(round)")
            guard round.isMultiple(of: 500) else { continue }
            for holder in crowded + spread {
                #expect(table[holder] == truth[holder] ?? 0, "seed \(seed), round \(round)")
            }
        }
    }

    @Test func `people of another node take few bytes, and none once they have gone`() {
        var table = SeatTable()
        let tenant = Tenant(ID(high: 1, low: 1))
        let people = (0..<100_000).map { Fingerprint(.init(tenant: tenant, seat: ID(high: 9, low: UInt64($0)))) }
        for (number, holder) in people.enumerated() {
            _ = table.set(1 + number % 3, of: holder)
            if number > 1_000 { #expect(table.bytes <= table.count * 24) }
        }
        #expect(table.count == people.count)
        for (number, holder) in people.enumerated() { #expect(table[holder] == 1 + number % 3) }
        for holder in people { _ = table.set(0, of: holder) }
        #expect(table.count == 0 && table.bytes < 1_024)
    }

    @Test func `a table that is full takes nobody else, and goes on counting those it has`() {
        var table = SeatTable()
        for number in 1...SeatTable.Bounds.holders {
            _ = table.set(1, of: Fingerprint(bits: UInt64(number) &* 0x9E37_79B9_7F4A_7C15))
        }
        #expect(table.set(1, of: Fingerprint(bits: 7)) == 0)
        #expect(table[Fingerprint(bits: 7)] == 0)
        #expect(table.set(3, of: Fingerprint(bits: 0x9E37_79B9_7F4A_7C15)) == 2)
    }
}
