import Base
import Storage

/// What the bot is told, what it did, and what it may know.
extension InboxSchema {
    static let botTables = [
        TableDeclaration("inbox_bot_policies"),
        TableDeclaration("inbox_bot_turns", retention: .after(column: "created_at", age: day * 90)),
        TableDeclaration("inbox_suggestions"),
        TableDeclaration("inbox_knowledge"),
        TableDeclaration("inbox_documents"),
        TableDeclaration("inbox_questions", retention: .after(column: "last_at", age: day * 90)),
    ]

    static let bot: [Migration.Step] =
        // A change is a new number, so that what was answered can be explained by what held then.
        keyed(
            """
            CREATE TABLE inbox_bot_policies (
                tenant_id uuid NOT NULL, number bigint NOT NULL CHECK (number > 0), content text NOT NULL,
                person_id uuid NOT NULL, created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, number))
            """)
        + [
            .both(
                """
                CREATE TABLE inbox_bot_turns (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, conversation_id uuid NOT NULL,
                    after_sequence bigint NOT NULL, epoch bigint NOT NULL, policy bigint NOT NULL,
                    passages text NOT NULL DEFAULT '[]', score double precision, tokens bigint NOT NULL DEFAULT 0,
                    micros bigint NOT NULL DEFAULT 0, first_text_millis bigint,
                    outcome text CHECK (outcome IN ('answered', 'suggested', 'handedOff', 'dropped', 'failed')),
                    reason text, created_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both(
                """
                CREATE UNIQUE INDEX inbox_bot_turns_once
                ON inbox_bot_turns (tenant_id, conversation_id, after_sequence)
                """),
            .both("CREATE INDEX inbox_bot_turns_by_age ON inbox_bot_turns (tenant_id, created_at)"),
        ]
        + keyed(
            """
            CREATE TABLE inbox_suggestions (
                tenant_id uuid NOT NULL, conversation_id uuid NOT NULL, after_sequence bigint NOT NULL,
                body text NOT NULL CHECK (length(body) <= 8000), sources text NOT NULL, made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, conversation_id))
            """)
        // The number rises with each document that comes or goes: answers that were kept hold for one number.
        + keyed(
            """
            CREATE TABLE inbox_knowledge (
                tenant_id uuid NOT NULL, number bigint NOT NULL, documents bigint NOT NULL CHECK (documents >= 0),
                PRIMARY KEY (tenant_id))
            """)
        + [
            .both(
                """
                CREATE TABLE inbox_documents (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
                    form text NOT NULL, bytes bigint NOT NULL, hash text NOT NULL,
                    state text NOT NULL CHECK (state IN ('waiting', 'ready', 'failed')), reason text,
                    passages bigint NOT NULL DEFAULT 0, person_id uuid NOT NULL, created_at timestamptz NOT NULL,
                    ready_at timestamptz,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE UNIQUE INDEX inbox_documents_by_hash ON inbox_documents (tenant_id, hash)"),
            .both("CREATE INDEX inbox_documents_by_state ON inbox_documents (tenant_id, state, id)"),
            .both("CREATE INDEX inbox_documents_of_person ON inbox_documents (tenant_id, person_id, id)"),
            .both(
                """
                CREATE TABLE inbox_questions (
                    tenant_id uuid NOT NULL, hash text NOT NULL, text text NOT NULL, asked bigint NOT NULL,
                    last_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, hash))
                """),
            .both("CREATE INDEX inbox_questions_by_number ON inbox_questions (tenant_id, asked, hash)"),
            .both("CREATE INDEX inbox_questions_by_age ON inbox_questions (tenant_id, last_at)"),
        ]
}
