import Caching
import Coordination
import ServiceLifecycle

/// Listens and tells for as long as the process runs: starts before whatever shares, and stops after it.
struct SharingService: Service {
    let coordination: CoordinationServices
    let caches: CacheRegistry

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await coordination.run() }
                    group.addTask { try await caches.run() }
                    try await group.waitForAll()
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }
}
