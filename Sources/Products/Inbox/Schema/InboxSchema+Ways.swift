import Base
import Storage

/// Ways to what few conversations have: tags and mentions carry where their conversation stands in lists.
extension InboxSchema {
    static let wayTables = [TableDeclaration("inbox_backfills")]

    static let ways: [Migration.Step] = backfills + places

    /// Companies whose rows of before are still to be brought up to date, in steps, by ``BackfillSteps``.
    ///
    /// Messages are taken from the newest on: those before `before_id` are left.
    private static let backfills: [Migration.Step] =
        keyed("CREATE TABLE inbox_backfills (tenant_id uuid NOT NULL PRIMARY KEY, before_id uuid NOT NULL)") + [
            // All companies: in this transaction the walls between them are down.
            .postgres("SET LOCAL capstan.system = 'on'"),
            .postgres(
                """
                INSERT INTO inbox_backfills (tenant_id, before_id)
                SELECT DISTINCT tenant_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid FROM inbox_channels
                """),
            .sqlite(
                """
                INSERT INTO inbox_backfills (tenant_id, before_id)
                SELECT DISTINCT tenant_id, X'ffffffffffffffffffffffffffffffff' FROM inbox_channels
                """),
        ]

    /// Kept true by the database: whoever moves a conversation in its list moves it in all of them.
    private static let places: [Migration.Step] = [
        .postgres(
            """
            ALTER TABLE inbox_tagged ADD COLUMN state text NOT NULL DEFAULT '',
                ADD COLUMN last_message_at timestamptz NOT NULL DEFAULT 'epoch'
            """),
        .postgres(
            """
            ALTER TABLE inbox_mentions ADD COLUMN state text NOT NULL DEFAULT '',
                ADD COLUMN last_message_at timestamptz NOT NULL DEFAULT 'epoch'
            """),
        .sqlite("ALTER TABLE inbox_tagged ADD COLUMN state text NOT NULL DEFAULT ''"),
        .sqlite("ALTER TABLE inbox_tagged ADD COLUMN last_message_at timestamptz NOT NULL DEFAULT 0"),
        .sqlite("ALTER TABLE inbox_mentions ADD COLUMN state text NOT NULL DEFAULT ''"),
        .sqlite("ALTER TABLE inbox_mentions ADD COLUMN last_message_at timestamptz NOT NULL DEFAULT 0"),
        .postgres(
            """
            CREATE FUNCTION inbox_carry_place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                UPDATE inbox_tagged SET state = NEW.state, last_message_at = NEW.last_message_at
                WHERE tenant_id = NEW.tenant_id AND conversation_id = NEW.id;
                UPDATE inbox_mentions SET state = NEW.state, last_message_at = NEW.last_message_at
                WHERE tenant_id = NEW.tenant_id AND conversation_id = NEW.id;
                RETURN NULL;
            END $$
            """),
        .postgres(
            """
            CREATE TRIGGER inbox_conversations_carry AFTER UPDATE OF state, last_message_at ON inbox_conversations
            FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.last_message_at <> NEW.last_message_at)
            EXECUTE FUNCTION inbox_carry_place()
            """),
        .sqlite(
            """
            CREATE TRIGGER inbox_conversations_carry AFTER UPDATE OF state, last_message_at ON inbox_conversations
            FOR EACH ROW WHEN OLD.state <> NEW.state OR OLD.last_message_at <> NEW.last_message_at BEGIN
                UPDATE inbox_tagged SET state = NEW.state, last_message_at = NEW.last_message_at
                WHERE tenant_id = NEW.tenant_id AND conversation_id = NEW.id;
                UPDATE inbox_mentions SET state = NEW.state, last_message_at = NEW.last_message_at
                WHERE tenant_id = NEW.tenant_id AND conversation_id = NEW.id;
            END
            """),
        .index(
            name: "inbox_tagged_by_place", on: "inbox_tagged",
            definition: "(tenant_id, tag_id, state, last_message_at, conversation_id)"),
        .index(
            name: "inbox_mentions_by_place", on: "inbox_mentions",
            definition: "(tenant_id, person_id, state, last_message_at, conversation_id)"),
        .index(name: "inbox_mentions_of", on: "inbox_mentions", definition: "(tenant_id, conversation_id)"),
        // What was there before, until it is brought up to date.
        .index(
            name: "inbox_tagged_unplaced", on: "inbox_tagged",
            definition: "(tenant_id, tag_id, conversation_id) WHERE state = ''"),
        .index(
            name: "inbox_mentions_unplaced", on: "inbox_mentions",
            definition: "(tenant_id, person_id, conversation_id) WHERE state = ''"),
    ]
}
