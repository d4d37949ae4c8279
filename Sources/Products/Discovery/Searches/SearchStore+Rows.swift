import Base
import Storage

/// How searches and keywords are read from rows.
extension Search {
    static let columns: SQL = """
        s.id, s.person_id, s.campaign_id, s.saved_search_id, s.title, s.platforms, s.region, s.target, s.exclusions,
        s.state, s.round, s.expansion, s.enrich, s.expanded_rounds, s.empty_rounds, s.found_before,
        s.creators_found, s.creators_excluded, s.creators_enriched, s.credits_reserved, s.credits_settled,
        s.reservation_id, s.created_at, s.deadline_at, s.finished_at, s.version
        """
    /// The same for lists: what is found so far by a search that runs is the sum of its keywords.
    static let listed: SQL = """
        s.id, s.person_id, s.campaign_id, s.saved_search_id, s.title, s.platforms, s.region, s.target, s.exclusions,
        s.state, s.round, s.expansion, s.enrich, s.expanded_rounds, s.empty_rounds, s.found_before,
        CASE WHEN s.state IN ('queued', 'searching') THEN coalesce((SELECT CAST(sum(r.found) AS bigint)
            FROM keywords r WHERE r.tenant_id = s.tenant_id AND r.search_id = s.id), 0) ELSE s.creators_found END,
        s.creators_excluded, s.creators_enriched, s.credits_reserved, s.credits_settled, s.reservation_id,
        s.created_at, s.deadline_at, s.finished_at, s.version
        """
    static let columnCount = 26

    init(row: SQLRow) throws(StorageError) {
        let platforms: String = try row.value(at: 5)
        let wish = SearchWish(
            stored: platforms.split(separator: ",").compactMap { Platform(rawValue: String($0)) },
            region: try row.value(at: 6), target: try row.value(at: 7),
            exclusions: try StoredJSON.read(try row.value(at: 8)), expansion: try row.value(at: 11),
            enrich: try row.value(at: 12))
        self.init(
            id: try row.value(at: 0), personID: try row.value(at: 1), campaignID: try row.optional(at: 2),
            savedSearchID: try row.optional(at: 3), wish: wish, title: try row.value(at: 4),
            state: try row.value(at: 9),
            round: try row.value(at: 10), expandedRounds: try row.value(at: 13), emptyRounds: try row.value(at: 14),
            foundBefore: try row.value(at: 15), found: try row.value(at: 16), excluded: try row.value(at: 17),
            enriched: try row.value(at: 18), reserved: try row.value(at: 19), settled: try row.value(at: 20),
            reservationID: try row.value(at: 21), createdAt: try row.value(at: 22), deadlineAt: try row.value(at: 23),
            finishedAt: try row.optional(at: 24), version: try row.value(at: 25))
    }
}

extension Keyword {
    static let columns: SQL = """
        k.id, k.search_id, k.platform, k.text, k.ordinal, k.is_expanded, k.round, k.state, k.reason, k.cursor,
        k.cursors, k.pages, k.empties, k.attempts, k.found, k.charged, k.excluded, k.reused
        """

    init(row: SQLRow, at place: Int = 0) throws(StorageError) {
        self.init(
            id: try row.value(at: place), searchID: try row.value(at: place + 1),
            platform: try row.value(at: place + 2), text: try row.value(at: place + 3),
            ordinal: try row.value(at: place + 4), isExpanded: try row.value(at: place + 5),
            round: try row.value(at: place + 6), state: try row.value(at: place + 7),
            reason: try row.optional(at: place + 8), cursor: try row.value(at: place + 9),
            trail: CursorTrail(text: try row.value(at: place + 10)), pages: try row.value(at: place + 11),
            empties: try row.value(at: place + 12), attempts: try row.value(at: place + 13),
            found: try row.value(at: place + 14), charged: try row.value(at: place + 15),
            excluded: try row.value(at: place + 16), reused: try row.value(at: place + 17))
    }
}

struct SearchRow: RowDecodable {
    let search: Search

    init(row: SQLRow) throws(StorageError) { search = try Search(row: row) }
}

struct StatusRow: RowDecodable {
    let search: Search
    let keyword: Keyword?

    init(row: SQLRow) throws(StorageError) {
        search = try Search(row: row)
        let id: ID<Keyword>? = try row.optional(at: Search.columnCount)
        keyword = id == nil ? nil : try Keyword(row: row, at: Search.columnCount)
    }
}
