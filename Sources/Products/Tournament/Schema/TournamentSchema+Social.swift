import Base
import Storage

/// Comments, likes, follows, reports, and what a person has done.
extension TournamentSchema {
    static let socialTables = [
        TableDeclaration("comments"),
        TableDeclaration("comment_likes"),
        TableDeclaration("follows"),
        TableDeclaration("reports"),
        TableDeclaration("report_cases"),
        TableDeclaration("person_tallies"),
        TableDeclaration("person_folds"),
    ]

    static let social: [Migration.Step] = comments + relations + reports + tallies

    /// The key to itself holds replies and parents together: a reply that meets the deletion of its parent is refused
    /// by the engine, not by luck.
    private static let comments: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE comments (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, clip_id uuid NOT NULL, person_id uuid NOT NULL,
                    parent_id uuid, author text NOT NULL,
                    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
                    state text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'flagged')),
                    likes bigint NOT NULL DEFAULT 0 CHECK (likes >= 0),
                    reason text, decided_at timestamptz, created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id),
                    FOREIGN KEY (tenant_id, parent_id) REFERENCES comments (tenant_id, id))
                """),
            .both(
                "CREATE INDEX comments_of_clip ON comments (tenant_id, clip_id, state, id) WHERE parent_id IS NULL"),
            .both(
                "CREATE INDEX comments_of_parent ON comments (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL"),
            .both("CREATE INDEX comments_of_person ON comments (tenant_id, person_id, id)"),
            // What only its author sees below a clip, beside what everybody sees.
            .both(
                """
                CREATE INDEX comments_unseen ON comments (tenant_id, person_id, clip_id, id)
                WHERE state <> 'approved'
                """),
            .both("CREATE INDEX comments_pending ON comments (tenant_id, id) WHERE state = 'pending'"),
        ]
        + keyed(
            """
            CREATE TABLE comment_likes (
                tenant_id uuid NOT NULL, comment_id uuid NOT NULL, person_id uuid NOT NULL,
                liked_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, comment_id, person_id))
            """)
        + [.both("CREATE INDEX comment_likes_of_person ON comment_likes (tenant_id, person_id, comment_id)")]

    private static let relations: [Migration.Step] =
        keyed(
            """
            CREATE TABLE follows (
                tenant_id uuid NOT NULL, follower_id uuid NOT NULL, person_id uuid NOT NULL,
                followed_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, follower_id, person_id),
                CHECK (follower_id <> person_id))
            """)
        + [.both("CREATE INDEX follows_of_person ON follows (tenant_id, person_id, follower_id)")]

    private static let reports: [Migration.Step] =
        keyed(
            """
            CREATE TABLE reports (
                tenant_id uuid NOT NULL, kind text NOT NULL CHECK (kind IN ('comment', 'clip', 'person')),
                target_id uuid NOT NULL, person_id uuid NOT NULL, reason text NOT NULL,
                is_open boolean NOT NULL, reported_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, kind, target_id, person_id))
            """)
        + [.both("CREATE INDEX reports_of_person ON reports (tenant_id, person_id, kind, target_id)")]
        + keyed(
            """
            CREATE TABLE report_cases (
                tenant_id uuid NOT NULL, kind text NOT NULL, target_id uuid NOT NULL,
                open_reports bigint NOT NULL CHECK (open_reports >= 0), opened_at timestamptz NOT NULL,
                decision text, decided_at timestamptz,
                PRIMARY KEY (tenant_id, kind, target_id))
            """, postgres: "fillfactor = 70")
        + [
            .both(
                """
                CREATE INDEX report_cases_open ON report_cases (tenant_id, opened_at, target_id)
                WHERE open_reports > 0
                """)
        ]

    /// Points are computed by the engine, so that no path can forget them; ``PersonTally/points`` says the same.
    private static let tallies: [Migration.Step] =
        keyed(
            """
            CREATE TABLE person_tallies (
                tenant_id uuid NOT NULL, person_id uuid NOT NULL,
                votes_cast bigint NOT NULL DEFAULT 0, weight_cast bigint NOT NULL DEFAULT 0,
                clips bigint NOT NULL DEFAULT 0, wins bigint NOT NULL DEFAULT 0,
                streak_days bigint NOT NULL DEFAULT 0, streak_best bigint NOT NULL DEFAULT 0, last_day bigint,
                followers bigint NOT NULL DEFAULT 0, following bigint NOT NULL DEFAULT 0,
                points bigint GENERATED ALWAYS AS (votes_cast + 25 * clips + 250 * wins + 5 * streak_best) STORED,
                PRIMARY KEY (tenant_id, person_id))
            """, postgres: "fillfactor = 70")
        + [
            .both(
                """
                CREATE INDEX person_tallies_streaks ON person_tallies (tenant_id, last_day, person_id)
                WHERE streak_days > 0
                """)
        ]
        // Up to where the days of votes are in the tallies: one row a tenant, locked by whoever folds.
        + keyed(
            """
            CREATE TABLE person_folds (
                tenant_id uuid NOT NULL, folded_at timestamptz NOT NULL, folded_voter uuid NOT NULL,
                folded_day bigint NOT NULL, due_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id))
            """)
        + [.both("CREATE INDEX person_folds_due ON person_folds (due_at)")]
}
