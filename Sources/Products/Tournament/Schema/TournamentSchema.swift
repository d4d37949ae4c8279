import Base
public import Storage

/// The product's part of the database.
public enum TournamentSchema {
    /// Tables and their history.
    public static let module = SchemaModule(
        name: "tournament",
        tables: [
            TableDeclaration("seasons"),
            TableDeclaration("tracks"),
            TableDeclaration("slots"),
            TableDeclaration("clips"),
            TableDeclaration("clip_tallies"),
            TableDeclaration("voters"),
            TableDeclaration("votes"),
            TableDeclaration("vote_days", retention: .after(column: "day_at", age: .seconds(400 * 86_400))),
            TableDeclaration("counted_views", retention: .after(column: "expires_at", age: .seconds(60))),
            TableDeclaration("winners"),
            TableDeclaration("fraud_cases"),
            TableDeclaration("removals"),
            TableDeclaration("boards"),
        ] + uploadTables + socialTables + fairnessTables + reminderTables + archiveTables,
        migrations: [
            Migration(1, "seasons, clips, votes, results", timetable + competition + voting + outcome),
            Migration(2, "uploads, media work", uploads),
            Migration(3, "comments, follows, reports, people", social),
            Migration(4, "risk, suspicion, removal, bans, pseudonyms", fairness),
            Migration(5, "reminders of slots, notices of replies", reminders),
            Migration(6, "archives, and who decided", archives + deciders),
            Migration(7, "media work as jobs", mediaJobs),
        ])

    /// A table that is only ever reached through its primary key: on SQLite it is stored in the key's order.
    static func keyed(_ text: String, postgres options: String = "") -> [Migration.Step] {
        [.postgres(text + (options.isEmpty ? "" : " WITH (\(options))")), .sqlite(text + " WITHOUT ROWID")]
    }

    private static let timetable: [Migration.Step] = [
        .both(
            """
            CREATE TABLE seasons (
                tenant_id uuid NOT NULL, id uuid NOT NULL,
                title text NOT NULL, state text NOT NULL CHECK (state IN ('draft', 'active', 'finished')),
                rules jsonb NOT NULL, salt bytea NOT NULL, pseudonymised_at timestamptz,
                created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE UNIQUE INDEX seasons_one_active ON seasons (tenant_id) WHERE state = 'active'"),
        .both("CREATE INDEX seasons_by_state ON seasons (tenant_id, state, id)"),
        .both(
            """
            CREATE TABLE tracks (
                tenant_id uuid NOT NULL, id uuid NOT NULL, season_id uuid NOT NULL,
                name text NOT NULL, weight bigint NOT NULL,
                PRIMARY KEY (tenant_id, id),
                FOREIGN KEY (tenant_id, season_id) REFERENCES seasons (tenant_id, id))
            """),
        .both("CREATE UNIQUE INDEX tracks_by_name ON tracks (tenant_id, season_id, name)"),
        .both(
            """
            CREATE TABLE slots (
                tenant_id uuid NOT NULL, id uuid NOT NULL, season_id uuid NOT NULL, track_id uuid NOT NULL,
                position bigint NOT NULL CHECK (position > 0),
                state text NOT NULL
                    CHECK (state IN ('upcoming', 'waiting', 'voting', 'counting', 'provisional', 'locked')),
                opens_at timestamptz NOT NULL, freezes_at timestamptz NOT NULL, closes_at timestamptz NOT NULL,
                extensions bigint NOT NULL DEFAULT 0, decided_at timestamptz, due_at timestamptz,
                PRIMARY KEY (tenant_id, id),
                FOREIGN KEY (tenant_id, track_id) REFERENCES tracks (tenant_id, id),
                CHECK (opens_at < freezes_at AND freezes_at < closes_at))
            """),
        .both("CREATE UNIQUE INDEX slots_by_position ON slots (tenant_id, season_id, track_id, position)"),
        .both(
            """
            CREATE UNIQUE INDEX slots_one_voting ON slots (tenant_id, track_id)
            WHERE state IN ('voting', 'counting')
            """),
        // What the clock demands next, whatever the state: one index serves every sweep.
        .both("CREATE INDEX slots_due ON slots (due_at) WHERE due_at IS NOT NULL"),
    ]

    private static let competition: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE clips (
                    tenant_id uuid NOT NULL, id uuid NOT NULL,
                    season_id uuid NOT NULL, track_id uuid NOT NULL, slot_id uuid NOT NULL, person_id uuid NOT NULL,
                    title text NOT NULL, credit text NOT NULL, genre text NOT NULL,
                    state text NOT NULL CHECK (state IN ('uploading', 'processing', 'pending', 'active', 'winner',
                        'eliminated', 'rejected', 'removed')),
                    active_at timestamptz NOT NULL, exposure_base bigint NOT NULL DEFAULT 0,
                    files jsonb NOT NULL, milliseconds bigint NOT NULL CHECK (milliseconds BETWEEN 0 AND 8500),
                    bytes bigint NOT NULL CHECK (bytes BETWEEN 0 AND 52428800),
                    PRIMARY KEY (tenant_id, id),
                    FOREIGN KEY (tenant_id, slot_id) REFERENCES slots (tenant_id, id))
                """),
            .both("CREATE INDEX clips_by_slot ON clips (tenant_id, slot_id, state, id)"),
            .both("CREATE INDEX clips_by_person ON clips (tenant_id, person_id, id)"),
            .both("CREATE INDEX clips_by_state ON clips (tenant_id, state, id)"),
            .both(
                "CREATE INDEX clips_newest ON clips (tenant_id, slot_id, active_at DESC) WHERE state = 'active'"),
            .both(
                """
                CREATE INDEX clips_by_genre ON clips (tenant_id, track_id, genre, active_at DESC)
                WHERE state = 'active'
                """),
        ]
        // No index on any counter: it would turn each view and vote into an index write. Pages keep half their room
        // free so that an update stays on its page.
        + keyed(
            """
            CREATE TABLE clip_tallies (
                tenant_id uuid NOT NULL, clip_id uuid NOT NULL, lane bigint NOT NULL CHECK (lane BETWEEN 0 AND 15),
                votes bigint NOT NULL DEFAULT 0, score bigint NOT NULL DEFAULT 0, last_vote_at timestamptz,
                impressions bigint NOT NULL DEFAULT 0, boosted bigint NOT NULL DEFAULT 0,
                views bigint NOT NULL DEFAULT 0, comments bigint NOT NULL DEFAULT 0,
                PRIMARY KEY (tenant_id, clip_id, lane))
            """, postgres: "fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05")
        + keyed(
            """
            CREATE TABLE counted_views (
                tenant_id uuid NOT NULL, clip_id uuid NOT NULL, voter_id uuid NOT NULL, nonce bigint NOT NULL,
                expires_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, voter_id, clip_id, nonce))
            """)
        + [.both("CREATE INDEX counted_views_expiry ON counted_views (tenant_id, expires_at)")]

