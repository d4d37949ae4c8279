import Base
import Storage

/// What vendors have delivered.
struct ReceiptStore: Sendable {
    let storage: Storage

    /// Keeps deliveries that were not kept before, and returns the keys of their conversations.
    func keep(
        _ receipts: [Receipt], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Set<String> {
        // In the order of their keys, so that two requests with the same deliveries cannot wait for each other.
        let sorted = receipts.sorted { $0.deliveryKey < $1.deliveryKey }
        let input = SQLRows(
            sorted, { $0.id }, { $0.channelID }, { $0.deliveryKey }, { $0.conversationKey }, { $0.raw },
            { $0.receivedAt })
        let kept = try await writing.returningPerRow(
            KeyRow.self, "receipt.keep",
            """
            WITH input (id, channel_id, delivery_key, conversation_key, raw, received_at) AS (\(rows: input))
            INSERT INTO inbox_receipts (tenant_id, id, channel_id, delivery_key, conversation_key, raw, state, received_at)
            SELECT \(tenant), i.id, i.channel_id, i.delivery_key, i.conversation_key, i.raw, 'waiting', i.received_at
            FROM input i WHERE true
            ON CONFLICT (tenant_id, channel_id, delivery_key) DO NOTHING RETURNING conversation_key
            """, rows: receipts.count)
        return Set(kept.map(\.key))
    }

    /// What waits of a conversation, in the order in which it came.
    func waiting(
        _ key: ConversationKey, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Receipt] {
        try await storage.reader(for: tenant).list(
            Receipt.self, "receipt.waiting",
            """
            SELECT \(sql: Receipt.columns) FROM inbox_receipts r
            WHERE r.tenant_id = \(tenant) AND r.channel_id = \(key.channel) AND r.conversation_key = \(key.key)
                AND r.state = 'waiting' ORDER BY r.id
            """, limit: limit)
    }

    /// Gives up what cannot be read or written.
    func bury(
        _ ids: [ID<Receipt>], _ reason: String, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !ids.isEmpty else { return }
        try await writing.execute(
            "receipt.bury",
            """
            UPDATE inbox_receipts SET state = 'dead', reason = \(reason), handled_at = \(time)
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids))) AND state = 'waiting'
            """)
    }

    /// Has what was given up be tried again, and returns which conversation it belongs to.
    func revive(
        _ id: ID<Receipt>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> ConversationKey? {
        try await writing.returning(
            RevivedRow.self, "receipt.revive",
            """
            UPDATE inbox_receipts SET state = 'waiting', reason = NULL, handled_at = NULL
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'dead' RETURNING channel_id, conversation_key
            """, limit: 1
        ).first?.key
    }

    /// What was given up of a channel, the newest first.
    func dead(
        of channel: ID<Channel>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<DeadLetter> {
        try await storage.reader(for: tenant).page(
            DeadLetter.self, "receipt.dead",
            """
            SELECT r.id, r.delivery_key, r.reason, r.received_at FROM inbox_receipts r
            WHERE r.tenant_id = \(tenant) AND r.channel_id = \(channel) AND r.state = 'dead'
            """, order: .descending("r.id"), after: cursor, limit: limit)
    }

    /// When something came last; `nil` for nothing within the time that receipts are kept.
    func lastArrival(of channel: ID<Channel>, in tenant: Tenant) async throws(StorageError) -> Timestamp? {
        try await storage.reader(for: tenant).first(
            TimeRow.self, "receipt.last",
            """
            SELECT r.received_at FROM inbox_receipts r WHERE r.tenant_id = \(tenant) AND r.channel_id = \(channel)
            ORDER BY r.received_at DESC
            """)?.time
    }
}

/// A delivery that was given up.
struct DeadLetter: RowDecodable {
    let id: ID<Receipt>
    let deliveryKey: String
    let reason: String
    let receivedAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        deliveryKey = try row.value(at: 1)
        reason = try row.optional(at: 2) ?? ""
        receivedAt = try row.value(at: 3)
    }
}

/// Notes with the rest of what a transaction writes last that deliveries were worked off.
enum ReceiptOutbox: Outbox {
    static let name = "inboxReceipts"
    static let rowsPerStatement = 1_000
    static let rowsMax = 1_000

    static func steps(for rows: [ID<Receipt>], in context: OutboxContext) -> [OutboxStep] {
        guard let tenant = context.scope.tenant else {
            preconditionFailure("deliveries are worked off for one company at a time")
        }
        return [
            OutboxStep(
                "settled_receipts",
                """
                UPDATE inbox_receipts SET state = 'done', reason = NULL, handled_at = \(context.now)
                WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(rows))) AND state <> 'done'
                """)
        ]
    }

    static func hints(for rows: [ID<Receipt>]) -> [String] { [] }
}

// MARK: Rows

extension Receipt: RowDecodable {
    static let columns: SQL = "r.id, r.channel_id, r.delivery_key, r.conversation_key, r.raw, r.received_at"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), channelID: try row.value(at: 1), deliveryKey: try row.value(at: 2),
            conversationKey: try row.value(at: 3), raw: try row.value(at: 4), receivedAt: try row.value(at: 5))
    }
}

private struct KeyRow: RowDecodable {
    let key: String

    init(row: SQLRow) throws(StorageError) { key = try row.value(at: 0) }
}

private struct TimeRow: RowDecodable {
    let time: Timestamp

    init(row: SQLRow) throws(StorageError) { time = try row.value(at: 0) }
}

private struct RevivedRow: RowDecodable {
    let key: ConversationKey

    init(row: SQLRow) throws(StorageError) {
        key = ConversationKey(channel: try row.value(at: 0), key: try row.value(at: 1))
    }
}
