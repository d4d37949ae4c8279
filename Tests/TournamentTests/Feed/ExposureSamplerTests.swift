import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct ExposureSamplerTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private func entries(_ count: Int, at time: Timestamp, using chance: SeededRandomness) -> [ExposureSampler.Entry] {
        (0..<count).map { _ in ExposureSampler.Entry(clipID: ID(at: time, using: chance), activeAt: time) }
    }

    @Test(arguments: 1...10)
    func `after a hundred impressions per clip the most shown has at most a quarter more than the least shown`(
        seed: Int
    ) {
        let chance = SeededRandomness(seed: UInt64(seed))
        var sampler = ExposureSampler()
        sampler.refresh(entries(42, at: start - .seconds(3_600), using: chance))
        // Voters come back: whoever does has seen clips lately, which come last for them.
        var seen = Array(repeating: Set<ID<Clip>>(), count: 60)
        var shown = 0
        while shown < 42 * 100 {
            let voter = chance.below(seen.count)
            let picks = sampler.draw(avoiding: seen[voter], at: start, using: chance)
            #expect(picks.count == 10)
            #expect(Set(picks.map(\.clipID)).count == 10)
            seen[voter].formUnion(picks.map(\.clipID))
            if seen[voter].count > 32 { seen[voter] = [] }
            shown += picks.count
        }
        let counts = sampler.entries.map(\.impressions)
        let ratio = Double(counts.max() ?? 0) / Double(counts.min() ?? 1)
        #expect(ratio <= 1.25, "seed \(seed): \(ratio)")
    }

    @Test(arguments: 1...5)
    func `a late clip is lifted for ten minutes and then shown at the median rate`(seed: Int) {
        let chance = SeededRandomness(seed: UInt64(seed) &* 31)
        var sampler = ExposureSampler()
        var saved = entries(42, at: start - .seconds(3_600), using: chance)
        sampler.refresh(saved)
        var now = start
        func serve(seconds: Int) -> [ID<Clip>: Int] {
            let before = Dictionary(uniqueKeysWithValues: sampler.entries.map { ($0.clipID, $0.impressions) })
            for _ in 0..<(seconds * 4) {
                now = now + .milliseconds(250)
                _ = sampler.draw(avoiding: [], at: now, using: chance)
            }
            return Dictionary(
                uniqueKeysWithValues: sampler.entries.map { ($0.clipID, $0.impressions - (before[$0.clipID] ?? 0)) })
        }
        _ = serve(seconds: 1_200)
        var late = ExposureSampler.Entry(clipID: ID(at: now, using: chance), activeAt: now)
        late.base = sampler.medianLevel
        _ = sampler.takeUnsaved()
        saved = sampler.entries + [late]
        sampler.refresh(saved)

        func median(_ counts: [ID<Clip>: Int]) -> Int { counts.values.sorted()[counts.count / 2] }
        let lift = serve(seconds: 600)
        #expect(lift[late.clipID] ?? 0 > 2 * median(lift), "seed \(seed)")
        // From the eleventh minute on it has no advantage, and no disadvantage for having had one.
        for minute in 0..<6 {
            let counts = serve(seconds: 600)
            let share = Double(counts[late.clipID] ?? 0) / Double(median(counts))
            #expect((0.9...1.1).contains(share), "seed \(seed), \(minute): \(share)")
        }
    }

    @Test func `clips that a voter knows come last and only when nothing else is left`() {
        let chance = SeededRandomness(seed: 9)
        let all = entries(14, at: start - .seconds(3_600), using: chance)
        var sampler = ExposureSampler()
        sampler.refresh(all)
        let known = Set(all.prefix(8).map(\.clipID))
        for _ in 0..<50 {
            let picks = sampler.draw(avoiding: known, at: start, using: chance).map(\.clipID)
            #expect(picks.count == 10)
            #expect(picks.prefix(6).allSatisfy { !known.contains($0) })
            #expect(picks.suffix(4).allSatisfy { known.contains($0) })
        }
        let few = sampler.draw(avoiding: Set(all.map(\.clipID)), at: start, using: chance)
        #expect(few.count == 10)
    }

    @Test func `fewer clips than a page are all shown, and none twice`() {
        let chance = SeededRandomness(seed: 10)
        var sampler = ExposureSampler()
        #expect(sampler.draw(avoiding: [], at: start, using: chance).isEmpty)
        sampler.refresh(entries(3, at: start, using: chance))
        #expect(Set(sampler.draw(avoiding: [], at: start, using: chance).map(\.clipID)).count == 3)
    }

    @Test func `what was shown and not yet saved survives a refresh and is handed out once`() {
        let chance = SeededRandomness(seed: 11)
        let all = entries(10, at: start, using: chance)
        var sampler = ExposureSampler()
        sampler.refresh(all)
        _ = sampler.draw(avoiding: [], at: start, using: chance)
        sampler.refresh(all)
        #expect(sampler.entries.allSatisfy { $0.impressions == 1 })
        #expect(sampler.takeUnsaved().values.allSatisfy { $0.impressions == 1 })
        #expect(sampler.takeUnsaved().isEmpty)
    }
}
