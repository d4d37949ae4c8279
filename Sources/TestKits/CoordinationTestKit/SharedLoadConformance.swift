import Base
import Caching
public import Coordination
import Storage
import Synchronization

/// What the caches of two nodes must do together, whatever store and bus are between them.
///
/// In real time; each case has a cache of its own under the given name.
public enum SharedLoadConformance: String, CaseIterable, Sendable {
    /// Ten thousand concurrent misses of a cold key on two nodes are one load.
    case loadsOnceForAllNodes
    /// What one node has loaded is a hit in the store for the other, and from then on in its memory.
    case findsWhatAnotherLoaded
    /// An invalidation that a committed transaction carries reaches both nodes.
    case dropsOnAllNodes
    /// A load that began before another node's commit publishes its old value nowhere.
    case fencesOutLateLoads
    /// A tenant's value is never found by another tenant.
    case keepsTenantsApart

    private static let patience: Duration = .seconds(20)

    /// Checks the sentence between two nodes.
    ///
    /// - Parameters:
    ///   - stores: the shared cache as each node reaches it.
    ///   - buses: the bus of each node, running.
    ///   - name: of the cache, used by nobody else.
    /// - Throws: ``ConformanceFailure`` when it does not hold, or what the back end throws.
    public func check(_ stores: [any SharedCache], buses: [any Bus], name: String) async throws {
        try require(stores.count == 2 && buses.count == 2, "two nodes have two stores and two buses")
        let source = Source()
        let nodes = zip(stores, buses).map { CacheNode($0, $1, name: name, source: source) }
        try await CacheNode.running(nodes) {
            switch self {
            case .loadsOnceForAllNodes: try await loadsOnce(nodes, source)
            case .findsWhatAnotherLoaded: try await finds(nodes, source)
            case .dropsOnAllNodes: try await drops(nodes, source)
            case .fencesOutLateLoads: try await fences(nodes, source)
            case .keepsTenantsApart: try await keepsApart(nodes, source)
            }
        }
    }

    private func loadsOnce(_ nodes: [CacheNode], _ source: Source) async throws {
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<10_000 {
                group.addTask { try await nodes[number % 2].value(slowly: .milliseconds(300)) }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        try require(values == [0], "one value was loaded and \(values) were given out")
        try require(source.loads == 1, "10,000 misses on two nodes made \(source.loads) loads")
    }

    private func finds(_ nodes: [CacheNode], _ source: Source) async throws {
        _ = try await nodes[0].value()
        source.set(7)
        for _ in 0..<3 {
            let value = try await nodes[1].value()
            try require(value == 0, "the other node got \(value), not what the first had loaded")
        }
        let statistics = nodes[1].cache.statistics
        try require(source.loads == 1, "\(source.loads) loads were made for two nodes")
        try require(
            statistics.sharedHits == 1 && statistics.hits == 2,
            "of three looks \(statistics.sharedHits) went to the "
                + "store and \(statistics.hits) were served from memory")
    }

    private func drops(_ nodes: [CacheNode], _ source: Source) async throws {
        for node in nodes { _ = try await node.value() }
        for round in 1...5 {
            let writer = nodes[round % 2]
            source.set(round)
            await writer.commit()
            let own = try await writer.value()
            try require(own == round, "the node that wrote \(round) got \(own) after its commit")
            try await nodes[(round + 1) % 2].waits(Self.patience, for: round)
        }
        try require(source.loads == 6, "six versions were loaded \(source.loads) times by two nodes")
    }

    private func fences(_ nodes: [CacheNode], _ source: Source) async throws {
        let hasRead = AsyncStream.makeStream(of: Void.self)
        let mayGoOn = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await nodes[1].value {
                    let old = source.read()
                    hasRead.continuation.finish()
                    for await _ in mayGoOn.stream {}
                    return old
                }
            }
            for await _ in hasRead.stream {}
            source.set(1)
            await nodes[0].commit()
            mayGoOn.continuation.finish()
            _ = try await group.next()
        }
        // The node that wrote is right at once; the other as soon as it has heard.
        let own = try await nodes[0].value()
        try require(own == 1, "an old value was found in the store after its invalidation: \(own)")
        try await nodes[1].waits(Self.patience, for: 1)
    }

    private func keepsApart(_ nodes: [CacheNode], _ source: Source) async throws {
        _ = try await nodes[0].value()
        source.set(1)
        let other = try await nodes[1].value(in: CacheNode.otherTenant)
        try require(other == 1, "a tenant got another tenant's value")
    }
}

/// Where all nodes load from.
private final class Source: Sendable {
    private let state = Mutex((value: 0, loads: 0))

    var loads: Int { state.withLock { $0.loads } }
    func set(_ value: Int) { state.withLock { $0.value = value } }

    func read() -> Int {
        state.withLock { state in
            state.loads += 1
            return state.value
        }
    }
}

private final class CacheNode: Sendable {
    static let tenant = Tenant(ID(high: 1, low: 1))
    static let otherTenant = Tenant(ID(high: 2, low: 2))

    let registry: CacheRegistry
    let cache: Cache<String, Int>
    private let source: Source

    init(_ store: any SharedCache, _ bus: any Bus, name: String, source: Source) {
        self.source = source
        registry = CacheRegistry(clock: SystemClock(), randomness: SystemRandomness(), bus: bus, shared: store)
        cache = Cache(
            name,
            CacheOptions(
                ttl: .seconds(600), loadTimeout: .seconds(60), tags: { _ in ["tag"] },
                shared: .json(leaseTTL: .seconds(30))), in: registry)
    }

    func value(in tenant: Tenant = CacheNode.tenant, slowly pause: Duration? = nil) async throws -> Int {
        try await cache.value(for: "key", in: tenant) { [source] in
            if let pause { try await SystemClock().sleep(for: pause) }
            return source.read()
        }
    }

    func value(_ load: @escaping @Sendable () async throws -> Int) async throws -> Int {
        try await cache.value(for: "key", in: Self.tenant, load: load)
    }

    /// What storage tells when a transaction has committed.
    func commit() async { await registry.committed([.invalidate(tag: "tag")], for: Self.tenant) }

    /// Waits until this node serves a value.
    func waits(_ patience: Duration, for value: Int) async throws {
        let clock = SystemClock()
        let end = clock.uptime() + patience
        while true {
            let found = try await self.value()
            if found == value { return }
            try require(clock.uptime() < end, "after \(patience) a node still serves \(found) for \(value)")
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    static func running(_ nodes: [CacheNode], _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await node.registry.run() } }
            let result: Result<Void, any Error>
            do {
                // Both listen before anything is said.
                try await SystemClock().sleep(for: .milliseconds(500))
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }
}
