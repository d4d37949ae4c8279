import Base
import Storage

/// The first job of a queue.
struct QueueHead: Sendable, Hashable {
    let tenant: Tenant
    let queue: QueueName
    let first: ID<Job>
}

/// What one look at the tables shows.
struct LookResult: Sendable {
    var heads: [QueueHead] = []
    /// When the next job's time comes.
    var nextDue: Timestamp?
    /// Whether there are queues behind the last head.
    var isCut = false
}

/// Looking for jobs of which no word has come.
extension JobStore {
    enum LookBounds {
        static let heads = 256
    }

    /// The heads of the queues behind one, in the order of tenants and queues, and when the next job is due.
    ///
    /// Leaps from queue to queue: costs as much as there are queues with jobs, whatever waits in them. On PostgreSQL it
    /// costs the dead rows at their beginnings besides, which nobody can remove while an old transaction is open.
    ///
    /// - Parameters:
    ///   - last: Behind which queue; `nil` for all.
    ///   - skipped: Queues that need not be looked into, as their beginnings are known.
    /// - Returns: The heads, at most 256.
    /// - Throws: What the database threw.
    func look(after last: QueueHead?, skipping skipped: [ClaimMachine.Key] = []) async throws -> LookResult {
        let rows = try await reader.list(
            LookRow.self, "job.look",
            lookText(after: last, skipping: skipped).appending(
                """
                 UNION ALL
                SELECT \(Optional<ID<Tenant>>.none), \(Optional<String>.none), \(Optional<ID<Job>>.none),
                    (SELECT min(due_at) FROM job_later WHERE due_at IS NOT NULL)
                """
            ).replanned, limit: LookBounds.heads + 1)
        var result = LookResult()
        for row in rows {
            if let head = row.head { result.heads.append(head) } else { result.nextDue = row.dueAt }
        }
        result.isCut = result.heads.count >= LookBounds.heads
        guard !isPostgres, !skipped.isEmpty else { return result }
        let unwanted = Set(skipped)
        result.heads.removeAll { unwanted.contains(ClaimMachine.Key(tenant: $0.tenant, queue: $0.queue)) }
        return result
    }

    func lookText(after last: QueueHead?, skipping skipped: [ClaimMachine.Key] = []) -> SQL {
        let tenant = last?.tenant.id ?? ID<Tenant>(high: 0, low: 0)
        let queue = last?.queue.description ?? ""
        guard isPostgres else {
            return """
                WITH RECURSIVE heads(tenant_id, queue, id, count) AS (
                    SELECT * FROM (
                        SELECT tenant_id, queue, id, 1 AS count FROM job_queue
                        WHERE (tenant_id, queue) > (\(tenant), \(queue)) ORDER BY tenant_id, queue, id LIMIT 1) first
                    UNION ALL
                    SELECT n.tenant_id, n.queue, n.id, h.count + 1 FROM heads h JOIN job_queue n ON n.rowid = (
                        SELECT q.rowid FROM job_queue q
                        WHERE (q.tenant_id, q.queue) > (h.tenant_id, h.queue)
                        ORDER BY q.tenant_id, q.queue, q.id LIMIT 1) WHERE h.count < \(LookBounds.heads))
                SELECT tenant_id, queue, id, \(Optional<Timestamp>.none) AS due_at FROM heads
                """
        }
        // Behind all queues stands one that is none, so that there is always a next one to stop before.
        let end = ID<Tenant>(high: .max, low: .max)
        let stops = SQLRows(
            skipped.map { ($0.tenant.id, $0.queue.description) } + [(end, "")], { $0.0 }, { $0.1 })
        return """
            WITH RECURSIVE stops(tenant_id, queue) AS (\(rows: stops)),
            heads(tenant_id, queue, id, count) AS (
                SELECT \(tenant), \(queue) COLLATE "C", \(Optional<ID<Job>>.none), 0
                UNION ALL
                SELECT n.tenant_id, n.queue, n.id, h.count + CASE WHEN n.id IS NULL THEN 0 ELSE 1 END
                FROM heads h CROSS JOIN LATERAL (
                    SELECT s.tenant_id, s.queue COLLATE "C" AS queue FROM stops s
                    WHERE (s.tenant_id, s.queue COLLATE "C") > (h.tenant_id, h.queue) ORDER BY 1, 2 LIMIT 1) s
                CROSS JOIN LATERAL (
                    (SELECT q.tenant_id, q.queue, q.id FROM job_queue q
                        WHERE (q.tenant_id, q.queue) > (h.tenant_id, h.queue)
                            AND (q.tenant_id, q.queue) < (s.tenant_id, s.queue)
                        ORDER BY q.tenant_id, q.queue, q.id LIMIT 1)
                    UNION ALL SELECT s.tenant_id, s.queue, \(Optional<ID<Job>>.none)
                    ORDER BY 1, 2 LIMIT 1) n
                WHERE h.count < \(LookBounds.heads))
            SELECT tenant_id, queue, id, \(Optional<Timestamp>.none) AS due_at FROM heads WHERE id IS NOT NULL
            """
    }

    // MARK: Time has come

