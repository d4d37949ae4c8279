import Base
import Storage

/// Campaigns, lists with their entries and boards, what is shared of them, and what people wrote about creators.
extension DiscoverySchema {
    static let listTables = [
        TableDeclaration("discovery_counts"),
        TableDeclaration("campaigns"),
        TableDeclaration("creator_lists"),
        TableDeclaration("list_members"),
        TableDeclaration("list_entries", retention: .after(column: "removed_at", age: day * 7)),
        TableDeclaration("bucket_totals"),
        TableDeclaration("list_links", retention: .after(column: "expires_at", age: day * 30)),
        TableDeclaration("creator_contacts"),
        TableDeclaration("contact_heads"),
        TableDeclaration("creator_notes"),
        TableDeclaration("creator_activities", retention: .after(column: "at", age: day * 400)),
        TableDeclaration("saved_searches"),
    ]

    static let lists: [Migration.Step] = shelves + entries + writing + saving

    /// What a workspace may have a limited number of is counted in a row of its own, so that two requests at once cannot
    /// both take the last place.
    private static let shelves: [Migration.Step] =
        keyed(
            """
            CREATE TABLE discovery_counts (
                tenant_id uuid NOT NULL, noun text NOT NULL, count bigint NOT NULL CHECK (count >= 0),
                PRIMARY KEY (tenant_id, noun))
            """)
        + [
            .both(
                """
                CREATE TABLE campaigns (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL,
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
                    state text NOT NULL CHECK (state IN ('draft', 'active', 'completed', 'archived')),
                    created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX campaigns_by_state ON campaigns (tenant_id, state, id)"),
            // While `regroup_to` is set the board is being put into other buckets, up to the entry `regroup_upto`.
            .both(
                """
                CREATE TABLE creator_lists (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL, campaign_id uuid,
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120), search_name text NOT NULL,
                    kind text NOT NULL CHECK (kind IN ('campaign', 'favourites', 'industry', 'scouting', 'contacted',
                        'custom')),
                    visibility text NOT NULL CHECK (visibility IN ('private', 'team', 'link')),
                    bucket_field text NOT NULL, fields text NOT NULL, is_archived boolean NOT NULL DEFAULT false,
                    regroup_to text, regroup_upto bigint NOT NULL DEFAULT 0,
                    created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX creator_lists_by_age ON creator_lists (tenant_id, is_archived, id)"),
            .both(
                """
                CREATE INDEX creator_lists_of_campaign ON creator_lists (tenant_id, campaign_id, id)
                WHERE campaign_id IS NOT NULL
                """),
        ]
        // Access and star live in one row; who has starred a list of the team has no role of their own in it.
        + keyed(
            """
            CREATE TABLE list_members (
                tenant_id uuid NOT NULL, person_id uuid NOT NULL, list_id uuid NOT NULL,
                role text CHECK (role IN ('owner', 'editor', 'viewer')),
                is_favourite boolean NOT NULL DEFAULT false, starred_at timestamptz,
                PRIMARY KEY (tenant_id, person_id, list_id))
            """)
        + [
            .both("CREATE INDEX list_members_of_list ON list_members (tenant_id, list_id, person_id)"),
            .both(
                """
                CREATE INDEX list_members_starred ON list_members (tenant_id, person_id, starred_at)
                WHERE starred_at IS NOT NULL
                """),
            .both(
                """
                CREATE TABLE list_links (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, list_id uuid NOT NULL, person_id uuid NOT NULL,
                    token_hash bytea NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
                    revoked_at timestamptz,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX list_links_by_token ON list_links (tenant_id, token_hash)"),
            .both("CREATE INDEX list_links_of_list ON list_links (tenant_id, list_id, id)"),
            .both("CREATE INDEX list_links_by_age ON list_links (tenant_id, expires_at)"),
        ]

    /// Ranks are compared by bytes on both engines, whatever the database's collation.
    private static func entryTable(rank: String) -> String {
        """
        CREATE TABLE list_entries (
            tenant_id uuid NOT NULL, id uuid NOT NULL, list_id uuid NOT NULL, creator_id uuid NOT NULL,
            sequence bigint NOT NULL, bucket text NOT NULL CHECK (length(bucket) BETWEEN 1 AND 32),
            \(rank) NOT NULL CHECK (length(rank) BETWEEN 1 AND 64), moved_from text,
            pinned_by uuid, fields text NOT NULL DEFAULT '{}' CHECK (length(fields) <= 4096),
            followers bigint CHECK (followers >= 0), metrics text NOT NULL,
            added_at timestamptz NOT NULL, removed_at timestamptz, removed_sequence bigint,
            version bigint NOT NULL DEFAULT 1,
            PRIMARY KEY (tenant_id, id))
        """
    }

    /// Entries and the totals of buckets.
    ///
    /// The row of totals without a bucket is the list's head: how many entries there are, and the next number of its clock,
    /// by which entries are added and removed. Its bound holds whatever runs at the same time.
    private static let entries: [Migration.Step] =
        [
            .postgres(entryTable(rank: "rank text COLLATE \"C\"")), .sqlite(entryTable(rank: "rank text")),
            .both(
                """
                CREATE UNIQUE INDEX list_entries_present ON list_entries (tenant_id, list_id, creator_id)
                WHERE removed_at IS NULL
                """),
            .both(
                """
                CREATE INDEX list_entries_by_rank ON list_entries (tenant_id, list_id, bucket, rank, id)
                WHERE removed_at IS NULL
                """),
            .both("CREATE UNIQUE INDEX list_entries_by_sequence ON list_entries (tenant_id, list_id, sequence)"),
            .both(
                "CREATE INDEX list_entries_pinned ON list_entries (tenant_id, pinned_by, id) WHERE pinned_by IS NOT NULL"
            ),
            .both("CREATE INDEX list_entries_of_creator ON list_entries (tenant_id, creator_id, list_id)"),
            .both(
                "CREATE INDEX list_entries_removed ON list_entries (tenant_id, removed_at) WHERE removed_at IS NOT NULL"
            ),
        ]
        + keyed(
            """
            CREATE TABLE bucket_totals (
                tenant_id uuid NOT NULL, list_id uuid NOT NULL, bucket text NOT NULL CHECK (length(bucket) <= 32),
                place bigint NOT NULL DEFAULT 0, is_shown boolean NOT NULL DEFAULT true,
                entries bigint NOT NULL DEFAULT 0 CHECK (entries BETWEEN 0 AND 50000),
                followers_sum bigint NOT NULL DEFAULT 0 CHECK (followers_sum >= 0),
                next_sequence bigint NOT NULL DEFAULT 1,
                PRIMARY KEY (tenant_id, list_id, bucket))
            """, postgres: "fillfactor = 70")

    /// `contact_heads` is who wrote to a creator last: one row, so that of two who write at the same moment one is told.
    private static let writing: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE creator_contacts (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, creator_id uuid NOT NULL, list_id uuid,
                    person_id uuid NOT NULL,
                    channel text NOT NULL CHECK (channel IN ('email', 'message', 'comment', 'phone', 'other')),
                    text text CHECK (length(text) <= 4000), at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX creator_contacts_by_age ON creator_contacts (tenant_id, creator_id, at)"),
            .both("CREATE INDEX creator_contacts_of_person ON creator_contacts (tenant_id, person_id, id)"),
        ]
        + keyed(
            """
            CREATE TABLE contact_heads (
                tenant_id uuid NOT NULL, creator_id uuid NOT NULL, person_id uuid NOT NULL, channel text NOT NULL,
                at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, creator_id))
            """)
        + [
            .both(
                """
                CREATE TABLE creator_notes (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, list_id uuid, creator_id uuid, person_id uuid NOT NULL,
                    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 4000), at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id), CHECK (list_id IS NOT NULL OR creator_id IS NOT NULL))
                """),
            .both(
                "CREATE INDEX creator_notes_of_list ON creator_notes (tenant_id, list_id, id) WHERE list_id IS NOT NULL"
            ),
            .both(
                """
                CREATE INDEX creator_notes_of_creator ON creator_notes (tenant_id, creator_id, id)
                WHERE creator_id IS NOT NULL
                """),
            .both(
                """
                CREATE TABLE creator_activities (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, list_id uuid, creator_id uuid, person_id uuid NOT NULL,
                    event text NOT NULL, detail text NOT NULL, at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both(
                """
                CREATE INDEX creator_activities_of_list ON creator_activities (tenant_id, list_id, id)
                WHERE list_id IS NOT NULL
                """),
            .both(
                """
                CREATE INDEX creator_activities_of_creator ON creator_activities (tenant_id, creator_id, id)
                WHERE creator_id IS NOT NULL
                """),
            .both("CREATE INDEX creator_activities_by_age ON creator_activities (tenant_id, at)"),
            .both("CREATE INDEX creator_activities_of_person ON creator_activities (tenant_id, person_id, id)"),
            .both("CREATE INDEX creator_notes_of_person ON creator_notes (tenant_id, person_id, id)"),
        ]

    private static let saving: [Migration.Step] = [
        .both(
            """
            CREATE TABLE saved_searches (
                tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL,
                name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120), query text NOT NULL,
                every text NOT NULL CHECK (every IN ('day', 'week')), is_paused boolean NOT NULL DEFAULT false,
                last_search_id uuid, last_found bigint, last_run_at timestamptz, next_run_at timestamptz NOT NULL,
                failure text, created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX saved_searches_of_person ON saved_searches (tenant_id, person_id, id)"),
        // What is due next, in all tenants.
        .both("CREATE INDEX saved_searches_due ON saved_searches (next_run_at) WHERE NOT is_paused"),
    ]
}
