import Base
public import Storage

/// The module's part of the database.
///
/// A job is a row of exactly one of `job_queue` (may be taken now), `job_later` (waits for its time or for other jobs),
/// `job_runs` (a worker has it), and after its end of `job_failures` (a dead letter) or one of the `job_ends` tables. It
/// moves by being deleted here and inserted there; no row of the claim table is ever updated.
public enum JobsSchema {
    /// How many tables ended jobs are spread over, of which the oldest is emptied as a whole.
    public static let endTables = 4

    /// How long dead letters are kept: 90 days.
    static let failureAge = Duration.seconds(90 * 86_400)

    /// Tables and their history.
    public static let module = SchemaModule(
        name: "jobs",
        tables: [
            TableDeclaration("job_queue"),
            TableDeclaration("job_later"),
            TableDeclaration("job_runs"),
            TableDeclaration("job_failures", retention: .after(column: "failed_at", age: failureAge)),
            TableDeclaration("job_keys"),
            TableDeclaration("job_parents"),
            TableDeclaration("job_links"),
            TableDeclaration("job_ends_0"), TableDeclaration("job_ends_1"),
            TableDeclaration("job_ends_2"), TableDeclaration("job_ends_3"),
            TableDeclaration("job_workers", .system),
            TableDeclaration("job_slots", .system),
            TableDeclaration("job_schedules", .system),
            TableDeclaration("job_pauses", .system),
        ],
        migrations: [
            Migration(1, "queues, runs, ends, schedules", queue + later + runs + byParent + ends + ties + system)
        ])

    /// The rights of this module to work across tenants.
    public static let capabilities = [work, operation]

    static let work = SystemCapability(
        name: "jobs.work", reason: "Workers take the jobs of all tenants in turn.")
    static let operation = SystemCapability(
        name: "jobs.operate", reason: "Operators look after the queues of the whole installation.")

    /// The claim table: dead rows are what slows it down, so that they are removed early.
    private static let queue: [Migration.Step] = [
        .postgres(
            """
            CREATE TABLE job_queue (
                tenant_id uuid NOT NULL, queue text COLLATE "C" NOT NULL, id uuid NOT NULL,
                input text NOT NULL, attempts bigint NOT NULL, parent_id uuid, key text, ties bigint NOT NULL,
                PRIMARY KEY (tenant_id, queue, id))
                WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
                    autovacuum_vacuum_cost_delay = 0)
            """),
        .sqlite(
            """
            CREATE TABLE job_queue (
                tenant_id uuid NOT NULL, queue text NOT NULL, id uuid NOT NULL,
                input text NOT NULL, attempts bigint NOT NULL, parent_id uuid, key text, ties bigint NOT NULL,
                PRIMARY KEY (tenant_id, queue, id))
            """),
    ]

    private static let byParent: [Migration.Step] = ["job_queue", "job_later", "job_runs"].map { table in
        .both("CREATE INDEX \(table)_by_parent ON \(table) (tenant_id, parent_id) WHERE parent_id IS NOT NULL")
    }

    private static let later: [Migration.Step] = [
        .both(
            """
            CREATE TABLE job_later (
                tenant_id uuid NOT NULL, id uuid NOT NULL, queue text NOT NULL,
                input text NOT NULL, attempts bigint NOT NULL, parent_id uuid, key text, ties bigint NOT NULL,
                due_at timestamptz, is_parent boolean NOT NULL, error text,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX job_later_by_due ON job_later (due_at) WHERE due_at IS NOT NULL"),
        .both("CREATE INDEX job_later_blocked ON job_later (tenant_id, id) WHERE due_at IS NULL"),
    ]

    private static let runs: [Migration.Step] = [
        .postgres(
            """
            CREATE TABLE job_runs (
                tenant_id uuid NOT NULL, id uuid NOT NULL, queue text NOT NULL, worker_id uuid NOT NULL,
                input text NOT NULL, attempts bigint NOT NULL, parent_id uuid, key text, ties bigint NOT NULL,
                taken_at timestamptz NOT NULL, done bigint, total bigint, cancelled_at timestamptz,
                PRIMARY KEY (tenant_id, id))
                WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
                    autovacuum_vacuum_cost_delay = 0)
            """),
        .sqlite(
            """
            CREATE TABLE job_runs (
                tenant_id uuid NOT NULL, id uuid NOT NULL, queue text NOT NULL, worker_id uuid NOT NULL,
                input text NOT NULL, attempts bigint NOT NULL, parent_id uuid, key text, ties bigint NOT NULL,
                taken_at timestamptz NOT NULL, done bigint, total bigint, cancelled_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX job_runs_by_worker ON job_runs (worker_id)"),
        .both("CREATE INDEX job_runs_cancelled ON job_runs (worker_id) WHERE cancelled_at IS NOT NULL"),
    ]

    private static let ends: [Migration.Step] =
        (0..<endTables).map { number in
            .both(
                """
                CREATE TABLE job_ends_\(number) (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, queue text NOT NULL, state text NOT NULL,
                    attempts bigint NOT NULL, taken_at timestamptz, ended_at timestamptz NOT NULL, result text,
                    PRIMARY KEY (tenant_id, id))
                """)
        } + [
            .both(
                """
                CREATE TABLE job_failures (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, queue text NOT NULL,
                    input text NOT NULL, attempts bigint NOT NULL, parent_id uuid, key text, ties bigint NOT NULL,
                    reason text NOT NULL, failed_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX job_failures_by_time ON job_failures (failed_at, id)"),
        ]

    /// What ties jobs to each other: keys that only one may have, children to count, others to wait for.
    private static let ties: [Migration.Step] = [
        .both(
            """
            CREATE TABLE job_keys (
                tenant_id uuid NOT NULL, kind text NOT NULL, key text NOT NULL,
                job_id uuid NOT NULL, held_until timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, kind, key))
            """),
        .both("CREATE INDEX job_keys_by_end ON job_keys (held_until)"),
        .both("CREATE INDEX job_keys_by_job ON job_keys (tenant_id, job_id)"),
        .both(
            """
            CREATE TABLE job_parents (
                tenant_id uuid NOT NULL, id uuid NOT NULL, total bigint NOT NULL,
                done bigint NOT NULL, failed bigint NOT NULL, cancelled bigint NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE TABLE job_links (
                tenant_id uuid NOT NULL, job_id uuid NOT NULL, waiter_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, job_id, waiter_id))
            """),
        .both("CREATE INDEX job_links_by_waiter ON job_links (tenant_id, waiter_id)"),
    ]

    private static let system: [Migration.Step] = [
        .both(
            """
            CREATE TABLE job_workers (
                id uuid NOT NULL PRIMARY KEY, name text NOT NULL, beats bigint NOT NULL, started_at timestamptz NOT NULL)
            """),
        .both(
            """
            CREATE TABLE job_slots (
                name text NOT NULL, key text NOT NULL, slot bigint NOT NULL,
                tenant_id uuid NOT NULL, job_id uuid NOT NULL, worker_id uuid NOT NULL,
                PRIMARY KEY (name, key, slot))
            """),
        .both("CREATE INDEX job_slots_by_job ON job_slots (tenant_id, job_id)"),
        .both("CREATE INDEX job_slots_by_worker ON job_slots (worker_id)"),
        .both(
            "CREATE TABLE job_schedules (name text NOT NULL PRIMARY KEY, tick_at timestamptz NOT NULL, fired_at timestamptz)"
        ),
        .both("CREATE TABLE job_pauses (lane bigint NOT NULL PRIMARY KEY, paused_at timestamptz NOT NULL)"),
    ]
}
