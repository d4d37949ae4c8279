import Base
import Storage

/// Reading what searches found.
struct MatchStore: Sendable {
    let storage: Storage

    /// A page of a search's matches with their creators, and where the search stands: one statement.
    func page(
        of search: ID<Search>, _ filter: MatchFilter, by sort: MatchSort, after cursor: Cursor?, limit: Int,
        in tenant: Tenant
    ) async throws(StorageError) -> Page<StandingMatch> {
        let reader = storage.reader(for: tenant)
        let source = rows(of: search, filter, in: tenant)
        // A search has at most a thousand matches, so that they are sorted in memory; what nobody knows comes last.
        switch sort {
        case .found:
            return try await reader.page(
                StandingMatch.self, "match.page", source, order: .ascending("m.sequence"), after: cursor, limit: limit)
        case .followers:
            return try await reader.page(
                StandingMatch.self, "match.pageByFollowers", sorted(source, "y.followers"),
                order: .descending("x.sort_key", "x.sequence"), after: cursor, limit: limit)
        case .engagement:
            return try await reader.page(
                StandingMatch.self, "match.pageByEngagement", sorted(source, "y.engagement"),
                order: .descending("x.sort_key", "x.sequence"), after: cursor, limit: limit)
        case .views:
            return try await reader.page(
                StandingMatch.self, "match.pageByViews", sorted(source, "y.median_views"),
                order: .descending("x.sort_key", "x.sequence"), after: cursor, limit: limit)
        case .name:
            return try await reader.page(
                StandingMatch.self, "match.pageByName",
                """
                SELECT x.* FROM (SELECT y.*, substr(lower(y.name), 1, 40) AS sort_key FROM (\(sql: source)) y) x
                WHERE true
                """, order: .ascending("x.sort_key", "x.sequence"), after: cursor, limit: limit)
        }
    }

    private func sorted(_ source: SQL, _ column: StaticString) -> SQL {
        """
        SELECT x.* FROM (SELECT y.*, coalesce(\(raw: column), -1) AS sort_key FROM (\(sql: source)) y) x WHERE true
        """
    }

    /// All that pass a filter, as a fragment that ends in a condition.
    func rows(of search: ID<Search>, _ filter: MatchFilter, in tenant: Tenant) -> SQL {
        """
        SELECT \(sql: FoundMatch.columns),
            (SELECT CAST(coalesce(sum(k.found), 0) AS bigint) FROM keywords k
                WHERE k.tenant_id = \(tenant) AND k.search_id = \(search)) AS total,
            (SELECT s.state FROM searches s WHERE s.tenant_id = \(tenant) AND s.id = \(search)) AS search_state
        FROM matches m JOIN creators c ON c.tenant_id = m.tenant_id AND c.id = m.creator_id
        WHERE m.tenant_id = \(tenant) AND m.search_id = \(search)\(sql: condition(filter))
        """
    }

    /// A filter as conditions on `m` and `c`.
    func condition(_ filter: MatchFilter) -> SQL {
        var all: SQL = ""
        func add(_ condition: SQL) { all = all.appending(" AND ").appending(condition) }
        let unknown = filter.includesUnknown
        if let platform = filter.platform { add("c.platform = \(platform)") }
        if let low = filter.followersMin {
            add(unknown ? "(c.followers IS NULL OR c.followers >= \(low))" : "c.followers >= \(low)")
        }
        if let high = filter.followersMax {
            add(unknown ? "(c.followers IS NULL OR c.followers <= \(high))" : "c.followers <= \(high)")
        }
        if let low = filter.engagementMin {
            add(unknown ? "(c.engagement IS NULL OR c.engagement >= \(low))" : "c.engagement >= \(low)")
        }
        if let country = filter.country {
            add(unknown ? "(c.country IS NULL OR c.country = \(country))" : "c.country = \(country)")
        }
        if let language = filter.language {
            add(unknown ? "(c.language IS NULL OR c.language = \(language))" : "c.language = \(language)")
        }
        switch filter.email {
        case .known: add("c.email IS NOT NULL")
        case .unknown: add("c.email IS NULL")
        case nil: break
        }
        if let ordinal = filter.keyword {
            add("(m.keywords & \(KeywordSet(ordinal: ordinal).rawValue)) <> 0")
        }
        return all
    }

