import Base
import Storage

/// What becomes of a job that a worker had.
struct JobEnd: Sendable {
    enum Fate: Sendable, Hashable {
        case done(result: String?)
        case failed(reason: String)
        case cancelled
        /// To be tried again; what does not count was the other side's wish.
        case retry(at: Timestamp, reason: String, counts: Bool)
        /// The worker could not begin or finish it.
        case released
    }

    let job: TakenJob
    let fate: Fate
    /// Whether a good end is remembered.
    let isKept: Bool
    /// Whether it holds slots of limits.
    var hasSlots = false

    /// Whether the end concerns nothing but the job.
    var isPlain: Bool {
        guard job.parent == nil, job.key == nil, job.ties == 0, !hasSlots else { return false }
        switch fate {
        case .done, .cancelled: return true
        case .failed, .retry, .released: return false
        }
    }
}

/// What an end has led to.
struct Settlement: Sendable {
    /// Jobs that were not the worker's any more.
    var lost: [JobKey] = []
    /// Where jobs have come into a queue or will.
    var hints: [WakeHint] = []
    /// Jobs whose keys and slots others may have now.
    var freed: [TakenJob] = []
}

/// Ending jobs: all of these are refused to a worker that has lost them.
extension JobStore {
    /// Ends jobs that concern nobody else, in one statement on PostgreSQL.
    func settlePlain(_ ends: [JobEnd], worker: ID<Worker>, period: Duration) async throws -> Settlement {
        guard !ends.isEmpty else { return Settlement() }
        guard isPostgres else {
            return try await write { transaction in
                try await settle(ends, worker: worker, period: period, through: transaction)
            }
        }
        let values = SQLRows(
            ends, { $0.job.tenant.id }, { $0.job.id }, { $0.state.rawValue }, { $0.result }, { $0.isKept })
        let now = clock.now()
        // The comparison with the worker is one that no index serves: the index by worker leads past all the dead rows of
        // what the worker has ended so far.
        let text: SQL = """
            WITH v(tenant_id, id, state, result, is_kept) AS (\(rows: values)),
            gone AS (
                DELETE FROM job_runs r USING v
                WHERE r.tenant_id = v.tenant_id AND r.id = v.id AND r.worker_id IS NOT DISTINCT FROM \(worker)
                RETURNING r.tenant_id, r.id, r.queue, r.attempts, r.taken_at, v.state, v.result, v.is_kept),
            kept AS (
                INSERT INTO \(raw: Self.endTable(at: now, period: period))
                    (tenant_id, id, queue, state, attempts, taken_at, result, ended_at)
                SELECT tenant_id, id, queue, state, attempts + 1, taken_at, result, \(now) FROM gone WHERE is_kept
                ON CONFLICT (tenant_id, id) DO NOTHING)
            SELECT v.id FROM v WHERE NOT EXISTS (
                SELECT 1 FROM gone g WHERE g.tenant_id = v.tenant_id AND g.id = v.id)
            """
        let lost = Set(
            try await writer.returningPerRow(Single<ID<Job>>.self, "job.finish", text.replanned, rows: ends.count)
                .map(\.value))
        guard !lost.isEmpty else { return Settlement() }
        return Settlement(
            lost: ends.filter { lost.contains($0.job.id) }.map { JobKey(tenant: $0.job.tenant, id: $0.job.id) })
    }

    /// Ends jobs of any fate, with everything that follows from it.
    func settle(_ ends: [JobEnd], worker: ID<Worker>, period: Duration) async throws -> Settlement {
        guard !ends.isEmpty else { return Settlement() }
        return try await write { transaction in
            try await settle(ends, worker: worker, period: period, through: transaction)
        }
    }

    /// Locks a job that a worker has, until the transaction ends; `false` when it has lost it, or is to stop.
    func hold(_ job: TakenJob, worker: ID<Worker>, through transaction: WriteTransaction) async throws -> Bool {
        let lock: SQL = isPostgres ? " FOR UPDATE" : ""
        return try await transaction.returning(
            Single<ID<Job>>.self, "job.hold",
            """
            SELECT id FROM job_runs WHERE tenant_id = \(job.tenant) AND id = \(job.id) AND worker_id = \(worker)
                AND cancelled_at IS NULL\(sql: lock)
            """, limit: 1
        ).first != nil
    }

