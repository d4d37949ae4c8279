import Base
import Storage

/// What reaches out of the product and into it: the widget, files, checks of channels, outgoing hooks, sources of knowledge.
extension InboxSchema {
    static let reachTables = [
        TableDeclaration("inbox_widgets"),
        TableDeclaration("inbox_channel_checks"),
        TableDeclaration("inbox_files"),
        TableDeclaration("inbox_endpoints"),
        TableDeclaration("inbox_outgoing", retention: .after(column: "created_at", age: day * 30)),
        TableDeclaration("inbox_sources"),
        TableDeclaration("inbox_prepared", retention: .after(column: "made_at", age: day * 30)),
    ]

    static let reach: [Migration.Step] = widgets + files + outgoing + knowledgeSources

    private static let widgets: [Migration.Step] =
        keyed(
            """
            CREATE TABLE inbox_widgets (
                tenant_id uuid NOT NULL, channel_id uuid NOT NULL, content text NOT NULL CHECK (length(content) <= 32768),
                changed_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, channel_id))
            """)
        // Beside the channel, which changes seldom and is cached.
        + keyed(
            """
            CREATE TABLE inbox_channel_checks (
                tenant_id uuid NOT NULL, channel_id uuid NOT NULL, checked_at timestamptz NOT NULL, name text,
                is_subscribed boolean, waiting bigint, fault text, quiet_limit bigint,
                PRIMARY KEY (tenant_id, channel_id))
            """)

    /// Files that were copied from vendors or uploaded; their bytes are in the blob store under the file's id.
    private static let files: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_files (
                tenant_id uuid NOT NULL, id uuid NOT NULL, channel_id uuid NOT NULL, conversation_id uuid, message_id uuid,
                origin text NOT NULL CHECK (origin IN ('vendor', 'visitor', 'agent', 'picture')), owner text,
                person_id uuid, kind text NOT NULL, name text, media_type text NOT NULL, bytes bigint NOT NULL,
                created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX inbox_files_of ON inbox_files (tenant_id, conversation_id, id)"),
        .both(
            """
            CREATE INDEX inbox_files_of_person ON inbox_files (tenant_id, person_id, id) WHERE person_id IS NOT NULL
            """),
    ]

    private static let outgoing: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_endpoints (
                tenant_id uuid NOT NULL, id uuid NOT NULL, address text NOT NULL CHECK (length(address) <= 2000),
                events text NOT NULL, sealed text NOT NULL,
                state text NOT NULL CHECK (state IN ('active', 'paused')), reason text, failures bigint NOT NULL DEFAULT 0,
                last_status bigint, last_at timestamptz, created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE TABLE inbox_outgoing (
                tenant_id uuid NOT NULL, id uuid NOT NULL, endpoint_id uuid NOT NULL, kind text NOT NULL,
                body text NOT NULL CHECK (length(body) <= 16384),
                state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
                attempts bigint NOT NULL DEFAULT 0, status bigint, reason text, created_at timestamptz NOT NULL,
                settled_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX inbox_outgoing_of ON inbox_outgoing (tenant_id, endpoint_id, id)"),
        .both("CREATE INDEX inbox_outgoing_by_age ON inbox_outgoing (tenant_id, created_at)"),
    ]

    private static let knowledgeSources: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_sources (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, address text NOT NULL CHECK (length(address) <= 2000),
                    title text NOT NULL CHECK (length(title) <= 200), document_id uuid, hash text,
                    state text NOT NULL CHECK (state IN ('waiting', 'good', 'failed')), reason text,
                    checked_at timestamptz, next_at timestamptz NOT NULL, person_id uuid NOT NULL,
                    created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_sources_once ON inbox_sources (tenant_id, address)"),
            .both("CREATE INDEX inbox_sources_of_person ON inbox_sources (tenant_id, person_id, id)"),
        ]
        // What was answered holds for one state of the documents and one policy only.
        + keyed(
            """
            CREATE TABLE inbox_prepared (
                tenant_id uuid NOT NULL, hash text NOT NULL, locale text NOT NULL, knowledge bigint NOT NULL,
                policy bigint NOT NULL, answer text NOT NULL CHECK (length(answer) <= 8000), sources text NOT NULL,
                score double precision, made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, hash, locale))
            """)
        + [.both("CREATE INDEX inbox_prepared_by_age ON inbox_prepared (tenant_id, made_at)")]
}
