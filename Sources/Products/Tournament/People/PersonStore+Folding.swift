import Base
import Storage

/// Adding the days that are over to what people have done.
extension PersonStore {
    /// Up to where the days of a tenant are in the tallies: all days of votes up to this place in the order of
    /// (beginning of the day, voter).
    struct Mark: Sendable, Hashable {
        var foldedAt: Timestamp
        var voterID: ID<Voter>
        var day: CalendarDay
        var dueAt: Timestamp

        /// Before everything.
        static func beginning(dueAt: Timestamp) -> Mark {
            Mark(
                foldedAt: Timestamp(microseconds: 0), voterID: ID(high: 0, low: 0),
                day: CalendarDay(daysSinceEpoch: 0), dueAt: dueAt)
        }
    }

    /// A day of votes that is over, with whose it is where the voter has an account.
    struct ClosedDay: Sendable {
        let startsAt: Timestamp
        let voterID: ID<Voter>
        let day: DayOfVotes
        let personID: ID<Person>?
        let tally: PersonTally
    }

    /// Whether the fold of any tenant is due, or has never begun.
    func isAnyDue(at now: Timestamp) async throws(StorageError) -> Bool {
        try await storage.reader(bypassingTenant: Self.folding).first(
            TenantRow.self, "personFold.any",
            """
            SELECT f.tenant_id FROM person_folds f WHERE f.due_at <= \(now)
            UNION ALL SELECT s.tenant_id FROM seasons s
            WHERE NOT EXISTS (SELECT 1 FROM person_folds p WHERE p.tenant_id = s.tenant_id)
            """) != nil
    }

    /// Tenants whose fold is due, the longest first.
    func due(at now: Timestamp) async throws(StorageError) -> [Tenant] {
        try await storage.reader(bypassingTenant: Self.folding).list(
            TenantRow.self, "personFold.due",
            "SELECT tenant_id FROM person_folds WHERE due_at <= \(now) ORDER BY due_at", limit: Bounds.tenants
        ).map(\.tenant)
    }

    /// Tenants that have a season and were never folded.
    func unmarked() async throws(StorageError) -> [Tenant] {
        try await storage.reader(bypassingTenant: Self.folding).list(
            TenantRow.self, "personFold.unmarked",
            """
            SELECT DISTINCT s.tenant_id FROM seasons s
            WHERE NOT EXISTS (SELECT 1 FROM person_folds f WHERE f.tenant_id = s.tenant_id)
            """, limit: Bounds.tenants
        ).map(\.tenant)
    }

