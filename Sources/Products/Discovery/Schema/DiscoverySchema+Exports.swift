import Storage

/// Files of creators on their way, and what is kept of each part.
extension DiscoverySchema {
    static let exportTables = [
        TableDeclaration("discovery_exports"),
        TableDeclaration("discovery_export_parts"),
    ]

    /// Of three places for files in the making each tenant has, the index lets one export hold one.
    static let exports: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE discovery_exports (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL, title text NOT NULL,
                    source text NOT NULL CHECK (source IN ('search', 'campaign', 'list')), source_id uuid NOT NULL,
                    format text NOT NULL CHECK (format IN ('csv', 'ndjson')), plan text NOT NULL,
                    state text NOT NULL CHECK (state IN ('queued', 'running', 'ready', 'failed', 'cancelled',
                        'expired')),
                    place bigint CHECK (place BETWEEN 1 AND 3),
                    rows_planned bigint NOT NULL CHECK (rows_planned BETWEEN 0 AND 1000000),
                    rows_written bigint NOT NULL DEFAULT 0 CHECK (rows_written >= 0),
                    bytes_written bigint NOT NULL DEFAULT 0, parts bigint NOT NULL DEFAULT 0,
                    segment bigint NOT NULL DEFAULT 0, last_sequence bigint NOT NULL DEFAULT 0,
                    sha256 text, failure text, created_at timestamptz NOT NULL, finished_at timestamptz,
                    expires_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX discovery_exports_of_person ON discovery_exports (tenant_id, person_id, id)"),
            .both(
                """
                CREATE UNIQUE INDEX discovery_exports_places ON discovery_exports (tenant_id, place)
                WHERE place IS NOT NULL
                """),
            // What ends next, in all tenants: files are removed and the rows stay as history.
            .both(
                """
                CREATE INDEX discovery_exports_ending ON discovery_exports (expires_at)
                WHERE state IN ('ready', 'failed', 'cancelled')
                """),
        ]
        + keyed(
            """
            CREATE TABLE discovery_export_parts (
                tenant_id uuid NOT NULL, export_id uuid NOT NULL, number bigint NOT NULL,
                rows bigint NOT NULL, bytes bigint NOT NULL, sha256 text NOT NULL,
                PRIMARY KEY (tenant_id, export_id, number))
            """)
}
