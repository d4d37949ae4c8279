import Base
import Foundation
import Storage

/// What a page of results changes: four statements whatever it holds.
///
/// The first one locks the search, so that the pages of one search are committed one after the other: their matches get
/// numbers without gaps, in the order in which readers see them. The last one takes the step only from the cursor that
/// the page was asked for at; a page that comes twice finds another one and is undone.
struct PageStore: Sendable {
    let storage: Storage

    private var isPostgres: Bool { storage.dialect == .postgres }

    /// Writes what a page says of creators, each once; returns them as they are stored, in the order of the page.
    func upsert(
        _ listed: [ListedCreator], ids: [ID<Creator>], on platform: Platform, of search: ID<Search>,
        at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [Creator] {
        guard !listed.isEmpty else {
            try await lock(search, through: writing, in: tenant)
            return []
        }
        var lines: [ListedLine] = []
        for (id, creator) in zip(ids, listed) {
            lines.append(ListedLine(id: id, creator: creator, links: try StoredJSON.text(creator.links)))
        }
        // In one order everywhere, so that two searches cannot wait for each other.
        lines.sort { $0.creator.externalID < $1.creator.externalID }
        let rows = SQLRows(
            lines, { $0.id }, { $0.creator.externalID }, { $0.creator.handle }, { $0.creator.name }, { $0.creator.bio },
            { $0.creator.facts.followers }, { $0.creator.facts.posts }, { $0.creator.facts.language },
            { $0.creator.facts.country }, { $0.creator.facts.email }, { $0.links }, { $0.creator.pictureURL },
            { CreatorWords.text(handle: $0.creator.handle, name: $0.creator.name, bio: $0.creator.bio) })
        let held: SQL =
            isPostgres
            ? """
            , held AS (SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) AND s.id = \(search) FOR UPDATE)
            """ : ""
        let isHeld: SQL = isPostgres ? "EXISTS (SELECT 1 FROM held)" : "true"
        let stored = try await writing.returningPerRow(
            Creator.self, "creator.upsert",
            """
            WITH input (id, external_id, handle, name, bio, followers, posts, language, country, email, links,
                picture_url, words) AS (\(rows: rows))\(sql: held)
            INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, bio, followers, posts, language,
                country, email, links, picture_url, words, created_at, updated_at)
            SELECT \(tenant), i.id, \(platform), i.external_id, i.handle, i.name, i.bio, i.followers, i.posts,
                i.language, i.country, i.email, i.links, i.picture_url, i.words, \(time), \(time)
            FROM input i WHERE \(sql: isHeld) ORDER BY i.external_id
            ON CONFLICT (tenant_id, platform, external_id) DO UPDATE SET handle = excluded.handle,
                name = excluded.name, bio = CASE WHEN creators.enriched_at IS NULL THEN excluded.bio ELSE creators.bio END,
                words = CASE WHEN creators.enriched_at IS NULL THEN excluded.words ELSE creators.words END,
                followers = coalesce(excluded.followers, creators.followers),
                posts = coalesce(excluded.posts, creators.posts),
                language = coalesce(creators.language, excluded.language),
                country = coalesce(creators.country, excluded.country), email = coalesce(creators.email, excluded.email),
                picture_url = coalesce(excluded.picture_url, creators.picture_url), updated_at = excluded.updated_at,
                version = creators.version + 1
            RETURNING \(sql: Creator.plainColumns)
            """, rows: lines.count)
        let byExternal = Dictionary(stored.map { ($0.externalID, $0) }, uniquingKeysWith: { first, _ in first })
        return listed.compactMap { byExternal[$0.externalID] }
    }

    private func lock(
        _ search: ID<Search>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard isPostgres else { return }
        _ = try await writing.returning(
            SearchIDRow.self, "search.hold",
            "SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) AND s.id = \(search) FOR UPDATE", limit: 1)
    }

    /// Notes what is known of creators today.
    func note(
        _ creators: [Creator], on day: CalendarDay, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let known = creators.filter { $0.facts.followers != nil || $0.facts.posts != nil }.sorted { $0.id < $1.id }
        guard !known.isEmpty else { return }
        let rows = SQLRows(
            known, { $0.id }, { $0.facts.followers }, { $0.facts.posts }, { $0.facts.medianViews },
            { $0.facts.engagement })
        try await writing.execute(
            "creator.noteDay",
            """
            WITH input (creator_id, followers, posts, median_views, engagement) AS (\(rows: rows))
            INSERT INTO creator_days (tenant_id, creator_id, day, followers, posts, median_views, engagement, day_at)
            SELECT \(tenant), i.creator_id, \(day), i.followers, i.posts, i.median_views, i.engagement,
                \(day.start(in: .gmt)) FROM input i WHERE true
            ON CONFLICT (tenant_id, creator_id, day) DO UPDATE SET
                followers = coalesce(excluded.followers, creator_days.followers),
                posts = coalesce(excluded.posts, creator_days.posts),
                median_views = coalesce(excluded.median_views, creator_days.median_views),
                engagement = coalesce(excluded.engagement, creator_days.engagement)
            """)
    }

    /// Adds those creators to a search who are new to it and not left out, and marks the others as found again.
    ///
    /// New ones get the next numbers and cost a credit unless the workspace has had them lately; never more than are
    /// wanted. What arrives after the search was cancelled costs nothing.
    func match(
        _ creators: [ID<Creator>], by keyword: Keyword, of search: Search, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [MatchRow] {
        guard !creators.isEmpty else { return [] }
        let places = creators.enumerated().map { (place: $0.offset, id: $0.element) }
        let excluded = exclusions(search.wish.exclusions, since: search.createdAt, at: time, in: tenant)
        let bit = KeywordSet(ordinal: keyword.ordinal).rawValue
        return try await writing.returningPerRow(
            MatchRow.self, "match.insert",
            """
            WITH input (creator_id, place) AS (\(rows: SQLRows(places, { $0.id }, { $0.place })))
            INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at, enriched_at)
            SELECT \(tenant), \(search.id), f.creator_id, f.sequence, \(bit), f.is_charged, \(time), f.enriched_at
            FROM (SELECT i.creator_id, m.creator_id IS NOT NULL AS is_known,
                    (SELECT coalesce(max(t.sequence), 0) FROM matches t WHERE t.tenant_id = \(tenant)
                        AND t.search_id = \(search.id))
                    + row_number() OVER (ORDER BY CASE WHEN m.creator_id IS NULL THEN 0 ELSE 1 END, i.place) AS sequence,
                    EXISTS (SELECT 1 FROM searches s WHERE s.tenant_id = \(tenant) AND s.id = \(search.id)
                        AND s.state IN ('queued', 'searching'))
                    AND NOT EXISTS (SELECT 1 FROM matches o WHERE o.tenant_id = \(tenant)
                        AND o.creator_id = i.creator_id AND o.found_at > \(time - Creator.Bounds.free)) AS is_charged,
                    CASE WHEN c.enriched_at > \(time - Creator.Bounds.freshness) THEN c.enriched_at END AS enriched_at
                FROM input i
                JOIN creators c ON c.tenant_id = \(tenant) AND c.id = i.creator_id
                LEFT JOIN matches m ON m.tenant_id = \(tenant) AND m.search_id = \(search.id)
                    AND m.creator_id = i.creator_id
                WHERE m.creator_id IS NOT NULL OR (c.blocked_at IS NULL\(sql: excluded))) f
            WHERE f.is_known OR f.sequence <= \(search.wish.target)
            ON CONFLICT (tenant_id, search_id, creator_id) DO UPDATE SET keywords = matches.keywords | excluded.keywords,
                hits = matches.hits + 1
            RETURNING creator_id, sequence, keywords, hits, is_charged, enriched_at
            """, rows: creators.count)
    }

    /// Who is left out of a search, as conditions on `c`.
    func exclusions(
        _ exclusions: Exclusions, since start: Timestamp, at time: Timestamp, in tenant: Tenant
    ) -> SQL {
        var conditions: SQL = ""
        if exclusions.listed {
            conditions = conditions.appending(
                """
                 AND NOT EXISTS (SELECT 1 FROM list_entries e WHERE e.tenant_id = \(tenant) AND e.creator_id = c.id
                    AND e.removed_at IS NULL)
                """)
        } else if !exclusions.lists.isEmpty {
            conditions = conditions.appending(
                """
                 AND NOT EXISTS (SELECT 1 FROM list_entries e WHERE e.tenant_id = \(tenant) AND e.creator_id = c.id
                    AND e.list_id IN (\(rows: SQLRows(exclusions.lists))) AND e.removed_at IS NULL)
                """)
        }
        if let days = exclusions.contactedWithinDays {
            conditions = conditions.appending(
                """
                 AND NOT EXISTS (SELECT 1 FROM creator_contacts w WHERE w.tenant_id = \(tenant)
                    AND w.creator_id = c.id AND w.at > \(time - DiscoverySchema.day * days))
                """)
        }
        if exclusions.known { conditions = conditions.appending(" AND c.created_at >= \(start)") }
        return conditions
    }

    /// Takes a keyword's step, and ends the others when as many creators are there as were wanted.
    ///
    /// - Parameters:
    ///   - step: what follows the page, and what it adds.
    ///   - keyword: the keyword as it was when the page was asked for.
    ///   - time: now.
    ///   - writing: the transaction.
    ///   - tenant: the workspace.
    /// - Returns: how many other keywords have not ended; `nil` when the keyword is no longer where the page began.
    /// - Throws: errors of storage.
    func advance(
        _ step: PageStep, of keyword: Keyword, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int? {
        let (id, search) = (keyword.id, keyword.searchID)
        let (state, reason, cursor) = step.outcome(of: keyword)
        let trail = keyword.trail.adding(keyword.cursor)
        let endsOthers = step.next == .end(.targetReached)
        let rows = try await writing.returning(
            AdvancedRow.self, "keyword.advance",
            """
            UPDATE keywords SET
                state = CASE WHEN state = 'cancelled' THEN state WHEN id = \(id) THEN \(state) ELSE 'cancelled' END,
                reason = CASE WHEN state = 'cancelled' THEN reason WHEN id = \(id) THEN \(reason)
                    ELSE 'targetReached' END,
                cursor = CASE WHEN id = \(id) THEN \(cursor) ELSE cursor END,
                cursors = CASE WHEN id = \(id) THEN \(trail.text) ELSE cursors END,
                pages = CASE WHEN id = \(id) THEN pages + 1 ELSE pages END,
                empties = CASE WHEN id = \(id) THEN \(step.results == 0 ? keyword.empties + 1 : 0) ELSE empties END,
                attempts = CASE WHEN id = \(id) THEN 0 ELSE attempts END,
                found = CASE WHEN id = \(id) THEN found + \(step.found) ELSE found END,
                charged = CASE WHEN id = \(id) THEN charged + \(step.charged) ELSE charged END,
                excluded = CASE WHEN id = \(id) THEN excluded + \(step.excluded) ELSE excluded END,
                reused = CASE WHEN id = \(id) THEN reused + \(step.reused) ELSE reused END,
                changed_at = \(time)
            WHERE tenant_id = \(tenant) AND search_id = \(search)
                AND ((id = \(id) AND cursor = \(keyword.cursor) AND pages = \(keyword.pages)
                        AND (state IN ('waiting', 'running') OR reason = 'cancelled'))
                    OR (\(endsOthers) AND id <> \(id) AND state IN ('waiting', 'running')))
            RETURNING id, (SELECT count(*) FROM keywords o WHERE o.tenant_id = \(tenant) AND o.search_id = \(search)
                AND o.id <> \(id) AND o.state IN ('waiting', 'running'))
            """, limit: SearchStore.Bounds.keywords)
        guard let own = rows.first(where: { $0.id == id }) else { return nil }
        return endsOthers ? 0 : own.others
    }
}

/// What a page adds to its keyword and what follows.
struct PageStep: Sendable, Hashable {
    let next: KeywordStep
    /// Creators that the page named.
    var results = 0
    var found = 0
    var charged = 0
    var excluded = 0
    var reused = 0

    /// State, reason and cursor of the keyword after it.
    func outcome(of keyword: Keyword) -> (Keyword.State, Keyword.Reason?, String) {
        switch next {
        case .next(let cursor): (.running, nil, cursor)
        case .end(let reason): (reason == .unreadable ? .failed : .done, reason, keyword.cursor)
        }
    }
}

/// A match as the statement that writes it gives it back.
struct MatchRow: Sendable, RowDecodable {
    let creatorID: ID<Creator>
    let sequence: Int64
    let keywords: KeywordSet
    /// How often it was found; 1 for one that is new.
    let hits: Int
    let isCharged: Bool
    let enrichedAt: Timestamp?

    init(row: SQLRow) throws(StorageError) {
        creatorID = try row.value(at: 0)
        sequence = try row.value(at: 1)
        keywords = KeywordSet(rawValue: try row.value(at: 2))
        hits = try row.value(at: 3)
        isCharged = try row.value(at: 4)
        enrichedAt = try row.optional(at: 5)
    }

    var isNew: Bool { hits == 1 }
}

/// A creator of a page as it is written.
private struct ListedLine {
    let id: ID<Creator>
    let creator: ListedCreator
    let links: String
}

private struct AdvancedRow: RowDecodable {
    let id: ID<Keyword>
    let others: Int

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        others = try row.value(at: 1)
    }
}
