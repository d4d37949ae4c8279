import Base
import BaseTestKit
import Foundation
import Testing

@testable import Caching

@Suite struct TinyLFUTests {
    private func group(_ number: Int) -> CacheGroup { CacheGroup(tenant: Tenant(ID(high: 0, low: UInt64(number)))) }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `neither the weight nor any group's share is ever exceeded`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        let capacity = 1 + chance.below(200)
        let share = 1 + chance.below(capacity)
        var store = TinyLFU<Int, Int>(capacity: capacity, groupCapacity: share)
        var weights: [Int: Int] = [:]
        for step in 0..<5_000 {
            let key = chance.below(300)
            let own = group(key % 4)
            switch chance.below(10) {
            case 0:
                store.remove(key)
                #expect(store.peek(key) == nil)
            case 1...5:
                if let slot = store.hit(key) { #expect(store[slot] == key) }
            default:
                let weight = 1 + chance.below(chance.below(5) == 0 ? capacity + 5 : 8)
                weights[key] = weight
                let isKept = store.insert(key, group: own, weight: weight, key)
                #expect(isKept == (weight <= share), "seed \(seed), step \(step)")
                #expect((store.peek(key) != nil) == isKept, "seed \(seed), step \(step)")
            }
            #expect(store.weight <= capacity, "seed \(seed), step \(step)")
            for number in 0..<4 { #expect(store.weight(of: group(number)) <= share, "seed \(seed), step \(step)") }
            if step % 500 == 0 {
                let present = (0..<300).filter { store.peek($0) != nil }
                #expect(present.count == store.count)
                #expect(present.reduce(0) { $0 + (weights[$1] ?? 0) } == store.weight)
                #expect((0..<4).reduce(0) { $0 + store.weight(of: group($1)) } == store.weight)
            }
        }
    }

    @Test func `a group over its share pushes out its own entries, not another's`() {
        var store = TinyLFU<Int, Int>(capacity: 100, groupCapacity: 20)
        for key in 0..<10 { store.insert(key, group: group(1), weight: 1, key) }
        for key in 100..<1_000 { store.insert(key, group: group(2), weight: 1, key) }
        #expect(store.weight(of: group(2)) == 20)
        #expect((0..<10).allSatisfy { store.peek($0) != nil })
    }

    @Test func `a cache in several parts keeps its capacity and every tenant's share`() async throws {
        let bench = Bench()
        let options = CacheOptions<Int, Int>(
            capacity: 4_001, tenantShare: 0.3, parts: 7, weigh: { _, value in 1 + value % 9 })
        let cache = Cache("parts", options, in: bench.registry)
        let chance = SeededRandomness(seed: 5)
        for _ in 0..<20_000 {
            let tenant = chance.below(3) == 0 ? bench.other : bench.tenant
            let key = chance.below(5_000)
            #expect(try await cache.value(for: key, in: tenant) { key } == key)
        }
        #expect(cache.statistics.weight <= 2 * 1_200 && cache.statistics.weight > 2_000)
        for tenant in [bench.tenant, bench.other] { #expect(cache.core.weight(of: tenant) <= 1_200) }
        cache.removeAll()
        #expect(cache.statistics.weight == 0 && cache.statistics.entries == 0)
        #expect(try await cache.value(for: 1, in: bench.tenant) { 2 } == 2)
    }

    @Test func `the sketch never counts too little, and rarely too much`() {
        var sketch = FrequencySketch(places: 1_024)
        for key in 0..<500 {
            for _ in 0...(key % 10) { sketch.increment(key.hashValue) }
        }
        let counts = (0..<500).map { sketch.frequency($0.hashValue) }
        #expect((0..<500).allSatisfy { counts[$0] >= $0 % 10 + 1 })
        #expect((0..<500).filter { counts[$0] > $0 % 10 + 1 }.count < 25)
        #expect((1_000..<2_000).filter { sketch.frequency($0.hashValue) > 0 }.count < 100)
    }

    @Test func `the sketch forgets half of what was, in time`() {
        var sketch = FrequencySketch(places: 16)
        for _ in 0..<15 { sketch.increment(1) }
        #expect(sketch.frequency(1) == 15)
        for key in 2..<(sketch.sample) { sketch.increment(key.hashValue) }
        #expect(sketch.frequency(1) < 15)
    }

    /// Traces of 200,000 requests, and by how many points W-TinyLFU must beat plain LRU on them.
    ///
    /// Hashes differ from run to run, and with them the search for the window: the bounds leave room for that.
    enum Trace: String, CaseIterable {
        case zipf, zipfWithScans, loop, shifting

        var leastGain: Double {
            switch self {
            case .zipf: 7
            case .zipfWithScans: 4
            case .loop: 65
            // When what is popular changes all the time recency is right; losing little is what counts.
            case .shifting: -4
            }
        }

        func requests(_ chance: SeededRandomness) -> [Int] {
            let zipf = Zipf(items: 20_000, exponent: 0.9)
            var scan = 1_000_000
            var requests: [Int] = []
            while requests.count < 200_000 {
                switch self {
                case .zipf: requests.append(zipf.draw(chance))
                case .zipfWithScans:
                    if requests.count % 20_000 == 0 {
                        for _ in 0..<4_000 {
                            scan += 1
                            requests.append(scan)
                        }
                    }
                    requests.append(zipf.draw(chance))
                case .loop: requests.append(requests.count % 1_200)
                case .shifting: requests.append(zipf.draw(chance) + requests.count / 50)
                }
            }
            return requests
        }
    }

    @Test(arguments: Trace.allCases)
    func `more is found than with plain LRU`(trace: Trace) {
        let requests = trace.requests(SeededRandomness(seed: 42))
        var store = TinyLFU<Int, Int>(capacity: 1_000, groupCapacity: 1_000)
        var recent = LeastRecentlyUsed(capacity: 1_000)
        var (hits, recentHits) = (0, 0)
        for key in requests {
            if store.hit(key) != nil { hits += 1 } else { store.insert(key, group: group(0), weight: 1, key) }
            if recent.access(key) { recentHits += 1 }
        }
        let percent = { (count: Int) in Double(count) * 100 / Double(requests.count) }
        let gain = percent(hits) - percent(recentHits)
        #expect(gain >= trace.leastGain, "\(trace): W-TinyLFU \(percent(hits)) %, LRU \(percent(recentHits)) %")
    }
}

/// Popularity by rank: the n-th item is asked for in proportion to 1 / n^exponent.
struct Zipf {
    private var cumulative: [Double] = []

    init(items: Int, exponent: Double) {
        var sum = 0.0
        for rank in 1...items {
            sum += pow(Double(rank), -exponent)
            cumulative.append(sum)
        }
    }

    func draw(_ chance: SeededRandomness) -> Int {
        let target = chance.fraction() * (cumulative.last ?? 0)
        var (low, high) = (0, cumulative.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < target { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The yardstick.
struct LeastRecentlyUsed {
    let capacity: Int
    private var stamps: [Int: Int] = [:]
    private var order: [(key: Int, stamp: Int)] = []
    private var head = 0

    init(capacity: Int) { self.capacity = capacity }

    mutating func access(_ key: Int) -> Bool {
        let isHit = stamps[key] != nil
        stamps[key] = order.count
        order.append((key, order.count))
        while stamps.count > capacity {
            if stamps[order[head].key] == order[head].stamp { stamps[order[head].key] = nil }
            head += 1
        }
        return isHit
    }
}
