import Base
import BaseTestKit
import Coordination
import Synchronization
import Testing

@testable import Caching

/// Nodes that read and write while messages are late, overtake each other and get lost, the store is out of reach and
/// nodes die: a read never sees what was replaced longer ago than the bound.
@Suite struct ClusterSimTests {
    /// The longest that a cut lasts here.
    static let cut = Duration.seconds(3)
    /// A cut, its two beats and the last message; or the longest pause before the store is asked again and the retry.
    static let bound = Duration.milliseconds(3_000 + 5_000 + 3 * 1_000 + 300 + 250 + 100)

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `an old value is never served after the bound`(seed: UInt64) async throws {
        let run = ClusterRun(seed: seed)
        for _ in 0..<4_000 { run.step() }
        run.finish()
        #expect(run.stale.withLock { $0 }.isEmpty, "seed \(seed): \(run.stale.withLock { $0 }.prefix(3))")
        #expect(run.reads.value > 2_000 && run.writes.value > 200, "seed \(seed): little was done")
        #expect(run.cluster.network.dropped > 100 && run.cluster.network.unanswered > 50 && run.deaths > 0)
        // Far fewer loads than reads, though every write and every doubt costs some.
        #expect(run.cluster.loads.withLock { $0.reduce(0, +) } < run.reads.value / 2)
    }

    @Test(arguments: 21...24 as ClosedRange<UInt64>)
    func `without faults each write costs one load in the whole cluster`(seed: UInt64) async throws {
        let cluster = SimCluster(seed: seed, nodes: 4, delays: (2, 1))
        for round in 1...30 {
            let key = cluster.chance.below(8)
            let loads = cluster.loads.withLock { $0[key] }
            let version = try await cluster.run { await cluster.write(key, on: round % 4) }
            cluster.pass(.milliseconds(10))
            let reads = (0..<40).map { number in cluster.start { try await cluster.read(key, on: number % 4) } }
            cluster.pass(.milliseconds(200))
            for read in reads { #expect(try await read.task.value == version, "seed \(seed)") }
            #expect(cluster.loads.withLock { $0[key] } == loads + 1, "seed \(seed), round \(round)")
        }
        cluster.end()
    }
}

/// One run: the cluster, and what a read must at least see.
private final class ClusterRun: Sendable {
    struct Announced: Sendable {
        var node: Int
        var key: Int
        var version: Int
        var at: Duration
    }

    let cluster: SimCluster
    let reads = Counter()
    let writes = Counter()
    let stale = Mutex<[String]>([])
    private let announced = Mutex<[Announced]>([])
    private let writing = Mutex<[Int: Int]>([:])
    private let dead = Mutex<Set<Int>>([])

    init(seed: UInt64) { cluster = SimCluster(seed: seed, nodes: 4) }

    var deaths: Int { dead.withLock { $0.count } }

    func step() {
        let chance = cluster.chance
        let alive = cluster.all.map(\.number).filter { node in !dead.withLock { $0.contains(node) } }
        let node = alive[chance.below(alive.count)]
        switch chance.below(100) {
        case 0..<70: read(chance.below(8), on: node)
        case 70..<80: write(chance.below(8), on: node)
        case 80..<84: cut(node, alive[chance.below(alive.count)])
        case 84..<86: cut(node, -1)
        case 86 where chance.below(12) == 0 && alive.count > 2: kill(node)
        default: break
        }
        cluster.pass(.milliseconds(chance.below(60)), step: .milliseconds(4))
    }

    /// Cuts a link that has been whole long enough for what was lost to be found out.
    private func cut(_ from: Int, _ to: Int) {
        guard from != to else { return }
        let now = cluster.clock.uptime()
        if let last = cluster.network.lastCut(from, to), last + ClusterSimTests.bound > now { return }
        cluster.network.cut(from, to, for: .milliseconds(cluster.chance.below(3_000)))
    }

    private func read(_ key: Int, on node: Int) {
        let now = cluster.clock.uptime()
        let least = announced.withLock { announced in
            announced.filter { $0.key == key && ($0.node == node || $0.at + ClusterSimTests.bound <= now) }
                .map(\.version).max() ?? 0
        }
        _ = cluster.start { [self] in
            guard let found = try? await cluster.read(key, on: node) else { return }
            reads.increment()
            if found < least {
                stale.withLock { $0.append("node \(node) read \(found) of \(key) at \(now), not \(least)") }
            }
        }
    }

    private func write(_ key: Int, on node: Int) {
        writing.withLock { $0[node, default: 0] += 1 }
        _ = cluster.start { [self] in
            let version = await cluster.write(key, on: node)
            writes.increment()
            writing.withLock { $0[node, default: 0] -= 1 }
            guard !dead.withLock({ $0.contains(node) }) else { return }
            let at = cluster.clock.uptime()
            announced.withLock { $0.append(Announced(node: node, key: key, version: version, at: at)) }
        }
    }

    /// Ends a process at once: nothing of it is heard again, its leases are held on, and another takes its place.
    ///
    /// What it had committed and the store not taken yet is known to nobody: only the time to live ends that.
    private func kill(_ node: Int) {
        let isPending = (cluster[node].registry.sharedStatus?.invalidationsPending ?? 0) > 0
        guard !isPending, writing.withLock({ $0[node] ?? 0 }) == 0 else { return }
        cluster.network.kill(node)
        dead.withLock { _ = $0.insert(node) }
        cluster[node].service.cancel()
        _ = cluster.add()
    }

    func finish() {
        cluster.pass(.seconds(15), step: .milliseconds(10))
        cluster.end()
    }
}
