import Base
import BaseTestKit
import Testing

@testable import Retrieval

@Suite struct VectorSetTests {
    private func vector(_ randomness: SeededRandomness, _ dimensions: Int) -> UnitVector {
        // A sum of uniform numbers is near enough to a normal one.
        UnitVector(
            (0..<dimensions).map { _ in
                Float(randomness.fraction() + randomness.fraction() + randomness.fraction() - 1.5)
            })
    }

    private func id<Entity>(_ number: Int) -> ID<Entity> { ID(high: 1, low: UInt64(number)) }

    @Test func `the product of codes is exact for every length and sign`() {
        let randomness = SeededRandomness(seed: 3)
        for length in [16, 32, 128, 144, 384, 1_536] {
            for extreme in [true, false] {
                let codes = (0..<length).map { _ in extreme ? Int8(63) : Int8(randomness.below(127) - 63) }
                let query = (0..<length).map { _ in extreme ? Int16(-63) : Int16(randomness.below(127) - 63) }
                let expected = zip(codes, query).reduce(0) { $0 + Int($1.0) * Int($1.1) }
                let product = codes.withUnsafeBytes { codes in
                    query.withUnsafeBytes { query -> Int32 in
                        guard let left = codes.baseAddress, let right = query.baseAddress else { return 0 }
                        return DotProduct.ofCodes(left, right, length: length)
                    }
                }
                #expect(Int(product) == expected)
            }
        }
    }

    @Test func `a product of floats is that of any other way of adding`() {
        let randomness = SeededRandomness(seed: 4)
        for length in [1, 7, 8, 9, 100, 384] {
            let (left, right) = (vector(randomness, length), vector(randomness, length))
            let expected = zip(left.numbers, right.numbers).reduce(Float(0)) { $0 + $1.0 * $1.1 }
            #expect(abs(left.similarity(to: right) - expected) < 1e-4)
            #expect(UnitVector(stored: left.bytes, dimensions: length) == left)
        }
        #expect(UnitVector([0, 0]).numbers == [0, 0])
        #expect(UnitVector(stored: [1, 2, 3], dimensions: 1) == nil)
    }

    @Test(arguments: [1, 3])
    func `candidates by codes hold the ten nearest of all, through additions and removals`(parts: Int) async {
        let randomness = SeededRandomness(seed: 5)
        let (dimensions, total) = (48, 9_000)
        var all: [(chunk: ID<Passage>, document: ID<Document>, vector: UnitVector)] = (0..<total).map {
            (id($0), id($0 / 10), vector(randomness, dimensions))
        }
        var set = VectorSet(dimensions: dimensions, version: 1)
        set.add(Array(all[..<5_000]))
        set.remove(Set((0..<100).map { id($0 * 3) }))
        set.add(Array(all[5_000...]))
        all.removeAll { entry in entry.document.low % 3 == 0 && entry.document.low < 300 }
        #expect(set.count == all.count)
        var found = 0
        for _ in 0..<20 {
            let query = vector(randomness, dimensions)
            let exact = all.map { ($0.vector.similarity(to: query), $0.chunk) }.sorted { $0.0 > $1.0 }.prefix(10)
            let near = Set(await set.candidates(for: query, count: 80, parts: parts))
            #expect(near.count == 80)
            found += exact.count { near.contains($0.1) }
        }
        // 0.99 of 200 are 198.
        #expect(found >= 198)
        let few = await set.candidates(for: vector(randomness, dimensions), count: 100_000, parts: parts)
        #expect(few.count == all.count && Set(few).count == all.count)
    }

    @Test func `a pool keeps the best and gives them in order`() {
        let randomness = SeededRandomness(seed: 6)
        for capacity in [1, 2, 7, 100] {
            var pool = CandidatePool(capacity: capacity)
            let offers = (0..<500).map { (Float(randomness.below(300)), id($0) as ID<Passage>) }
            for (score, chunk) in offers where score > pool.floor { pool.offer(score, chunk) }
            let expected = offers.map(\.0).sorted(by: >).prefix(capacity)
            #expect(pool.entries.map(\.score).sorted(by: >) == Array(expected))
            #expect(pool.ranked.count == capacity)
        }
    }

    @Test func `ranks of several lists are joined`() {
        let (a, b, c): (ID<Passage>, ID<Passage>, ID<Passage>) = (id(1), id(2), id(3))
        let scores = RankFusion.scores([[a, b], [b, c]])
        #expect(scores[b] == 1.0 / 62 + 1.0 / 61)
        #expect(scores[a] == 1.0 / 61 && scores[c] == 1.0 / 62)
    }
}
