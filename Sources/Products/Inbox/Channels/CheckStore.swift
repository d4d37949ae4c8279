import Base
import Storage

/// What was seen of channels.
struct CheckStore: Sendable {
    let storage: Storage

    func note(
        _ check: ChannelCheck, of id: ID<Channel>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "channel.noteCheck",
            """
            INSERT INTO inbox_channel_checks (tenant_id, channel_id, checked_at, name, is_subscribed, waiting, fault,
                quiet_limit)
            VALUES (\(tenant), \(id), \(check.checkedAt), \(check.name), \(check.isSubscribed), \(check.waiting),
                \(check.fault), \(check.quietLimit.map { $0.components.seconds }))
            ON CONFLICT (tenant_id, channel_id) DO UPDATE SET checked_at = excluded.checked_at, name = excluded.name,
                is_subscribed = excluded.is_subscribed, waiting = excluded.waiting, fault = excluded.fault,
                quiet_limit = excluded.quiet_limit
            """)
    }

    /// The last looks at all channels of a company.
    func all(in tenant: Tenant) async throws(StorageError) -> [ID<Channel>: ChannelCheck] {
        let rows = try await storage.reader(for: tenant).list(
            CheckRow.self, "channel.checks",
            """
            SELECT k.channel_id, k.checked_at, k.name, k.is_subscribed, k.waiting, k.fault, k.quiet_limit
            FROM inbox_channel_checks k WHERE k.tenant_id = \(tenant)
            """, limit: Channel.Bounds.channels)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.check) })
    }

    /// When something came last at a channel, and how many deliveries within the week before that.
    func arrivals(of id: ID<Channel>, in tenant: Tenant) async throws(StorageError) -> CareMachine.Arrivals {
        let reader = storage.reader(for: tenant)
        guard let last = try await ReceiptStore(storage: storage).lastArrival(of: id, in: tenant) else {
            return CareMachine.Arrivals()
        }
        let week = try await reader.first(
            WeekRow.self, "channel.week",
            """
            SELECT count(*) FROM (SELECT 1 FROM inbox_receipts r WHERE r.tenant_id = \(tenant) AND r.channel_id = \(id)
                AND r.received_at > \(last - .seconds(7 * 86_400)) LIMIT 10000) w
            """)
        return CareMachine.Arrivals(last: last, week: week?.count ?? 0)
    }

    /// When something came last, how fast it was seen, and how many deliveries wait or were given up, of all channels of a
    /// company: one look each.
    func traffic(of channels: [ID<Channel>], in tenant: Tenant) async throws(StorageError) -> [ID<Channel>: Traffic] {
        guard !channels.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            TrafficRow.self, "channel.traffic",
            """
            WITH c (id) AS (\(rows: SQLRows(channels)))
            SELECT c.id,
                (SELECT max(r.received_at) FROM inbox_receipts r WHERE r.tenant_id = \(tenant) AND r.channel_id = c.id),
                (SELECT h.handled_at FROM inbox_receipts h WHERE h.tenant_id = \(tenant) AND h.channel_id = c.id
                    ORDER BY h.received_at DESC LIMIT 1),
                (SELECT count(*) FROM (SELECT 1 FROM inbox_receipts w WHERE w.tenant_id = \(tenant)
                    AND w.channel_id = c.id AND w.state = 'waiting' LIMIT 100) y),
                (SELECT count(*) FROM (SELECT 1 FROM inbox_receipts d WHERE d.tenant_id = \(tenant)
                    AND d.channel_id = c.id AND d.state = 'dead' LIMIT 100) x)
            FROM c
            """, limit: channels.count)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.traffic) })
    }
}

private struct CheckRow: RowDecodable {
    let id: ID<Channel>
    let check: ChannelCheck

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        let seconds: Int64? = try row.optional(at: 6)
        check = ChannelCheck(
            checkedAt: try row.value(at: 1), name: try row.optional(at: 2), isSubscribed: try row.optional(at: 3),
            waiting: try row.optional(at: 4), fault: try row.optional(at: 5), quietLimit: seconds.map { .seconds($0) })
    }
}

private struct WeekRow: RowDecodable {
    let count: Int

    init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
}

private struct TrafficRow: RowDecodable {
    let id: ID<Channel>
    let traffic: Traffic

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        let (last, handled): (Timestamp?, Timestamp?) = (try row.optional(at: 1), try row.optional(at: 2))
        let lag = last.flatMap { last in handled.map { max(.zero, $0 - last) } }
        traffic = Traffic(last: last, lag: lag, waiting: try row.value(at: 3), dead: try row.value(at: 4))
    }
}
