import Base
import Storage

/// What vendors cost, which plan a tenant has, and what outside services have told.
extension DiscoverySchema {
    static let meteringTables = [
        TableDeclaration("vendor_days", retention: .after(column: "day_at", age: day * 400)),
        TableDeclaration("workspaces"),
        TableDeclaration("webhook_receipts", retention: .after(column: "received_at", age: day * 90)),
        TableDeclaration("outside_people"),
    ]

    static let metering: [Migration.Step] =
        keyed(
            """
            CREATE TABLE vendor_days (
                tenant_id uuid NOT NULL, day bigint NOT NULL, vendor text NOT NULL, person_id uuid NOT NULL,
                calls bigint NOT NULL DEFAULT 0, errors bigint NOT NULL DEFAULT 0, credits bigint NOT NULL DEFAULT 0,
                latency_sum bigint NOT NULL DEFAULT 0, day_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, day, vendor, person_id))
            """)
        + [
            .both("CREATE INDEX vendor_days_by_age ON vendor_days (tenant_id, day_at)"),
            .both("CREATE INDEX vendor_days_of_person ON vendor_days (tenant_id, person_id, day)"),
        ]
        // `told_at` and `told_by` are the newest event that has set the plan: an older one changes nothing.
        + keyed(
            """
            CREATE TABLE workspaces (
                tenant_id uuid NOT NULL, plan text NOT NULL, started_at timestamptz NOT NULL,
                zone text NOT NULL, told_at timestamptz NOT NULL, told_by text NOT NULL,
                subscription text, is_active boolean NOT NULL DEFAULT true,
                PRIMARY KEY (tenant_id))
            """)
        + [
            .both(
                """
                CREATE TABLE webhook_receipts (
                    tenant_id uuid NOT NULL, source text NOT NULL, external_id text NOT NULL, id uuid NOT NULL,
                    received_at timestamptz NOT NULL, kind text NOT NULL, payload bytea NOT NULL,
                    applied_at timestamptz, outcome text,
                    PRIMARY KEY (tenant_id, source, external_id))
                """),
            .both("CREATE UNIQUE INDEX webhook_receipts_by_id ON webhook_receipts (tenant_id, id)"),
            .both("CREATE INDEX webhook_receipts_by_age ON webhook_receipts (tenant_id, received_at)"),
        ]
        + keyed(
            """
            CREATE TABLE outside_people (
                tenant_id uuid NOT NULL, source text NOT NULL, external_id text NOT NULL,
                name text NOT NULL, email text, is_gone boolean NOT NULL, told_at timestamptz NOT NULL,
                told_by text NOT NULL,
                PRIMARY KEY (tenant_id, source, external_id))
            """)
}
