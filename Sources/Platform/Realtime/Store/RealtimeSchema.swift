import Base
public import Storage

/// The module's part of the database: the head of each topic, and its messages.
public enum RealtimeSchema {
    /// The longest time for which a message is kept: 7 days.
    public static let messageAge = Duration.seconds(7 * 86_400)
    /// How long a topic is remembered in which nothing is published: 30 days.
    ///
    /// Its next message begins another life.
    static let topicAge = Duration.seconds(30 * 86_400)

    /// Tables and their history.
    public static let module = SchemaModule(
        name: "realtime",
        tables: [
            TableDeclaration("realtime_topics", retention: .after(column: "seen_at", age: topicAge)),
            TableDeclaration("realtime_messages", retention: .after(column: "published_at", age: messageAge)),
        ],
        migrations: [Migration(1, "topics and messages", topics + messages)])

    /// The rights of this module to work across tenants.
    public static let capabilities = [follow]

    static let follow = SystemCapability(
        name: "realtime.follow", reason: "Nodes compare what they know of topics of all tenants with the logs' heads.")

    /// `seen_at` is the hour of the last message: no entry of its index moves with each one.
    private static let topics: [Migration.Step] = [
        .postgres(
            """
            CREATE TABLE realtime_topics (
                tenant_id uuid NOT NULL, name text COLLATE "C" NOT NULL, epoch bigint NOT NULL,
                last_number bigint NOT NULL, seen_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, name))
                WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)
            """),
        .sqlite(
            """
            CREATE TABLE realtime_topics (
                tenant_id uuid NOT NULL, name text NOT NULL, epoch bigint NOT NULL,
                last_number bigint NOT NULL, seen_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, name))
            """),
        .both("CREATE INDEX realtime_topics_old ON realtime_topics (seen_at)"),
    ]

    private static let messages: [Migration.Step] = [
        .postgres(
            """
            CREATE TABLE realtime_messages (
                tenant_id uuid NOT NULL, topic text COLLATE "C" NOT NULL, number bigint NOT NULL,
                published_at timestamptz NOT NULL, body text NOT NULL,
                PRIMARY KEY (tenant_id, topic, number))
                WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000)
            """),
        .sqlite(
            """
            CREATE TABLE realtime_messages (
                tenant_id uuid NOT NULL, topic text NOT NULL, number bigint NOT NULL,
                published_at timestamptz NOT NULL, body text NOT NULL,
                PRIMARY KEY (tenant_id, topic, number))
            """),
        .both("CREATE INDEX realtime_messages_old ON realtime_messages (published_at)"),
    ]
}