    private static let voting: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE voters (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid, device_hash bytea,
                    risk bigint NOT NULL DEFAULT 0, blocked_at timestamptz, created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX voters_person ON voters (tenant_id, person_id) WHERE person_id IS NOT NULL"),
            .both(
                """
                CREATE UNIQUE INDEX voters_device ON voters (tenant_id, device_hash) WHERE device_hash IS NOT NULL
                """),
            .both("CREATE INDEX voters_blocked ON voters (tenant_id, id) WHERE blocked_at IS NOT NULL"),
        ]
        // The key is the order in which ballots are published, so that neither the count nor the stream sorts.
        + keyed(
            """
            CREATE TABLE votes (
                tenant_id uuid NOT NULL, slot_id uuid NOT NULL, id uuid NOT NULL,
                clip_id uuid NOT NULL, voter_id uuid NOT NULL,
                kind text NOT NULL, weight bigint NOT NULL, day bigint NOT NULL, request bigint,
                cast_at timestamptz NOT NULL, withdrawn_at timestamptz, removal_id uuid,
                PRIMARY KEY (tenant_id, slot_id, id))
            """)
        + [
            .both(
                """
                CREATE UNIQUE INDEX votes_one_standing ON votes (tenant_id, clip_id, voter_id)
                WHERE withdrawn_at IS NULL
                """),
            .both(
                """
                CREATE UNIQUE INDEX votes_one_special ON votes (tenant_id, slot_id, voter_id, kind)
                WHERE kind <> 'normal' AND withdrawn_at IS NULL
                """),
            .both("CREATE INDEX votes_by_voter ON votes (tenant_id, voter_id, cast_at)"),
        ]
        // `revision` grows with every change of the row: a group of votes that read an older one leaves the row alone.
        + keyed(
            """
            CREATE TABLE vote_days (
                tenant_id uuid NOT NULL, voter_id uuid NOT NULL, day bigint NOT NULL,
                weight_used bigint NOT NULL CHECK (weight_used >= 0), votes bigint NOT NULL,
                revision bigint NOT NULL, day_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, voter_id, day))
            """, postgres: "fillfactor = 70")
        + [.both("CREATE INDEX vote_days_by_day ON vote_days (tenant_id, day_at, voter_id)")]

    private static let outcome: [Migration.Step] = [
        .both(
            """
            CREATE TABLE winners (
                tenant_id uuid NOT NULL, slot_id uuid NOT NULL, clip_id uuid NOT NULL,
                score bigint NOT NULL, voters bigint NOT NULL,
                state text NOT NULL CHECK (state IN ('provisional', 'final')),
                digest text NOT NULL, below_minimum boolean NOT NULL, standings jsonb NOT NULL,
                ballots bigint NOT NULL, removed bigint NOT NULL, withdrawn bigint NOT NULL,
                decided_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, slot_id))
            """),
        .both(
            """
            CREATE TABLE fraud_cases (
                tenant_id uuid NOT NULL, id uuid NOT NULL, slot_id uuid NOT NULL,
                reasons jsonb NOT NULL, voters bigint NOT NULL, votes bigint NOT NULL,
                state text NOT NULL CHECK (state IN ('open', 'removed', 'dismissed')),
                opened_at timestamptz NOT NULL, decided_at timestamptz, decided_by text,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX fraud_cases_by_state ON fraud_cases (tenant_id, state, id)"),
        .both("CREATE INDEX fraud_cases_by_slot ON fraud_cases (tenant_id, slot_id)"),
        .both(
            """
            CREATE TABLE removals (
                tenant_id uuid NOT NULL, id uuid NOT NULL, slot_id uuid NOT NULL, case_id uuid,
                reason text NOT NULL, votes bigint NOT NULL, weight bigint NOT NULL,
                changed_result boolean NOT NULL, removed_at timestamptz NOT NULL, removed_by text NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX removals_by_slot ON removals (tenant_id, slot_id, id)"),
        .both(
            """
            CREATE TABLE boards (
                tenant_id uuid NOT NULL, kind text NOT NULL, scope text NOT NULL,
                version bigint NOT NULL, built_at timestamptz NOT NULL, blob bytea NOT NULL,
                PRIMARY KEY (tenant_id, kind, scope))
            """),
    ]
}
