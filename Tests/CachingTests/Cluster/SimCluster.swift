import Base
import BaseTestKit
import Coordination
import Synchronization

@testable import Caching

/// Nodes with a cache each over one simulated network, and the database whose values they cache.
///
/// Everything runs on one thread in an order drawn from the seed.
final class SimCluster: Sendable {
    let clock = SimClock()
    let chance: SeededRandomness
    let executor: SimExecutor
    let network: SimNetwork
    let tenant = Tenant(ID(high: 1, low: 1))
    let database: Mutex<[Int]>
    /// How often the source was asked, by key.
    let loads: Mutex<[Int]>
    private let nodes: Mutex<[SimNode]> = Mutex([])

    init(
        seed: UInt64, nodes count: Int = 3, keys: Int = 8, delays: (message: Int, store: Int) = (300, 4),
        options: CacheOptions<Int, Int>? = nil
    ) {
        chance = SeededRandomness(seed: seed)
        executor = SimExecutor(randomness: chance)
        network = SimNetwork(clock: clock, chance: chance, delays: delays)
        database = Mutex(Array(repeating: 0, count: keys))
        loads = Mutex(Array(repeating: 0, count: keys))
        for _ in 0..<count { _ = add(options) }
    }

    static var options: CacheOptions<Int, Int> {
        CacheOptions(
            ttl: .seconds(1_000), jitter: 0, failureWindow: .zero, tags: { ["thing:\($0)"] },
            shared: .json(leaseTTL: .seconds(2)))
    }

    func add(_ options: CacheOptions<Int, Int>? = nil) -> SimNode {
        let number = nodes.withLock { $0.count }
        let registry = CacheRegistry(
            clock: clock, randomness: chance, bus: SimBus(network: network, node: number),
            shared: SimStore(network: network, node: number), executor: executor)
        let service = Task(executorPreference: executor) { try await registry.run() }
        let node = SimNode(
            number: number, registry: registry, cache: Cache("things", options ?? Self.options, in: registry),
            service: service)
        nodes.withLock { $0.append(node) }
        executor.drain()
        return node
    }

    subscript(number: Int) -> SimNode { nodes.withLock { $0[number] } }
    var all: [SimNode] { nodes.withLock { $0 } }

    /// Lets time pass in small steps.
    func pass(_ duration: Duration, step: Duration = .milliseconds(1)) {
        var left = duration
        repeat {
            executor.drain()
            network.deliver()
            executor.drain()
            guard left > .zero else { return }
            clock.advance(by: min(left, step))
            left -= step
        } while true
    }

    /// Reads the source, which takes a while before and after the moment that counts.
    func load(_ key: Int, for milliseconds: Int = 6) async throws -> Int {
        try await clock.sleep(for: .milliseconds(chance.below(milliseconds + 1)))
        let value = database.withLock { $0[key] }
        loads.withLock { $0[key] += 1 }
        try await clock.sleep(for: .milliseconds(chance.below(milliseconds + 1)))
        return value
    }

    /// Runs something on the simulated machine and lets time pass until it has ended.
    func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = start(body)
        for _ in 0..<100_000 where !task.isDone.isSet { pass(.milliseconds(1)) }
        return try await task.task.value
    }

    func start<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) -> SimTask<Result> {
        let isDone = Flag()
        let task = Task(executorPreference: executor) {
            defer { isDone.set() }
            return try await body()
        }
        return SimTask(task: task, isDone: isDone)
    }

    func read(_ key: Int, on node: Int) async throws -> Int {
        try await self[node].cache.value(for: key, in: tenant) { try await self.load(key) }
    }

    /// Commits a new value on a node and announces it.
    @discardableResult
    func write(_ key: Int, on node: Int) async -> Int {
        let version = database.withLock { database in
            database[key] += 1
            return database[key]
        }
        await self[node].registry.invalidate(tags: ["thing:\(key)"], for: tenant)
        return version
    }

    /// Ends what runs, so that nothing outlives the test.
    func end() {
        for node in all {
            node.service.cancel()
            node.registry.shutDown()
        }
        pass(.seconds(12), step: .milliseconds(20))
    }
}

struct SimNode: Sendable {
    let number: Int
    let registry: CacheRegistry
    let cache: Cache<Int, Int>
    let service: Task<Void, any Error>
}

struct SimTask<Result: Sendable>: Sendable {
    let task: Task<Result, any Error>
    let isDone: Flag
}

/// A truth that several tasks see.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }

    func set() { value.store(true, ordering: .sequentiallyConsistent) }
}