    /// Makes the mark of a tenant where there is none.
    func mark(_ mark: Mark, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "personFold.begin",
            """
            INSERT INTO person_folds (tenant_id, folded_at, folded_voter, folded_day, due_at)
            VALUES (\(tenant), \(mark.foldedAt), \(mark.voterID), \(mark.day), \(mark.dueAt))
            ON CONFLICT (tenant_id) DO NOTHING
            """)
    }

    /// The mark, locked until the transaction ends: one node folds a tenant at a time.
    func lockedMark(through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Mark? {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE" : ""
        return try await writing.returning(
            MarkRow.self, "personFold.locked",
            """
            SELECT f.folded_at, f.folded_voter, f.folded_day, f.due_at FROM person_folds f
            WHERE f.tenant_id = \(tenant)\(sql: lock)
            """, limit: 1
        ).first?.mark
    }

    func move(_ mark: Mark, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "personFold.move",
            """
            UPDATE person_folds SET folded_at = \(mark.foldedAt), folded_voter = \(mark.voterID),
                folded_day = \(mark.day), due_at = \(mark.dueAt) WHERE tenant_id = \(tenant)
            """)
    }

    /// The days behind a mark that began before a time, in order.
    ///
    /// Whose they are, and how their streak stands, are sub-selects and no joins: one look into an index each, whatever
    /// the planner believes.
    func closedDays(
        after mark: Mark, before end: Timestamp, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ClosedDay] {
        let ofPerson: SQL =
            "FROM person_tallies t WHERE t.tenant_id = \(tenant) AND t.person_id = d.person_id"
        return try await reading.list(
            ClosedDay.self, "personFold.days",
            """
            SELECT d.day_at, d.voter_id, d.day, d.votes, d.weight_used, d.person_id,
                (SELECT t.streak_days \(sql: ofPerson)), (SELECT t.streak_best \(sql: ofPerson)),
                (SELECT t.last_day \(sql: ofPerson))
            FROM (SELECT v.day_at, v.voter_id, v.day, v.votes, v.weight_used,
                    (SELECT b.person_id FROM voters b WHERE b.tenant_id = \(tenant) AND b.id = v.voter_id) AS person_id
                FROM vote_days v
                WHERE v.tenant_id = \(tenant) AND (v.day_at, v.voter_id) > (\(mark.foldedAt), \(mark.voterID))
                    AND v.day_at < \(end) ORDER BY v.day_at, v.voter_id LIMIT \(Bounds.days)) d
            ORDER BY d.day_at, d.voter_id
            """, limit: Bounds.days)
    }

    /// What a step of the fold adds to a person.
    struct Addition: Sendable {
        let personID: ID<Person>
        var votes = 0
        var weight = 0
        /// Where the streak stands then; only the fold writes it, under the mark's lock.
        var tally: PersonTally
    }

    func add(
        _ additions: [Addition], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !additions.isEmpty else { return }
        let rows = SQLRows(
            additions.sorted { $0.personID < $1.personID }, { $0.personID }, { $0.votes }, { $0.weight },
            { $0.tally.streakDays }, { $0.tally.streakBest }, { $0.tally.lastDay })
        try await writing.execute(
            "personFold.add",
            """
            WITH input (person_id, votes, weight, streak, best, last_day) AS (\(rows: rows))
            INSERT INTO person_tallies AS t (tenant_id, person_id, votes_cast, weight_cast, streak_days, streak_best,
                last_day)
            SELECT \(tenant), i.person_id, i.votes, i.weight, i.streak, i.best, i.last_day FROM input i WHERE true
            ON CONFLICT (tenant_id, person_id) DO UPDATE SET votes_cast = t.votes_cast + excluded.votes_cast,
                weight_cast = t.weight_cast + excluded.weight_cast, streak_days = excluded.streak_days,
                streak_best = excluded.streak_best, last_day = excluded.last_day
            """)
    }

    /// Ends streaks that were not lengthened on a day; returns how many, fewer than ``Bounds/streaks`` when none are
    /// left.
    func endStreaks(
        before day: CalendarDay, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await writing.execute(
            "personFold.endStreaks",
            """
            UPDATE person_tallies SET streak_days = 0 WHERE tenant_id = \(tenant) AND person_id IN (
                SELECT t.person_id FROM person_tallies t
                WHERE t.tenant_id = \(tenant) AND t.streak_days > 0 AND t.last_day < \(day)
                ORDER BY t.last_day, t.person_id LIMIT \(Bounds.streaks))
            """)
    }
}

extension PersonStore.ClosedDay: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            startsAt: try row.value(at: 0), voterID: try row.value(at: 1),
            day: DayOfVotes(day: try row.value(at: 2), votes: try row.value(at: 3), weight: try row.value(at: 4)),
            personID: try row.optional(at: 5),
            tally: PersonTally(
                streakDays: try row.optional(at: 6) ?? 0, streakBest: try row.optional(at: 7) ?? 0,
                lastDay: try row.optional(at: 8)))
    }
}

private struct TenantRow: RowDecodable {
    let tenant: Tenant

    init(row: SQLRow) throws(StorageError) { tenant = Tenant(try row.value(at: 0)) }
}

private struct MarkRow: RowDecodable {
    let mark: PersonStore.Mark

    init(row: SQLRow) throws(StorageError) {
        mark = PersonStore.Mark(
            foldedAt: try row.value(at: 0), voterID: try row.value(at: 1), day: try row.value(at: 2),
            dueAt: try row.value(at: 3))
    }
}
