import Base
import Storage

/// What agents have begun, what waits for its time, and what is counted.
extension InboxSchema {
    static let workTables = [
        TableDeclaration("inbox_drafts"),
        TableDeclaration("inbox_scheduled", retention: .after(column: "settled_at", age: day * 30)),
        TableDeclaration("inbox_tallies"),
        TableDeclaration("inbox_hour_counts", retention: .after(column: "hour_at", age: day * 60)),
        TableDeclaration("inbox_day_counts"),
        TableDeclaration("inbox_rules"),
        TableDeclaration("inbox_rule_firings", retention: .after(column: "fired_at", age: day * 7)),
    ]

    static let work: [Migration.Step] = beginnings + counts + rules

    private static let beginnings: [Migration.Step] =
        keyed(
            """
            CREATE TABLE inbox_drafts (
                tenant_id uuid NOT NULL, conversation_id uuid NOT NULL, person_id uuid NOT NULL,
                body text NOT NULL CHECK (length(body) <= 8000), changed_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, conversation_id, person_id))
            """)
        + [
            .both(
                """
                CREATE TABLE inbox_scheduled (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, conversation_id uuid NOT NULL, person_id uuid NOT NULL,
                    body text NOT NULL CHECK (length(body) <= 8000), due_at timestamptz NOT NULL,
                    cancels_on_reply boolean NOT NULL, seen_customer bigint NOT NULL,
                    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'drafted', 'cancelled')), reason text,
                    created_at timestamptz NOT NULL, settled_at timestamptz,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both(
                """
                CREATE INDEX inbox_scheduled_due ON inbox_scheduled (tenant_id, due_at) WHERE state = 'waiting'
                """),
            .both("CREATE INDEX inbox_drafts_of_person ON inbox_drafts (tenant_id, person_id)"),
            .both("CREATE INDEX inbox_scheduled_of_person ON inbox_scheduled (tenant_id, person_id, id)"),
            .both("CREATE INDEX inbox_scheduled_of ON inbox_scheduled (tenant_id, conversation_id, id)"),
            .both("CREATE INDEX inbox_scheduled_by_age ON inbox_scheduled (tenant_id, settled_at)"),
        ]

    private static let rules: [Migration.Step] = [
        .both(
            """
            CREATE TABLE inbox_rules (
                tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
                event text NOT NULL, conditions text NOT NULL, actions text NOT NULL, place bigint NOT NULL,
                is_paused boolean NOT NULL, reason text, fired bigint NOT NULL DEFAULT 0, person_id uuid NOT NULL,
                created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE TABLE inbox_rule_firings (
                tenant_id uuid NOT NULL, event_id uuid NOT NULL, rule_id uuid NOT NULL, conversation_id uuid NOT NULL,
                fired_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, event_id, rule_id))
            """),
        .both("CREATE INDEX inbox_rule_firings_of ON inbox_rule_firings (tenant_id, conversation_id, fired_at)"),
        .both("CREATE INDEX inbox_rule_firings_by_age ON inbox_rule_firings (tenant_id, fired_at)"),
    ]

    /// What has happened goes into `inbox_tallies` with the transaction that did it, and from there into the counts: each
    /// row once, as the same transaction takes it away and adds it.
    private static let counts: [Migration.Step] =
        [
            .both(
                """
                CREATE TABLE inbox_tallies (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, kind text NOT NULL, conversation_id uuid NOT NULL,
                    channel_id uuid NOT NULL, person_id uuid, amount bigint NOT NULL, at timestamptz NOT NULL,
                    chain text NOT NULL DEFAULT '',
                    PRIMARY KEY (tenant_id, id))
                """)
        ] + ["inbox_hour_counts", "inbox_day_counts"].flatMap(countTable)

    private static func countTable(_ name: String) -> [Migration.Step] {
        let (number, time) = name == "inbox_hour_counts" ? ("hour", "hour_at") : ("day", "day_at")
        let columns = countColumns.map { "\($0) bigint NOT NULL DEFAULT 0" }.joined(separator: ", ")
        return keyed(
            """
            CREATE TABLE \(name) (
                tenant_id uuid NOT NULL, scope text NOT NULL CHECK (scope IN ('company', 'channel', 'person')),
                scope_id uuid NOT NULL, \(number) bigint NOT NULL, \(time) timestamptz NOT NULL, \(columns),
                PRIMARY KEY (tenant_id, scope, scope_id, \(number)))
            """)
            + (name == "inbox_hour_counts"
                ? [.both("CREATE INDEX \(name)_by_age ON \(name) (tenant_id, \(time))")] : [])
    }

    /// What is counted, in the order of the columns.
    static let countColumns = [
        "opened", "closed", "inbound", "bot_replies", "agent_replies", "hand_offs", "first_replies",
        "first_reply_seconds", "resolutions", "resolution_seconds", "tokens", "ratings", "rating_points", "sla_met",
        "sla_breached", "deflected",
    ]
}
