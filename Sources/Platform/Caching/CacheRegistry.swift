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

    /// Where loads run.
    ///
    /// `nil` is where all tasks do; simulations run them one at a time.
    let executor: (any TaskExecutor)?
    let shared: SharedStore?

    /// Makes a registry without caches.
    ///
    /// - Parameters:
    ///   - clock: measures times to live and deadlines.
    ///   - randomness: shortens times to live, and names this node on the bus.
    ///   - bus: carries invalidations to the other nodes; `nil` when there are none. Needs ``run()``.
    ///   - shared: the layer that the nodes share, for caches with ``CacheOptions/shared``; `nil` when there is none.
    public convenience init(
        clock: any WallClock, randomness: any Randomness, bus: (any Bus)? = nil, shared: (any SharedCache)? = nil
    ) {
        self.init(clock: clock, randomness: randomness, bus: bus, shared: shared, executor: nil)
    }

    init(
        clock: any WallClock, randomness: any Randomness, bus: (any Bus)?, shared: (any SharedCache)?,
        executor: (any TaskExecutor)?
    ) {
        self.clock = clock
        self.randomness = randomness
        self.executor = executor
        self.shared = shared.map { SharedStore($0, clock: clock) }
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
        // In this order: a node that has dropped its value must not find the old one in the shared store. What this
        // node reads there before its own fence is raised is dropped by that fence.
        await shared?.invalidate(tags.map { SharedNames.name($0, of: tenant) })
        fences.invalidate(tags, for: tenant)
        await link?.publish(Array(tags), for: tenant)
    }

    /// The statistics of every cache, by name.
    public var statistics: [CacheStatistics] {
        state.withLock { Array($0.caches.values) }.map(\.statistics).sorted { $0.name < $1.name }
    }

    /// Invalidations that could not be sent to the other nodes, which keep old values until their time to live ends.
    public var invalidationsUnsent: Int { link?.unsent ?? 0 }

    /// How the layer does that the nodes share; `nil` where there is neither a shared store nor a bus.
    public var sharedStatus: SharedLayerStatus? {
        guard shared != nil || link != nil else { return nil }
        return SharedLayerStatus(
            isReachable: shared?.isReachable ?? true, failures: shared?.failures ?? 0,
            invalidationsPending: shared?.pendingCount ?? 0, isCutOff: link?.isCutOff ?? false,
            doubts: link?.doubts ?? 0)
    }

    /// Applies the invalidations of the other nodes, tells them that this one lives, and sends again what the shared
    /// store did not take, until the task is cancelled; a service's `run()`.
    public func run() async throws {
        try await withThrowingTaskGroup { group in
            if let link {
                group.addTask { try await link.listen(clock: self.clock, fences: self.fences) }
                group.addTask { try await link.beat(clock: self.clock, fences: self.fences) }
            }
            if let shared {
                group.addTask { try await shared.settle() }
            }
            try await group.waitForAll()
        }
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
