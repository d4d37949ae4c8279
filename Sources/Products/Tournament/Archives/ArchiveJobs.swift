import Base
import Jobs
import Storage
import Telemetry

/// Looks once a day for months that are old enough to leave the tables, and for files whose time is over.
struct ArchiveJobs: Sendable {
    enum Bounds {
        /// Steps of one kind and tenant in a look; the next look goes on.
        static let steps = 10_000
        /// Pause between two steps, in which others write.
        static let pause: Duration = .milliseconds(20)
    }

    let steps: ArchiveSteps

    static let archive = JobKind<NoJobInput>(
        "tournament.archive.write", lane: .bulk, attemptsMax: 3, timeout: .seconds(6 * 3_600),
        unique: .whilePendingOrRunning)

    var handlers: [JobHandler] { [Self.archive.handler { _, context in try await look(context) }] }

    static let schedules = [
        JobSchedule("tournament.archive.write", cron: "20 2 * * *", archive, NoJobInput())
    ]

    /// Does what is due in all tenants; what fails in one is told, and tried again with the job.
    func look(_ context: JobContext) async throws {
        let tenants = try await steps.store.tenants()
        var failure: (any Error)?
        for (number, tenant) in tenants.enumerated() {
            try Task.checkCancellation()
            do {
                try await archive(tenant)
            } catch {
                tell(error)
                failure = failure ?? error
            }
            try await context.progress(number + 1, of: tenants.count)
        }
        if let failure { throw failure }
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
