import Base
import Caching
import Coordination
import CoordinationRedis
import Foundation
import Synchronization
import Telemetry

/// The cache: loads of a cold key on three nodes, hit ratios beside LRU and the ideal, and what a hit costs.
///
/// The nodes are three processes over one Redis. Traces are made here from a seed; further ones are
/// read from the files that are named after `cache`, a key in each line.
enum CacheBenchmark: Benchmark {
    static let name = "cache"
    private static let requests = 400_000
    private static let capacity = 4_000
    private static let rounds = 5

    static func run() async throws -> [(String, String)] {
        let arguments = Array(CommandLine.arguments.dropFirst(2))
        if arguments.first == "node", arguments.count == 3, let start = Double(arguments[1]) {
            return [("loads", "\(try await node(key: arguments[2], from: start))")]
        }
        let loads = try coldKey()
        var table = Table("A cold key, asked for by 10,000 tasks on 3 nodes at once", "loads", "ideal")
        table.row("three processes over one Redis", "\(loads)", "1")
        table.show()
        let ratios = try await hitRatios(arguments)
        let cost = try await hitCost()
        return [
            ("ratio", (cost.cache / cost.dictionary).shown()), ("hit_ns", cost.cache.shown(1)),
            ("locked_dictionary_ns", cost.dictionary.shown(1)), ("loads", "\(loads)"),
        ] + ratios
    }

    // MARK: A cold key

    private static let nodes = 3
    private static let tasksPerNode = 3_334

    /// Starts three processes of this program that begin at the same moment; returns their loads together.
    private static func coldKey() throws -> Int {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        let start = Date().timeIntervalSince1970 + 3
        let key = "cold-\(UInt64.random(in: .min ... .max))"
        let answers = Answers()
        DispatchQueue.concurrentPerform(iterations: nodes) { _ in
            answers.add(Result { try Command.run(program, [name, "node", "\(start)", key]) })
        }
        return try answers.all.reduce(0) { sum, answer in
            let output = try answer.get()
            guard let text = output.split(separator: "=").last,
                let loads = Int(text.trimmingPrefix(" ").prefix { $0.isNumber })
            else { throw Impossible("a node said something else than its loads: \(output)") }
            return sum + loads
        }
    }

    private final class Answers: Sendable {
        private let answers = Mutex<[Result<String, any Error>]>([])

        func add(_ answer: Result<String, any Error>) { answers.withLock { $0.append(answer) } }
        var all: [Result<String, any Error>] { answers.withLock { $0 } }
    }

