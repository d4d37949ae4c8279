import Base
import Storage

/// A message on its way into the log.
struct PublishedRow: Sendable {
    var tenant: Tenant
    var topic: TopicName
    /// The life that the topic begins when this is its first message.
    var epoch: Int64
    var body: String
}

/// Writes the messages that a transaction publishes: each topic's head is raised under its row's lock, so that numbers
/// follow the order of commits without a hole.
enum TopicOutbox: Outbox {
    static let name = "realtime"
    static let rowsPerStatement = 1_000
    static let rowsMax = 10_000
    private static let hintsMax = 64

    private struct Place: Hashable {
        var tenant: Tenant
        var topic: TopicName
    }

    private struct Head {
        var place: Place
        var epoch: Int64
        var count: Int64
    }

    private struct Entry {
        var row: PublishedRow
        /// How many of the same topic come after it.
        var back: Int64
    }

    static func steps(for rows: [PublishedRow], in context: OutboxContext) -> [OutboxStep] {
        var heads: [Place: Head] = [:]
        for row in rows {
            let place = Place(tenant: row.tenant, topic: row.topic)
            heads[place, default: Head(place: place, epoch: row.epoch, count: 0)].count += 1
        }
        var left = heads.mapValues(\.count)
        let entries = rows.map { row in
            let place = Place(tenant: row.tenant, topic: row.topic)
            left[place, default: 1] -= 1
            return Entry(row: row, back: left[place, default: 0])
        }
        // Sorted, so that two transactions that publish to the same topics cannot wait for each other.
        let sorted = heads.values.sorted {
            ($0.place.tenant.id, $0.place.topic) < ($1.place.tenant.id, $1.place.topic)
        }
        return [raise(sorted, in: context), add(entries, in: context)]
    }

    static func hints(for rows: [PublishedRow]) -> [String] {
        var counts: [Place: Int] = [:]
        for row in rows {
            counts[Place(tenant: row.tenant, topic: row.topic), default: 0] += 1
            guard counts.count <= hintsMax else { return [] }
        }
        return counts.map { PublishedHint(key: TopicKey($0.key.tenant, $0.key.topic), count: $0.value).description }
    }

    private static func raise(_ heads: [Head], in context: OutboxContext) -> OutboxStep {
        let hour = Timestamp(microseconds: context.now.microseconds / 3_600_000_000 * 3_600_000_000)
        let values = SQLRows(
            heads, { $0.place.tenant.id }, { $0.place.topic.description }, { $0.epoch }, { $0.count })
        return OutboxStep(
            "raised_topics",
            """
            INSERT INTO realtime_topics (tenant_id, name, epoch, last_number, seen_at)
            SELECT \(sql: tenant(in: context)), i.name, i.epoch, i.count, \(hour)
            FROM (WITH v(tenant_id, name, epoch, count) AS (\(rows: values)) SELECT * FROM v) i WHERE true
            ON CONFLICT (tenant_id, name) DO UPDATE SET
                last_number = realtime_topics.last_number + excluded.last_number, seen_at = excluded.seen_at\
            \(sql: context.dialect == .postgres ? " RETURNING tenant_id, name, last_number" : "")
            """)
    }

    private static func add(_ entries: [Entry], in context: OutboxContext) -> OutboxStep {
        let values = SQLRows(
            entries, { $0.row.tenant.id }, { $0.row.topic.description }, { $0.back }, { $0.row.body })
        let raised: SQL = context.dialect == .postgres ? "raised_topics" : "realtime_topics"
        return OutboxStep(
            "added_messages",
            """
            INSERT INTO realtime_messages (tenant_id, topic, number, published_at, body)
            SELECT \(sql: tenant(in: context)), i.topic, t.last_number - i.back, \(context.now), i.body
            FROM (WITH v(tenant_id, topic, back, body) AS (\(rows: values)) SELECT * FROM v) i
            JOIN \(sql: raised) t ON t.tenant_id = \(sql: tenant(in: context)) AND t.name = i.topic
            """)
    }

    /// The tenant as a bound value where the transaction has one, so that the statement names it; else a row's.
    private static func tenant(in context: OutboxContext) -> SQL {
        if let tenant = context.scope.tenant { "\(tenant)" } else { "i.tenant_id" }
    }
}

/// Word of a commit: how many messages a topic has got.
struct PublishedHint: Sendable, Hashable, CustomStringConvertible {
    var key: TopicKey
    var count: Int

    init(key: TopicKey, count: Int) {
        self.key = key
        self.count = count
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, let tenant = ID<Tenant>(String(parts[0])), let name = TopicName(String(parts[1])),
            let count = Int(parts[2])
        else { return nil }
        self.init(key: TopicKey(Tenant(tenant), name), count: count)
    }

    var description: String { "\(key.tenant.id) \(key.name) \(count)" }
}
