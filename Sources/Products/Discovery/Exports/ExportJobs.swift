import Base
import Jobs
import Storage

/// Files that are made beside requests, and their end.
enum ExportJobs {
    static let write = JobKind<ID<Export>>(
        "discovery.export.write", lane: .bulk, attemptsMax: 10, timeout: .seconds(3_600), unique: .whilePending)
    static let expire = JobKind<NoJobInput>("discovery.export.expire", lane: .bulk, timeout: .seconds(600))

    static let schedules = [
        JobSchedule("discovery.export.expire", cron: "0 3 * * *", expire, NoJobInput())
    ]

    /// How they are handled.
    static func handlers(_ desk: ExportDesk) -> [JobHandler] {
        [
            write.handler { id, context in
                do {
                    _ = try await desk.write(id, in: context.tenant, isCancelled: { context.isCancelled }) {
                        try await context.progress($0, of: $1)
                    }
                } catch is CancellationError {
                    throw CancellationError()
                } catch  where context.isLastAttempt {
                    try await desk.giveUp(id, in: context.tenant)
                    throw error
                }
            },
            expire.handler { _, _ in
                // A thousand at a time, so that a long sweep can be interrupted between them.
                for _ in 0..<100 where try await desk.steps.expire() == 1_000 {}
            },
        ]
    }
}
