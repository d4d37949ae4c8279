import Base
import Storage

/// Searches, their keywords, and what they found.
extension DiscoverySchema {
    static let searchTables = [
        TableDeclaration("searches"),
        TableDeclaration("keywords"),
        TableDeclaration("matches"),
    ]

    static let searches: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE searches (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL, campaign_id uuid,
                    saved_search_id uuid, title text NOT NULL, platforms text NOT NULL, region text NOT NULL,
                    target bigint NOT NULL CHECK (target BETWEEN 1 AND 1000), exclusions text NOT NULL,
                    state text NOT NULL CHECK (state IN ('queued', 'searching', 'enriching', 'completed', 'partial',
                        'failed', 'cancelled')),
                    round bigint NOT NULL DEFAULT 1, expansion bigint NOT NULL DEFAULT 0,
                    expanded_rounds bigint NOT NULL DEFAULT 0, empty_rounds bigint NOT NULL DEFAULT 0,
                    found_before bigint NOT NULL DEFAULT 0,
                    creators_found bigint NOT NULL DEFAULT 0, creators_excluded bigint NOT NULL DEFAULT 0,
                    creators_enriched bigint NOT NULL DEFAULT 0 CHECK (creators_enriched >= 0),
                    credits_reserved bigint NOT NULL DEFAULT 0, credits_settled bigint NOT NULL DEFAULT 0,
                    reservation_id uuid NOT NULL, enrich bigint NOT NULL DEFAULT 0,
                    request_key text, request_digest bytea,
                    created_at timestamptz NOT NULL, deadline_at timestamptz NOT NULL, finished_at timestamptz,
                    version bigint NOT NULL DEFAULT 1,
                    PRIMARY KEY (tenant_id, id))
                """),
            // One search of a person runs at a time: the index decides, not a look first.
            .both(
                """
                CREATE UNIQUE INDEX searches_one_active ON searches (tenant_id, person_id)
                WHERE state IN ('queued', 'searching')
                """),
            .both(
                """
                CREATE UNIQUE INDEX searches_by_request ON searches (tenant_id, person_id, request_key)
                WHERE request_key IS NOT NULL
                """),
            .both(
                "CREATE INDEX searches_of_campaign ON searches (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL"
            ),
            .both("CREATE INDEX searches_of_person ON searches (tenant_id, person_id, id)"),
            .both(
                "CREATE INDEX searches_due ON searches (deadline_at) WHERE state IN ('queued', 'searching')"),
            // `ordinal` is the place of the text among the texts of its search: the bit that matches carry. What a page
            // of results changes all stands in this row, so that a page costs one statement for it.
            .both(
                """
                CREATE TABLE keywords (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, search_id uuid NOT NULL,
                    platform text NOT NULL CHECK (platform IN ('tiktok', 'instagram', 'youtube')),
                    text text NOT NULL, ordinal bigint NOT NULL CHECK (ordinal BETWEEN 0 AND 49),
                    is_expanded boolean NOT NULL DEFAULT false, round bigint NOT NULL DEFAULT 1,
                    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
                    reason text, cursor text NOT NULL DEFAULT '', cursors text NOT NULL DEFAULT '',
                    pages bigint NOT NULL DEFAULT 0, empties bigint NOT NULL DEFAULT 0,
                    attempts bigint NOT NULL DEFAULT 0, found bigint NOT NULL DEFAULT 0,
                    charged bigint NOT NULL DEFAULT 0, excluded bigint NOT NULL DEFAULT 0,
                    reused bigint NOT NULL DEFAULT 0,
                    changed_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX keywords_by_text ON keywords (tenant_id, search_id, platform, text)"),
            .both("CREATE INDEX keywords_by_state ON keywords (tenant_id, search_id, state)"),
        ]
        // One row for a creator and a search, however many keywords found it: they are bits.
        + keyed(
            """
            CREATE TABLE matches (
                tenant_id uuid NOT NULL, search_id uuid NOT NULL, creator_id uuid NOT NULL,
                sequence bigint NOT NULL, keywords bigint NOT NULL, hits bigint NOT NULL DEFAULT 1,
                is_charged boolean NOT NULL,
                found_at timestamptz NOT NULL, enriched_at timestamptz,
                PRIMARY KEY (tenant_id, search_id, creator_id))
            """)
        + [
            .both("CREATE UNIQUE INDEX matches_by_sequence ON matches (tenant_id, search_id, sequence)"),
            .both("CREATE INDEX matches_of_creator ON matches (tenant_id, creator_id, found_at)"),
        ]
}