    /// Moves jobs whose time has come into their queues; returns where, and whether there are more.
    func promote(limit: Int) async throws -> (hints: [WakeHint], isCut: Bool) {
        let now = clock.now()
        let moved: [QueueHead]
        if isPostgres {
            let text: SQL = """
                WITH gone AS (
                    DELETE FROM job_later WHERE ctid = ANY(ARRAY(
                        SELECT l.ctid FROM job_later l WHERE l.due_at <= \(now)
                        ORDER BY l.due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED))
                    RETURNING \(sql: TakenJob.columns))
                INSERT INTO job_queue (\(sql: TakenJob.columns))
                SELECT \(sql: TakenJob.columns) FROM gone RETURNING tenant_id, queue, id
                """
            moved = try await writer.returningPerRow(QueueHead.self, "job.promote", text.replanned, rows: limit)
        } else {
            moved = try await write { transaction in
                let jobs = try await transaction.returning(
                    TakenJob.self, "job.promote",
                    """
                    DELETE FROM job_later WHERE rowid IN (
                        SELECT rowid FROM job_later WHERE due_at <= \(now) ORDER BY due_at LIMIT \(limit))
                    RETURNING \(sql: TakenJob.columns)
                    """, limit: limit)
                try await insertQueued(
                    jobs.map { QueuedRow($0, queue: $0.queue, attempts: $0.attempts) }, through: transaction)
                return jobs.map { QueueHead(tenant: $0.tenant, queue: $0.queue, first: $0.id) }
            }
        }
        var hints: [WakeHint] = []
        for head in moved {
            let hint = WakeHint(tenant: head.tenant, queue: head.queue, first: head.first)
            if let place = hints.lastIndex(where: { $0.isSameHead(as: hint) }) {
                hints[place] = hints[place].earlier(hint)
            } else {
                hints.append(hint)
            }
        }
        return (hints, moved.count == limit)
    }

    /// Releases blocked jobs that nothing holds back, of which word was lost: a parent enqueued while its last child
    /// ended, one without children, one behind a job that its key kept from coming to be.
    ///
    /// - Returns: Where, and the last job looked at; `nil` at the end.
    func releaseForgotten(
        after last: JobKey?, limit: Int
    ) async throws -> (hints: [WakeHint], last: JobKey?) {
        let start = last ?? JobKey(tenant: Tenant(ID(high: 0, low: 0)), id: ID(high: 0, low: 0))
        let blocked = try await reader.list(
            JobKey.self, "job.blocked",
            """
            SELECT tenant_id, id FROM job_later
            WHERE due_at IS NULL AND (tenant_id, id) > (\(start.tenant.id), \(start.id)) ORDER BY tenant_id, id
            """, limit: limit)
        guard !blocked.isEmpty else { return ([], nil) }
        let hints = try await write { try await release(blocked, through: $0) }
        return (hints, blocked.count == limit ? blocked.last : nil)
    }

    // MARK: Retention

    /// Empties the table that ended jobs will fill next, unless that has been done.
    func rotateEnds(period: Duration) async throws {
        let next = Self.endTables[(Self.endIndex(at: clock.now(), period: period) + 1) % Self.endTables.count]
        let isFilled: Single<Bool> = try await reader.one(
            Single<Bool>.self, "job.endsFilled",
            "SELECT EXISTS (SELECT 1 FROM \(raw: next) ORDER BY tenant_id, id LIMIT 1)")
        guard isFilled.value else { return }
        // SQLite gives a table's pages back at once when nothing is asked of its rows.
        try await writer.execute(
            "job.emptyEnds", isPostgres ? "TRUNCATE \(raw: next)" : "DELETE FROM \(raw: next)")
    }

    /// Deletes keys whose time is over; returns how many.
    func dropKeys(limit: Int) async throws -> Int {
        let now = clock.now()
        return try await writer.execute(
            "job.dropKeys",
            """
            DELETE FROM job_keys WHERE (tenant_id, kind, key) IN (
                SELECT tenant_id, kind, key FROM job_keys WHERE held_until < \(now) LIMIT \(limit))
                AND held_until < \(now)
            """)
    }

    /// Deletes the counts of parents that have ended.
    func dropParents(limit: Int, after last: JobKey?) async throws -> JobKey? {
        let start = last ?? JobKey(tenant: Tenant(ID(high: 0, low: 0)), id: ID(high: 0, low: 0))
        let ended = try await reader.list(
            JobKey.self, "job.parents",
            """
            SELECT p.tenant_id, p.id FROM job_parents p
            WHERE (p.tenant_id, p.id) > (\(start.tenant.id), \(start.id)) ORDER BY p.tenant_id, p.id
            """, limit: limit)
        guard !ended.isEmpty else { return nil }
        let keys = SQLRows(ended, { $0.tenant.id }, { $0.id })
        // Counts are kept while children live, while the parent may still be handled, and for thirty days after.
        let horizon = ID<Job>(
            high: UInt64(clamping: (clock.now() - .seconds(30 * 86_400)).microseconds / 1_000) << 16, low: 0)
        try await writer.execute(
            "job.dropParents",
            """
            DELETE FROM job_parents WHERE (tenant_id, id) IN (\(rows: keys)) AND id < \(horizon)
                AND done + failed + cancelled >= total
                AND NOT EXISTS (
                    SELECT 1 FROM job_later l WHERE l.tenant_id = job_parents.tenant_id AND l.id = job_parents.id)
                AND NOT EXISTS (
                    SELECT 1 FROM job_runs r WHERE r.tenant_id = job_parents.tenant_id AND r.id = job_parents.id)
            """)
        return ended.count == limit ? ended.last : nil
    }
}

extension QueueHead: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        let text: String = try row.value(at: 1)
        guard let queue = QueueName(text) else {
            throw StorageError(.rowMismatch, "a job is in a queue that is none: \(text)")
        }
        self.init(tenant: Tenant(try row.value(at: 0)), queue: queue, first: try row.value(at: 2))
    }
}

private struct LookRow: RowDecodable {
    let head: QueueHead?
    let dueAt: Timestamp?

    init(row: SQLRow) throws(StorageError) {
        let tenant: ID<Tenant>? = try row.optional(at: 0)
        head = tenant == nil ? nil : try QueueHead(row: row)
        dueAt = try row.optional(at: 3)
    }
}
