import Base
import Storage

/// Reads what boards rank, and keeps built boards over a restart.
struct BoardStore: Sendable {
    enum Bounds {
        /// Entries of one board; what lies behind is not ranked.
        static let entries = 2_000_000
        /// The largest board that is kept in the table; larger ones are built again after a start.
        static let blobBytes = 4 << 20
    }

    let storage: Storage

    // MARK: Sources

    /// The clips of a slot, in score order and rising.
    func slot(_ slot: ID<Slot>, in tenant: Tenant) async throws -> BoardSource {
        let tallies = try await ClipStore(storage: storage).tallies(of: slot, in: tenant)
        return BoardSource(
            byScore: tallies.map(Self.entry), rising: tallies.compactMap(Self.risingEntry))
    }

    /// All clips of a track, a season or of all time, streamed.
    ///
    /// Lanes are added up here: a million rows grouped by the engine are sorted through its temporary files.
    func clips(_ filter: SQL, in tenant: Tenant) async throws -> BoardSource {
        var sums = TallySums()
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "board.clips",
                """
                SELECT c.id, coalesce(t.votes, 0), coalesce(t.score, 0), coalesce(t.views, 0),
                    coalesce(t.impressions, 0), t.last_vote_at
                FROM clips c LEFT JOIN clip_tallies t ON t.tenant_id = c.tenant_id AND t.clip_id = c.id
                WHERE c.tenant_id = \(tenant) AND c.state IN ('active', 'winner', 'eliminated')\(sql: filter)
                """
            ) { rows in
                for index in 0..<rows.rowCount {
                    sums.add(try ClipTally(row: SQLRow(source: rows, index: index)), clipsMax: Bounds.entries)
                }
            }
        }
        return BoardSource(
            byScore: sums.tallies.map(Self.entry), rising: sums.tallies.compactMap(Self.risingEntry))
    }

    /// Makers by the points of their clips.
    func creators(in tenant: Tenant) async throws -> BoardSource {
        try await people(
            "board.creators",
            """
            SELECT c.person_id, CAST(coalesce(sum(t.score), 0) AS bigint), CAST(coalesce(sum(t.votes), 0) AS bigint)
            FROM clips c LEFT JOIN clip_tallies t ON t.tenant_id = c.tenant_id AND t.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.state IN ('active', 'winner', 'eliminated')
            GROUP BY c.person_id
            """, in: tenant)
    }

    /// Voters by the weight they have cast, of all time or of a day.
    func voters(on day: CalendarDay?, in tenant: Tenant) async throws -> BoardSource {
        let filter: SQL = day.map { " AND d.day = \($0)" } ?? ""
        return try await people(
            "board.voters",
            """
            SELECT d.voter_id, CAST(sum(d.weight_used) AS bigint), CAST(sum(d.votes) AS bigint)
            FROM vote_days d WHERE d.tenant_id = \(tenant)\(sql: filter) GROUP BY d.voter_id
            """, in: tenant)
    }

    private func people(_ name: StaticString, _ query: SQL, in tenant: Tenant) async throws -> BoardSource {
        var source = BoardSource()
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(name, query) { rows in
                guard source.byScore.count < Bounds.entries else { return }
                for index in 0..<rows.rowCount {
                    let row = SQLRow(source: rows, index: index)
                    source.byScore.append(
                        Board.Entry(
                            id: try row.value(at: 0), score: try row.value(at: 1), tie: 0,
                            voters: try row.value(at: 2)))
                }
            }
        }
        return source
    }

    /// Ties of a live board follow the stated rule as far as tallies know it: the earlier last vote comes first.
    private static func entry(_ tally: ClipTally) -> Board.Entry {
        Board.Entry(
            id: tally.clipID.cast(to: ID<Ranked>.self), score: Int64(tally.score),
            tie: tally.votes > 0 ? tally.lastVoteAt?.microseconds ?? .max : .max, voters: Int64(tally.votes))
    }

    private static func risingEntry(_ tally: ClipTally) -> Board.Entry? {
        Rising.score(voters: tally.votes, views: tally.views, impressions: tally.impressions).map {
            Board.Entry(
                id: tally.clipID.cast(to: ID<Ranked>.self), score: $0, tie: 0, voters: Int64(tally.votes))
        }
    }

    // MARK: Kept boards

    func kept(_ key: BoardKey, in tenant: Tenant) async throws(StorageError) -> Board? {
        try await storage.reader(for: tenant).first(
            BlobRow.self, "board.kept",
            """
            SELECT b.blob FROM boards b
            WHERE b.tenant_id = \(tenant) AND b.kind = \(key.kind) AND b.scope = \(key.scope)
            """
        ).flatMap { Board(blob: $0.blob) }
    }

    func keep(_ board: Board, as key: BoardKey, in tenant: Tenant) async throws(StorageError) {
        guard board.count * 40 <= Bounds.blobBytes else { return }
        try await storage.writer(for: tenant).execute(
            "board.keep",
            """
            INSERT INTO boards AS b (tenant_id, kind, scope, version, built_at, blob)
            VALUES (\(tenant), \(key.kind), \(key.scope), \(board.version), \(board.builtAt), \(board.blob))
            ON CONFLICT (tenant_id, kind, scope) DO UPDATE SET version = excluded.version,
                built_at = excluded.built_at, blob = excluded.blob
            WHERE b.version < excluded.version
            """)
    }
}

/// What a board is built from.
struct BoardSource: Sendable {
    var byScore: [Board.Entry] = []
    var rising: [Board.Entry] = []
}

private struct BlobRow: RowDecodable {
    let blob: [UInt8]

    init(row: SQLRow) throws(StorageError) { blob = try row.value(at: 0) }
}
