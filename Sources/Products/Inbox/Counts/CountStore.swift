import Base
import Storage

/// Counts by hour and by day, and what is on its way into them.
struct CountStore: Sendable {
    /// The right to see which companies have something to count.
    static let counting = SystemCapability(
        name: "inbox.counting", reason: "What has happened is counted for whichever company it happened in.")

    enum Bounds {
        /// What is counted in one transaction.
        static let fold = 500
        static let hour: Int64 = 3_600
        static let day: Int64 = 86_400
    }

    let storage: Storage

    // MARK: Counting

    /// Whether there is anything to count, of whichever company.
    func hasTallies() async throws(StorageError) -> Bool { try await tenant(after: nil) != nil }

    /// The next company that has something to count.
    func tenant(after last: Tenant?) async throws(StorageError) -> Tenant? {
        var more: SQL = ""
        if let last { more = "WHERE y.tenant_id > \(last.id)" }
        return try await storage.reader(bypassingTenant: Self.counting).first(
            TenantRow.self, "count.tenant",
            "SELECT y.tenant_id FROM inbox_tallies y \(sql: more) ORDER BY y.tenant_id, y.id"
        )?.tenant
    }

    /// Takes what is to be counted away, the oldest first.
    func take(limit: Int, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> [Tally] {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE SKIP LOCKED" : ""
        // Chosen once: PostgreSQL may run a bounded part of a condition again, and then takes more than that.
        return try await writing.returningPerRow(
            Tally.self, "count.take",
            """
            WITH taken AS MATERIALIZED (
                SELECT y.id FROM inbox_tallies y WHERE y.tenant_id = \(tenant) ORDER BY y.id LIMIT \(limit)\(sql: lock))
            DELETE FROM inbox_tallies WHERE tenant_id = \(tenant) AND id IN (SELECT t.id FROM taken t)
            RETURNING kind, conversation_id, channel_id, person_id, amount, at, chain
            """, rows: limit)
    }

    /// Adds to the counts of hours.
    func addHours(
        _ counts: [(key: CountKey, count: Count)], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !counts.isEmpty else { return }
        try await writing.execute(
            "count.addHours",
            """
            \(sql: Self.input(counts, seconds: Bounds.hour))
            INSERT INTO inbox_hour_counts AS h (tenant_id, scope, scope_id, hour, hour_at, \(sql: Self.columns))
            SELECT \(tenant), i.scope, i.scope_id, i.number, i.at, \(sql: Self.inputs) FROM input i WHERE true
            ON CONFLICT (tenant_id, scope, scope_id, hour) DO UPDATE SET \(sql: Self.sums("h"))
            """)
    }

    /// Adds to the counts of days.
    func addDays(
        _ counts: [(key: CountKey, count: Count)], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !counts.isEmpty else { return }
        try await writing.execute(
            "count.addDays",
            """
            \(sql: Self.input(counts, seconds: Bounds.day))
            INSERT INTO inbox_day_counts AS d (tenant_id, scope, scope_id, day, day_at, \(sql: Self.columns))
            SELECT \(tenant), i.scope, i.scope_id, i.number, i.at, \(sql: Self.inputs) FROM input i WHERE true
            ON CONFLICT (tenant_id, scope, scope_id, day) DO UPDATE SET \(sql: Self.sums("d"))
            """)
    }

    static func input(_ counts: [(key: CountKey, count: Count)], seconds: Int64) -> SQL {
        let rows = SQLRows(
            counts, { $0.key.scope.rawValue }, { $0.key.id }, { $0.key.number },
            { Timestamp(microseconds: $0.key.number * seconds * 1_000_000) }, { $0.count.opened },
            { $0.count.closed }, { $0.count.inbound }, { $0.count.botReplies }, { $0.count.agentReplies },
            { $0.count.handOffs }, { $0.count.firstReplies }, { $0.count.firstReplySeconds },
            { $0.count.resolutions }, { $0.count.resolutionSeconds }, { $0.count.tokens }, { $0.count.ratings },
            { $0.count.ratingPoints }, { $0.count.slaMet }, { $0.count.slaBreached }, { $0.count.deflected })
        return "WITH input (scope, scope_id, number, at, \(sql: columns)) AS (\(rows: rows))"
    }

    static let columns: SQL = """
        opened, closed, inbound, bot_replies, agent_replies, hand_offs, first_replies, first_reply_seconds, resolutions,
        resolution_seconds, tokens, ratings, rating_points, sla_met, sla_breached, deflected
        """

    static let inputs: SQL = """
        i.opened, i.closed, i.inbound, i.bot_replies, i.agent_replies, i.hand_offs, i.first_replies,
        i.first_reply_seconds, i.resolutions, i.resolution_seconds, i.tokens, i.ratings, i.rating_points, i.sla_met,
        i.sla_breached, i.deflected
        """

    private static func sums(_ table: StaticString) -> SQL {
        """
        opened = \(raw: table).opened + excluded.opened, closed = \(raw: table).closed + excluded.closed,
        inbound = \(raw: table).inbound + excluded.inbound,
        bot_replies = \(raw: table).bot_replies + excluded.bot_replies,
        agent_replies = \(raw: table).agent_replies + excluded.agent_replies,
        hand_offs = \(raw: table).hand_offs + excluded.hand_offs,
        first_replies = \(raw: table).first_replies + excluded.first_replies,
        first_reply_seconds = \(raw: table).first_reply_seconds + excluded.first_reply_seconds,
        resolutions = \(raw: table).resolutions + excluded.resolutions,
        resolution_seconds = \(raw: table).resolution_seconds + excluded.resolution_seconds,
        tokens = \(raw: table).tokens + excluded.tokens,
        ratings = \(raw: table).ratings + excluded.ratings,
        rating_points = \(raw: table).rating_points + excluded.rating_points,
        sla_met = \(raw: table).sla_met + excluded.sla_met,
        sla_breached = \(raw: table).sla_breached + excluded.sla_breached,
        deflected = \(raw: table).deflected + excluded.deflected
        """
    }

    // MARK: Looking

    /// A row of a dashboard.
    struct Line: RowDecodable {
        /// What the row is of: all time, a channel or times within the range, or a day.
        let part: String
        let id: ID<CountKey>
        let day: Int64
        let count: Count

        init(row: SQLRow) throws(StorageError) {
            part = try row.value(at: 0)
            id = try row.value(at: 1)
            day = try row.value(at: 2)
            count = try Count(row: row, from: 3)
        }
    }

    /// The figures of a company: in all, by channel within a range of days, and by day; one statement.
    ///
    /// How long things took is in it too, from the day `range` on: by step, with the amount in the place of the first count.
    func lines(
        from day: Int64, range: Int64, in tenant: Tenant
    ) async throws(StorageError) -> [Line] {
        let company = tenant.id
        return try await storage.reader(for: tenant).list(
            Line.self, "count.lines",
            """
            SELECT 'all' AS part, \(company) AS scope_id, CAST(0 AS bigint) AS day, \(sql: Self.totals)
            FROM inbox_day_counts d WHERE d.tenant_id = \(tenant) AND d.scope = 'company' AND d.scope_id = \(company)
            UNION ALL
            SELECT 'channel', d.scope_id, CAST(0 AS bigint), \(sql: Self.totals)
            FROM inbox_day_counts d WHERE d.tenant_id = \(tenant) AND d.scope = 'channel' AND d.day >= \(range)
            GROUP BY d.scope_id
            UNION ALL
            SELECT t.measure, t.scope_id, t.step, CAST(sum(t.amount) AS bigint), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
            FROM inbox_day_times t WHERE t.tenant_id = \(tenant) AND t.scope = 'company' AND t.scope_id = \(company)
                AND t.measure IN ('first', 'resolution') AND t.day >= \(range)
            GROUP BY t.measure, t.scope_id, t.step
            UNION ALL
            SELECT 'day', d.scope_id, d.day, \(sql: Self.columns) FROM inbox_day_counts d
            WHERE d.tenant_id = \(tenant) AND d.scope = 'company' AND d.scope_id = \(company) AND d.day >= \(day)
            """, limit: 4_000)
    }

    static let totals: SQL = """
        CAST(coalesce(sum(d.opened), 0) AS bigint), CAST(coalesce(sum(d.closed), 0) AS bigint),
        CAST(coalesce(sum(d.inbound), 0) AS bigint), CAST(coalesce(sum(d.bot_replies), 0) AS bigint),
        CAST(coalesce(sum(d.agent_replies), 0) AS bigint), CAST(coalesce(sum(d.hand_offs), 0) AS bigint),
        CAST(coalesce(sum(d.first_replies), 0) AS bigint), CAST(coalesce(sum(d.first_reply_seconds), 0) AS bigint),
        CAST(coalesce(sum(d.resolutions), 0) AS bigint), CAST(coalesce(sum(d.resolution_seconds), 0) AS bigint),
        CAST(coalesce(sum(d.tokens), 0) AS bigint), CAST(coalesce(sum(d.ratings), 0) AS bigint),
        CAST(coalesce(sum(d.rating_points), 0) AS bigint), CAST(coalesce(sum(d.sla_met), 0) AS bigint),
        CAST(coalesce(sum(d.sla_breached), 0) AS bigint), CAST(coalesce(sum(d.deflected), 0) AS bigint)
        """
}

// MARK: Rows

extension Count {
    init(row: SQLRow, from place: Int) throws(StorageError) {
        self.init(
            opened: try row.value(at: place), closed: try row.value(at: place + 1),
            inbound: try row.value(at: place + 2), botReplies: try row.value(at: place + 3),
            agentReplies: try row.value(at: place + 4), handOffs: try row.value(at: place + 5),
            firstReplies: try row.value(at: place + 6), firstReplySeconds: try row.value(at: place + 7),
            resolutions: try row.value(at: place + 8), resolutionSeconds: try row.value(at: place + 9),
            tokens: try row.value(at: place + 10), ratings: try row.value(at: place + 11),
            ratingPoints: try row.value(at: place + 12), slaMet: try row.value(at: place + 13),
            slaBreached: try row.value(at: place + 14), deflected: try row.value(at: place + 15))
    }
}

extension Tally: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            kind: try row.value(at: 0), conversation: try row.value(at: 1), channel: try row.value(at: 2),
            person: try row.optional(at: 3), amount: try row.value(at: 4), at: try row.value(at: 5))
        let chain: String = try row.value(at: 6)
        if !chain.isEmpty { self.chain = try StoredJSON.read(chain) }
    }
}

private struct TenantRow: RowDecodable {
    let tenant: Tenant

    init(row: SQLRow) throws(StorageError) { tenant = Tenant(try row.value(at: 0)) }
}
