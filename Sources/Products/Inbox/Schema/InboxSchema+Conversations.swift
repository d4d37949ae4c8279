import Base
import Storage

/// Conversations with their messages, and how far each agent has read.
extension InboxSchema {
    static let conversationTables = [
        TableDeclaration("inbox_agents"),
        TableDeclaration("inbox_conversations"),
        TableDeclaration("inbox_messages"),
        TableDeclaration("inbox_former_texts", retention: .after(column: "changed_at", age: day * 30)),
        TableDeclaration("inbox_cursors"),
        TableDeclaration("inbox_tags"),
        TableDeclaration("inbox_tagged"),
        TableDeclaration("inbox_mentions"),
        // Beside the row-level walls: an index of words cannot bind a tenant, so the company is a word of its own.
        TableDeclaration("inbox_words", .system),
    ]

    static let conversations: [Migration.Step] = agents + heads + messages + words + tags

    /// Since when somebody answers here, by which what was there before is not unread for them.
    private static let agents: [Migration.Step] = keyed(
        """
        CREATE TABLE inbox_agents (
            tenant_id uuid NOT NULL, person_id uuid NOT NULL, joined_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, person_id))
        """)

    /// The row of a conversation is all that a list needs.
    ///
    /// Everything about a conversation that must not happen at the same time locks it.
    private static let heads: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_conversations (
                tenant_id uuid NOT NULL, id uuid NOT NULL, contact_id uuid NOT NULL, contact_point_id uuid NOT NULL,
                channel_id uuid NOT NULL, contact_name text NOT NULL,
                state text NOT NULL CHECK (state IN ('open', 'snoozed', 'closed')),
                bot text NOT NULL CHECK (bot IN ('active', 'waiting', 'human', 'off')),
                bot_epoch bigint NOT NULL DEFAULT 0, bot_failures bigint NOT NULL DEFAULT 0,
                bot_replies bigint NOT NULL DEFAULT 0,
                assignee_id uuid, team_id uuid, priority bigint NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 3),
                last_sequence bigint NOT NULL DEFAULT 0, customer_total bigint NOT NULL DEFAULT 0,
                reply_sequence bigint NOT NULL DEFAULT 0,
                last_message_at timestamptz NOT NULL, last_customer_at timestamptz, window_ends_at timestamptz,
                preview text NOT NULL DEFAULT '', preview_role text NOT NULL DEFAULT 'customer',
                preview_at timestamptz, preview_sequence bigint NOT NULL DEFAULT 0,
                snoozed_until timestamptz, closings bigint NOT NULL DEFAULT 0, closed_at timestamptz,
                opened_at timestamptz NOT NULL, first_reply_at timestamptz,
                created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE INDEX inbox_conversations_by_state ON inbox_conversations (tenant_id, state, last_message_at, id)
            """),
        .both(
            """
            CREATE INDEX inbox_conversations_of_assignee
            ON inbox_conversations (tenant_id, assignee_id, state, last_message_at, id) WHERE assignee_id IS NOT NULL
            """),
        .both(
            """
            CREATE INDEX inbox_conversations_unassigned
            ON inbox_conversations (tenant_id, state, last_message_at, id) WHERE assignee_id IS NULL
            """),
        .both(
            """
            CREATE INDEX inbox_conversations_of_channel
            ON inbox_conversations (tenant_id, channel_id, state, last_message_at, id)
            """),
        .both(
            """
            CREATE INDEX inbox_conversations_of_team
            ON inbox_conversations (tenant_id, team_id, state, last_message_at, id) WHERE team_id IS NOT NULL
            """),
        .both(
            """
            CREATE INDEX inbox_conversations_of_contact ON inbox_conversations (tenant_id, contact_id, last_message_at)
            """),
        .both(
            """
            CREATE UNIQUE INDEX inbox_conversations_one ON inbox_conversations (tenant_id, contact_point_id)
            WHERE state <> 'closed'
            """),
        .both("CREATE INDEX inbox_conversations_of_point ON inbox_conversations (tenant_id, contact_point_id, id)"),
    ]

    private static let messages: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_messages (
                    tenant_id uuid NOT NULL, conversation_id uuid NOT NULL, sequence bigint NOT NULL CHECK (sequence > 0),
                    id uuid NOT NULL, channel_id uuid NOT NULL,
                    role text NOT NULL CHECK (role IN ('customer', 'agent', 'bot', 'note', 'event')),
                    external_id text, client_id text, person_id uuid, body text NOT NULL CHECK (length(body) <= 8000),
                    files text NOT NULL DEFAULT '[]', customer_index bigint NOT NULL, epoch bigint NOT NULL DEFAULT 0,
                    delivery text NOT NULL CHECK (delivery IN ('received', 'queued', 'sending', 'unknown', 'sent',
                        'delivered', 'read', 'failed', 'withdrawn')),
                    failure text, attempts bigint NOT NULL DEFAULT 0, send_after timestamptz, tried_at timestamptz,
                    sent_at timestamptz NOT NULL, created_at timestamptz NOT NULL, edited_at timestamptz,
                    deleted_at timestamptz, sources text NOT NULL DEFAULT '[]',
                    PRIMARY KEY (tenant_id, conversation_id, sequence))
                """),
            .both("CREATE UNIQUE INDEX inbox_messages_by_id ON inbox_messages (tenant_id, id)"),
            .both(
                """
                CREATE UNIQUE INDEX inbox_messages_external ON inbox_messages (tenant_id, channel_id, external_id)
                WHERE external_id IS NOT NULL
                """),
            .both(
                """
                CREATE UNIQUE INDEX inbox_messages_client ON inbox_messages (tenant_id, conversation_id, client_id)
                WHERE client_id IS NOT NULL
                """),
            // Who leaves is found by what they wrote.
            .both(
                """
                CREATE INDEX inbox_messages_of_person ON inbox_messages (tenant_id, person_id, id)
                WHERE person_id IS NOT NULL
                """),
            // What is on its way: few rows, asked for before each attempt to send.
            .both(
                """
                CREATE INDEX inbox_messages_leaving ON inbox_messages (tenant_id, conversation_id, sequence)
                WHERE delivery IN ('queued', 'sending', 'unknown')
                """),
            // What an agent has not seen who has no cursor: only the customer's, by when they came.
            .both(
                """
                CREATE INDEX inbox_messages_of_customer ON inbox_messages (tenant_id, conversation_id, created_at)
                WHERE role = 'customer'
                """),
            .both(
                """
                CREATE TABLE inbox_former_texts (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, message_id uuid NOT NULL, body text NOT NULL,
                    changed_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX inbox_former_texts_of ON inbox_former_texts (tenant_id, message_id, changed_at)"),
            .both("CREATE INDEX inbox_former_texts_by_age ON inbox_former_texts (tenant_id, changed_at)"),
        ]
        + keyed(
            """
            CREATE TABLE inbox_cursors (
                tenant_id uuid NOT NULL, person_id uuid NOT NULL, conversation_id uuid NOT NULL,
                read_sequence bigint NOT NULL, read_customer bigint NOT NULL,
                PRIMARY KEY (tenant_id, person_id, conversation_id))
            """)

    private static let words: [Migration.Step] = [
        .sqlite(
            "CREATE VIRTUAL TABLE inbox_words USING fts5(owner, body, message_id UNINDEXED, tokenize = 'unicode61')"),
        .postgres("CREATE TABLE inbox_words (message_id uuid NOT NULL PRIMARY KEY, words tsvector NOT NULL)"),
        .postgres("CREATE INDEX inbox_words_by_word ON inbox_words USING gin (words)"),
    ]

    private static let tags: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_tags (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, label text NOT NULL CHECK (length(label) BETWEEN 1 AND 40),
                    created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_tags_by_label ON inbox_tags (tenant_id, label)"),
        ]
        + keyed(
            """
            CREATE TABLE inbox_tagged (
                tenant_id uuid NOT NULL, tag_id uuid NOT NULL, conversation_id uuid NOT NULL,
                PRIMARY KEY (tenant_id, tag_id, conversation_id))
            """)
        + keyed(
            """
            CREATE TABLE inbox_mentions (
                tenant_id uuid NOT NULL, person_id uuid NOT NULL, conversation_id uuid NOT NULL,
                mentioned_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, person_id, conversation_id))
            """)
        + [.both("CREATE INDEX inbox_tagged_of ON inbox_tagged (tenant_id, conversation_id, tag_id)")]
}
