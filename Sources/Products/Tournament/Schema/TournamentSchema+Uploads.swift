import Storage

extension TournamentSchema {
    /// The tables of uploads and media work.
    static let uploadTables = [
        TableDeclaration("clip_entries"),
        TableDeclaration("media_files"),
        TableDeclaration("media_tasks", retention: .after(column: "failed_at", age: .seconds(30 * 86_400))),
    ]

    /// How a clip came in and what became of it; its files, each counted by how many clips use it; the work that is to
    /// be done on it, one row a clip.
    static let uploads: [Migration.Step] = [
        .both(
            """
            CREATE TABLE clip_entries (
                tenant_id uuid NOT NULL, clip_id uuid NOT NULL, person_id uuid NOT NULL, slot_id uuid NOT NULL,
                place bigint CHECK (place > 0), created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
                source_bytes bigint, finding jsonb, names jsonb NOT NULL, fault text,
                verdict text CHECK (verdict IN ('approved', 'trusted', 'rejected', 'removed')),
                reason text, reviewed_at timestamptz, reviewed_by uuid,
                PRIMARY KEY (tenant_id, clip_id))
            """),
        // The bound on clips of a person in a slot, whatever runs at the same time: each takes a numbered place.
        .both(
            """
            CREATE UNIQUE INDEX clip_entries_place ON clip_entries (tenant_id, slot_id, person_id, place)
            WHERE place IS NOT NULL
            """),
        .both("CREATE INDEX clip_entries_by_person ON clip_entries (tenant_id, person_id, verdict)"),
        .both(
            """
            CREATE TABLE media_files (
                tenant_id uuid NOT NULL, name text NOT NULL, uses bigint NOT NULL CHECK (uses >= 0),
                created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, name))
            """),
        .both(
            """
            CREATE TABLE media_tasks (
                tenant_id uuid NOT NULL, clip_id uuid NOT NULL,
                kind text NOT NULL CHECK (kind IN ('expect', 'probe', 'render', 'clear')),
                due_at timestamptz, attempts bigint NOT NULL, owner bigint, failure text, failed_at timestamptz,
                PRIMARY KEY (tenant_id, clip_id))
            """),
        // What is due next, in all tenants; a task that is being worked on is due when its lease ends.
        .both("CREATE INDEX media_tasks_due ON media_tasks (due_at) WHERE due_at IS NOT NULL"),
        .both("CREATE INDEX media_tasks_failed ON media_tasks (tenant_id, failed_at)"),
    ]
}
