import Base
public import Storage

/// A job that has come to an end.
struct EndedJob: Sendable {
    let job: TakenJob
    let state: JobState
}

/// What follows from a job's end for others: keys, parents, and who comes after it.
extension JobStore {
    private enum Bounds {
        /// How long a chain of cancellations may be within one transaction; the rest is found by the next look.
        static let chain = 100
        static let waiters = 4_000
    }

    /// Gives keys free, counts children, releases or cancels who waited.
    func follow(
        _ ended: [EndedJob], period: Duration, through transaction: WriteTransaction
    ) async throws -> [WakeHint] {
        try await giveKeys(of: ended.map(\.job), through: transaction)
        var candidates = try await countChildren(ended, through: transaction)
        var done = ended.filter { $0.state == .done && $0.job.ties != 0 }.map(\.job)
        var cancelled = ended.filter { $0.state == .cancelled && $0.job.ties != 0 }.map(\.job)
        candidates += try await unlink(done, through: transaction)
        done = []
        for _ in 0..<Bounds.chain where !cancelled.isEmpty {
            let waiters = try await unlink(cancelled, through: transaction)
            let victims = try await cancelWaiting(waiters, period: period, through: transaction)
            candidates += try await countChildren(
                victims.map { EndedJob(job: $0, state: .cancelled) }, through: transaction)
            try await giveKeys(of: victims, through: transaction)
            cancelled = victims.filter { $0.ties != 0 }
        }
        return try await release(candidates, through: transaction)
    }

    func giveKeys(of jobs: [TakenJob], through transaction: WriteTransaction) async throws {
        struct Held {
            let job: TakenJob
            let key: String
        }
        let held = jobs.compactMap { job in job.key.map { Held(job: job, key: $0) } }
        guard !held.isEmpty else { return }
        let values = SQLRows(held, { $0.job.tenant.id }, { $0.job.queue.kind }, { $0.key }, { $0.job.id })
        try await transaction.execute(
            "job.giveKeys",
            """
            DELETE FROM job_keys
            WHERE (tenant_id, kind, key, job_id) IN (\(rows: values))\(sql: within(transaction.scope))
            """)
    }

    /// Adds ends to the parents' counts, parents in order, so that two workers cannot wait for each other; returns those
    /// whose children have all ended.
    private func countChildren(
        _ ended: [EndedJob], through transaction: WriteTransaction
    ) async throws -> [JobKey] {
        var counts: [JobKey: JobCounts] = [:]
        for end in ended {
            guard let parent = end.job.parent else { continue }
            let key = JobKey(tenant: end.job.tenant, id: parent)
            counts[key, default: JobCounts()].done += end.state == .done ? 1 : 0
            counts[key, default: JobCounts()].failed += end.state == .failed ? 1 : 0
            counts[key, default: JobCounts()].cancelled += end.state == .cancelled ? 1 : 0
        }
        var complete: [JobKey] = []
        for (parent, count) in counts.sorted(by: { ($0.key.tenant.id, $0.key.id) < ($1.key.tenant.id, $1.key.id) }) {
            let left = try await transaction.returning(
                Single<Int>.self, "job.countChildren",
                """
                UPDATE job_parents SET done = done + \(count.done), failed = failed + \(count.failed),
                    cancelled = cancelled + \(count.cancelled)
                WHERE tenant_id = \(parent.tenant) AND id = \(parent.id)
                RETURNING total - done - failed - cancelled
                """, limit: 1)
            if left.first?.value == 0 { complete.append(parent) }
        }
        return complete
    }

    /// Removes what waits for these jobs to end and returns who waited.
    private func unlink(_ jobs: [TakenJob], through transaction: WriteTransaction) async throws -> [JobKey] {
        guard !jobs.isEmpty else { return [] }
        let keys = SQLRows(jobs, { $0.tenant.id }, { $0.id })
        return try await transaction.returning(
            JobKey.self, "job.unlink",
            """
            DELETE FROM job_links WHERE (tenant_id, job_id) IN (\(rows: keys))\(sql: within(transaction.scope))
            RETURNING tenant_id, waiter_id
            """, limit: Bounds.waiters)
    }

    /// Has blocked jobs run that nothing holds back any more.
    func release(_ candidates: [JobKey], through transaction: WriteTransaction) async throws -> [WakeHint] {
        guard !candidates.isEmpty else { return [] }
        let keys = SQLRows(candidates, { $0.tenant.id }, { $0.id })
        let now = clock.now()
        return try await transaction.returning(
            ReleasedJob.self, "job.release",
            """
            UPDATE job_later SET due_at = \(now)
            WHERE due_at IS NULL AND (tenant_id, id) IN (\(rows: keys))\(sql: within(transaction.scope))
                AND (NOT is_parent OR NOT EXISTS (
                    SELECT 1 FROM job_parents p WHERE p.tenant_id = job_later.tenant_id AND p.id = job_later.id
                        AND p.done + p.failed + p.cancelled < p.total))
                AND NOT EXISTS (
                    SELECT 1 FROM job_links l
                    WHERE l.tenant_id = job_later.tenant_id AND l.waiter_id = job_later.id)
            RETURNING tenant_id, id, queue
            """, limit: candidates.count
        ).map { WakeHint(tenant: $0.key.tenant, queue: $0.queue, first: $0.key.id, dueAt: now) }
    }

    /// Cancels jobs that wait for their time or for others.
    func cancelWaiting(
        _ waiters: [JobKey], period: Duration, through transaction: WriteTransaction
    ) async throws -> [TakenJob] {
        guard !waiters.isEmpty else { return [] }
        let keys = SQLRows(waiters, { $0.tenant.id }, { $0.id })
        let gone = try await transaction.returning(
            TakenJob.self, "job.cancelLater",
            """
            DELETE FROM job_later WHERE (tenant_id, id) IN (\(rows: keys))\(sql: within(transaction.scope))
            RETURNING \(sql: TakenJob.columns)
            """, limit: waiters.count)
        try await transaction.execute(
            "job.cancelLinks",
            "DELETE FROM job_links WHERE (tenant_id, waiter_id) IN (\(rows: keys))\(sql: within(transaction.scope))")
        try await insertEnds(
            gone.map { EndRow(job: $0, state: .cancelled, attempts: $0.attempts, takenAt: nil, result: nil) },
            period: period, through: transaction)
        return gone
    }

    /// How a parent's children ended.
    func children(of parent: ID<Job>, tenant: Tenant) async throws -> JobCounts {
        try await storage.reader(for: tenant).first(
            JobCounts.self, "job.children",
            """
            SELECT total, done, failed, cancelled FROM job_parents WHERE tenant_id = \(tenant) AND id = \(parent)
            """) ?? JobCounts()
    }
}

extension JobCounts: RowDecodable {
    /// Reads a row of a parent's counts.
    public init(row: SQLRow) throws(StorageError) {
        self.init(
            total: try row.value(at: 0), done: try row.value(at: 1), failed: try row.value(at: 2),
            cancelled: try row.value(at: 3))
    }
}

extension JobKey: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(tenant: Tenant(try row.value(at: 0)), id: try row.value(at: 1))
    }
}

private struct ReleasedJob: RowDecodable {
    let key: JobKey
    let queue: QueueName

    init(row: SQLRow) throws(StorageError) {
        key = try JobKey(row: row)
        let text: String = try row.value(at: 2)
        guard let queue = QueueName(text) else {
            throw StorageError(.rowMismatch, "a job is in a queue that is none: \(text)")
        }
        self.queue = queue
    }
}
