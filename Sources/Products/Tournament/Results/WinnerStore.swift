import Base
import Storage

/// The tables of winners and of removals.
struct WinnerStore: Sendable {
    let storage: Storage

    func winner(of slot: ID<Slot>, through reading: some Reading, in tenant: Tenant) async throws(StorageError)
        -> Winner?
    {
        try await reading.first(
            Winner.self, "winner.ofSlot",
            "SELECT \(sql: Winner.columns) FROM winners w WHERE w.tenant_id = \(tenant) AND w.slot_id = \(slot)")
    }

    /// Writes the result of a slot, once: `false` when it has one.
    func insert(_ winner: Winner, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        let standings = try StoredJSON.value(winner.standings)
        return try await writing.execute(
            "winner.insert",
            """
            INSERT INTO winners (tenant_id, slot_id, clip_id, score, voters, state, digest, below_minimum, standings,
                ballots, removed, withdrawn, decided_at)
            VALUES (\(tenant), \(winner.slotID), \(winner.clipID), \(winner.score), \(winner.voters), \(winner.state),
                \(winner.digest), \(winner.belowMinimum), \(value: standings), \(winner.ballots), \(winner.removed),
                \(winner.withdrawn), \(winner.decidedAt))
            ON CONFLICT (tenant_id, slot_id) DO NOTHING
            """) == 1
    }

    /// Replaces a result that is still provisional.
    func replace(_ winner: Winner, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool
    {
        let standings = try StoredJSON.value(winner.standings)
        return try await writing.execute(
            "winner.replace",
            """
            UPDATE winners SET clip_id = \(winner.clipID), score = \(winner.score), voters = \(winner.voters),
                digest = \(winner.digest), below_minimum = \(winner.belowMinimum), standings = \(value: standings),
                ballots = \(winner.ballots), removed = \(winner.removed), withdrawn = \(winner.withdrawn)
            WHERE tenant_id = \(tenant) AND slot_id = \(winner.slotID) AND state = 'provisional'
            """) == 1
    }

    func finalise(_ slot: ID<Slot>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "winner.finalise",
            "UPDATE winners SET state = 'final' WHERE tenant_id = \(tenant) AND slot_id = \(slot)")
    }

    /// The winners of a season in the order of the film.
    func film(of season: ID<Season>, in tenant: Tenant) async throws(StorageError) -> [Scene] {
        try await storage.reader(for: tenant).list(
            Scene.self, "winner.film",
            """
            SELECT s.position, s.track_id, w.score, w.voters, w.state, \(sql: Clip.columns)
            FROM slots s
            JOIN winners w ON w.tenant_id = s.tenant_id AND w.slot_id = s.id
            JOIN clips c ON c.tenant_id = w.tenant_id AND c.id = w.clip_id
            WHERE s.tenant_id = \(tenant) AND s.season_id = \(season)
            ORDER BY s.position, s.track_id
            """, limit: 2_000)
    }

    /// Writes that votes were removed, for everybody to read.
    func insert(
        _ removal: Removal, by person: ID<Person>? = nil, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "removal.insert",
            """
            INSERT INTO removals (tenant_id, id, slot_id, case_id, reason, votes, weight, changed_result, removed_at,
                removed_by, removed_by_id)
            VALUES (\(tenant), \(removal.id), \(removal.slotID), \(removal.caseID), \(removal.reason),
                \(removal.votes), \(removal.weight), \(removal.changedResult), \(removal.removedAt),
                \(removal.removedBy), \(person))
            """)
    }

    func removals(
        of slot: ID<Slot>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [Removal] {
        try await reading.list(
            Removal.self, "removal.ofSlot",
            """
            SELECT r.id, r.slot_id, r.case_id, r.reason, r.votes, r.weight, r.changed_result, r.removed_at, r.removed_by
            FROM removals r WHERE r.tenant_id = \(tenant) AND r.slot_id = \(slot) ORDER BY r.id
            """, limit: 1_000)
    }
}

/// A scene of the film: a slot's winner.
struct Scene: Sendable, Hashable, Codable, RowDecodable {
    let position: Int
    let trackID: ID<Track>
    let score: Int
    let voters: Int
    let state: Winner.State
    var clip: Clip

    init(row: SQLRow) throws(StorageError) {
        position = try row.value(at: 0)
        trackID = try row.value(at: 1)
        score = try row.value(at: 2)
        voters = try row.value(at: 3)
        state = try row.value(at: 4)
        clip = try Clip(row: row, from: 5)
    }
}

extension Winner: RowDecodable {
    static let columns: SQL = """
        w.slot_id, w.clip_id, w.score, w.voters, w.state, w.digest, w.below_minimum, w.standings, w.ballots, w.removed,
        w.withdrawn, w.decided_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            slotID: try row.value(at: 0), clipID: try row.value(at: 1), score: try row.value(at: 2),
            voters: try row.value(at: 3), state: try row.value(at: 4), digest: try row.value(at: 5),
            belowMinimum: try row.value(at: 6), standings: try StoredJSON.read(try row.value(at: 7)),
            ballots: try row.value(at: 8), removed: try row.value(at: 9), withdrawn: try row.value(at: 10),
            decidedAt: try row.value(at: 11))
    }
}

extension Removal: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), slotID: try row.value(at: 1), caseID: try row.optional(at: 2),
            reason: try row.value(at: 3), votes: try row.value(at: 4), weight: try row.value(at: 5),
            changedResult: try row.value(at: 6), removedAt: try row.value(at: 7), removedBy: try row.value(at: 8))
    }
}
