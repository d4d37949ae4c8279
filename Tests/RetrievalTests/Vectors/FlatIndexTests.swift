import Base
import BaseTestKit
import Testing

@testable import Retrieval

@Suite struct FlatIndexTests {
    private func id(_ number: Int) -> ID<Passage> { ID(high: 1, low: UInt64(number)) }

    @Test func `the nearest come first, whatever the length of a vector, and what is removed is gone`() async {
        let randomness = SeededRandomness(seed: 8)
        let vectors = (0..<700).map { number in
            (id: id(number), numbers: (0..<20).map { _ in Float(randomness.fraction() - 0.5) * Float(1 + number % 7) })
        }
        var index = FlatIndex(dimensions: 20)
        index.add(Array(vectors[..<300]))
        index.add(Array(vectors[300...]))
        for probe in stride(from: 0, to: 700, by: 70) {
            let found = await index.search(vectors[probe].numbers, limit: 10)
            let expected = vectors.map {
                (UnitVector($0.numbers).similarity(to: UnitVector(vectors[probe].numbers)), $0.id)
            }
            .sorted { $0.0 > $1.0 }.prefix(10).map(\.1)
            #expect(found.map(\.id) == expected && found[0].id == id(probe))
            #expect(abs(found[0].similarity - 1) < 1e-4)
        }
        let isGone = index.remove([id(70)]) == 1
        let isGoneAgain = index.remove([id(70)]) == 1
        #expect(isGone && !isGoneAgain && index.count == 699)
        #expect(await index.search(vectors[70].numbers, limit: 699).count == 699)
        #expect(await !index.search(vectors[70].numbers, limit: 1_000).contains { $0.id == id(70) })
    }
}
