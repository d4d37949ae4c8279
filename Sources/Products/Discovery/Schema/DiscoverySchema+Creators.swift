import Base
import Storage

/// Creators, what was known of them when, and which of them are one person.
extension DiscoverySchema {
    static let creatorTables = [
        TableDeclaration("creators"),
        TableDeclaration("creator_days", retention: .after(column: "day_at", age: day * 731)),
        TableDeclaration("creator_posts"),
        TableDeclaration("identity_links"),
    ]

    /// A fact that nobody knows is null: never 0 or −1.
    static let creators: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE creators (
                    tenant_id uuid NOT NULL, id uuid NOT NULL,
                    platform text NOT NULL CHECK (platform IN ('tiktok', 'instagram', 'youtube')),
                    external_id text NOT NULL, handle text NOT NULL, name text NOT NULL, bio text NOT NULL DEFAULT '',
                    followers bigint CHECK (followers >= 0), posts bigint CHECK (posts >= 0),
                    engagement bigint CHECK (engagement >= 0), median_views bigint CHECK (median_views >= 0),
                    language text, country text, email text, links text NOT NULL,
                    picture_url text, picture_hash text,
                    enrichment text NOT NULL DEFAULT 'none'
                        CHECK (enrichment IN ('none', 'queued', 'done', 'gone', 'failed')),
                    enriched_at timestamptz, blocked_at timestamptz, words text NOT NULL,
                    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
                    version bigint NOT NULL DEFAULT 1,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX creators_by_external ON creators (tenant_id, platform, external_id)"),
            // The handle comes first, so that a handle alone is found.
            .both("CREATE INDEX creators_by_handle ON creators (tenant_id, handle, platform)"),
            .both("CREATE INDEX creators_blocked ON creators (tenant_id, id) WHERE blocked_at IS NOT NULL"),
            .both("CREATE INDEX creators_by_followers ON creators (tenant_id, platform, followers)"),
            .postgres("CREATE INDEX creators_by_words ON creators USING gin (to_tsvector('simple', words))"),
        ]
        + keyed(
            """
            CREATE TABLE creator_days (
                tenant_id uuid NOT NULL, creator_id uuid NOT NULL, day bigint NOT NULL,
                followers bigint, posts bigint, median_views bigint, engagement bigint,
                day_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, creator_id, day))
            """)
        + [.both("CREATE INDEX creator_days_by_age ON creator_days (tenant_id, day_at)")]
        + keyed(
            """
            CREATE TABLE creator_posts (
                tenant_id uuid NOT NULL, creator_id uuid NOT NULL, external_id text NOT NULL,
                posted_at timestamptz, caption text NOT NULL, url text,
                views bigint, likes bigint, comments bigint,
                PRIMARY KEY (tenant_id, creator_id, external_id))
            """)
        + keyed(
            """
            CREATE TABLE identity_links (
                tenant_id uuid NOT NULL, creator_id uuid NOT NULL, identity_id uuid NOT NULL,
                person_id uuid NOT NULL, linked_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, creator_id))
            """)
        + [
            .both("CREATE INDEX identity_links_of_identity ON identity_links (tenant_id, identity_id, creator_id)"),
            .both("CREATE INDEX identity_links_of_person ON identity_links (tenant_id, person_id)"),
        ]
}
