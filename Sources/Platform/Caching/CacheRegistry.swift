public import Base
public import Coordination
public import Storage
import Synchronization

/// All caches of the process: their common fence, their common clock, and what the console shows of them.
public final class CacheRegistry: Sendable {
    private enum Bounds {
        static let caches = 256
    }

    private struct State {
        var caches: [String: any CacheReporting] = [:]
        var isShutDown = false
    }

    let clock: any WallClock
    let randomness: any Randomness
    let fences = FenceTable()
    private let state = Mutex(State())
    private let shutDownFlag = Atomic<Bool>(false)
    private let link: InvalidationLink?

    /// Makes a registry without caches.
    ///
    /// - Parameters:
    ///   - clock: measures times to live and deadlines.
    ///   - randomness: shortens times to live, and names this node on the bus.
    ///   - bus: carries invalidations to the other nodes; `nil` when there are none. Needs ``run()``.
    public init(clock: any WallClock, randomness: any Randomness, bus: (any Bus)? = nil) {
        self.clock = clock
        self.randomness = randomness
        link = bus.map { InvalidationLink(bus: $0, node: randomness.next()) }
    }

    var isShutDown: Bool { shutDownFlag.load(ordering: .relaxed) }

    func enter(_ cache: any CacheReporting) {
        state.withLock { state in
            precondition(state.caches[cache.name] == nil, "there are two caches named \(cache.name)")
            precondition(state.caches.count < Bounds.caches, "there are more than \(Bounds.caches) caches")
            state.caches[cache.name] = cache
        }
    }

    /// Drops every value with one of `tags` in `tenant`, or with `nil` in all tenants, and fences out running loads.
    ///
    /// To be called after the commit and before the write returns. When it returns no caller of this process gets an
    /// older value; the other nodes are told over the bus.
    public func invalidate(tags: some Collection<String> & Sendable, for tenant: Tenant?) async {
        guard !tags.isEmpty else { return }
        fences.invalidate(tags, for: tenant)
        await link?.publish(Array(tags), for: tenant)
    }

    /// The statistics of every cache, by name.
    public var statistics: [CacheStatistics] {
        state.withLock { Array($0.caches.values) }.map(\.statistics).sorted { $0.name < $1.name }
    }

    /// Invalidations that could not be sent to the other nodes, which keep old values until their time to live ends.
    public var invalidationsUnsent: Int { link?.unsent ?? 0 }

    /// Applies the invalidations of the other nodes, until the task is cancelled; a service's `run()`.
    public func run() async throws {
        guard let link else { return }
        try await link.run(clock: clock, fences: fences)
    }

    /// Cancels the loads that run and refuses new ones; values that are there are still served.
    public func shutDown() {
        shutDownFlag.store(true, ordering: .relaxed)
        for cache in state.withLock({ Array($0.caches.values) }) { cache.cancelLoads() }
    }
}

/// What the registry knows of a cache.
protocol CacheReporting: Sendable {
    var name: String { get }
    var statistics: CacheStatistics { get }
    func cancelLoads()
}

extension CacheRegistry: CommitObserver {
    /// Drops what the committed transaction invalidated.
    public func committed(_ effects: [CommitEffect], for tenant: Tenant?) async {
        var tags: [String] = []
        for effect in effects {
            switch effect {
            case .invalidate(let tag): tags.append(tag)
            case .wrote: continue
            }
        }
        guard !tags.isEmpty else { return }
        await invalidate(tags: tags, for: tenant)
    }
}
