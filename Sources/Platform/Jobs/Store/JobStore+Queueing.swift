import Base
import Storage

/// A job on its way back into a queue.
struct QueuedRow: Sendable {
    let job: TakenJob
    let queue: QueueName
    let attempts: Int

    init(_ job: TakenJob, queue: QueueName, attempts: Int) {
        self.job = job
        self.queue = queue
        self.attempts = attempts
    }

    var hint: WakeHint { WakeHint(tenant: job.tenant, queue: queue, first: job.id) }
}

/// A job on its way to a later time.
struct LaterRow: Sendable {
    let job: TakenJob
    let attempts: Int
    let dueAt: Timestamp
    let error: String

    var hint: WakeHint { WakeHint(tenant: job.tenant, queue: job.queue.again, first: job.id, dueAt: dueAt) }
}

/// An end that is remembered.
struct EndRow: Sendable {
    let job: TakenJob
    let state: JobState
    let attempts: Int
    let takenAt: Timestamp?
    let result: String?
}

/// Rows of jobs that move from table to table.
extension JobStore {
    /// Binds a fragment that names the transaction's tenant where there is one.
    func within(_ scope: Scope, _ column: SQL = "tenant_id") -> SQL {
        if let tenant = scope.tenant { " AND \(sql: column) = \(tenant)" } else { "" }
    }

    func insertQueued(_ rows: [QueuedRow], through transaction: WriteTransaction) async throws {
        guard !rows.isEmpty else { return }
        let values = SQLRows(
            rows, { $0.job.tenant.id }, { $0.job.id }, { $0.queue.description }, { $0.job.input }, { $0.attempts },
            { $0.job.parent }, { $0.job.key }, { $0.job.ties })
        try await transaction.execute(
            "job.queue",
            """
            WITH v(\(sql: TakenJob.columns)) AS (\(rows: values))
            INSERT INTO job_queue (\(sql: TakenJob.columns))
            SELECT v.* FROM v WHERE true\(sql: within(transaction.scope, "v.tenant_id"))
            """)
    }

    func insertLater(_ rows: [LaterRow], through transaction: WriteTransaction) async throws {
        guard !rows.isEmpty else { return }
        let values = SQLRows(
            rows, { $0.job.tenant.id }, { $0.job.id }, { $0.job.queue.again.description }, { $0.job.input },
            { $0.attempts }, { $0.job.parent }, { $0.job.key }, { $0.job.ties }, { $0.dueAt }, { $0.error })
        try await transaction.execute(
            "job.postpone",
            """
            WITH v(\(sql: TakenJob.columns), due_at, error) AS (\(rows: values))
            INSERT INTO job_later (\(sql: TakenJob.columns), due_at, error, is_parent)
            SELECT v.*, \(false) FROM v WHERE true\(sql: within(transaction.scope, "v.tenant_id"))
            """)
    }

    func insertFailures(
        _ rows: [(job: TakenJob, attempts: Int, reason: String)], through transaction: WriteTransaction
    ) async throws {
        guard !rows.isEmpty else { return }
        let values = SQLRows(
            rows, { $0.job.tenant.id }, { $0.job.id }, { $0.job.queue.description }, { $0.job.input }, { $0.attempts },
            { $0.job.parent }, { $0.job.key }, { $0.job.ties }, { $0.reason })
        try await transaction.execute(
            "job.bury",
            """
            WITH v(\(sql: TakenJob.columns), reason) AS (\(rows: values))
            INSERT INTO job_failures (\(sql: TakenJob.columns), reason, failed_at)
            SELECT v.*, \(clock.now()) FROM v WHERE true\(sql: within(transaction.scope, "v.tenant_id"))
            """)
    }

    func insertEnds(_ rows: [EndRow], period: Duration, through transaction: WriteTransaction) async throws {
        guard !rows.isEmpty else { return }
        let now = clock.now()
        let values = SQLRows(
            rows, { $0.job.tenant.id }, { $0.job.id }, { $0.job.queue.description }, { $0.state.rawValue },
            { $0.attempts }, { $0.takenAt }, { $0.result })
        try await transaction.execute(
            "job.remember",
            """
            WITH v(tenant_id, id, queue, state, attempts, taken_at, result) AS (\(rows: values))
            INSERT INTO \(raw: Self.endTable(at: now, period: period))
                (tenant_id, id, queue, state, attempts, taken_at, result, ended_at)
            SELECT v.*, \(now) FROM v WHERE true\(sql: within(transaction.scope, "v.tenant_id"))
            ON CONFLICT (tenant_id, id) DO NOTHING
            """)
    }
}

extension TakenJob {
    /// Tells others that a limit of this job's kind has room: no job has come, but one that waits may begin.
    var freeHint: WakeHint { WakeHint(tenant: tenant, queue: queue, first: id, dueAt: .never) }
}
