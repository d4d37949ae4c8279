import Base
import Storage

/// What operators and owners do to jobs.
extension JobStore {
    /// Takes dead letters back into their queues, with all attempts before them again; returns where.
    ///
    /// A key that the job held is held again where it is free; where another job has it, both live.
    func retry(_ keys: [JobKey], through transaction: WriteTransaction) async throws -> [WakeHint] {
        let jobs = try await exhume(keys, through: transaction)
        try await insertQueued(
            jobs.map { QueuedRow($0, queue: $0.queue.again, attempts: 0) }, through: transaction)
        try await holdAgain(jobs, through: transaction)
        try await uncountFailures(jobs, through: transaction)
        return jobs.map { WakeHint(tenant: $0.tenant, queue: $0.queue.again, first: $0.id) }
    }

    /// Takes failures that are no more from the parents' counts.
    private func uncountFailures(_ jobs: [TakenJob], through transaction: WriteTransaction) async throws {
        var counts: [JobKey: Int] = [:]
        for job in jobs {
            if let parent = job.parent { counts[JobKey(tenant: job.tenant, id: parent), default: 0] += 1 }
        }
        guard !counts.isEmpty else { return }
        let values = SQLRows(Array(counts), { $0.key.tenant.id }, { $0.key.id }, { $0.value })
        try await transaction.execute(
            "job.uncountFailures",
            """
            WITH v(tenant_id, id, count) AS (\(rows: values))
            UPDATE job_parents SET failed = failed - v.count FROM v
            WHERE job_parents.tenant_id = v.tenant_id AND job_parents.id = v.id\
            \(sql: within(transaction.scope, "job_parents.tenant_id"))
            """)
    }

    private func holdAgain(_ jobs: [TakenJob], through transaction: WriteTransaction) async throws {
        let held = jobs.filter { $0.key != nil }
        guard !held.isEmpty else { return }
        let values = SQLRows(
            held, { $0.tenant.id }, { $0.queue.kind }, { $0.key }, { $0.id }, { _ in Timestamp.never })
        try await transaction.execute(
            "job.holdAgain",
            """
            WITH v(tenant_id, kind, key, job_id, held_until) AS (\(rows: values))
            INSERT INTO job_keys (tenant_id, kind, key, job_id, held_until)
            SELECT v.* FROM v WHERE true\(sql: within(transaction.scope, "v.tenant_id"))
            ON CONFLICT (tenant_id, kind, key) DO NOTHING
            """)
    }

    /// Forgets dead letters; jobs that waited for them are cancelled. Returns how many, and who may run now.
    func discard(
        _ keys: [JobKey], period: Duration, through transaction: WriteTransaction
    ) async throws -> (count: Int, hints: [WakeHint]) {
        let jobs = try await exhume(keys, through: transaction)
        try await insertEnds(
            jobs.map { EndRow(job: $0, state: .cancelled, attempts: $0.attempts, takenAt: nil, result: nil) },
            period: period, through: transaction)
        // Their parents have counted them as failed, which they remain.
        let hints = try await follow(
            jobs.map { EndedJob(job: $0.withoutParent, state: .cancelled) }, period: period, through: transaction)
        return (jobs.count, hints)
    }

    private func exhume(_ keys: [JobKey], through transaction: WriteTransaction) async throws -> [TakenJob] {
        guard !keys.isEmpty else { return [] }
        let values = SQLRows(keys, { $0.tenant.id }, { $0.id })
        return try await transaction.returning(
            TakenJob.self, "job.exhume",
            """
            DELETE FROM job_failures WHERE (tenant_id, id) IN (\(rows: values))\(sql: within(transaction.scope))
            RETURNING \(sql: TakenJob.columns)
            """, limit: keys.count)
    }

    /// Dead letters of a kind, the oldest first.
    func failed(kind: String?, limit: Int) async throws -> [JobKey] {
        try await reader.list(
            FailedRow.self, "job.failedKeys",
            "SELECT tenant_id, id, queue FROM job_failures ORDER BY failed_at, id", limit: limit
        ).filter { kind == nil || $0.kind == kind }.map(\.key)
    }

    /// What a cancellation has found.
    enum Cancellation: Sendable {
        /// It had not begun and is cancelled.
        case done([WakeHint])
        /// It runs; its worker is told.
        case asked
    }