    /// One node: asks with its third of the tasks from `start` on; returns how often it asked the source.
    private static func node(key: String, from start: Double) async throws -> Int {
        guard let url = ProcessInfo.processInfo.environment["CAPSTAN_TEST_REDIS"] else {
            throw Impossible("no Redis: start this through Scripts/bench")
        }
        let clock = SystemClock()
        let client = try RedisClient(
            RedisAddress(url), options: RedisOptions(), clock: clock, randomness: SystemRandomness(), events: .silent())
        let shared = CoordinationServices.redis(client)
        let registry = CacheRegistry(
            clock: clock, randomness: SystemRandomness(), bus: shared.bus, shared: shared.cache)
        let cache = Cache<String, Int>("cold", CacheOptions(shared: .json()), in: registry)
        let tenant = Tenant(ID(high: 1, low: 1))
        // Connects before the moment that counts.
        _ = try await cache.value(for: "warm-\(key)-\(ProcessInfo.processInfo.processIdentifier)", in: tenant) { 0 }
        let before = cache.statistics.loads
        try await clock.sleep(for: .seconds(start - Date().timeIntervalSince1970))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<tasksPerNode {
                group.addTask {
                    try await cache.value(for: key, in: tenant) {
                        try await clock.sleep(for: .milliseconds(50))
                        return 1
                    }
                }
            }
            for try await value in group where value != 1 { throw Impossible("a node was given another value") }
        }
        let figures = cache.statistics
        await client.shutdown()
        return figures.loads - before - figures.sharedHits
    }

    // MARK: Hit ratios

    private static func hitRatios(_ paths: [String]) async throws -> [(String, String)] {
        var traces = [
            ("zipf", zipf(keys: 100_000)), ("loop", (0..<requests).map { $0 % (capacity * 6 / 5) }),
            ("scan", scans()),
        ]
        for path in paths { traces.append((try named(path), try trace(path))) }
        var table = Table("Hits of \(requests) requests, \(capacity) places", "ours", "LRU", "ideal")
        var figures: [(String, String)] = []
        for (name, trace) in traces {
            let ours = try await hits(trace)
            let recent = CachePolicies.leastRecentlyUsed(trace, capacity: capacity)
            let ideal = CachePolicies.ideal(trace, capacity: capacity)
            table.row(name, (ours * 100).shown(1), (recent * 100).shown(1), (ideal * 100).shown(1))
            figures.append(("\(name)_hits", (ours * 100).shown(1)))
            figures.append(("\(name)_lru", (recent * 100).shown(1)))
            figures.append(("\(name)_ideal", (ideal * 100).shown(1)))
        }
        table.show()
        return figures
    }

    private static func hits(_ trace: [Int]) async throws -> Double {
        let registry = CacheRegistry(clock: SystemClock(), randomness: SystemRandomness())
        let options = CacheOptions<Int, Int>(ttl: .seconds(86_400), capacity: capacity, parts: 1)
        let cache = Cache("trace", options, in: registry)
        let tenant = Tenant(ID(high: 1, low: 1))
        for key in trace { _ = try await cache.value(for: key, in: tenant) { key } }
        return cache.statistics.hitRatio
    }

    /// Keys by popularity: the n-th is asked for 1/n as often as the first.
    private static func zipf(keys: Int) -> [Int] {
        var sums: [Double] = []
        var sum = 0.0
        for rank in 1...keys {
            sum += 1 / Double(rank)
            sums.append(sum)
        }
        var chance = Chance(state: 1)
        return (0..<requests).map { _ in
            let point = chance.fraction() * sum
            var (low, high) = (0, keys - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] < point { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Popular keys, and every 20,000 requests one reads 8,000 that nobody asks for again.
    private static func scans() -> [Int] {
        var trace: [Int] = []
        var fresh = 10_000_000
        for (number, key) in zipf(keys: 50_000).enumerated() {
            if number % 20_000 == 0 {
                trace += fresh..<(fresh + 8_000)
                fresh += 8_000
            }
            trace.append(key)
        }
        return Array(trace.prefix(requests))
    }

    private static func named(_ path: String) throws -> String {
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        return name.filter { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    private static func trace(_ path: String) throws -> [Int] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var numbers: [Substring: Int] = [:]
        return text.split(whereSeparator: \.isNewline).map { line in
            if let number = numbers[line] { return number }
            numbers[line] = numbers.count
            return numbers.count - 1
        }
    }

    // MARK: The cost of a hit

    private static func hitCost() async throws -> (cache: Double, dictionary: Double) {
        let keys = 1_024
        let turns = 1_000_000
        let registry = CacheRegistry(clock: SystemClock(), randomness: SystemRandomness())
        let cache = Cache<Int, Int>("hits", CacheOptions(ttl: .seconds(86_400)), in: registry)
        let tenant = Tenant(ID(high: 1, low: 1))
        for key in 0..<keys { _ = try await cache.value(for: key, in: tenant) { key } }
        let dictionary = Mutex(Dictionary(uniqueKeysWithValues: (0..<keys).map { ($0, $0) }))
        let clock = ContinuousClock()
        var (ours, locked) = ([Double](), [Double]())
        var sum = 0
        for _ in 0..<rounds {
            let first = clock.now
            for turn in 0..<turns {
                sum &+= try await cache.value(for: turn & (keys - 1), in: tenant) { -1 }
            }
            ours.append(nanoseconds(clock.now - first, turns))
            let second = clock.now
            for turn in 0..<turns { sum &+= dictionary.withLock { $0[turn & (keys - 1)] } ?? -1 }
            locked.append(nanoseconds(clock.now - second, turns))
        }
        guard sum == rounds * 2 * (turns / keys) * (keys * (keys - 1) / 2) + rounds * 2 * rest(turns, keys) else {
            throw Impossible("a hit gave another value than was stored")
        }
        var table = Table("A hit, \(turns) in a row (median of \(rounds))", "ns", "ratio")
        table.row("dictionary behind a lock", locked.median.shown(1), "1")
        table.row(
            "cache: tenant, time to live, fence, policy", ours.median.shown(1), (ours.median / locked.median).shown())
        table.show()
        return (ours.median, locked.median)
    }

    private static func rest(_ turns: Int, _ keys: Int) -> Int { (0..<(turns % keys)).reduce(0, +) }

    private static func nanoseconds(_ duration: Duration, _ turns: Int) -> Double {
        duration / .nanoseconds(1) / Double(turns)
    }
}

/// A repeatable source of chance (SplitMix64): the same traces on every machine.
private struct Chance {
    var state: UInt64

    mutating func fraction() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ mixed >> 31) >> 11) * 0x1p-53
    }
}
