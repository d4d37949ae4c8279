import Base
import Storage

/// What is asked about jobs.
extension JobStore {
    /// One job, wherever it is: in one snapshot, as a job moves while one looks.
    func status(of id: ID<Job>, tenant: Tenant) async throws -> JobStatus? {
        try await storage.read(for: tenant) { read in
            if let found = try await placed(id, tenant: tenant, through: read) { return found }
            return try await queued(id, tenant: tenant, through: read)
        }
    }

    /// Looks in all tables whose key is the id.
    private func placed(_ id: ID<Job>, tenant: Tenant, through read: ReadTransaction) async throws -> JobStatus? {
        var query: SQL = """
            SELECT tenant_id, id, queue, 'running' AS state, attempts + 1, taken_at, done, total,
                \(Optional<String>.none), \(Optional<String>.none), input
            FROM job_runs WHERE tenant_id = \(tenant) AND id = \(id)
            UNION ALL
            SELECT tenant_id, id, queue, CASE WHEN due_at IS NULL THEN 'blocked' ELSE 'scheduled' END, attempts, due_at,
                \(Optional<Int>.none), \(Optional<Int>.none), error, \(Optional<String>.none), input
            FROM job_later WHERE tenant_id = \(tenant) AND id = \(id)
            UNION ALL
            SELECT tenant_id, id, queue, 'failed', attempts, failed_at, \(Optional<Int>.none), \(Optional<Int>.none),
                reason, \(Optional<String>.none), input
            FROM job_failures WHERE tenant_id = \(tenant) AND id = \(id)
            """
        for table in Self.endTables {
            query = query.appending(
                """
                 UNION ALL SELECT tenant_id, id, queue, state, attempts, ended_at, \(Optional<Int>.none),
                    \(Optional<Int>.none), \(Optional<String>.none), result, \(Optional<String>.none)
                FROM \(raw: table) WHERE tenant_id = \(tenant) AND id = \(id)
                """)
        }
        return try await read.first(JobStatus.self, "job.status", query)
    }

    /// Looks in each of the tenant's queues, of which there are as many as kinds, not as many as jobs.
    func queued(_ id: ID<Job>, tenant: Tenant, through reading: some Reading) async throws -> JobStatus? {
        try await reading.first(
            JobStatus.self, "job.queued",
            """
            WITH RECURSIVE names(queue) AS (
                SELECT min(queue) FROM job_queue WHERE tenant_id = \(tenant)
                UNION ALL
                SELECT (SELECT min(q.queue) FROM job_queue q WHERE q.tenant_id = \(tenant) AND q.queue > n.queue)
                FROM names n WHERE n.queue IS NOT NULL)
            SELECT q.tenant_id, q.id, q.queue, 'waiting', q.attempts, \(Optional<Timestamp>.none),
                \(Optional<Int>.none), \(Optional<Int>.none), \(Optional<String>.none), \(Optional<String>.none), q.input
            FROM names n JOIN job_queue q ON q.tenant_id = \(tenant) AND q.queue = n.queue AND q.id = \(id)
            """)
    }

    /// The tables of ended jobs, which take turns.
    static let endTables: [StaticString] = ["job_ends_0", "job_ends_1", "job_ends_2", "job_ends_3"]

    /// The table in which jobs end at a time, of which each has a quarter of four periods.
    static func endTable(at time: Timestamp, period: Duration) -> StaticString {
        endTables[endIndex(at: time, period: period)]
    }

    static func endIndex(at time: Timestamp, period: Duration) -> Int {
        Int(time.microseconds / period.microseconds) % endTables.count
    }
}
