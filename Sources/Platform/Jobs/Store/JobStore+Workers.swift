import Base
import Storage

/// What a worker learns with a sign of life.
struct Beat: Sendable {
    /// Signs of life of all workers, itself included.
    var workers: [ID<Worker>: Int] = [:]
    /// Its own jobs that somebody has cancelled.
    var cancelled: [JobKey] = []
    /// Lanes on which nothing is begun.
    var paused: Set<JobLane> = []
    /// What a worker that has nothing to do is told beside it; `nil` when it did not ask.
    var rest: Rest?

    /// Whether a look would find anything.
    struct Rest: Sendable, Hashable {
        /// Whether any queue has a job.
        let hasJobs: Bool
        /// When the first job that waits for its time is due.
        let nextDue: Timestamp?
    }
}

/// Workers and their leases.
///
/// A lease has no time in it: a worker raises a number, and whoever sees the number stand still for long enough by its
/// own clock may declare the worker dead. Clocks of different machines are never compared.
extension JobStore {
    func register(_ worker: ID<Worker>, name: String) async throws {
        try await writer.execute(
            "job.register",
            """
            INSERT INTO job_workers (id, name, beats, started_at) VALUES (\(worker), \(name), 0, \(clock.now()))
            """)
    }

    /// Gives a sign of life; `nil` when the worker was declared dead.
    ///
    /// A worker that rests, having nothing to do, asks with the same statement whether that is still so, in place of
    /// looks of its own.
    func beat(_ worker: ID<Worker>, isResting: Bool = false) async throws -> Beat? {
        let (hex, join): (SQL, (SQL) -> SQL) =
            isPostgres
            ? ("encode(uuid_send(", { "string_agg(\(sql: $0), ',')" }) : ("", { "group_concat(\(sql: $0), ',')" })
        func name(_ column: SQL) -> SQL {
            isPostgres ? "\(sql: hex)\(sql: column)), 'hex')" : "lower(hex(\(sql: column)))"
        }
        let rest: SQL =
            isResting
            ? """
            , (SELECT count(*) FROM (SELECT 1 FROM job_queue ORDER BY tenant_id, queue, id LIMIT 1) q),
                (SELECT min(due_at) FROM job_later WHERE due_at IS NOT NULL)
            """ : ""
        let text: SQL = """
            UPDATE job_workers SET beats = beats + 1 WHERE id = \(worker) RETURNING
                (SELECT \(sql: join("\(sql: name("w.id")) || ' ' || w.beats")) FROM job_workers w),
                (SELECT \(sql: join("\(sql: name("r.tenant_id")) || ' ' || \(sql: name("r.id"))")) FROM job_runs r
                    WHERE r.worker_id = \(worker) AND r.cancelled_at IS NOT NULL),
                (SELECT \(sql: join("p.lane || ' '")) FROM job_pauses p)\(sql: rest)
            """
        guard isResting else {
            return try await writer.returningPerRow(BeatRow.self, "job.beat", text, rows: 1).first?.beat
        }
        return try await writer.returningPerRow(RestingRow.self, "job.beatResting", text.replanned, rows: 1).first?.beat
    }

    /// Takes a dead worker's jobs from it, once: of several who try, one does.
    ///
    /// - Parameters:
    ///   - worker: The one that has given no sign of life.
    ///   - rules: How often each kind may be attempted: a job that ends every worker that takes it must end too.
    ///   - period: Of the tables of ended jobs.
    /// - Returns: Where its jobs wait now, and how many there were; `nil` when another was faster.
    /// - Throws: Errors of storage.
    func recover(
        _ worker: ID<Worker>, rules: [String: JobRule], period: Duration
    ) async throws -> (hints: [WakeHint], count: Int)? {
        try await write { transaction in
            let gone = try await transaction.execute(
                "job.bury", "DELETE FROM job_workers WHERE id = \(worker)")
            guard gone == 1 else { return nil }
            var hints: [WakeHint] = []
            var count = 0
            while true {
                let jobs = try await transaction.returning(
                    TakenJob.self, "job.orphans",
                    """
                    DELETE FROM job_runs WHERE (tenant_id, id) IN (
                        SELECT tenant_id, id FROM job_runs WHERE worker_id = \(worker) LIMIT 1000)
                    RETURNING \(sql: TakenJob.columns)
                    """, limit: 1_000)
                guard !jobs.isEmpty else { break }
                count += jobs.count
                hints += try await recover(jobs, rules: rules, period: period, through: transaction)
            }
            try await transaction.execute("job.orphanSlots", "DELETE FROM job_slots WHERE worker_id = \(worker)")
            return (hints, count)
        }
    }

    private func recover(
        _ jobs: [TakenJob], rules: [String: JobRule], period: Duration, through transaction: WriteTransaction
    ) async throws -> [WakeHint] {
        var queued: [QueuedRow] = []
        var dead: [(job: TakenJob, attempts: Int, reason: String)] = []
        for job in jobs {
            // Lost attempts count, or a job that kills its worker would go on for ever.
            if job.attempts + 1 >= rules[job.queue.kind]?.attemptsMax ?? .max {
                dead.append((job, job.attempts + 1, "its worker died at the last attempt"))
            } else {
                queued.append(QueuedRow(job, queue: job.queue.again, attempts: job.attempts + 1))
            }
        }
        try await insertQueued(queued, through: transaction)
        try await insertFailures(dead, through: transaction)
        let ended = dead.map { EndedJob(job: $0.job, state: .failed) }
        return try await follow(ended, period: period, through: transaction) + queued.map(\.hint)
    }

    /// Says that a worker has ended well; it has no jobs any more.
    func unregister(_ worker: ID<Worker>) async throws {
        try await writer.execute("job.unregister", "DELETE FROM job_workers WHERE id = \(worker)")
    }
}

private struct BeatRow: RowDecodable {
    var beat = Beat()

    init(row: SQLRow) throws(StorageError) {
        func entries(_ column: Int) throws(StorageError) -> [[Substring]] {
            let text: String = try row.optional(at: column) ?? ""
            return text.split(separator: ",").map { $0.split(separator: " ") }
        }
        for entry in try entries(0) {
            guard entry.count == 2, let id = ID<Worker>(hex: entry[0]), let beats = Int(entry[1]) else { continue }
            beat.workers[id] = beats
        }
        for entry in try entries(1) {
            guard entry.count == 2, let tenant = ID<Tenant>(hex: entry[0]), let id = ID<Job>(hex: entry[1]) else {
                continue
            }
            beat.cancelled.append(JobKey(tenant: Tenant(tenant), id: id))
        }
        for entry in try entries(2) {
            if let lane = entry.first.flatMap({ Int($0) }).flatMap(JobLane.init(rawValue:)) { beat.paused.insert(lane) }
        }
    }
}

private struct RestingRow: RowDecodable {
    var beat: Beat

    init(row: SQLRow) throws(StorageError) {
        beat = try BeatRow(row: row).beat
        beat.rest = Beat.Rest(hasJobs: try row.value(at: 3, as: Int.self) > 0, nextDue: try row.optional(at: 4))
    }
}

extension ID {
    /// Reads 32 hexadecimal digits.
    fileprivate init?(hex text: Substring) {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}
