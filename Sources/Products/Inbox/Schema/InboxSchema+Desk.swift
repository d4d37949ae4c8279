import Base
import Storage

/// For whom channels are, and contacts that are being deleted.
extension InboxSchema {
    static let deskTables = [
        TableDeclaration("inbox_channel_agents"),
        TableDeclaration("inbox_erasures", retention: .after(column: "finished_at", age: day * 90)),
        TableDeclaration("inbox_contact_words"),
    ]

    static let desk: [Migration.Step] =
        keyed(
            """
            CREATE TABLE inbox_channel_agents (
                tenant_id uuid NOT NULL, channel_id uuid NOT NULL, person_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, channel_id, person_id))
            """)
        // Words of names, addresses and numbers, found by how they begin: the same on both engines.
        + keyed(
            """
            CREATE TABLE inbox_contact_words (
                tenant_id uuid NOT NULL, word text NOT NULL, contact_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, word, contact_id))
            """)
        + [
            .both("CREATE INDEX inbox_contact_words_of ON inbox_contact_words (tenant_id, contact_id)"),
            .both("CREATE INDEX inbox_channel_agents_of ON inbox_channel_agents (tenant_id, person_id, channel_id)"),
            .both(
                """
                CREATE TABLE inbox_erasures (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL, wish text NOT NULL,
                    state text NOT NULL CHECK (state IN ('running', 'done')), erased bigint NOT NULL DEFAULT 0,
                    created_at timestamptz NOT NULL, finished_at timestamptz,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both(
                """
                CREATE INDEX inbox_contacts_merged ON inbox_contacts (tenant_id, merged_into)
                WHERE merged_into IS NOT NULL
                """),
            .both("CREATE INDEX inbox_erasures_of_person ON inbox_erasures (tenant_id, person_id, id)"),
            .both("CREATE INDEX inbox_erasures_by_age ON inbox_erasures (tenant_id, finished_at)"),
        ]
}
