import Base
import Storage

/// The tables of seasons and tracks.
struct SeasonStore: Sendable {
    let storage: Storage

    /// The season that is on, with its tracks in order of their names, `main` first.
    func active(in tenant: Tenant) async throws(StorageError) -> (season: Season, tracks: [Track], salt: [UInt8])? {
        let rows = try await storage.reader(for: tenant).list(
            SeasonWithTrack.self, "season.active",
            """
            SELECT \(sql: SeasonWithTrack.columns)
            FROM seasons s JOIN tracks t ON t.tenant_id = s.tenant_id AND t.season_id = s.id
            WHERE s.tenant_id = \(tenant) AND s.state = 'active'
            ORDER BY CASE t.name WHEN 'main' THEN 0 ELSE 1 END, t.name
            """, limit: 100)
        return rows.first.map { ($0.season, rows.map(\.track), $0.salt) }
    }

    /// Whether there ever was a season.
    func hasAny(in tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.reader(for: tenant).exists(
            "season.any", "SELECT s.id FROM seasons s WHERE s.tenant_id = \(tenant)")
    }

    /// The season of a slot, whatever its state.
    func season(_ id: ID<Season>, through reading: some Reading, in tenant: Tenant) async throws(StorageError)
        -> Season?
    {
        try await reading.first(
            Season.self, "season.byID",
            "SELECT \(sql: Season.columns) FROM seasons s WHERE s.tenant_id = \(tenant) AND s.id = \(id)")
    }

    /// The rules of the season that was made last, whether it is on or over.
    func newestRules(through reading: some Reading, in tenant: Tenant) async throws(StorageError) -> SeasonRules? {
        try await reading.first(
            Season.self, "season.newest",
            "SELECT \(sql: Season.columns) FROM seasons s WHERE s.tenant_id = \(tenant) ORDER BY s.id DESC"
        )?.rules
    }

    /// What season pseudonyms are salted with.
    func salt(of id: ID<Season>, through reading: some Reading, in tenant: Tenant) async throws(StorageError) -> [UInt8]
    {
        try await reading.one(
            SaltRow.self, "season.salt",
            "SELECT s.salt FROM seasons s WHERE s.tenant_id = \(tenant) AND s.id = \(id)"
        ).salt
    }

    func insert(
        _ season: Season, salt: [UInt8], tracks: [Track], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let rules = try StoredJSON.value(season.rules)
        try await writing.execute(
            "season.insert",
            """
            INSERT INTO seasons (tenant_id, id, title, state, rules, salt, created_at)
            VALUES (\(tenant), \(season.id), \(season.title), \(season.state), \(value: rules), \(salt),
                \(season.createdAt))
            """)
        try await writing.execute(
            "track.insert",
            """
            WITH input (id, name, weight) AS (\(rows: SQLRows(tracks, { $0.id }, { $0.name }, { $0.weight })))
            INSERT INTO tracks (tenant_id, id, season_id, name, weight)
            SELECT \(tenant), i.id, \(season.id), i.name, i.weight FROM input i
            """)
    }

    func setState(
        _ state: Season.State, of id: ID<Season>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "season.setState",
            "UPDATE seasons SET state = \(state) WHERE tenant_id = \(tenant) AND id = \(id)")
    }
}

extension Season: RowDecodable {
    static let columns: SQL = "s.id, s.title, s.state, s.rules, s.pseudonymised_at, s.created_at"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), title: try row.value(at: 1), state: try row.value(at: 2),
            rules: try StoredJSON.read(try row.value(at: 3)), pseudonymisedAt: try row.optional(at: 4),
            createdAt: try row.value(at: 5))
    }
}

private struct SeasonWithTrack: RowDecodable {
    static let columns: SQL = "\(sql: Season.columns), t.id, t.name, t.weight, s.salt"

    let season: Season
    let track: Track
    let salt: [UInt8]

    init(row: SQLRow) throws(StorageError) {
        season = try Season(row: row)
        track = Track(
            id: try row.value(at: 6), seasonID: season.id, name: try row.value(at: 7), weight: try row.value(at: 8))
        salt = try row.value(at: 9)
    }
}

private struct SaltRow: RowDecodable {
    let salt: [UInt8]

    init(row: SQLRow) throws(StorageError) { salt = try row.value(at: 0) }
}
