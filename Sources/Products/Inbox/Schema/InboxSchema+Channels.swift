import Base
import Storage

/// Channels, what they receive, and who writes there.
extension InboxSchema {
    static let channelTables = [
        TableDeclaration("inbox_addresses", .system),
        TableDeclaration("inbox_channels"),
        TableDeclaration("inbox_channel_secrets"),
        TableDeclaration("inbox_receipts", retention: .after(column: "received_at", age: day * 30)),
        TableDeclaration("inbox_contacts"),
        TableDeclaration("inbox_contact_points"),
        TableDeclaration("inbox_merges"),
    ]

    static let channels: [Migration.Step] = directory + receipts + people

    private static let directory: [Migration.Step] =
        // Which company an address or an account belongs to is asked before any tenant is known.
        [
            .both(
                """
                CREATE TABLE inbox_addresses (
                    path_key text NOT NULL PRIMARY KEY, kind text NOT NULL, external_account text NOT NULL,
                    owner_id uuid NOT NULL, channel_id uuid NOT NULL)
                """),
            .both("CREATE UNIQUE INDEX inbox_addresses_by_account ON inbox_addresses (kind, external_account)"),
            .both(
                """
                CREATE TABLE inbox_channels (
                    tenant_id uuid NOT NULL, id uuid NOT NULL,
                    kind text NOT NULL CHECK (kind IN ('messenger', 'instagram', 'telegram', 'widget')),
                    external_account text NOT NULL, path_key text NOT NULL,
                    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
                    health text NOT NULL CHECK (health IN ('good', 'failing', 'tokenExpired', 'silent')),
                    health_reason text, token_expires_at timestamptz, bot_policy_id uuid, hours_id uuid,
                    is_bot_first boolean NOT NULL DEFAULT false,
                    created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                    PRIMARY KEY (tenant_id, id))
                """),
        ]
        // Apart from the rest, so that nothing that lists channels reads them, and sealed by the installation's key.
        + keyed(
            """
            CREATE TABLE inbox_channel_secrets (
                tenant_id uuid NOT NULL, channel_id uuid NOT NULL, sealed text NOT NULL, door text NOT NULL CHECK (door IN ('page', 'account')),
                PRIMARY KEY (tenant_id, channel_id))
            """)

    private static let receipts: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_receipts (
                tenant_id uuid NOT NULL, id uuid NOT NULL, channel_id uuid NOT NULL, delivery_key text NOT NULL,
                conversation_key text NOT NULL, raw bytea NOT NULL,
                state text NOT NULL CHECK (state IN ('waiting', 'done', 'dead')), reason text,
                received_at timestamptz NOT NULL, handled_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE UNIQUE INDEX inbox_receipts_once ON inbox_receipts (tenant_id, channel_id, delivery_key)"),
        .both(
            """
            CREATE INDEX inbox_receipts_waiting ON inbox_receipts (tenant_id, channel_id, conversation_key, id)
            WHERE state = 'waiting'
            """),
        .both(
            "CREATE INDEX inbox_receipts_dead ON inbox_receipts (tenant_id, channel_id, id) WHERE state = 'dead'"),
        .both("CREATE INDEX inbox_receipts_by_age ON inbox_receipts (tenant_id, received_at)"),
        .both("CREATE INDEX inbox_receipts_of_channel ON inbox_receipts (tenant_id, channel_id, received_at)"),
    ]

    private static let people: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_contacts (
                tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL CHECK (length(name) <= 120),
                search_name text NOT NULL, email text, phone text, locale text,
                fields text NOT NULL DEFAULT '{}' CHECK (length(fields) <= 8192), merged_into uuid,
                created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX inbox_contacts_by_email ON inbox_contacts (tenant_id, email) WHERE email IS NOT NULL"),
        .both("CREATE INDEX inbox_contacts_by_phone ON inbox_contacts (tenant_id, phone) WHERE phone IS NOT NULL"),
        .both("CREATE INDEX inbox_contacts_by_name ON inbox_contacts (tenant_id, search_name, id)"),
        .both(
            """
            CREATE TABLE inbox_contact_points (
                tenant_id uuid NOT NULL, id uuid NOT NULL, contact_id uuid NOT NULL, channel_id uuid NOT NULL,
                external_user_id text NOT NULL, picture text, created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE UNIQUE INDEX inbox_contact_points_once
            ON inbox_contact_points (tenant_id, channel_id, external_user_id)
            """),
        .both(
            """
            CREATE TABLE inbox_merges (
                tenant_id uuid NOT NULL, id uuid NOT NULL, from_id uuid NOT NULL, into_id uuid NOT NULL,
                moved text NOT NULL, person_id uuid NOT NULL, made_at timestamptz NOT NULL, undone_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX inbox_merges_of_person ON inbox_merges (tenant_id, person_id, id)"),
        .both("CREATE INDEX inbox_merges_into ON inbox_merges (tenant_id, into_id, id)"),
        .both("CREATE INDEX inbox_contact_points_of_contact ON inbox_contact_points (tenant_id, contact_id, id)"),
    ]
}
