import Base
import Storage

/// The table of saved searches.
struct SavedSearchStore: Sendable {
    /// The right by which what is due is found.
    static let sweep = SystemCapability(
        name: "discovery.savedSearches", reason: "finds saved searches that are due, whoever saved them")

    let storage: Storage

    func insert(_ saved: SavedSearch, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "savedSearch.insert",
            """
            INSERT INTO saved_searches (tenant_id, id, person_id, name, query, every, is_paused, next_run_at, created_at)
            VALUES (\(tenant), \(saved.id), \(saved.personID), \(saved.name), \(try StoredJSON.text(saved.wish)),
                \(saved.rhythm), \(saved.isPaused), \(saved.nextRunAt), \(saved.createdAt))
            """)
    }

    /// A page of somebody's saved searches with what their last runs have found, the newest first.
    func page(
        of person: ID<Person>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<SavedSearch> {
        try await storage.reader(for: tenant).page(
            SavedSearch.self, "savedSearch.page",
            """
            SELECT \(sql: SavedSearch.columns) FROM saved_searches v
            LEFT JOIN searches s ON s.tenant_id = \(tenant) AND s.id = v.last_search_id
            WHERE v.tenant_id = \(tenant) AND v.person_id = \(person)
            """, order: .descending("v.id"), after: cursor, limit: limit)
    }

    func savedSearch(
        _ id: ID<SavedSearch>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> SavedSearch? {
        try await reading.first(
            SavedSearch.self, "savedSearch.byID",
            """
            SELECT \(sql: SavedSearch.columns) FROM saved_searches v
            LEFT JOIN searches s ON s.tenant_id = \(tenant) AND s.id = v.last_search_id
            WHERE v.tenant_id = \(tenant) AND v.id = \(id)
            """)
    }

    /// Some that are due, in all tenants.
    func due(at time: Timestamp, limit: Int) async throws(StorageError) -> [DueSavedSearch] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            DueSavedSearch.self, "savedSearch.due",
            """
            SELECT tenant_id, id FROM saved_searches WHERE next_run_at <= \(time) AND NOT is_paused ORDER BY next_run_at
            """, limit: limit)
    }

    /// Takes a run that is due for whoever asks first; `false` for everybody else.
    func take(
        _ saved: SavedSearch, next: Timestamp, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "savedSearch.take",
            """
            UPDATE saved_searches SET next_run_at = \(next), last_run_at = \(time), failure = NULL, version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(saved.id) AND next_run_at = \(saved.nextRunAt) AND NOT is_paused
            """) == 1
    }

    /// Notes what came of a run.
    func note(
        _ id: ID<SavedSearch>, search: ID<Search>?, failure: String?, next: Timestamp? = nil, in tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "savedSearch.note",
            """
            UPDATE saved_searches SET last_search_id = coalesce(\(search), last_search_id), failure = \(failure),
                next_run_at = coalesce(\(next), next_run_at), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// Pauses one of somebody's, or lets it go on.
    func pause(
        _ id: ID<SavedSearch>, _ isPaused: Bool, next: Timestamp, of person: ID<Person>, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await storage.writer(for: tenant).execute(
            "savedSearch.pause",
            """
            UPDATE saved_searches SET is_paused = \(isPaused), next_run_at = \(next), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id) AND person_id = \(person)
            """) == 1
    }

    func delete(
        _ id: ID<SavedSearch>, of person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "savedSearch.delete",
            "DELETE FROM saved_searches WHERE tenant_id = \(tenant) AND id = \(id) AND person_id = \(person)") == 1
    }
}

/// A saved search that is due.
struct DueSavedSearch: Sendable, RowDecodable {
    let tenant: Tenant
    let id: ID<SavedSearch>

    init(row: SQLRow) throws(StorageError) {
        tenant = Tenant(try row.value(at: 0))
        id = try row.value(at: 1)
    }
}

extension SavedSearch: RowDecodable {
    fileprivate static let columns: SQL = """
        v.id, v.person_id, v.name, v.query, v.every, v.is_paused, v.last_search_id, s.creators_found, v.last_run_at,
        v.next_run_at, v.failure, v.created_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), personID: try row.value(at: 1), name: try row.value(at: 2),
            wish: try StoredJSON.read(try row.value(at: 3)), rhythm: try row.value(at: 4),
            isPaused: try row.value(at: 5), lastSearchID: try row.optional(at: 6), lastFound: try row.optional(at: 7),
            lastRunAt: try row.optional(at: 8), nextRunAt: try row.value(at: 9), failure: try row.optional(at: 10),
            createdAt: try row.value(at: 11))
    }
}
