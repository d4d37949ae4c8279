import Base
import Foundation
import Storage

/// What a batch of profiles changes.
struct EnrichmentStore: Sendable {
    let storage: Storage

    private var isPostgres: Bool { storage.dialect == .postgres }

    /// Marks creators as waiting for their profile to be read; returns those that were not waiting already.
    func queue(
        _ ids: [ID<Creator>], before time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Creator>] {
        guard !ids.isEmpty else { return [] }
        let queued = Set(
            try await writing.returning(
                CreatorIDRow.self, "enrichment.queue",
                """
                UPDATE creators SET enrichment = 'queued' WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids)))
                    AND enrichment NOT IN ('queued', 'gone') AND (enriched_at IS NULL OR enriched_at <= \(time))
                RETURNING id
                """, limit: ids.count
            ).map(\.id))
        return ids.filter(queued.contains)
    }

    /// The first creators of a search whose profiles were not read lately, in the order in which they were found.
    func waiting(
        of search: ID<Search>, first count: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Creator>] {
        guard count > 0 else { return [] }
        return try await reading.list(
            CreatorIDRow.self, "enrichment.waiting",
            """
            SELECT m.creator_id FROM matches m WHERE m.tenant_id = \(tenant) AND m.search_id = \(search)
                AND m.sequence <= \(count) AND m.enriched_at IS NULL ORDER BY m.sequence
            """, limit: count
        ).map(\.id)
    }

    /// Whether profiles of a search's creators are still to be read.
    func hasWaiting(
        of search: ID<Search>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await reading.first(
            CreatorIDRow.self, "enrichment.anyWaiting",
            """
            SELECT m.creator_id FROM matches m JOIN creators c ON c.tenant_id = m.tenant_id AND c.id = m.creator_id
            WHERE m.tenant_id = \(tenant) AND m.search_id = \(search) AND m.enriched_at IS NULL
                AND c.enrichment = 'queued'
            """) != nil
    }

    /// How many profiles of a search's creators were read since a time.
    func read(
        of search: ID<Search>, since time: Timestamp, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await reading.aggregate(
            CountRow.self, "enrichment.read",
            """
            SELECT count(*) FROM matches m WHERE m.tenant_id = \(tenant) AND m.search_id = \(search)
                AND m.enriched_at >= \(time)
            """
        ).count
    }

