import Base
import Storage

/// How a company works: teams, hours, what it promises, texts that are used again, and what customers thought of it.
extension InboxSchema {
    static let teamTables = [
        TableDeclaration("inbox_teams"),
        TableDeclaration("inbox_team_members"),
        TableDeclaration("inbox_rosters"),
        TableDeclaration("inbox_hours"),
        TableDeclaration("inbox_canned_replies"),
        TableDeclaration("inbox_service_levels"),
        TableDeclaration("inbox_sla_clocks"),
        TableDeclaration("inbox_ratings"),
        TableDeclaration("inbox_day_times"),
        TableDeclaration("inbox_seals"),
    ]

    static let teams: [Migration.Step] = groups + texts + promises + opinions

    private static let groups: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_teams (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
                    channels text NOT NULL, created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_teams_by_name ON inbox_teams (tenant_id, name)"),
        ]
        // Whoever was given something longest ago has the smallest turn, and is given the next.
        + keyed(
            """
            CREATE TABLE inbox_team_members (
                tenant_id uuid NOT NULL, team_id uuid NOT NULL, person_id uuid NOT NULL,
                cap bigint NOT NULL CHECK (cap BETWEEN 0 AND 1000), turn bigint NOT NULL DEFAULT 0,
                PRIMARY KEY (tenant_id, team_id, person_id))
            """)
        + [.both("CREATE INDEX inbox_team_members_of ON inbox_team_members (tenant_id, person_id)")]
        // A company gives out one conversation at a time: this row is what it holds meanwhile, and counts the turns.
        + keyed(
            """
            CREATE TABLE inbox_rosters (tenant_id uuid NOT NULL, given bigint NOT NULL, PRIMARY KEY (tenant_id))
            """)
        + [
            .both(
                """
                CREATE TABLE inbox_hours (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
                    plan text NOT NULL, is_usual boolean NOT NULL, created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_hours_by_name ON inbox_hours (tenant_id, name)"),
            .both("CREATE UNIQUE INDEX inbox_hours_usual ON inbox_hours (tenant_id) WHERE is_usual"),
        ]

    private static let texts: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_canned_replies (
                tenant_id uuid NOT NULL, id uuid NOT NULL, owner_id uuid,
                shortcut text NOT NULL CHECK (length(shortcut) BETWEEN 1 AND 40),
                body text NOT NULL CHECK (length(body) BETWEEN 1 AND 4000), uses bigint NOT NULL DEFAULT 0,
                created_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE UNIQUE INDEX inbox_canned_replies_of_company ON inbox_canned_replies (tenant_id, shortcut)
            WHERE owner_id IS NULL
            """),
        .both(
            """
            CREATE UNIQUE INDEX inbox_canned_replies_of_owner ON inbox_canned_replies (tenant_id, owner_id, shortcut)
            WHERE owner_id IS NOT NULL
            """),
    ]

    private static let promises: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_service_levels (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
                    first_minutes bigint, next_minutes bigint, resolution_minutes bigint, channels text NOT NULL,
                    hours_id uuid, created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_service_levels_by_name ON inbox_service_levels (tenant_id, name)"),
        ]
        // The clocks of a conversation follow its thread: up to which message they know it, and when to look again.
        + keyed(
            """
            CREATE TABLE inbox_sla_clocks (
                tenant_id uuid NOT NULL, conversation_id uuid NOT NULL, seen_sequence bigint NOT NULL,
                story text NOT NULL, look_at timestamptz,
                PRIMARY KEY (tenant_id, conversation_id))
            """)
        + [
            .both(
                """
                CREATE INDEX inbox_sla_clocks_due ON inbox_sla_clocks (look_at, tenant_id, conversation_id)
                WHERE look_at IS NOT NULL
                """)
        ]

    private static let opinions: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_ratings (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, conversation_id uuid NOT NULL, closing bigint NOT NULL,
                    channel_id uuid NOT NULL, person_id uuid, points bigint NOT NULL CHECK (points BETWEEN 1 AND 5),
                    body text CHECK (length(body) <= 2000), created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_ratings_once ON inbox_ratings (tenant_id, conversation_id, closing)"),
            .both("CREATE INDEX inbox_ratings_of ON inbox_ratings (tenant_id, person_id) WHERE person_id IS NOT NULL"),
        ]
        // How many answers took how long: durations in steps of a fifth, so that percentiles of a year are one sum.
        + keyed(
            """
            CREATE TABLE inbox_day_times (
                tenant_id uuid NOT NULL, scope text NOT NULL CHECK (scope IN ('company', 'channel', 'person')),
                scope_id uuid NOT NULL, measure text NOT NULL CHECK (measure IN ('first', 'resolution')),
                day bigint NOT NULL, step bigint NOT NULL, amount bigint NOT NULL,
                PRIMARY KEY (tenant_id, scope, scope_id, measure, day, step))
            """)
        + keyed(
            """
            CREATE TABLE inbox_seals (
                tenant_id uuid NOT NULL, day bigint NOT NULL, checked bigint NOT NULL, mended bigint NOT NULL,
                sealed_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, day))
            """)
}
