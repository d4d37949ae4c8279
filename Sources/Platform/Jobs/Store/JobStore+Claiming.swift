import Base
import Storage

/// What a worker asks for: jobs of one queue, from a place on.
struct ClaimAsk: Sendable, Hashable {
    let tenant: Tenant
    let queue: QueueName
    /// Nothing before this is there: where the scan begins, so that it meets no dead rows.
    let from: ID<Job>
}

/// Taking jobs.
extension JobStore {
    /// Moves up to `take` jobs of each queue asked for to the worker, the oldest of each first.
    ///
    /// A worker that was declared dead gets none: its row is gone, or is being deleted by who waits for this claim.
    func claim(_ asks: [ClaimAsk], take: Int, worker: ID<Worker>) async throws -> [TakenJob] {
        guard !asks.isEmpty, take > 0 else { return [] }
        if isPostgres {
            return try await writer.returningPerRow(
                TakenJob.self, "job.claim", claimText(asks, take: take, worker: worker), rows: asks.count * take)
        }
        return try await write { transaction in
            try await claim(asks, take: take, worker: worker, through: transaction)
        }
    }

    /// The same in a transaction of the caller's.
    func claim(
        _ asks: [ClaimAsk], take: Int, worker: ID<Worker>, through transaction: WriteTransaction
    ) async throws -> [TakenJob] {
        if isPostgres {
            return try await transaction.returning(
                TakenJob.self, "job.claim", claimText(asks, take: take, worker: worker), limit: asks.count * take)
        }
        var taken: [TakenJob] = []
        for ask in asks {
            taken += try await transaction.returning(
                TakenJob.self, "job.claim",
                """
                DELETE FROM job_queue WHERE rowid IN (
                    SELECT rowid FROM job_queue
                    WHERE tenant_id = \(ask.tenant) AND queue = \(ask.queue.description) AND id >= \(ask.from)
                        AND EXISTS (SELECT 1 FROM job_workers WHERE id = \(worker))
                    ORDER BY id LIMIT \(take))
                RETURNING \(sql: TakenJob.columns)
                """, limit: take)
        }
        try await insertRuns(taken, worker: worker, through: transaction)
        // SQLite returns deleted rows in the order of its own.
        return taken.sorted { ($0.queue, $0.id) < ($1.queue, $1.id) }
    }

    /// The jobs that a worker has, whether it knows of them or not.
    func held(by worker: ID<Worker>, limit: Int) async throws -> [TakenJob] {
        try await reader.list(
            TakenJob.self, "job.held",
            "SELECT \(sql: TakenJob.columns) FROM job_runs WHERE worker_id = \(worker) ORDER BY id", limit: limit)
    }

    /// One statement: the jobs are locked where nobody else has them locked, deleted by their place, and inserted where
    /// they run.
    ///
    /// The limit is a constant of the statement, so that the planner knows how little is wanted.
    private func claimText(_ asks: [ClaimAsk], take: Int, worker: ID<Worker>) -> SQL {
        let values = SQLRows(asks, { $0.tenant.id }, { $0.queue.description }, { $0.from })
        let text: SQL = """
            WITH me AS MATERIALIZED (SELECT id FROM job_workers WHERE id = \(worker) FOR KEY SHARE),
            ask(tenant_id, queue, from_id) AS (\(rows: values)),
            gone AS (
                DELETE FROM job_queue WHERE ctid = ANY(ARRAY(
                    SELECT q.ctid FROM me CROSS JOIN ask a CROSS JOIN LATERAL (
                        SELECT j.ctid FROM job_queue j
                        WHERE j.tenant_id = a.tenant_id AND j.queue = a.queue AND j.id >= a.from_id
                        ORDER BY j.id LIMIT \(take) FOR UPDATE SKIP LOCKED) q))
                RETURNING \(sql: TakenJob.columns))
            INSERT INTO job_runs (\(sql: TakenJob.columns), worker_id, taken_at)
            SELECT \(sql: TakenJob.columns), \(worker), \(clock.now()) FROM gone
            RETURNING \(sql: TakenJob.columns)
            """
        return text.replanned
    }

