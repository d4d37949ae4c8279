import Base
import Jobs
import Storage

extension MediaTaskStore {
    /// Puts a clip's next work in place of whatever was to be done, and enqueues the job that does it.
    ///
    /// - Returns: The job that made the clip ready until now, which has lost it and may be interrupted; `nil` for none.
    @discardableResult
    func plan(
        _ kind: MediaTask.Kind, for clip: ID<Clip>, after delay: Duration? = nil,
        through transaction: WriteTransaction, in tenant: Tenant
    ) async throws(StorageError) -> ID<Job>? {
        let job = try transaction.enqueue(kind.job, clip, after: delay, for: tenant)
        return try await replace(
            kind, for: clip, as: job.cast(to: ID<MediaTask>.self), through: transaction, in: tenant
        )?.cast(to: ID<Job>.self)
    }

    /// Has all files of a maker's clips in a slot cleared, but for those of a winner.
    func clear(
        clipsOf person: ID<Person>, in slot: ID<Slot>, through transaction: WriteTransaction, tenant: Tenant
    ) async throws(StorageError) {
        for clip in try await clearable(of: person, in: slot, through: transaction, tenant: tenant) {
            try await plan(.clear, for: clip, through: transaction, in: tenant)
        }
    }
}

extension MediaTask.Kind {
    /// The kind of job that carries it out: one job finds out and makes.
    fileprivate var job: JobKind<ID<Clip>> {
        switch self {
        case .expect: MediaJobs.expect
        case .probe, .render: MediaJobs.make
        case .clear: MediaJobs.clear
        }
    }
}
