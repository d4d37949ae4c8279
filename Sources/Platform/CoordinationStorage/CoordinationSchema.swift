public import Storage

/// The tables through which nodes share, on PostgreSQL; a database of SQLite has one process and none of them.
///
/// They are not logged: after a crash of the server they are empty, which every contract allows. Nothing stays longer
/// than its own time; ``StorageCoordination`` removes what is over.
public enum CoordinationSchema {
    /// The tables and the steps that made them.
    public static let module = SchemaModule(
        name: "coordination",
        tables: [
            TableDeclaration("coordination_tags", .system), TableDeclaration("coordination_values", .system),
            TableDeclaration("coordination_leases", .system), TableDeclaration("coordination_tokens", .system),
        ],
        migrations: [
            Migration(
                1, "what nodes share",
                [
                    .postgres(
                        """
                        CREATE UNLOGGED TABLE coordination_tags (
                            name text PRIMARY KEY,
                            generation bigint NOT NULL,
                            expires_at timestamptz NOT NULL
                        )
                        """),
                    .postgres(
                        """
                        CREATE UNLOGGED TABLE coordination_values (
                            key text PRIMARY KEY,
                            bytes bytea NOT NULL,
                            tags text[] NOT NULL,
                            generations bigint[] NOT NULL,
                            expires_at timestamptz NOT NULL
                        )
                        """),
                    .postgres(
                        """
                        CREATE UNLOGGED TABLE coordination_leases (
                            key text PRIMARY KEY,
                            token bigint NOT NULL,
                            expires_at timestamptz NOT NULL
                        )
                        """),
                    .postgres(
                        """
                        CREATE UNLOGGED TABLE coordination_tokens (
                            account text PRIMARY KEY,
                            arrival bigint NOT NULL,
                            taken bigint NOT NULL,
                            wait bigint NOT NULL,
                            expires_at timestamptz NOT NULL
                        ) WITH (fillfactor = 70)
                        """),
                    .postgres("CREATE INDEX coordination_tags_over ON coordination_tags (expires_at)"),
                    .postgres("CREATE INDEX coordination_values_over ON coordination_values (expires_at)"),
                    .postgres("CREATE INDEX coordination_leases_over ON coordination_leases (expires_at)"),
                    .postgres("CREATE INDEX coordination_tokens_over ON coordination_tokens (expires_at)"),
                ])
        ])

    /// The right by which nodes share.
    public static let capability = SystemCapability(
        name: "coordination.nodes", reason: "Nodes share values, limits and hints of all tenants.")
}
