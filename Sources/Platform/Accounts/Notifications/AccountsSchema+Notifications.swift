import Base
import Storage

extension AccountsSchema {
    /// How long a push may wait at most: no device is told of what was a month ago.
    static let pushAge = Duration.seconds(30 * 86_400)

    static let notificationTables = [
        TableDeclaration("notifications", retention: .after(column: "created_at", age: Notice.age)),
        TableDeclaration("notification_preferences"),
        TableDeclaration("push_subscriptions"),
        TableDeclaration("push_deliveries", retention: .after(column: "created_at", age: pushAge)),
    ]

    static let pushCapability = SystemCapability(
        name: "accounts.push", reason: "One sender serves the devices of all tenants.")

    static let notifications: [Migration.Step] = [
        .both(
            """
            CREATE TABLE notifications (
                tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL,
                kind text NOT NULL, title text NOT NULL, text text NOT NULL, link text NOT NULL,
                created_at timestamptz NOT NULL, read_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX notifications_by_person ON notifications (tenant_id, person_id, id)"),
        .both("CREATE INDEX notifications_unread ON notifications (tenant_id, person_id) WHERE read_at IS NULL"),
        .both("CREATE INDEX notifications_by_age ON notifications (created_at)"),
        .both(
            """
            CREATE TABLE notification_preferences (
                tenant_id uuid NOT NULL, person_id uuid NOT NULL, kind text NOT NULL,
                in_app boolean NOT NULL, pushed boolean NOT NULL,
                PRIMARY KEY (tenant_id, person_id, kind))
            """),
        .both(
            """
            CREATE TABLE push_subscriptions (
                tenant_id uuid NOT NULL, id uuid NOT NULL, person_id uuid NOT NULL,
                endpoint_hash bytea NOT NULL, endpoint text NOT NULL, public_key bytea NOT NULL, secret bytea NOT NULL,
                created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE UNIQUE INDEX push_subscriptions_by_endpoint ON push_subscriptions (tenant_id, endpoint_hash)"),
        .both("CREATE INDEX push_subscriptions_by_person ON push_subscriptions (tenant_id, person_id, id)"),
        .both(
            """
            CREATE TABLE push_deliveries (
                tenant_id uuid NOT NULL, notification_id uuid NOT NULL, subscription_id uuid NOT NULL,
                kind text NOT NULL, title text NOT NULL, text text NOT NULL, link text NOT NULL, urgency text NOT NULL,
                attempts bigint NOT NULL, due_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
                created_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, notification_id, subscription_id),
                FOREIGN KEY (tenant_id, subscription_id) REFERENCES push_subscriptions (tenant_id, id)
                    ON DELETE CASCADE)
            """),
        .both("CREATE INDEX push_deliveries_by_subscription ON push_deliveries (tenant_id, subscription_id)"),
        .both("CREATE INDEX push_deliveries_due ON push_deliveries (due_at)"),
        .both("CREATE INDEX push_deliveries_by_age ON push_deliveries (created_at)"),
    ]
}
