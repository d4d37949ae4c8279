import Base
import Storage

/// What operators are shown.
extension JobStore {
    private enum ReportBounds {
        static let pages = 8
        static let kinds = 10_000
    }

    /// How each kind's queues are doing, by kind.
    func reports() async throws -> [QueueReport] {
        var reports: [String: QueueReport] = [:]
        func change(_ text: String, _ body: (inout QueueReport) -> Void) {
            guard let queue = QueueName(text) else { return }
            var report = reports[queue.kind] ?? QueueReport(kind: queue.kind, lane: queue.lane)
            body(&report)
            reports[queue.kind] = report
        }
        var last: QueueHead?
        for _ in 0..<ReportBounds.pages {
            let rows = try await reader.list(
                DepthRow.self, "job.depths", depthText(after: last).replanned, limit: LookBounds.heads)
            for row in rows {
                change(row.head.queue.description) { report in
                    report.waiting += row.count
                    let enqueuedAt = row.head.first.madeAt
                    report.oldest = min(report.oldest ?? enqueuedAt, enqueuedAt)
                }
            }
            guard rows.count == LookBounds.heads else { break }
            last = rows.last?.head
        }
        for row in try await counts("job.scheduled", "job_later") { change(row.name) { $0.scheduled += row.count } }
        for row in try await counts("job.running", "job_runs") { change(row.name) { $0.running += row.count } }
        for row in try await counts("job.failedCounts", "job_failures") { change(row.name) { $0.failed += row.count } }
        return reports.values.sorted { ($0.lane.rawValue, $0.kind) < ($1.lane.rawValue, $1.kind) }
    }

    private func depthText(after last: QueueHead?) -> SQL {
        """
        SELECT h.tenant_id, h.queue, h.id, (SELECT count(*) FROM (
            SELECT 1 FROM job_queue q WHERE q.tenant_id = h.tenant_id AND q.queue = h.queue
            LIMIT \(Jobs.countMax)) counted)
        FROM (\(sql: lookText(after: last))) h
        """
    }

    /// Counts a table's rows by queue, of which at most ``Jobs/countMax`` are looked at.
    private func counts(_ name: StaticString, _ table: StaticString) async throws -> [CountRow] {
        try await reader.list(
            CountRow.self, name,
            """
            SELECT queue, count(*) FROM (SELECT queue FROM \(raw: table) LIMIT \(Jobs.countMax)) counted
            GROUP BY queue ORDER BY queue
            """, limit: ReportBounds.kinds)
    }

    /// Dead letters of all tenants, the newest first.
    func failures(
        after cursor: Cursor?, limit: Int, through reading: some Reading
    ) async throws -> Page<JobStatus> {
        try await reading.page(
            JobStatus.self, "job.failures",
            """
            SELECT tenant_id, id, queue, 'failed' AS state, attempts, failed_at, \(Optional<Int>.none) AS done,
                \(Optional<Int>.none) AS total, reason, \(Optional<String>.none) AS result, input
            FROM job_failures WHERE true
            """, order: .descending("failed_at", "id"), after: cursor, limit: limit)
    }

    /// Jobs in a state, those of a kind where one is given.
    func list(_ state: JobState, kind: String?, limit: Int) async throws -> [JobStatus] {
        let nothing: SQL = "\(Optional<Int>.none), \(Optional<Int>.none)"
        let text: SQL
        switch state {
        case .waiting:
            text = """
                SELECT tenant_id, id, queue, 'waiting', attempts, \(Optional<Timestamp>.none), \(sql: nothing),
                    \(Optional<String>.none), \(Optional<String>.none), input
                FROM job_queue ORDER BY tenant_id, queue, id
                """
        case .scheduled:
            text = """
                SELECT tenant_id, id, queue, 'scheduled', attempts, due_at, \(sql: nothing), error,
                    \(Optional<String>.none), input
                FROM job_later WHERE due_at IS NOT NULL ORDER BY due_at
                """
        case .blocked:
            text = """
                SELECT tenant_id, id, queue, 'blocked', attempts, due_at, \(sql: nothing), error,
                    \(Optional<String>.none), input
                FROM job_later WHERE due_at IS NULL ORDER BY tenant_id, id
                """
        case .running:
            text = """
                SELECT tenant_id, id, queue, 'running', attempts + 1, taken_at, done, total, \(Optional<String>.none),
                    \(Optional<String>.none), input
                FROM job_runs ORDER BY tenant_id, id
                """
        case .failed:
            text = """
                SELECT tenant_id, id, queue, 'failed', attempts, failed_at, \(sql: nothing), reason,
                    \(Optional<String>.none), input
                FROM job_failures ORDER BY failed_at DESC, id DESC
                """
        case .done, .cancelled: return try await ended(state, kind: kind, limit: limit)
        }
        return try await reader.list(JobStatus.self, "job.list", text.replanned, limit: 10_000)
            .filter { kind == nil || $0.kind == kind }.prefix(limit).map { $0 }
    }

    private func ended(_ state: JobState, kind: String?, limit: Int) async throws -> [JobStatus] {
        var found: [JobStatus] = []
        for table in Self.endTables {
            found += try await reader.list(
                JobStatus.self, "job.listEnded",
                """
                SELECT tenant_id, id, queue, state, attempts, ended_at, \(Optional<Int>.none), \(Optional<Int>.none),
                    \(Optional<String>.none), result, \(Optional<String>.none)
                FROM \(raw: table) ORDER BY tenant_id DESC, id DESC
                """, limit: 2_000)
        }
        let chosen = found.filter { $0.state == state && (kind == nil || $0.kind == kind) }
        return Array(chosen.sorted { ($0.at ?? .epoch) > ($1.at ?? .epoch) }.prefix(limit))
    }
}

private struct DepthRow: RowDecodable {
    let head: QueueHead
    let count: Int

    init(row: SQLRow) throws(StorageError) {
        head = try QueueHead(row: row)
        count = try row.value(at: 3)
    }
}

private struct CountRow: RowDecodable {
    let name: String
    let count: Int

    init(row: SQLRow) throws(StorageError) {
        name = try row.value(at: 0)
        count = try row.value(at: 1)
    }
}