    private func insertRuns(
        _ jobs: [TakenJob], worker: ID<Worker>, through transaction: WriteTransaction
    ) async throws {
        guard !jobs.isEmpty else { return }
        let values = SQLRows(
            jobs, { $0.tenant.id }, { $0.id }, { $0.queue.description }, { $0.input }, { $0.attempts }, { $0.parent },
            { $0.key }, { $0.ties })
        try await transaction.execute(
            "job.run",
            """
            WITH v(\(sql: TakenJob.columns)) AS (\(rows: values))
            INSERT INTO job_runs (\(sql: TakenJob.columns), worker_id, taken_at)
            SELECT v.*, \(worker), \(clock.now()) FROM v
            """)
    }

    // MARK: Limits

    /// Takes jobs of a queue whose kind may run only so often at once: no more than slots that it gets.
    func claimWithSlots(
        _ ask: ClaimAsk, take: Int, limits: [JobLimit], worker: ID<Worker>
    ) async throws -> [TakenJob] {
        try await write { transaction in
            var free = take
            for limit in limits.sorted(by: { $0.name < $1.name }) {
                guard case .concurrency(let max) = limit.measure else { continue }
                let used: Single<Int> = try await transaction.aggregate(
                    Single<Int>.self, "job.slotsUsed",
                    "SELECT count(*) FROM job_slots WHERE name = \(limit.name) AND key = \(limit.key(for: ask))")
                free = min(free, max - used.value)
            }
            guard free > 0 else { return [] }
            let taken = try await claim([ask], take: free, worker: worker, through: transaction)
            var lucky = Set(taken.map(\.id))
            for limit in limits.sorted(by: { $0.name < $1.name }) {
                guard case .concurrency(let max) = limit.measure else { continue }
                let wanting = taken.filter { lucky.contains($0.id) }
                lucky = try await takeSlots(
                    of: limit, key: limit.key(for: ask), max: max, for: wanting, worker: worker, through: transaction)
            }
            let others = taken.filter { !lucky.contains($0.id) }
            if !others.isEmpty { try await putBack(others, worker: worker, through: transaction) }
            return taken.filter { lucky.contains($0.id) }
        }
    }

    /// Gives each job the lowest free number of the limit; who gets none may not run.
    private func takeSlots(
        of limit: JobLimit, key: String, max: Int, for jobs: [TakenJob], worker: ID<Worker>,
        through transaction: WriteTransaction
    ) async throws -> Set<ID<Job>> {
        guard !jobs.isEmpty else { return [] }
        let values = SQLRows(Array(jobs.enumerated()), { $0.offset + 1 }, { $0.element.tenant.id }, { $0.element.id })
        let got = try await transaction.returning(
            Single<ID<Job>>.self, "job.takeSlots",
            """
            WITH RECURSIVE v(place, tenant_id, id) AS (\(rows: values)),
            numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < \(max)),
            free AS (
                SELECT n, row_number() OVER (ORDER BY n) AS place FROM numbers
                WHERE NOT EXISTS (
                    SELECT 1 FROM job_slots s WHERE s.name = \(limit.name) AND s.key = \(key) AND s.slot = numbers.n))
            INSERT INTO job_slots (name, key, slot, tenant_id, job_id, worker_id)
            SELECT \(limit.name), \(key), f.n, v.tenant_id, v.id, \(worker)
            FROM free f JOIN v ON v.place = f.place WHERE true ORDER BY f.n
            ON CONFLICT (name, key, slot) DO NOTHING RETURNING job_id
            """, limit: jobs.count)
        return Set(got.map(\.value))
    }

    /// Undoes a claim within its transaction.
    private func putBack(
        _ jobs: [TakenJob], worker: ID<Worker>, through transaction: WriteTransaction
    ) async throws {
        let keys = SQLRows(jobs, { $0.tenant.id }, { $0.id })
        try await transaction.execute(
            "job.giveSlots",
            "DELETE FROM job_slots WHERE worker_id = \(worker) AND (tenant_id, job_id) IN (\(rows: keys))")
        try await transaction.execute(
            "job.unclaim", "DELETE FROM job_runs WHERE (tenant_id, id) IN (\(rows: keys))")
        try await insertQueued(jobs.map { QueuedRow($0, queue: $0.queue, attempts: $0.attempts) }, through: transaction)
    }
}

extension JobLimit {
    /// What the limit is counted under for jobs of a queue.
    func key(for ask: ClaimAsk) -> String { key(tenant: ask.tenant, gate: ask.queue.gate) }

    func key(tenant: Tenant, gate: String) -> String {
        switch scope {
        case .key: gate
        case .tenant: tenant.id.description
        case .installation: ""
        }
    }

    var isConcurrency: Bool { if case .concurrency = measure { true } else { false } }
}
