import Base
import Foundation
import Storage

/// The tables of reports and of the cases in which they collect.
struct ReportStore: Sendable {
    enum Bounds {
        /// Reasons that a case shows.
        static let reasons = 3
        /// Reports of one person that one step of an erasure takes.
        static let reportsOfPerson = 500
    }

    let storage: Storage

    /// Writes that a person reports something that is there.
    ///
    /// Returns `false` when the person has done so before, or it is not there.
    func insert(
        _ target: ReportTarget, by person: ID<Person>, reason: String, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let source: SQL =
            switch target.kind {
            case .comment:
                """
                FROM comments o WHERE o.tenant_id = \(tenant) AND o.id = \(target.id)
                    AND o.state IN ('approved', 'flagged')
                """
            case .clip:
                """
                FROM clips o WHERE o.tenant_id = \(tenant) AND o.id = \(target.id)
                    AND o.state IN ('active', 'winner', 'eliminated')
                """
            // Whether there is such a person was asked before: people are not this product's.
            case .person: "WHERE true"
            }
        return try await writing.execute(
            "report.insert",
            """
            INSERT INTO reports (tenant_id, kind, target_id, person_id, reason, is_open, reported_at)
            SELECT \(tenant), \(target.kind), \(target.id), \(person), \(reason), true, \(time) \(sql: source)
            ON CONFLICT (tenant_id, kind, target_id, person_id) DO NOTHING
            """) == 1
    }

    /// Whether a person has reported something before.
    func has(
        _ target: ReportTarget, by person: ID<Person>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await reading.first(
            ReasonRow.self, "report.byPerson",
            """
            SELECT r.reason FROM reports r WHERE r.tenant_id = \(tenant) AND r.kind = \(target.kind)
                AND r.target_id = \(target.id) AND r.person_id = \(person)
            """) != nil
    }

    /// Adds a report to its case; returns how many are open then.
    func collect(
        _ target: ReportTarget, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        let rows = try await writing.returning(
            CountRow.self, "report.collect",
            """
            INSERT INTO report_cases AS c (tenant_id, kind, target_id, open_reports, opened_at)
            VALUES (\(tenant), \(target.kind), \(target.id), 1, \(time))
            ON CONFLICT (tenant_id, kind, target_id) DO UPDATE SET
                opened_at = CASE WHEN c.open_reports = 0 THEN excluded.opened_at ELSE c.opened_at END,
                open_reports = c.open_reports + 1
            RETURNING open_reports
            """, limit: 1)
        return rows.first?.count ?? 0
    }

    /// Closes what is open about something; returns whether anything was.
    @discardableResult
    func close(
        _ target: ReportTarget, decision: String, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let closed = try await writing.execute(
            "report.closeCase",
            """
            UPDATE report_cases SET open_reports = 0, decision = \(decision), decided_at = \(time)
            WHERE tenant_id = \(tenant) AND kind = \(target.kind) AND target_id = \(target.id) AND open_reports > 0
            """)
        guard closed == 1 else { return false }
        try await writing.execute(
            "report.close",
            """
            UPDATE reports SET is_open = false
            WHERE tenant_id = \(tenant) AND kind = \(target.kind) AND target_id = \(target.id) AND is_open
            """)
        return true
    }

    /// Removes all reports about things that are no longer there.
    func forget(
        _ kind: ReportTarget.Kind, _ targets: [ID<ReportTarget>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !targets.isEmpty else { return }
        let cases = try await writing.execute(
            "report.forgetCases",
            """
            DELETE FROM report_cases WHERE tenant_id = \(tenant) AND kind = \(kind)
                AND target_id IN (\(rows: SQLRows(targets)))
            """)
        guard cases > 0 else { return }
        try await writing.execute(
            "report.forget",
            """
            DELETE FROM reports WHERE tenant_id = \(tenant) AND kind = \(kind)
                AND target_id IN (\(rows: SQLRows(targets)))
            """)
    }

    /// Removes some of a person's reports; returns how many, fewer than ``Bounds/reportsOfPerson`` when none are left.
    func remove(
        by person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        let gone = try await writing.returning(
            GoneRow.self, "report.removeOfPerson",
            """
            DELETE FROM reports WHERE tenant_id = \(tenant) AND person_id = \(person) AND (kind, target_id) IN (
                SELECT r.kind, r.target_id FROM reports r WHERE r.tenant_id = \(tenant) AND r.person_id = \(person)
                ORDER BY r.kind, r.target_id LIMIT \(Bounds.reportsOfPerson))
            RETURNING kind, target_id, is_open
            """, limit: Bounds.reportsOfPerson)
        let open = gone.filter(\.isOpen)
        if !open.isEmpty {
            try await writing.execute(
                "report.lowerCases",
                """
                WITH input (kind, target_id) AS (\(rows: SQLRows(open, { $0.target.kind }, { $0.target.id })))
                UPDATE report_cases SET open_reports = report_cases.open_reports - 1 FROM input i
                WHERE report_cases.tenant_id = \(tenant) AND report_cases.kind = i.kind
                    AND report_cases.target_id = i.target_id
                """)
        }
        return gone.count
    }

    /// A page of what waits for moderators, the oldest first, in one statement.
    func open(after cursor: Cursor?, limit: Int, in tenant: Tenant) async throws(StorageError) -> Page<ReportCase> {
        let some: SQL = """
            (SELECT r.reason FROM reports r WHERE r.tenant_id = \(tenant) AND r.kind = k.kind
                AND r.target_id = k.target_id AND r.is_open ORDER BY r.person_id LIMIT \(Bounds.reasons)) r
            """
        let reasons: SQL =
            storage.dialect == .postgres
            ? "(SELECT coalesce(jsonb_agg(r.reason), '[]') FROM \(sql: some))"
            : "(SELECT json_group_array(r.reason) FROM \(sql: some))"
        return try await storage.reader(for: tenant).page(
            ReportCase.self, "report.open",
            """
            SELECT k.opened_at, k.target_id, k.kind, k.open_reports, \(sql: reasons), coalesce(c.text, l.title),
                coalesce(c.clip_id, l.id), coalesce(c.author, l.credit), c.state
            FROM report_cases k
            LEFT JOIN comments c ON k.kind = 'comment' AND c.tenant_id = \(tenant) AND c.id = k.target_id
            LEFT JOIN clips l ON k.kind = 'clip' AND l.tenant_id = \(tenant) AND l.id = k.target_id
            WHERE k.tenant_id = \(tenant) AND k.open_reports > 0
            """, order: .ascending("k.opened_at", "k.target_id"), after: cursor, limit: limit)
    }
}

extension ReportCase: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            target: ReportTarget(kind: try row.value(at: 2), id: try row.value(at: 1)),
            openReports: try row.value(at: 3), openedAt: try row.value(at: 0),
            reasons: try StoredJSON.read(try row.value(at: 4)), subject: try row.optional(at: 5),
            clipID: try row.optional(at: 6), author: try row.optional(at: 7), state: try row.optional(at: 8))
    }
}

private struct GoneRow: RowDecodable {
    let target: ReportTarget
    let isOpen: Bool

    init(row: SQLRow) throws(StorageError) {
        target = ReportTarget(kind: try row.value(at: 0), id: try row.value(at: 1))
        isOpen = try row.value(at: 2)
    }
}

private struct ReasonRow: RowDecodable {
    init(row: SQLRow) throws(StorageError) { _ = try row.value(at: 0, as: String.self) }
}

private struct CountRow: RowDecodable {
    let count: Int

    init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
}
