import Base
import ServiceLifecycle
import Storage
import Telemetry

/// Looks once a day for months that are old enough to leave the tables, and for files whose time is over.
struct ArchiveService: Service {
    enum Bounds {
        static let lookEvery: Duration = .seconds(86_400)
        /// Steps of one kind and tenant in a look; the next look goes on.
        static let steps = 10_000
        /// Pause between two steps, in which others write.
        static let pause: Duration = .milliseconds(20)
    }

    let steps: ArchiveSteps

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await look()
                // Cancellation ends the loop, which is what it asks for.
                try? await steps.clock.sleep(for: Bounds.lookEvery)
            }
        }
    }

    /// Does what is due in all tenants; what fails in one is told, and tried again at the next look.
    func look() async {
        do {
            for tenant in try await steps.store.tenants() {
                do {
                    try await archive(tenant)
                } catch is CancellationError {
                    return
                } catch {
                    tell(error)
                }
            }
        } catch {
            tell(error)
        }
    }

    /// Does what is due in a tenant.
    func archive(_ tenant: Tenant) async throws {
        for kind in Archive.Kind.allCases {
            for _ in 0..<Bounds.steps {
                guard try await steps.step(kind, in: tenant) == .more else { break }
                try await steps.clock.sleep(for: Bounds.pause)
            }
        }
        try await steps.expire(in: tenant)
    }

    private func tell(_ error: any Error) {
        let code = (error as? any CodedError).map { $0.code.rawValue } ?? "unknown"
        steps.events.record(.fairnessFailed, ["duty": "archives", "code": .text(code)])
    }
}
