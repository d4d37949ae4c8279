import Base
import Storage

/// Times by day, reports over days, and days that are sealed.
extension CountStore {
    /// Adds to how long things took.
    func addTimes(
        _ counts: [TimeCount], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !counts.isEmpty else { return }
        let input = SQLRows(
            counts, { $0.key.scope.rawValue }, { $0.key.id }, { $0.measure.rawValue }, { $0.key.number }, { $0.step },
            { $0.amount })
        try await writing.execute(
            "count.addTimes",
            """
            WITH input (scope, scope_id, measure, day, step, amount) AS (\(rows: input))
            INSERT INTO inbox_day_times AS t (tenant_id, scope, scope_id, measure, day, step, amount)
            SELECT \(tenant), i.scope, i.scope_id, i.measure, i.day, i.step, i.amount FROM input i WHERE true
            ON CONFLICT (tenant_id, scope, scope_id, measure, day, step)
                DO UPDATE SET amount = t.amount + excluded.amount
            """)
    }

    // MARK: Reports

    /// A row of a report: whose it is, or of which hour or day.
    struct Part: RowDecodable {
        let id: ID<CountKey>
        let number: Int64
        let count: Count

        init(row: SQLRow) throws(StorageError) {
            id = try row.value(at: 0)
            number = try row.value(at: 1)
            count = try Count(row: row, from: 2)
        }
    }

    /// What each channel or person has in a range of days.
    func sums(_ scope: CountKey.Scope, from day: Int64, in tenant: Tenant) async throws(StorageError) -> [Part] {
        try await storage.reader(for: tenant).list(
            Part.self, "count.sums",
            """
            SELECT d.scope_id, CAST(0 AS bigint), \(sql: Self.totals) FROM inbox_day_counts d
            WHERE d.tenant_id = \(tenant) AND d.scope = \(scope.rawValue) AND d.day >= \(day)
            GROUP BY d.scope_id ORDER BY d.scope_id
            """, limit: 5_000)
    }

    /// What the company has by day, the oldest first.
    func days(from day: Int64, in tenant: Tenant) async throws(StorageError) -> [Part] {
        try await storage.reader(for: tenant).list(
            Part.self, "count.days",
            """
            SELECT d.scope_id, d.day, \(sql: Self.columns) FROM inbox_day_counts d
            WHERE d.tenant_id = \(tenant) AND d.scope = 'company' AND d.scope_id = \(tenant.id) AND d.day >= \(day)
            ORDER BY d.day
            """, limit: 1_000)
    }

    /// What the company has by hour, the oldest first; hours are kept for sixty days.
    func hours(from hour: Int64, in tenant: Tenant) async throws(StorageError) -> [Part] {
        try await storage.reader(for: tenant).list(
            Part.self, "count.hours",
            """
            SELECT h.scope_id, h.hour, \(sql: Self.columns) FROM inbox_hour_counts h
            WHERE h.tenant_id = \(tenant) AND h.scope = 'company' AND h.scope_id = \(tenant.id) AND h.hour >= \(hour)
            ORDER BY h.hour
            """, limit: 2_000)
    }

    // MARK: Sealing

    /// The last day that is sealed; `nil` when none is.
    func lastSeal(in tenant: Tenant) async throws(StorageError) -> Int64? {
        try await storage.reader(for: tenant).first(
            DayRow.self, "count.lastSeal",
            "SELECT s.day FROM inbox_seals s WHERE s.tenant_id = \(tenant) ORDER BY s.day DESC"
        )?.day
    }

    /// A scope's day as its hours say, beside what is written for the day.
    struct Comparison: RowDecodable {
        let scope: String
        let id: ID<CountKey>
        let hours: Count
        let day: Count?

        init(row: SQLRow) throws(StorageError) {
            scope = try row.value(at: 0)
            id = try row.value(at: 1)
            hours = try Count(row: row, from: 2)
            let isThere: Bool = try row.value(at: 2 + Count.columnCount)
            day = isThere ? try Count(row: row, from: 3 + Count.columnCount) : nil
        }
    }

    /// Adds the hours of a day up anew, for as many scopes as are asked for.
    func comparisons(
        on day: Int64, limit: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [Comparison] {
        let start = Timestamp(microseconds: day * Bounds.day * 1_000_000)
        return try await reading.list(
            Comparison.self, "count.compare",
            """
            SELECT s.scope, s.scope_id, \(sql: Self.prefixed("s")), d.day IS NOT NULL, \(sql: Self.coalesced("d"))
            FROM (SELECT d.scope, d.scope_id, \(sql: Self.namedTotals) FROM inbox_hour_counts d
                WHERE d.tenant_id = \(tenant) AND d.hour_at >= \(start) AND d.hour_at < \(start + .seconds(Bounds.day))
                GROUP BY d.scope, d.scope_id) s
            LEFT JOIN inbox_day_counts d ON d.tenant_id = \(tenant) AND d.scope = s.scope AND d.scope_id = s.scope_id
                AND d.day = \(day)
            ORDER BY s.scope, s.scope_id
            """, limit: limit)
    }

    /// Writes what the hours say over what was written for a day.
    func mend(
        _ counts: [(key: CountKey, count: Count)], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !counts.isEmpty else { return }
        try await writing.execute(
            "count.mend",
            """
            \(sql: Self.input(counts, seconds: Bounds.day))
            INSERT INTO inbox_day_counts AS d (tenant_id, scope, scope_id, day, day_at, \(sql: Self.columns))
            SELECT \(tenant), i.scope, i.scope_id, i.number, i.at, \(sql: Self.inputs) FROM input i WHERE true
            ON CONFLICT (tenant_id, scope, scope_id, day) DO UPDATE SET \(sql: Self.replaced)
            """)
    }

    /// Notes that a day is sealed.
    func seal(
        _ day: Int64, checked: Int, mended: Int, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "count.seal",
            """
            INSERT INTO inbox_seals (tenant_id, day, checked, mended, sealed_at)
            VALUES (\(tenant), \(day), \(checked), \(mended), \(time))
            ON CONFLICT (tenant_id, day) DO UPDATE SET checked = excluded.checked, mended = excluded.mended,
                sealed_at = excluded.sealed_at
            """)
    }

    private static func each(_ text: (StaticString) -> SQL) -> SQL {
        let names: [StaticString] = [
            "opened", "closed", "inbound", "bot_replies", "agent_replies", "hand_offs", "first_replies",
            "first_reply_seconds", "resolutions", "resolution_seconds", "tokens", "ratings", "rating_points", "sla_met",
            "sla_breached", "deflected",
        ]
        return names.dropFirst().reduce(text(names[0])) { all, name in
            let next = text(name)
            return "\(sql: all), \(sql: next)"
        }
    }

    private static func prefixed(_ table: StaticString) -> SQL {
        each { name in "\(raw: table).\(raw: name)" }
    }

    private static func coalesced(_ table: StaticString) -> SQL {
        each { name in "coalesce(\(raw: table).\(raw: name), 0)" }
    }

    private static var namedTotals: SQL {
        each { name in "CAST(coalesce(sum(d.\(raw: name)), 0) AS bigint) AS \(raw: name)" }
    }

    private static var replaced: SQL { each { name in "\(raw: name) = excluded.\(raw: name)" } }
}

extension Count {
    /// How many columns there are.
    static let columnCount = 16
}

private struct DayRow: RowDecodable {
    let day: Int64

    init(row: SQLRow) throws(StorageError) { day = try row.value(at: 0) }
}