    /// Cancels a job, wherever it is; `nil` when it has ended or never was.
    func cancel(
        _ key: JobKey, period: Duration, through transaction: WriteTransaction
    ) async throws -> Cancellation? {
        let asked = try await transaction.execute(
            "job.cancelRun",
            """
            UPDATE job_runs SET cancelled_at = \(clock.now())
            WHERE tenant_id = \(key.tenant) AND id = \(key.id) AND cancelled_at IS NULL
            """)
        if asked == 1 { return .asked }
        var gone = try await cancelWaiting([key], period: period, through: transaction)
        if gone.isEmpty, let status = try await queued(key.id, tenant: key.tenant, through: transaction) {
            for isAgain in [false, true] where gone.isEmpty {
                gone = try await cancelQueued(key, status, isAgain: isAgain, through: transaction)
            }
            try await insertEnds(
                gone.map { EndRow(job: $0, state: .cancelled, attempts: $0.attempts, takenAt: nil, result: nil) },
                period: period, through: transaction)
        }
        guard !gone.isEmpty else { return nil }
        return .done(
            try await follow(
                gone.map { EndedJob(job: $0, state: .cancelled) }, period: period, through: transaction))
    }

    private func cancelQueued(
        _ key: JobKey, _ status: JobStatus, isAgain: Bool, through transaction: WriteTransaction
    ) async throws -> [TakenJob] {
        // The gate is not part of what is told of a job: all queues of the kind are looked at, a few rows.
        let prefix = QueueName(
            lane: status.lane, priority: status.priority, isAgain: isAgain, kind: status.kind
        ).description
        return try await transaction.returning(
            TakenJob.self, "job.cancelQueued",
            """
            DELETE FROM job_queue WHERE tenant_id = \(key.tenant) AND id = \(key.id)
                AND queue IN (
                    WITH RECURSIVE names(queue) AS (
                        SELECT min(queue) FROM job_queue WHERE tenant_id = \(key.tenant) AND queue >= \(prefix)
                        UNION ALL
                        SELECT (SELECT min(q.queue) FROM job_queue q
                            WHERE q.tenant_id = \(key.tenant) AND q.queue > n.queue)
                        FROM names n WHERE n.queue IS NOT NULL AND n.queue < \(prefix + "\u{7F}"))
                    SELECT queue FROM names WHERE queue IS NOT NULL)
            RETURNING \(sql: TakenJob.columns)
            """, limit: 1)
    }

    /// Children of a job that have not ended.
    func liveChildren(of parent: ID<Job>, tenant: Tenant, limit: Int) async throws -> [JobKey] {
        try await storage.reader(for: tenant).list(
            JobKey.self, "job.liveChildren",
            """
            SELECT tenant_id, id FROM job_queue WHERE tenant_id = \(tenant) AND parent_id = \(parent)
            UNION ALL SELECT tenant_id, id FROM job_later WHERE tenant_id = \(tenant) AND parent_id = \(parent)
            UNION ALL SELECT tenant_id, id FROM job_runs
                WHERE tenant_id = \(tenant) AND parent_id = \(parent) AND cancelled_at IS NULL
            """, limit: limit)
    }

    // MARK: Lanes

    func pause(_ lane: JobLane) async throws {
        try await storage.writer(bypassingTenant: JobsSchema.operation).execute(
            "job.pause",
            """
            INSERT INTO job_pauses (lane, paused_at) VALUES (\(lane.rawValue), \(clock.now()))
            ON CONFLICT (lane) DO NOTHING
            """)
    }

    func resume(_ lane: JobLane) async throws {
        try await storage.writer(bypassingTenant: JobsSchema.operation).execute(
            "job.resume", "DELETE FROM job_pauses WHERE lane = \(lane.rawValue)")
    }

    func pausedLanes() async throws -> [JobLane] {
        try await storage.reader(bypassingTenant: JobsSchema.operation).list(
            Single<Int>.self, "job.pauses", "SELECT lane FROM job_pauses ORDER BY lane", limit: 10
        ).compactMap { JobLane(rawValue: $0.value) }
    }
}

extension TakenJob {
    var withoutParent: TakenJob {
        TakenJob(
            tenant: tenant, id: id, queue: queue, input: input, attempts: attempts, parent: nil, key: key, ties: ties)
    }
}

private struct FailedRow: RowDecodable {
    let key: JobKey
    let kind: String

    init(row: SQLRow) throws(StorageError) {
        key = try JobKey(row: row)
        let text: String = try row.value(at: 2)
        kind = QueueName(text)?.kind ?? ""
    }
}
