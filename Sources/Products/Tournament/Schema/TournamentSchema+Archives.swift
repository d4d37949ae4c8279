import Storage

extension TournamentSchema {
    /// What was moved out of the tables into files.
    static let archiveTables = [TableDeclaration("archives")]

    static let archives: [Migration.Step] = [
        .both(
            """
            CREATE TABLE archives (
                tenant_id uuid NOT NULL, id uuid NOT NULL,
                source text NOT NULL, begins_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
                state text NOT NULL CHECK (state IN ('writing', 'sealed', 'kept')),
                file text, sha256 text, lines bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0,
                begun_at timestamptz NOT NULL, sealed_at timestamptz, kept_until timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        // One at a time of each source: the next month begins when the one before has left the tables.
        .both("CREATE UNIQUE INDEX archives_open ON archives (tenant_id, source) WHERE state <> 'kept'"),
        .both("CREATE INDEX archives_by_end ON archives (tenant_id, ends_at, id)"),
        .both("CREATE INDEX archives_by_age ON archives (tenant_id, kept_until)"),
    ]

    /// Who decided, besides the name that is shown: so that both give way when that person leaves.
    static let deciders: [Migration.Step] = [
        .both("ALTER TABLE fraud_cases ADD COLUMN decided_by_id uuid"),
        .both("ALTER TABLE removals ADD COLUMN removed_by_id uuid"),
        .index(
            name: "fraud_cases_by_decider", on: "fraud_cases",
            definition: "(tenant_id, decided_by_id) WHERE decided_by_id IS NOT NULL"),
        .index(
            name: "removals_by_decider", on: "removals",
            definition: "(tenant_id, removed_by_id) WHERE removed_by_id IS NOT NULL"),
        .index(
            name: "clip_entries_by_reviewer", on: "clip_entries",
            definition: "(tenant_id, reviewed_by) WHERE reviewed_by IS NOT NULL"),
    ]
}
