import Base
import Storage

/// The table of clips, and what is read of their tallies.
struct ClipStore: Sendable {
    enum Bounds {
        /// Clips of one slot that take part.
        static let clipsPerSlot = 10_000
    }

    let storage: Storage

    func clip(_ id: ID<Clip>, in tenant: Tenant) async throws(StorageError) -> Clip? {
        try await storage.reader(for: tenant).first(
            Clip.self, "clip.byID",
            "SELECT \(sql: Clip.columns) FROM clips c WHERE c.tenant_id = \(tenant) AND c.id = \(id)")
    }

    /// The clips of a slot that have ever competed in it, in order of their ids.
    func competing(in slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [Clip] {
        try await storage.reader(for: tenant).list(
            Clip.self, "clip.ofSlot",
            """
            SELECT \(sql: Clip.columns) FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot) AND c.state IN ('active', 'winner', 'eliminated')
            ORDER BY c.id
            """, limit: Bounds.clipsPerSlot)
    }

    /// Who takes part in a count, with empty hands.
    func entrants(
        of slot: ID<Slot>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [Standing] {
        try await reading.list(
            Entrant.self, "clip.entrants",
            """
            SELECT c.id, c.active_at FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot) AND c.state IN ('active', 'winner', 'eliminated')
            ORDER BY c.id
            """, limit: Bounds.clipsPerSlot
        ).map(\.standing)
    }

    /// Which clips there are, newest first.
    struct Filter: Sendable, Hashable {
        var state: Clip.State = .active
        var genre: Clip.Genre?
        var trackID: ID<Track>?
    }

    func page(
        _ filter: Filter, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Clip> {
        var query: SQL = """
            SELECT \(sql: Clip.columns) FROM clips c WHERE c.tenant_id = \(tenant) AND c.state = \(filter.state)
            """
        if let genre = filter.genre { query = query.appending(" AND c.genre = \(genre)") }
        if let track = filter.trackID { query = query.appending(" AND c.track_id = \(track)") }
        return try await storage.reader(for: tenant).page(
            Clip.self, "clip.page", query, order: .descending("c.id"), after: cursor, limit: limit)
    }

    /// What the sampler needs of the clips that may be shown, in one statement.
    func exposures(of slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [ExposureSampler.Entry] {
        try await exposures(of: slot, through: storage.reader(for: tenant), in: tenant)
    }

    /// The same through a transaction that lets another clip in.
    func exposures(
        of slot: ID<Slot>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ExposureSampler.Entry] {
        try await reading.list(
            ExposureSampler.Entry.self, "clip.exposures",
            """
            SELECT c.id, c.active_at, c.exposure_base,
                CAST(coalesce(sum(t.impressions), 0) AS bigint), CAST(coalesce(sum(t.boosted), 0) AS bigint)
            FROM clips c LEFT JOIN clip_tallies t ON t.tenant_id = c.tenant_id AND t.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot) AND c.state = 'active'
            GROUP BY c.id, c.active_at, c.exposure_base ORDER BY c.id
            """, limit: Bounds.clipsPerSlot)
    }

    /// Clips by their ids, those that exist.
    func clips(_ ids: [ID<Clip>], in tenant: Tenant) async throws(StorageError) -> [Clip] {
        guard !ids.isEmpty else { return [] }
        return try await storage.reader(for: tenant).list(
            Clip.self, "clip.byIDs",
            """
            SELECT \(sql: Clip.columns) FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.id IN (\(rows: SQLRows(ids)))
            """, limit: ids.count)
    }

    /// The names under which people are credited.
    func credits(of people: [ID<Person>], in tenant: Tenant) async throws(StorageError) -> [ID<Person>: String] {
        guard !people.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            CreditRow.self, "clip.credits",
            """
            SELECT c.person_id, max(c.credit) FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.person_id IN (\(rows: SQLRows(people))) GROUP BY c.person_id
            """, limit: people.count)
        return Dictionary(rows.map { ($0.personID, $0.credit) }, uniquingKeysWith: { first, _ in first })
    }

    /// The clips of a slot and their tallies.
    func tallies(of slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [ClipTally] {
        try await storage.reader(for: tenant).list(
            ClipTally.self, "clip.tallies",
            """
            SELECT \(sql: ClipTally.columns)
            FROM clips c LEFT JOIN clip_tallies t ON t.tenant_id = c.tenant_id AND t.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot) AND c.state IN ('active', 'winner', 'eliminated')
            GROUP BY c.id ORDER BY c.id
            """, limit: Bounds.clipsPerSlot)
    }

    /// Adds to the numbers of clips in one lane.
    func count(
        _ counts: [ClipCount], lane: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !counts.isEmpty else { return }
        // In order of the clips, as votes do it: two nodes never wait for each other crosswise.
        let sorted = counts.sorted { $0.clipID < $1.clipID }
        for start in stride(from: 0, to: sorted.count, by: SQLRows.Bounds.rows) {
            let part = sorted[start..<min(sorted.count, start + SQLRows.Bounds.rows)]
            let rows = SQLRows(
                part, { $0.clipID }, { $0.impressions }, { $0.boosted }, { $0.views }, { $0.votes }, { $0.score })
            try await writing.execute(
                "clip.count",
                """
                WITH input (clip_id, impressions, boosted, views, votes, score) AS (\(rows: rows))
                INSERT INTO clip_tallies AS t (tenant_id, clip_id, lane, impressions, boosted, views, votes, score)
                SELECT \(tenant), i.clip_id, \(lane), i.impressions, i.boosted, i.views, i.votes, i.score FROM input i
                WHERE true
                ORDER BY i.clip_id
                ON CONFLICT (tenant_id, clip_id, lane) DO UPDATE SET
                    impressions = t.impressions + excluded.impressions, boosted = t.boosted + excluded.boosted,
                    views = t.views + excluded.views, votes = t.votes + excluded.votes,
                    score = t.score + excluded.score
                """)
        }
    }

    /// Ends the competition of a slot: one winner, the others eliminated.
    func settle(
        _ slot: ID<Slot>, winner: ID<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "clip.settle",
            """
            UPDATE clips SET state = CASE WHEN id = \(winner) THEN 'winner' ELSE 'eliminated' END
            WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND state IN ('active', 'winner', 'eliminated')
            """)
    }

    /// Whether there is anything to vote on.
    func hasActive(
        in slot: ID<Slot>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await reading.first(
            Entrant.self, "clip.anyActive",
            """
            SELECT c.id, c.active_at FROM clips c
            WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot) AND c.state = 'active'
            """) != nil
    }

    func insert(
        _ clips: some Collection<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        var files: [ID<Clip>: SQLValue] = [:]
        for clip in clips { files[clip.id] = try StoredJSON.value(clip.files) }
        for clip in clips {
            try await writing.execute(
                "clip.insert",
                """
                INSERT INTO clips (tenant_id, id, season_id, track_id, slot_id, person_id, title, credit, genre, state,
                    active_at, files, milliseconds, bytes)
                VALUES (\(tenant), \(clip.id), \(clip.seasonID), \(clip.trackID), \(clip.slotID), \(clip.personID),
                    \(clip.title), \(clip.credit), \(clip.genre), \(clip.state), \(clip.activeAt),
                    \(value: files[clip.id] ?? .null(.json)), \(clip.milliseconds), \(clip.bytes))
                """)
        }
    }
}

/// What is added to a clip's numbers.
struct ClipCount: Sendable, Hashable {
    let clipID: ID<Clip>
    var impressions = 0
    var boosted = 0
    var views = 0
    var votes = 0
    var score = 0
}

/// A clip's numbers: those of a lane, or the sum of its lanes.
struct ClipTally: Sendable, Hashable, RowDecodable {
    static let columns: SQL = """
        c.id, CAST(coalesce(sum(t.votes), 0) AS bigint), CAST(coalesce(sum(t.score), 0) AS bigint),
        CAST(coalesce(sum(t.views), 0) AS bigint), CAST(coalesce(sum(t.impressions), 0) AS bigint),
        max(t.last_vote_at)
        """

    let clipID: ID<Clip>
    private(set) var votes: Int
    private(set) var score: Int
    private(set) var views: Int
    private(set) var impressions: Int
    private(set) var lastVoteAt: Timestamp?

    init(
        clipID: ID<Clip>, votes: Int = 0, score: Int = 0, views: Int = 0, impressions: Int = 0,
        lastVoteAt: Timestamp? = nil
    ) {
        self.clipID = clipID
        self.votes = votes
        self.score = score
        self.views = views
        self.impressions = impressions
        self.lastVoteAt = lastVoteAt
    }

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        votes = try row.value(at: 1)
        score = try row.value(at: 2)
        views = try row.value(at: 3)
        impressions = try row.value(at: 4)
        lastVoteAt = try row.optional(at: 5)
    }

    /// Adds another lane of the same clip.
    mutating func add(_ lane: ClipTally) {
        votes += lane.votes
        score += lane.score
        views += lane.views
        impressions += lane.impressions
        lastVoteAt = [lastVoteAt, lane.lastVoteAt].compactMap { $0 }.max()
    }
}

extension Clip: RowDecodable {
    static let columns: SQL = """
        c.id, c.season_id, c.track_id, c.slot_id, c.person_id, c.title, c.credit, c.genre, c.state, c.active_at,
        c.files, c.milliseconds, c.bytes
        """

    init(row: SQLRow) throws(StorageError) { try self.init(row: row, from: 0) }

    /// Reads a clip out of a wider row, from a column on.
    init(row: SQLRow, from first: Int) throws(StorageError) {
        self.init(
            id: try row.value(at: first), seasonID: try row.value(at: first + 1),
            trackID: try row.value(at: first + 2), slotID: try row.value(at: first + 3),
            personID: try row.value(at: first + 4), title: try row.value(at: first + 5),
            credit: try row.value(at: first + 6), genre: try row.value(at: first + 7),
            state: try row.value(at: first + 8), activeAt: try row.value(at: first + 9),
            files: try StoredJSON.read(try row.value(at: first + 10)), milliseconds: try row.value(at: first + 11),
            bytes: try row.value(at: first + 12))
    }
}

extension ExposureSampler.Entry: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            clipID: try row.value(at: 0), activeAt: try row.value(at: 1), base: try row.value(at: 2),
            impressions: try row.value(at: 3), boosted: try row.value(at: 4))
    }
}

private struct Entrant: RowDecodable {
    let standing: Standing

    init(row: SQLRow) throws(StorageError) {
        standing = Standing(clipID: try row.value(at: 0), activeAt: try row.value(at: 1))
    }
}

private struct CreditRow: RowDecodable {
    let personID: ID<Person>
    let credit: String

    init(row: SQLRow) throws(StorageError) {
        personID = try row.value(at: 0)
        credit = try row.value(at: 1)
    }
}
