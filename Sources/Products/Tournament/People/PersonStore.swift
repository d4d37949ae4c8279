import Base
import Storage

/// The table of what people have done, and how far it has been added up.
struct PersonStore: Sendable {
    enum Bounds {
        /// Days of votes that one step of the fold takes.
        static let days = 1_000
        /// Streaks that one step ends.
        static let streaks = 100
        /// Days of one voter that were not folded yet and are looked at: more than are kept.
        static let openDays = 500
        /// Tenants that one look of the fold handles.
        static let tenants = 200
    }

    static let folding = SystemCapability(
        name: "tournament.personFold", reason: "One look a minute finds the tenants whose day is over.")

    let storage: Storage

    // MARK: Changing with events

    /// Adds to a person's numbers, in the transaction of what causes it: an approved clip, a win, a follow.
    func raise(
        _ change: PersonChange, of person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await raise([person: change], through: writing, in: tenant)
    }

    /// Adds to the numbers of several people; in order of their ids, so that two never wait for each other crosswise.
    func raise(
        _ changes: [ID<Person>: PersonChange], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !changes.isEmpty else { return }
        let rows = SQLRows(
            changes.sorted { $0.key < $1.key }, { $0.key }, { $0.value.clips }, { $0.value.wins },
            { $0.value.followers }, { $0.value.following })
        try await writing.execute(
            "person.raise",
            """
            WITH input (person_id, clips, wins, followers, following) AS (\(rows: rows))
            INSERT INTO person_tallies AS t (tenant_id, person_id, clips, wins, followers, following)
            SELECT \(tenant), i.person_id, i.clips, i.wins, i.followers, i.following FROM input i WHERE true
            ON CONFLICT (tenant_id, person_id) DO UPDATE SET clips = t.clips + excluded.clips,
                wins = t.wins + excluded.wins, followers = t.followers + excluded.followers,
                following = t.following + excluded.following
            """)
    }

    /// Adds to the numbers of whoever made a clip.
    func raise(
        _ change: PersonChange, ofMakerOf clip: ID<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "person.raiseMaker",
            """
            INSERT INTO person_tallies AS t (tenant_id, person_id, clips, wins)
            SELECT \(tenant), c.person_id, \(change.clips), \(change.wins) FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.id = \(clip)
            ON CONFLICT (tenant_id, person_id) DO UPDATE SET clips = t.clips + excluded.clips,
                wins = t.wins + excluded.wins
            """)
    }

    /// Takes a win from the maker of a clip and gives it to that of another, as a recount has decided.
    func moveWin(
        from old: ID<Clip>, to new: ID<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await raise(PersonChange(wins: -1), ofMakerOf: old, through: writing, in: tenant)
        try await raise(PersonChange(wins: 1), ofMakerOf: new, through: writing, in: tenant)
    }

    func delete(_ person: ID<Person>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "person.delete", "DELETE FROM person_tallies WHERE tenant_id = \(tenant) AND person_id = \(person)")
    }

    // MARK: Reading

    /// A person's numbers, the days that were not folded yet among them, in one statement.
    func stats(
        of person: ID<Person>, seenBy viewer: ID<Person>?, on today: CalendarDay, in tenant: Tenant
    ) async throws(StorageError) -> PersonStats {
        let voter = Voter(person: person, in: tenant)
        var isFollowed: SQL = "0"
        if let viewer {
            isFollowed = """
                CASE WHEN EXISTS (SELECT 1 FROM follows w WHERE w.tenant_id = \(tenant) AND w.follower_id = \(viewer)
                    AND w.person_id = \(person)) THEN 1 ELSE 0 END
                """
        }
        let rows = try await storage.reader(for: tenant).list(
            StatsRow.self, "person.stats",
            """
            SELECT \(sql: PersonTally.columns), \(sql: isFollowed), d.day, d.votes, d.weight_used
            FROM (SELECT 1 AS one) o
            LEFT JOIN person_tallies t ON t.tenant_id = \(tenant) AND t.person_id = \(person)
            LEFT JOIN person_folds f ON f.tenant_id = \(tenant)
            LEFT JOIN vote_days d ON d.tenant_id = \(tenant) AND d.voter_id = \(voter.id)
                AND (f.tenant_id IS NULL
                    OR (d.day >= f.folded_day - 1 AND (d.day_at, d.voter_id) > (f.folded_at, f.folded_voter)))
            ORDER BY d.day
            """, limit: Bounds.openDays)
        var tally = rows.first?.tally ?? PersonTally()
        var now = DayOfVotes(day: today, votes: 0, weight: 0)
        for day in rows.compactMap(\.day) {
            tally.add(day)
            if day.day == today { now = day }
        }
        return PersonStats(
            tally: tally.seen(on: today), today: now, isFollowed: rows.first?.isFollowed ?? false,
            isKnown: rows.first?.isKnown ?? false || !rows.compactMap(\.day).isEmpty)
    }

    /// A page of the clips of a person that anybody may see, or of all of them, newest first.
    func clips(
        of person: ID<Person>, all: Bool, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Clip] {
        let visible: SQL = all ? "c.state <> 'removed'" : "c.state IN ('active', 'winner', 'eliminated')"
        return try await storage.reader(for: tenant).list(
            Clip.self, "person.clips",
            """
            SELECT \(sql: Clip.columns) FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) AND \(sql: visible) ORDER BY c.id DESC
            """, limit: limit)
    }
}

extension PersonTally {
    static let columns: SQL = """
        t.person_id, t.votes_cast, t.weight_cast, t.clips, t.wins, t.streak_days, t.streak_best, t.last_day,
        t.followers, t.following
        """

    /// Reads the columns, all null where there is no row.
    init(row: SQLRow) throws(StorageError) {
        self.init(
            votesCast: try row.optional(at: 1) ?? 0, weightCast: try row.optional(at: 2) ?? 0,
            clips: try row.optional(at: 3) ?? 0, wins: try row.optional(at: 4) ?? 0,
            streakDays: try row.optional(at: 5) ?? 0, streakBest: try row.optional(at: 6) ?? 0,
            lastDay: try row.optional(at: 7), followers: try row.optional(at: 8) ?? 0,
            following: try row.optional(at: 9) ?? 0)
    }
}

private struct StatsRow: RowDecodable {
    let tally: PersonTally
    let isKnown: Bool
    let isFollowed: Bool
    let day: DayOfVotes?

    init(row: SQLRow) throws(StorageError) {
        tally = try PersonTally(row: row)
        isKnown = try row.optional(at: 0, as: ID<Person>.self) != nil
        isFollowed = try row.value(at: 10, as: Int.self) == 1
        if let number = try row.optional(at: 11, as: CalendarDay.self) {
            day = DayOfVotes(day: number, votes: try row.value(at: 12), weight: try row.value(at: 13))
        } else {
            day = nil
        }
    }
}
