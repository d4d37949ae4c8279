import Caching
import Coordination
import Limits
import ServiceLifecycle

/// Listens, tells, and carries tokens for as long as the process runs: starts before whatever shares, and stops after it.
struct SharingService: Service {
    private let coordination: CoordinationServices
    private let caches: CacheRegistry
    private let limits: LimitRegistry
    private let roster: NodeRoster

    /// Shares among `nodes` processes at least.
    init(_ coordination: CoordinationServices, nodes: Int, for services: ProductServices) {
        self.coordination = coordination
        caches = services.caches
        limits = services.limits
        roster = NodeRoster(
            bus: coordination.bus, clock: services.clock, randomness: services.randomness, expected: nodes
        ) { [limits = services.limits] in limits.share(among: $0) }
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await coordination.run() }
                    group.addTask { try await caches.run() }
                    group.addTask { await limits.run() }
                    group.addTask { try await roster.run() }
                    try await group.waitForAll()
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }
}
