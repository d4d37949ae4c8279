import Base
import NIOCore
import Storage

/// The topics' logs.
struct TopicStore: Sendable {
    enum Bounds {
        /// Topics whose heads one statement looks up.
        static let heads = 1_000
        /// Messages that one statement reads.
        static let messages = 1_000
        /// Messages that one statement removes.
        static let trimmed = 1_000
    }

    let storage: Storage
    let clock: any WallClock

    static func head(_ key: TopicKey) -> SQL {
        """
        SELECT epoch, last_number FROM realtime_topics
        WHERE tenant_id = \(key.tenant) AND name = \(key.name.description)
        """
    }

    /// Reads the newest messages, in one statement and so as one state.
    ///
    /// - Parameters:
    ///   - key: The topic.
    ///   - history: What is kept of it; as many are read unless `newest` says how many.
    ///   - after: Only what is newer.
    ///   - newest: How many, in place of the history's bounds of count and bytes: they may still be there.
    /// - Returns: The log's head, and messages up to it.
    /// - Throws: What the engine throws.
    func read(_ key: TopicKey, _ history: TopicHistory, after: Int64? = nil, newest: Int? = nil)
        async throws(StorageError)
        -> TopicSnapshot
    {
        let count = min(max(1, newest ?? history.count), Bounds.messages)
        let since = clock.now() - history.age
        let rows: [TopicLogRow] = try await storage.reader(for: key.tenant).list(
            TopicLogRow.self, "realtime.read",
            """
            SELECT t.epoch, t.last_number, m.number, m.body FROM realtime_topics t
            LEFT JOIN realtime_messages m ON m.tenant_id = t.tenant_id AND m.topic = t.name
                AND m.number > t.last_number - \(Int64(count)) AND m.number > \(after ?? 0) AND m.published_at > \(since)
            WHERE t.tenant_id = \(key.tenant) AND t.name = \(key.name.description)
            ORDER BY m.number DESC
            """, limit: count)
        guard let head = rows.first?.head else { return TopicSnapshot(head: nil, messages: []) }
        var messages: [TopicMessage] = []
        var left = newest == nil ? history.bytes.bytes : Int.max
        var next = head.offset
        for row in rows {
            // A hole ends what can be told: what is older has been trimmed or has grown too old.
            guard let number = row.number, let body = row.body, number == next, body.utf8.count <= left else { break }
            left -= body.utf8.count
            next -= 1
            let frame = SharedFrame(topic: key.name, offset: number, body: ByteBuffer(string: body))
            messages.append(TopicMessage(offset: number, frame: frame))
        }
        return TopicSnapshot(head: head, messages: messages.reversed())
    }

    /// The heads of topics of any tenants; those without a message are left out.
    func heads(of keys: [TopicKey]) async throws(StorageError) -> [TopicKey: TopicPosition] {
        let values = SQLRows(keys.prefix(Bounds.heads), { $0.tenant.id }, { $0.name.description })
        let rows: [TopicHeadRow] = try await storage.reader(bypassingTenant: RealtimeSchema.follow).list(
            TopicHeadRow.self, "realtime.heads",
            """
            WITH v(tenant_id, name) AS (\(rows: values))
            SELECT t.epoch, t.last_number, t.tenant_id, t.name FROM v
            JOIN realtime_topics t ON t.tenant_id = v.tenant_id AND t.name = v.name
            """, limit: Bounds.heads)
        return Dictionary(rows.compactMap { row in row.key.map { ($0, row.position) } }) { first, _ in first }
    }

    /// Removes messages that no history reaches any more.
    func trim(_ key: TopicKey, upTo offset: Int64) async throws(StorageError) {
        guard offset > 0 else { return }
        try await storage.writer(for: key.tenant).execute(
            "realtime.trim",
            """
            DELETE FROM realtime_messages WHERE tenant_id = \(key.tenant) AND topic = \(key.name.description)
                AND number <= \(offset) AND number > \(offset - Int64(Bounds.trimmed))
            """)
    }
}

struct TopicHeadRow: RowDecodable {
    var position: TopicPosition
    var key: TopicKey?

    init(row: SQLRow) throws(StorageError) {
        position = TopicPosition(epoch: try row.value(at: 0), offset: try row.value(at: 1))
        guard row.source.columnNames.count == 4 else { return }
        let (tenant, name): (ID<Tenant>, String) = (try row.value(at: 2), try row.value(at: 3))
        key = TopicName(name).map { TopicKey(Tenant(tenant), $0) }
    }
}

private struct TopicLogRow: RowDecodable {
    var head: TopicPosition
    var number: Int64?
    var body: String?

    init(row: SQLRow) throws(StorageError) {
        head = TopicPosition(epoch: try row.value(at: 0), offset: try row.value(at: 1))
        number = try row.optional(at: 2)
        body = try row.optional(at: 3)
    }
}
