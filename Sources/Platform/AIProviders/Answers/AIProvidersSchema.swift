public import Storage

/// The module's part of the database.
public enum AIProvidersSchema {
    /// How long answers can be read again: 30 days.
    ///
    /// A product keeps what it wants to keep in a table of its own.
    public static let age = Duration.seconds(30 * 86_400)

    /// Tables and their history.
    public static let module = SchemaModule(
        name: "ai",
        tables: [
            TableDeclaration("ai_answers", retention: .after(column: "made_at", age: age)),
            TableDeclaration("ai_answer_parts", retention: .after(column: "made_at", age: age)),
        ],
        migrations: [Migration(1, "answers", answers)])

    private static let answers: [Migration.Step] = [
        .both(
            """
            CREATE TABLE ai_answers (
                tenant_id uuid NOT NULL, id uuid NOT NULL,
                state text NOT NULL CHECK (state IN ('open', 'done', 'broken', 'failed')),
                ending text NOT NULL, model text NOT NULL, is_stand_in boolean NOT NULL, bytes bigint NOT NULL,
                input_tokens bigint NOT NULL, output_tokens bigint NOT NULL, money bigint NOT NULL,
                made_at timestamptz NOT NULL, finished_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX ai_answers_by_age ON ai_answers (made_at)"),
        .both(
            """
            CREATE TABLE ai_answer_parts (
                tenant_id uuid NOT NULL, answer_id uuid NOT NULL, number bigint NOT NULL, ends_at bigint NOT NULL,
                body text NOT NULL, made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, answer_id, number))
            """),
        .both("CREATE INDEX ai_answer_parts_by_age ON ai_answer_parts (made_at)"),
    ]
}
