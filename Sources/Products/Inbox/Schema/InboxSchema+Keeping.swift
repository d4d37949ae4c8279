import Base
import Storage

/// What is kept for how long, and files of everything that somebody asked for.
extension InboxSchema {
    static let keepingTables = [
        TableDeclaration("inbox_retention"),
        TableDeclaration("inbox_retired"),
        TableDeclaration("inbox_exports", retention: .after(column: "created_at", age: day * 90)),
        TableDeclaration("inbox_export_parts"),
    ]

    static let keeping: [Migration.Step] = retention + exports

    private static let retention: [Migration.Step] =
        // What a company has said about it, and what has gone by it.
        keyed(
            """
            CREATE TABLE inbox_retention (
                tenant_id uuid NOT NULL, conversation_days bigint CHECK (conversation_days BETWEEN 30 AND 3650),
                file_days bigint CHECK (file_days BETWEEN 30 AND 3650), changed_at timestamptz NOT NULL,
                conversations bigint NOT NULL DEFAULT 0, files bigint NOT NULL DEFAULT 0, last_at timestamptz,
                PRIMARY KEY (tenant_id))
            """)
        // Conversations that are gone, whose messages are still to go: nobody opens one again that is half there.
        + keyed(
            """
            CREATE TABLE inbox_retired (
                tenant_id uuid NOT NULL, conversation_id uuid NOT NULL, PRIMARY KEY (tenant_id, conversation_id))
            """)
        + [
            .index(
                name: "inbox_conversations_by_closing", on: "inbox_conversations",
                definition: "(tenant_id, closed_at, id) WHERE state = 'closed'"),
            // Pictures of contacts stay as long as the contact: they would only be passed over.
            .index(
                name: "inbox_files_by_age", on: "inbox_files",
                definition: "(tenant_id, created_at, id) WHERE origin <> 'picture'"),
            // Uploads that no message has taken: few rows.
            .index(
                name: "inbox_files_loose", on: "inbox_files",
                definition: "(tenant_id, created_at, id) WHERE message_id IS NULL AND origin IN ('visitor', 'agent')"),
        ]

    private static let exports: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_exports (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL, nouns text NOT NULL,
                    state text NOT NULL CHECK (state IN ('queued', 'running', 'ready', 'failed', 'expired')),
                    place bigint NOT NULL DEFAULT 0, last_id uuid, parts bigint NOT NULL DEFAULT 0,
                    rows_written bigint NOT NULL DEFAULT 0, bytes_written bigint NOT NULL DEFAULT 0,
                    files text NOT NULL DEFAULT '[]', failure text, created_at timestamptz NOT NULL,
                    finished_at timestamptz, expires_at timestamptz,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both(
                """
                CREATE INDEX inbox_exports_running ON inbox_exports (tenant_id, id)
                WHERE state IN ('queued', 'running')
                """),
            .both(
                "CREATE INDEX inbox_exports_ending ON inbox_exports (tenant_id, expires_at) WHERE state = 'ready'"),
            .both("CREATE INDEX inbox_exports_of_person ON inbox_exports (tenant_id, person_id, id)"),
            // The sweep that drops old rows knows no tenant.
            .both("CREATE INDEX inbox_exports_by_age ON inbox_exports (created_at)"),
        ]
        + keyed(
            """
            CREATE TABLE inbox_export_parts (
                tenant_id uuid NOT NULL, export_id uuid NOT NULL, noun text NOT NULL, number bigint NOT NULL,
                rows bigint NOT NULL, bytes bigint NOT NULL, sha256 text NOT NULL,
                PRIMARY KEY (tenant_id, export_id, noun, number))
            """)
}