    /// Writes what profiles said: facts, the day, the posts.
    func write(
        _ profiles: [ReadProfile], at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [Creator] {
        var lines: [ProfileLine] = []
        for profile in profiles.sorted(by: { $0.id < $1.id }) {
            lines.append(ProfileLine(profile: profile, links: try StoredJSON.text(profile.creator.links)))
        }
        guard !lines.isEmpty else { return [] }
        let rows = SQLRows(
            lines, { $0.profile.id }, { $0.profile.creator.handle }, { $0.profile.creator.name },
            { $0.profile.creator.bio }, { $0.profile.creator.facts.followers }, { $0.profile.creator.facts.posts },
            { $0.profile.creator.facts.engagement }, { $0.profile.creator.facts.medianViews },
            { $0.profile.creator.facts.language }, { $0.profile.creator.facts.country },
            { $0.profile.creator.facts.email }, { $0.links }, { $0.profile.creator.pictureURL },
            {
                CreatorWords.text(
                    handle: $0.profile.creator.handle, name: $0.profile.creator.name, bio: $0.profile.creator.bio)
            })
        let picture: SQL = """
            CASE WHEN i.picture_url IS NULL OR i.picture_url = c.picture_url THEN c.picture_hash END
            """
        let creators = try await writing.returningPerRow(
            Creator.self, "enrichment.write",
            """
            WITH input (id, handle, name, bio, followers, posts, engagement, median_views, language, country, email,
                links, picture_url, words) AS (\(rows: rows))
            UPDATE creators AS c SET handle = i.handle, name = i.name, bio = i.bio, words = i.words,
                followers = coalesce(i.followers, c.followers), posts = coalesce(i.posts, c.posts),
                engagement = i.engagement, median_views = i.median_views, language = coalesce(i.language, c.language),
                country = coalesce(i.country, c.country), email = coalesce(i.email, c.email), links = i.links,
                picture_hash = \(sql: picture), picture_url = coalesce(i.picture_url, c.picture_url),
                enrichment = 'done', enriched_at = \(time), updated_at = \(time), version = c.version + 1
            FROM input i WHERE c.tenant_id = \(tenant) AND c.id = i.id
            RETURNING \(sql: isPostgres ? Creator.columns : Creator.plainColumns)
            """, rows: lines.count)
        try await PageStore(storage: storage).note(
            creators, on: CalendarDay(of: time, in: .gmt), through: writing, in: tenant)
        try await write(posts: profiles, through: writing, in: tenant)
        return creators
    }

    private func write(
        posts profiles: [ReadProfile], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let posts = profiles.flatMap { profile in profile.posts.map { (id: profile.id, post: $0) } }
            .sorted { ($0.id, $0.post.externalID) < ($1.id, $1.post.externalID) }
        guard !posts.isEmpty else { return }
        let rows = SQLRows(
            posts, { $0.id }, { $0.post.externalID }, { $0.post.postedAt }, { $0.post.caption }, { $0.post.url },
            { $0.post.views }, { $0.post.likes }, { $0.post.comments })
        try await writing.execute(
            "enrichment.posts",
            """
            WITH input (creator_id, external_id, posted_at, caption, url, views, likes, comments) AS (\(rows: rows))
            INSERT INTO creator_posts (tenant_id, creator_id, external_id, posted_at, caption, url, views, likes, comments)
            SELECT \(tenant), i.creator_id, i.external_id, i.posted_at, i.caption, i.url, i.views, i.likes, i.comments
            FROM input i WHERE true
            ON CONFLICT (tenant_id, creator_id, external_id) DO UPDATE SET caption = excluded.caption,
                views = coalesce(excluded.views, creator_posts.views),
                likes = excluded.likes, comments = coalesce(excluded.comments, creator_posts.comments)
            """)
    }

    /// Notes that profiles are gone, or could not be read.
    func end(
        _ ids: [ID<Creator>], as enrichment: Creator.Enrichment, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        guard !ids.isEmpty else { return }
        try await writing.execute(
            "enrichment.end",
            """
            UPDATE creators SET enrichment = \(enrichment), updated_at = \(time), version = version + 1
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids.sorted())))
            """)
    }

    /// Marks the matches of creators whose profiles were read, and raises the counters of their searches; returns these,
    /// and whether each is over.
    func count(
        _ ids: [ID<Creator>], at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [(id: ID<Search>, isOver: Bool)] {
        guard !ids.isEmpty else { return [] }
        let marked = try await writing.returning(
            SearchIDRow.self, "enrichment.mark",
            """
            UPDATE matches SET enriched_at = \(time) WHERE tenant_id = \(tenant)
                AND creator_id IN (\(rows: SQLRows(ids.sorted()))) AND enriched_at IS NULL
            RETURNING search_id
            """, limit: 100_000)
        var counts: [ID<Search>: Int] = [:]
        for row in marked { counts[row.id, default: 0] += 1 }
        let sorted = counts.sorted { $0.key < $1.key }
        guard !sorted.isEmpty else { return [] }
        return try await writing.returningPerRow(
            CountedRow.self, "enrichment.count",
            """
            WITH input (id, enriched) AS (\(rows: SQLRows(sorted, { $0.key }, { $0.value })))
            UPDATE searches SET creators_enriched = creators_enriched + i.enriched FROM input i
            WHERE searches.tenant_id = \(tenant) AND searches.id = i.id RETURNING searches.id, searches.state
            """, rows: sorted.count
        ).map { ($0.id, $0.state.isOver) }
    }
}

private struct CountedRow: RowDecodable {
    let id: ID<Search>
    let state: Search.State

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        state = try row.value(at: 1)
    }
}

/// A profile that was read, with what follows from its posts.
struct ReadProfile: Sendable, Hashable {
    let id: ID<Creator>
    let creator: ListedCreator
    let posts: [CreatorPost]

    init(_ id: ID<Creator>, _ creator: ListedCreator, posts: [CreatorPost]) {
        self.id = id
        var creator = creator
        creator.facts.engagement = Engagement.millionths(of: posts)
        creator.facts.medianViews = Engagement.medianViews(of: posts)
        self.creator = creator
        self.posts = posts
    }
}

/// A profile as it is written.
private struct ProfileLine {
    let profile: ReadProfile
    let links: String
}

struct CreatorIDRow: RowDecodable {
    let id: ID<Creator>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}
