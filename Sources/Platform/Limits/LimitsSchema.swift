import Base
public import Storage

/// The module's part of the database.
public enum LimitsSchema {
    /// How long settled and returned reservations, the journal and ended periods are kept: 400 days.
    ///
    /// For so long a repeat of a settled reservation is known as one.
    public static let age = Duration.seconds(400 * 86_400)

    /// Tables and their history.
    public static let module = SchemaModule(
        name: "limits",
        tables: [
            TableDeclaration("credit_accounts", retention: .after(column: "ends_at", age: age)),
            TableDeclaration("credit_reservations", retention: .after(column: "finished_at", age: age)),
            TableDeclaration("credit_entries", retention: .after(column: "made_at", age: age)),
        ],
        migrations: [Migration(1, "credits", credits)])

    /// The rights of this module to work across tenants.
    public static let capabilities = [sweepCapability]

    static let sweepCapability = SystemCapability(
        name: "limits.credits", reason: "gives back reservations that nobody settled in time, whoever made them")

    private static let credits: [Migration.Step] = [
        .both(
            """
            CREATE TABLE credit_accounts (
                tenant_id uuid NOT NULL, ledger text NOT NULL, holder text NOT NULL, starts_at timestamptz NOT NULL,
                ends_at timestamptz NOT NULL, used bigint NOT NULL, held bigint NOT NULL,
                PRIMARY KEY (tenant_id, ledger, holder, starts_at))
            """),
        .both("CREATE INDEX credit_accounts_by_end ON credit_accounts (ends_at)"),
        // `freed` and `was` tell of the last change, so that the statement that makes it can say what it found.
        .both(
            """
            CREATE TABLE credit_reservations (
                tenant_id uuid NOT NULL, ledger text NOT NULL, id uuid NOT NULL, holder text NOT NULL,
                starts_at timestamptz NOT NULL, amount bigint NOT NULL CHECK (amount >= 0),
                used bigint NOT NULL, freed bigint NOT NULL,
                state text NOT NULL CHECK (state IN ('open', 'settled', 'released', 'expired')), was text NOT NULL,
                revision bigint NOT NULL, note text NOT NULL, made_at timestamptz NOT NULL,
                expires_at timestamptz NOT NULL, finished_at timestamptz,
                PRIMARY KEY (tenant_id, ledger, id, holder))
            """),
        .both("CREATE INDEX credit_reservations_due ON credit_reservations (expires_at) WHERE state = 'open'"),
        .both("CREATE INDEX credit_reservations_by_end ON credit_reservations (finished_at)"),
        .both(
            """
            CREATE TABLE credit_entries (
                tenant_id uuid NOT NULL, ledger text NOT NULL, reservation_id uuid NOT NULL, holder text NOT NULL,
                revision bigint NOT NULL, kind text NOT NULL, held bigint NOT NULL, used bigint NOT NULL,
                note text NOT NULL, made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, ledger, reservation_id, holder, revision))
            """),
        .both(
            """
            CREATE INDEX credit_entries_by_time
                ON credit_entries (tenant_id, ledger, made_at, reservation_id, holder, revision)
            """),
        .both("CREATE INDEX credit_entries_by_age ON credit_entries (made_at)"),
    ]
}