    /// Ends one job within its own transaction, before whatever else that does: the fence.
    func end(
        _ job: TakenJob, worker: ID<Worker>, result: String?, isKept: Bool, hasSlots: Bool, period: Duration,
        through transaction: WriteTransaction
    ) async throws -> Settlement {
        let end = JobEnd(job: job, fate: .done(result: result), isKept: isKept, hasSlots: hasSlots)
        let settlement = try await settle([end], worker: worker, period: period, through: transaction)
        guard settlement.lost.isEmpty else {
            throw JobsError(
                .leaseLost, "a job of \(job.queue.kind) was to be completed by a worker that does not have it any more")
        }
        return settlement
    }

    func settle(
        _ ends: [JobEnd], worker: ID<Worker>, period: Duration, through transaction: WriteTransaction
    ) async throws -> Settlement {
        let keys = SQLRows(ends, { $0.job.tenant.id }, { $0.job.id })
        let gone = try await transaction.returning(
            GoneRun.self, "job.end",
            """
            DELETE FROM job_runs
            WHERE (tenant_id, id) IN (\(rows: keys)) AND worker_id = \(worker)\(sql: within(transaction.scope))
            RETURNING tenant_id, id, taken_at
            """, limit: ends.count)
        let takenAt = Dictionary(gone.map { ($0.key, $0.takenAt) }) { first, _ in first }
        var settlement = Settlement()
        var own: [JobEnd] = []
        for end in ends {
            let key = JobKey(tenant: end.job.tenant, id: end.job.id)
            if takenAt[key] == nil { settlement.lost.append(key) } else { own.append(end) }
        }
        guard !own.isEmpty else { return settlement }
        try await move(own, takenAt: takenAt, period: period, settlement: &settlement, through: transaction)
        try await untie(own, period: period, settlement: &settlement, through: transaction)
        return settlement
    }

    /// Puts each job where its fate leads it.
    private func move(
        _ ends: [JobEnd], takenAt: [JobKey: Timestamp], period: Duration, settlement: inout Settlement,
        through transaction: WriteTransaction
    ) async throws {
        var queued: [QueuedRow] = []
        var later: [LaterRow] = []
        var failures: [(job: TakenJob, attempts: Int, reason: String)] = []
        var rows: [EndRow] = []
        for end in ends {
            let job = end.job
            switch end.fate {
            case .released: queued.append(QueuedRow(job, queue: job.queue.again, attempts: job.attempts))
            case .retry(let at, let reason, let counts):
                later.append(
                    LaterRow(job: job, attempts: job.attempts + (counts ? 1 : 0), dueAt: at, error: reason))
            case .failed(let reason): failures.append((job, job.attempts + 1, reason))
            case .done, .cancelled:
                guard end.isKept else { continue }
                rows.append(
                    EndRow(
                        job: job, state: end.state, attempts: job.attempts + 1,
                        takenAt: takenAt[JobKey(tenant: job.tenant, id: job.id)], result: end.result))
            }
        }
        try await insertQueued(queued, through: transaction)
        try await insertLater(later, through: transaction)
        try await insertFailures(failures, through: transaction)
        try await insertEnds(rows, period: period, through: transaction)
        settlement.hints += queued.map(\.hint) + later.map(\.hint)
    }

    /// Gives free what the jobs held, counts them at their parents and lets go who waited for them.
    private func untie(
        _ ends: [JobEnd], period: Duration, settlement: inout Settlement, through transaction: WriteTransaction
    ) async throws {
        let slotted = ends.filter(\.hasSlots).map(\.job)
        if !slotted.isEmpty {
            let keys = SQLRows(slotted, { $0.tenant.id }, { $0.id })
            try await transaction.execute(
                "job.giveSlots", "DELETE FROM job_slots WHERE (tenant_id, job_id) IN (\(rows: keys))")
            settlement.freed += slotted
        }
        let ended = ends.compactMap { end -> EndedJob? in
            switch end.fate {
            case .done: EndedJob(job: end.job, state: .done)
            case .failed: EndedJob(job: end.job, state: .failed)
            case .cancelled: EndedJob(job: end.job, state: .cancelled)
            case .retry, .released: nil
            }
        }
        settlement.hints += try await follow(ended, period: period, through: transaction)
    }
}

extension JobEnd {
    var key: JobKey { JobKey(tenant: job.tenant, id: job.id) }
    /// The state of a good end.
    var state: JobState { if case .cancelled = fate { .cancelled } else { .done } }
    var result: String? { if case .done(let result) = fate { result } else { nil } }
}

private struct GoneRun: RowDecodable {
    let key: JobKey
    let takenAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        key = JobKey(tenant: Tenant(try row.value(at: 0)), id: try row.value(at: 1))
        takenAt = try row.value(at: 2)
    }
}
