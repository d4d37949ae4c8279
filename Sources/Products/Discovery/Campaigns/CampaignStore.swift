import Base
import Storage

/// The table of campaigns, and what their runs brought.
struct CampaignStore: Sendable {
    let storage: Storage

    func insert(_ campaign: Campaign, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "campaign.insert",
            """
            INSERT INTO campaigns (tenant_id, id, person_id, name, state, created_at, version)
            VALUES (\(tenant), \(campaign.id), \(campaign.personID), \(campaign.name), \(campaign.state),
                \(campaign.createdAt), 1)
            """)
    }

    /// Changes what is given; returns the campaign as it is then, `nil` when there is none.
    func update(
        _ id: ID<Campaign>, name: String?, state: Campaign.State?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Campaign? {
        try await writing.returning(
            Campaign.self, "campaign.update",
            """
            UPDATE campaigns SET name = coalesce(\(name), name), state = coalesce(\(state), state), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id)
            RETURNING id, person_id, name, state, created_at, version
            """, limit: 1
        ).first
    }

    func campaign(_ id: ID<Campaign>, in tenant: Tenant) async throws(StorageError) -> Campaign? {
        try await storage.reader(for: tenant).first(
            Campaign.self, "campaign.byID",
            """
            SELECT c.id, c.person_id, c.name, c.state, c.created_at, c.version FROM campaigns c
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
    }

    /// A page of the campaigns in a state, each with its numbers of runs and creators, the newest first.
    func page(
        _ state: Campaign.State, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<CampaignSummary> {
        try await storage.reader(for: tenant).page(
            CampaignSummary.self, "campaign.page",
            """
            SELECT c.id, c.person_id, c.name, c.state, c.created_at, c.version,
                (SELECT count(*) FROM searches s WHERE s.tenant_id = \(tenant) AND s.campaign_id = c.id) AS runs,
                (SELECT coalesce(sum(s.creators_found), 0) FROM searches s
                 WHERE s.tenant_id = \(tenant) AND s.campaign_id = c.id) AS found,
                (SELECT count(*) FROM creator_lists l
                 WHERE l.tenant_id = \(tenant) AND l.campaign_id = c.id AND NOT l.is_archived) AS lists
            FROM campaigns c WHERE c.tenant_id = \(tenant) AND c.state = \(state)
            """, order: .descending("c.id"), after: cursor, limit: limit)
    }

    /// The runs of a campaign, the newest first, each held against those before it.
    func runs(of campaign: ID<Campaign>, in tenant: Tenant) async throws(StorageError) -> [CampaignRun] {
        try await storage.reader(for: tenant).list(
            CampaignRun.self, "campaign.runs",
            """
            WITH runs AS (
                SELECT s.id, s.title, s.state, s.created_at, s.creators_found, s.creators_enriched FROM searches s
                WHERE s.tenant_id = \(tenant) AND s.campaign_id = \(campaign) ORDER BY s.id DESC
                LIMIT \(Campaign.Bounds.runs)),
            firsts AS (
                SELECT m.search_id, row_number() OVER (PARTITION BY m.creator_id ORDER BY m.found_at, m.search_id) AS place
                FROM runs r JOIN matches m ON m.tenant_id = \(tenant) AND m.search_id = r.id),
            numbers AS (
                SELECT r.id, c.followers, row_number() OVER (PARTITION BY r.id ORDER BY c.followers) AS place,
                    count(*) OVER (PARTITION BY r.id) AS known
                FROM runs r JOIN matches m ON m.tenant_id = \(tenant) AND m.search_id = r.id
                JOIN creators c ON c.tenant_id = \(tenant) AND c.id = m.creator_id AND c.followers IS NOT NULL),
            medians AS (SELECT n.id, n.followers FROM numbers n WHERE n.place = n.known / 2 + 1)
            SELECT r.id, r.title, r.state, r.created_at, r.creators_found, r.creators_enriched,
                (SELECT count(*) FROM firsts f WHERE f.search_id = r.id AND f.place = 1) AS fresh,
                (SELECT count(*) FROM matches m JOIN creators c ON c.tenant_id = \(tenant) AND c.id = m.creator_id
                 WHERE m.tenant_id = \(tenant) AND m.search_id = r.id AND c.email IS NOT NULL) AS with_email,
                d.followers AS median
            FROM runs r LEFT JOIN medians d ON d.id = r.id ORDER BY r.id DESC
            """, limit: Campaign.Bounds.runs)
    }

    /// The creators of all runs, each once, those that most runs found first.
    func merged(
        _ campaign: ID<Campaign>, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [MergedCreator] {
        try await storage.reader(for: tenant).list(
            MergedCreator.self, "campaign.merged",
            """
            SELECT c.id, c.platform, c.handle, c.name, c.followers, c.engagement, c.email, r.runs FROM (
                SELECT m.creator_id, count(*) AS runs FROM searches s
                JOIN matches m ON m.tenant_id = \(tenant) AND m.search_id = s.id
                WHERE s.tenant_id = \(tenant) AND s.campaign_id = \(campaign) GROUP BY m.creator_id
                ORDER BY count(*) DESC, m.creator_id LIMIT \(limit)) r
            JOIN creators c ON c.tenant_id = \(tenant) AND c.id = r.creator_id
            ORDER BY r.runs DESC, c.id
            """, limit: limit)
    }
}

/// A campaign in a list, with its numbers.
struct CampaignSummary: Sendable, Hashable, RowDecodable {
    let campaign: Campaign
    let runs: Int
    let found: Int
    let lists: Int

    init(row: SQLRow) throws(StorageError) {
        campaign = try Campaign(row: row)
        runs = try row.value(at: 6)
        found = try row.value(at: 7)
        lists = try row.value(at: 8)
    }
}

/// A creator of a campaign, and by how many of its runs.
struct MergedCreator: Sendable, Hashable, RowDecodable {
    let id: ID<Creator>
    let platform: Platform
    let handle: String
    let name: String
    let followers: Int64?
    let engagement: Int64?
    let email: String?
    let runs: Int

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        platform = try row.value(at: 1)
        handle = try row.value(at: 2)
        name = try row.value(at: 3)
        followers = try row.optional(at: 4)
        engagement = try row.optional(at: 5)
        email = try row.optional(at: 6)
        runs = try row.value(at: 7)
    }
}

extension Campaign: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), personID: try row.value(at: 1), name: try row.value(at: 2),
            state: try row.value(at: 3), createdAt: try row.value(at: 4), version: try row.value(at: 5))
    }
}

extension CampaignRun: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            search: try row.value(at: 0), title: try row.value(at: 1), state: try row.value(at: 2),
            startedAt: try row.value(at: 3), found: try row.value(at: 4), fresh: try row.value(at: 6),
            enriched: try row.value(at: 5), withEmail: try row.value(at: 7), followersMedian: try row.optional(at: 8))
    }
}