    /// How many pass a filter.
    func count(
        of search: ID<Search>, _ filter: MatchFilter, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await storage.reader(for: tenant).aggregate(
            CountRow.self, "match.count",
            """
            SELECT count(*) FROM matches m JOIN creators c ON c.tenant_id = m.tenant_id AND c.id = m.creator_id
            WHERE m.tenant_id = \(tenant) AND m.search_id = \(search)\(sql: condition(filter))
            """
        ).count
    }

    /// How many matches a search has, and of how many the profile was read.
    func counts(
        of search: ID<Search>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> MatchCounts {
        try await reading.aggregate(
            MatchCounts.self, "match.counts",
            """
            SELECT count(*), count(m.enriched_at) FROM matches m
            WHERE m.tenant_id = \(tenant) AND m.search_id = \(search)
            """)
    }

    /// Matches behind a number, for who has missed messages.
    func since(
        _ sequence: Int64, of search: ID<Search>, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [FoundMatch] {
        try await storage.reader(for: tenant).list(
            FoundMatch.self, "match.since",
            """
            \(sql: rows(of: search, MatchFilter(), in: tenant)) AND m.sequence > \(sequence) ORDER BY m.sequence
            """, limit: limit)
    }

    /// How many of a workspace's creators have all words of one of the texts, and how many of those are left out.
    func held(
        _ texts: [String], leavingOut exclusions: Exclusions, at time: Timestamp, in tenant: Tenant
    ) async throws(StorageError) -> HeldCounts {
        var any: SQL = "false"
        for text in texts {
            let words = CreatorWords.split(text)
            guard !words.isEmpty else { continue }
            let all = CreatorStore.having(words, in: storage.dialect)
            any = any.appending(" OR (").appending(all).appending(")")
        }
        let excluded = PageStore(storage: storage).exclusions(exclusions, since: time, at: time, in: tenant)
        return try await storage.reader(for: tenant).aggregate(
            HeldCounts.self, "creator.held",
            """
            SELECT count(*), CAST(coalesce(sum(CASE WHEN c.blocked_at IS NULL\(sql: excluded) THEN 0 ELSE 1 END), 0)
                AS bigint)
            FROM (SELECT c.id, c.blocked_at, c.created_at FROM creators c
                WHERE c.tenant_id = \(tenant) AND (\(sql: any)) LIMIT 5000) c
            """)
    }
}

/// How many creators a workspace has for some words.
struct HeldCounts: Sendable, Hashable, RowDecodable {
    let all: Int
    let excluded: Int

    init(row: SQLRow) throws(StorageError) {
        all = try row.value(at: 0)
        excluded = try row.value(at: 1)
    }
}

/// How many matches there are.
struct MatchCounts: Sendable, Hashable, RowDecodable {
    let all: Int
    let enriched: Int

    init(row: SQLRow) throws(StorageError) {
        all = try row.value(at: 0)
        enriched = try row.value(at: 1)
    }
}

struct CountRow: RowDecodable {
    let count: Int

    init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
}

extension FoundMatch: RowDecodable {
    static let columns: SQL = """
        m.search_id, m.creator_id, m.sequence, m.keywords, m.is_charged, m.found_at, m.enriched_at AS match_enriched_at,
        \(sql: Creator.columns)
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            match: Match(
                searchID: try row.value(at: 0), creatorID: try row.value(at: 1), sequence: try row.value(at: 2),
                keywords: KeywordSet(rawValue: try row.value(at: 3)), isCharged: try row.value(at: 4),
                foundAt: try row.value(at: 5), enrichedAt: try row.optional(at: 6)),
            creator: try Creator(row: row, at: 7))
    }
}

/// A match with where its search stood when it was read.
struct StandingMatch: Sendable, RowDecodable {
    let found: FoundMatch
    let total: Int
    let state: Search.State

    init(row: SQLRow) throws(StorageError) {
        found = try FoundMatch(row: row)
        total = try row.value("total")
        state = try row.value("search_state")
    }
}
