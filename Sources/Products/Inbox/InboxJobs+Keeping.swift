import Base
import Jobs
import Storage

/// What is done so that nothing is kept longer than it should be.
extension InboxJobs {
    /// Deletes what a company keeps no longer, a step at a time.
    static let retention = JobKind<NoJobInput>(
        "inbox.retention", lane: .bulk, attemptsMax: 10, timeout: .seconds(120), unique: .whilePending, isKept: false)
    /// Deletes files that nothing leads to, a step at a time.
    static let sweepFiles = JobKind<FileSweepDesk.Place>(
        "inbox.file.sweep", lane: .bulk, attemptsMax: 10, timeout: .seconds(300), unique: .whilePending, isKept: false)

    /// Writes the files of an export, some parts at a time.
    static let export = JobKind<ID<Export>>(
        "inbox.export.write", lane: .bulk, attemptsMax: 10, timeout: .seconds(600), unique: .whilePending)

    static func export(_ id: ID<Export>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(export, id, key: id.description)
    }

    static func retention(
        after rest: Duration? = nil, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(retention, NoJobInput(), key: "step", after: rest)
    }

    static func sweepFiles(_ place: FileSweepDesk.Place, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(sweepFiles, place, key: "step")
    }

    static var keepingSchedules: [JobSchedule] {
        [
            JobSchedule("inbox.retention", cron: "15 3 * * *", retention, NoJobInput(), audience: .eachTenant),
            JobSchedule(
                "inbox.file.sweep", cron: "45 3 * * *", sweepFiles, FileSweepDesk.Place.uploads,
                audience: .eachTenant),
        ]
    }

    static func keepingHandlers(_ office: Office) -> [JobHandler] {
        [
            retention.handler { [desk = office.retention] _, context in try await desk.step(in: context.tenant) },
            sweepFiles.handler { [desk = office.fileSweep] place, context in
                try await desk.step(place, in: context.tenant)
            },
            export.handler { [steps = office.exports.steps] id, context in
                do {
                    try await steps.step(id, in: context.tenant, isCancelled: { context.isCancelled })
                } catch is CancellationError {
                    throw CancellationError()
                } catch let error as ExportSteps.Hopeless {
                    try await steps.giveUp(id, because: error.reason, in: context.tenant)
                    throw JobFailure.permanent(error.reason)
                } catch  where context.isLastAttempt {
                    try await steps.giveUp(
                        id, because: "It could not be written; the queue says why.", in: context.tenant)
                    throw error
                }
            },
        ]
    }
}
