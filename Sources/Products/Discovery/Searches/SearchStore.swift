import Base
import Storage

/// The tables of searches and of their keywords.
struct SearchStore: Sendable {
    enum Bounds {
        /// Keywords of one search: 50 texts on three platforms.
        static let keywords = 150
        /// Searches that one sweep ends.
        static let due = 100
    }

    static let sweep = SystemCapability(
        name: "discovery.searchDeadlines", reason: "finds searches that are past their hour, whoever they belong to")

    let storage: Storage

    var isPostgres: Bool { storage.dialect == .postgres }
    private var lock: SQL { isPostgres ? " FOR UPDATE" : "" }

    // MARK: Starting

    /// Writes a search unless its person has one that is active, or has sent the same request before.
    func insert(
        _ search: Search, request: SearchRequest?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let wish = search.wish
        let exclusions = try StoredJSON.text(wish.exclusions)
        let platforms = wish.platforms.map(\.rawValue).joined(separator: ",")
        return try await writing.execute(
            "search.insert",
            """
            INSERT INTO searches (tenant_id, id, person_id, campaign_id, saved_search_id, title, platforms, region,
                target, exclusions, state, expansion, enrich, credits_reserved, reservation_id, request_key,
                request_digest, created_at, deadline_at)
            VALUES (\(tenant), \(search.id), \(search.personID), \(search.campaignID), \(search.savedSearchID),
                \(search.title), \(platforms), \(wish.region), \(wish.target), \(exclusions), \(search.state),
                \(wish.expansion), \(wish.enrich), \(search.reserved), \(search.reservationID), \(request?.key),
                \(request?.digest), \(search.createdAt), \(search.deadlineAt))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Writes keywords, those of which the text is there already left out; returns which were written.
    func insert(
        _ keywords: [Keyword], at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Set<ID<Keyword>> {
        guard !keywords.isEmpty else { return [] }
        let rows = SQLRows(
            keywords, { $0.id }, { $0.searchID }, { $0.platform }, { $0.text }, { $0.ordinal }, { $0.isExpanded },
            { $0.round })
        return Set(
            try await writing.returning(
                KeywordIDRow.self, "keyword.insert",
                """
                WITH input (id, search_id, platform, text, ordinal, is_expanded, round) AS (\(rows: rows))
                INSERT INTO keywords (tenant_id, id, search_id, platform, text, ordinal, is_expanded, round, state,
                    changed_at)
                SELECT \(tenant), i.id, i.search_id, i.platform, i.text, i.ordinal, i.is_expanded, i.round, 'waiting',
                    \(time) FROM input i WHERE true
                ON CONFLICT (tenant_id, search_id, platform, text) DO NOTHING RETURNING id
                """, limit: keywords.count
            ).map(\.id))
    }

    /// What stands in the way of a person's new search: the one that is active, or the one of the same request.
    func standing(
        of person: ID<Person>, request key: String?, in tenant: Tenant
    ) async throws(StorageError) -> [StandingSearch] {
        try await storage.reader(for: tenant).list(
            StandingSearch.self, "search.standing",
            """
            SELECT s.id, s.state, s.request_key, s.request_digest, s.created_at FROM searches s
            WHERE s.tenant_id = \(tenant) AND s.person_id = \(person) AND s.state IN ('queued', 'searching')
            UNION ALL
            SELECT s.id, s.state, s.request_key, s.request_digest, s.created_at FROM searches s
            WHERE s.tenant_id = \(tenant) AND s.person_id = \(person) AND s.request_key = \(key ?? "")
                AND s.request_key IS NOT NULL
            """, limit: 2)
    }

    /// Frees the key of a request that is older than a day.
    func forgetRequest(
        _ key: String, of person: ID<Person>, before time: Timestamp, in tenant: Tenant
    ) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "search.forgetRequest",
            """
            UPDATE searches SET request_key = NULL WHERE tenant_id = \(tenant) AND person_id = \(person)
                AND request_key = \(key) AND created_at <= \(time)
            """)
    }

    // MARK: Reading

    /// A search with its keywords: one statement.
    func status(
        of id: ID<Search>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> SearchStatus? {
        let rows = try await reading.list(
            StatusRow.self, "search.status",
            """
            SELECT \(sql: Search.columns), \(sql: Keyword.columns) FROM searches s
            LEFT JOIN keywords k ON k.tenant_id = s.tenant_id AND k.search_id = s.id
            WHERE s.tenant_id = \(tenant) AND s.id = \(id) ORDER BY k.ordinal, k.platform
            """, limit: Bounds.keywords + 1)
        guard let first = rows.first else { return nil }
        return SearchStatus(first.search, keywords: rows.compactMap(\.keyword))
    }

    /// Whether a round of a search still asks vendors.
    func isActive(_ id: ID<Search>, round: Int, in tenant: Tenant) async throws(StorageError) -> Bool {
        let rows = try await storage.reader(for: tenant).list(
            SearchIDRow.self, "search.isActive",
            """
            SELECT s.id FROM searches s
            WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.round = \(round)
              AND s.state IN ('queued', 'searching')
            """, limit: 1)
        return !rows.isEmpty
    }

    /// A page of searches, the newest first: of the workspace, of a person, or of a campaign.
    func page(
        of scope: SearchScope, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Search> {
        let order = PageOrder.descending("s.id")
        let reader = storage.reader(for: tenant)
        switch scope {
        case .workspace:
            return try await reader.page(
                SearchRow.self, "search.page",
                "SELECT \(sql: Search.listed) FROM searches s WHERE s.tenant_id = \(tenant)", order: order,
                after: cursor, limit: limit
            ).map(\.search)
        case .person(let person):
            return try await reader.page(
                SearchRow.self, "search.pageOfPerson",
                """
                SELECT \(sql: Search.listed) FROM searches s
                WHERE s.tenant_id = \(tenant) AND s.person_id = \(person)
                """, order: order, after: cursor, limit: limit
            ).map(\.search)
        case .campaign(let campaign):
            return try await reader.page(
                SearchRow.self, "search.pageOfCampaign",
                """
                SELECT \(sql: Search.listed) FROM searches s
                WHERE s.tenant_id = \(tenant) AND s.campaign_id = \(campaign)
                """, order: order, after: cursor, limit: limit
            ).map(\.search)
        }
    }

    /// Active searches of all tenants that are past their hour.
    func due(at time: Timestamp) async throws(StorageError) -> [DueSearch] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            DueSearch.self, "search.due",
            """
            SELECT s.tenant_id, s.id, s.round FROM searches s
            WHERE s.state IN ('queued', 'searching') AND s.deadline_at <= \(time) ORDER BY s.deadline_at
            """, limit: Bounds.due)
    }

    // MARK: Changing

    /// A search, locked until the transaction ends, with its keywords.
    func locked(
        _ id: ID<Search>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> SearchStatus? {
        let found = try await writing.returning(
            SearchIDRow.self, "search.lock",
            "SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) AND s.id = \(id)\(sql: lock)", limit: 1)
        guard !found.isEmpty else { return nil }
        return try await status(of: id, through: writing, in: tenant)
    }

    /// Writes where a search stands.
    func update(
        _ search: Search, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "search.update",
            """
            UPDATE searches SET state = \(search.state), round = \(search.round),
                expanded_rounds = \(search.expandedRounds), empty_rounds = \(search.emptyRounds),
                found_before = \(search.foundBefore), creators_found = \(search.found),
                creators_excluded = \(search.excluded), credits_reserved = \(search.reserved),
                credits_settled = \(search.settled), reservation_id = \(search.reservationID),
                deadline_at = \(search.deadlineAt), finished_at = \(search.finishedAt), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(search.id)
            """)
    }

    /// Marks that a keyword is being asked for, and its search with it.
    func begin(
        _ keyword: Keyword, of search: Search, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        if search.state == .queued {
            try await writing.execute(
                "search.begin",
                """
                UPDATE searches SET state = 'searching', version = version + 1
                WHERE tenant_id = \(tenant) AND id = \(search.id) AND state = 'queued'
                """)
        }
        try await writing.execute(
            "keyword.begin",
            """
            UPDATE keywords SET state = 'running', changed_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(keyword.id) AND state = 'waiting'
            """)
    }

    /// Gives up a keyword that has not ended; returns how many others have not, `nil` when it had ended already.
    func fail(
        _ keyword: Keyword, because reason: Keyword.Reason, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Int? {
        // The search is locked first, as by pages: of two keywords that end at once one sees that it was the last.
        if isPostgres {
            _ = try await writing.returning(
                SearchIDRow.self, "search.hold",
                """
                SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) AND s.id = \(keyword.searchID) FOR UPDATE
                """, limit: 1)
        }
        return try await writing.returning(
            CountRow.self, "keyword.fail",
            """
            UPDATE keywords SET state = 'failed', reason = \(reason), attempts = attempts + 1, changed_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(keyword.id) AND state IN ('waiting', 'running')
            RETURNING (SELECT count(*) FROM keywords o WHERE o.tenant_id = \(tenant)
                AND o.search_id = \(keyword.searchID) AND o.id <> \(keyword.id) AND o.state IN ('waiting', 'running'))
            """, limit: 1
        ).first?.count
    }

    /// Ends all keywords of a search that have not ended; returns how many.
    func end(
        keywordsOf id: ID<Search>, as state: Keyword.State, because reason: Keyword.Reason, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await writing.execute(
            "keyword.endAll",
            """
            UPDATE keywords SET state = \(state), reason = \(reason), changed_at = \(time)
            WHERE tenant_id = \(tenant) AND search_id = \(id) AND state IN ('waiting', 'running')
            """)
    }

    /// Has failed keywords wait again in a new round; returns them.
    func reset(
        _ ids: [ID<Keyword>], to round: Int, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "keyword.reset",
            """
            UPDATE keywords SET state = 'waiting', reason = NULL, empties = 0, attempts = 0, round = \(round),
                changed_at = \(time)
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids))) AND state = 'failed'
            """)
    }

    /// Makes a search active again; `false` when its person has another one that is.
    func reactivate(
        _ search: Search, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "search.reactivate",
            """
            UPDATE searches SET state = 'searching' WHERE tenant_id = \(tenant) AND id = \(search.id)
                AND NOT EXISTS (SELECT 1 FROM searches o WHERE o.tenant_id = \(tenant)
                    AND o.person_id = \(search.personID) AND o.state IN ('queued', 'searching'))
            """) == 1
    }

    /// Sets a keyword's counter right, by what was counted.
    func repair(
        found: Int, keyword id: ID<Keyword>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "keyword.repair",
            "UPDATE keywords SET found = \(found) WHERE tenant_id = \(tenant) AND id = \(id)")
    }

    /// Takes what keywords counted of profiles that were known before into the search's own counter.
    func settle(
        enriched: Int, of id: ID<Search>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "search.settleEnriched",
            "UPDATE searches SET creators_enriched = \(enriched) WHERE tenant_id = \(tenant) AND id = \(id)")
        try await writing.execute(
            "keyword.settleReused",
            """
            UPDATE keywords SET reused = 0 WHERE tenant_id = \(tenant) AND search_id = \(id) AND reused <> 0
            """)
    }
}

/// What a client calls a request, so that sending it twice starts one search.
struct SearchRequest: Sendable, Hashable {
    let key: String
    /// What was asked for: the same key for something else is a mistake of the client's.
    let digest: [UInt8]
}

/// Which searches are listed.
enum SearchScope: Sendable, Hashable {
    case workspace
    case person(ID<Person>)
    case campaign(ID<Campaign>)
}

/// A search that stands in the way of another.
struct StandingSearch: Sendable, RowDecodable {
    let id: ID<Search>
    let state: Search.State
    let requestKey: String?
    let requestDigest: [UInt8]?
    let createdAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        state = try row.value(at: 1)
        requestKey = try row.optional(at: 2)
        requestDigest = try row.optional(at: 3)
        createdAt = try row.value(at: 4)
    }
}

/// An active search that is past its hour.
struct DueSearch: Sendable, RowDecodable {
    let tenant: Tenant
    let id: ID<Search>
    let round: Int

    init(row: SQLRow) throws(StorageError) {
        tenant = Tenant(try row.value(at: 0))
        id = try row.value(at: 1)
        round = try row.value(at: 2)
    }
}

struct SearchIDRow: RowDecodable {
    let id: ID<Search>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

private struct KeywordIDRow: RowDecodable {
    let id: ID<Keyword>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}
