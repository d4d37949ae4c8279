import Base
import InboxVendors
import Storage

/// What the last look at a channel has shown.
struct ChannelCheck: Sendable, Hashable {
    let checkedAt: Timestamp
    /// What the vendor calls the account.
    var name: String?
    var isSubscribed: Bool?
    /// Deliveries that wait at the vendor.
    var waiting: Int?
    /// What is wrong, as far as it is known.
    var fault: String?
    /// How long it may be quiet before somebody is told; `nil` when nothing usual is known.
    var quietLimit: Duration?
}

/// Decides what a channel's state of health is: pure.
struct CareMachine: Sendable {
    enum Bounds {
        /// What is left of a token when it is renewed.
        static let renewal: Duration = .seconds(10 * 86_400)
        /// The shortest silence that is one.
        static let silenceMin: Duration = .seconds(6 * 3_600)
        /// The longest silence that is none.
        static let silenceMax: Duration = .seconds(3 * 86_400)
        /// How many times the usual pause is silence.
        static let silenceFactor = 12
        /// Deliveries within a week from which a usual pause follows.
        static let usual = 20
    }

    /// What has come: when last, and how many within the week before that.
    struct Arrivals: Sendable, Hashable {
        var last: Timestamp?
        var week = 0
    }

    let now: Timestamp

    /// Whether a token is to be renewed: its end is near, or nobody knows it.
    func isRenewalDue(_ expiresAt: Timestamp?) -> Bool {
        guard let expiresAt else { return true }
        return expiresAt - now < Bounds.renewal
    }

    /// How long it may be quiet; `nil` when too little has come to call anything usual.
    func quietLimit(_ arrivals: Arrivals) -> Duration? {
        guard arrivals.week >= Bounds.usual else { return nil }
        let pause = Duration.seconds(7 * 86_400) / arrivals.week
        return min(Bounds.silenceMax, max(Bounds.silenceMin, pause * Bounds.silenceFactor))
    }

    /// What the vendor has said, or why not.
    enum Answer: Sendable, Hashable {
        case told(ChannelCondition)
        case failed(VendorFailure)
    }

    /// The channel's health; `nil` when nothing is known that would change it.
    ///
    /// - Parameters:
    ///   - answer: the vendor's.
    ///   - account: what the vendor calls the channel's account.
    ///   - arrivals: what has come.
    ///   - isQuietKnown: whether deliveries are the way to hear of customers, so that silence means something.
    /// - Returns: health and reason.
    func health(
        _ answer: Answer, account: String, arrivals: Arrivals, isQuietKnown: Bool
    ) -> (health: Channel.Health, reason: String?)? {
        switch answer {
        case .failed(.tokenExpired): return (.tokenExpired, "The vendor asks to sign in again.")
        case .failed(.refused(let code)): return (.failing, "The vendor refuses to tell about the account (\(code)).")
        case .failed(.tryAgain), .failed(.unreadable), .failed(.cancelled): return nil
        case .told(let condition):
            guard condition.externalAccount == account else {
                return (.failing, "The token belongs to another account.")
            }
            if condition.isSubscribed == false {
                return (.failing, "The vendor does not deliver to us: subscribe the account again.")
            }
            if let last = arrivals.last, isQuietKnown, let limit = quietLimit(arrivals), now - last > limit {
                return (.silent, "Nothing has come for longer than is usual.")
            }
            return (.good, nil)
        }
    }
}

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

    /// When something came last, and how many deliveries were given up, of all channels of a company: one look each.
    func traffic(of channels: [ID<Channel>], in tenant: Tenant) async throws(StorageError) -> [ID<Channel>: Traffic] {
        guard !channels.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            TrafficRow.self, "channel.traffic",
            """
            WITH c (id) AS (\(rows: SQLRows(channels)))
            SELECT c.id,
                (SELECT max(r.received_at) FROM inbox_receipts r WHERE r.tenant_id = \(tenant) AND r.channel_id = c.id),
                (SELECT count(*) FROM (SELECT 1 FROM inbox_receipts d WHERE d.tenant_id = \(tenant)
                    AND d.channel_id = c.id AND d.state = 'dead' LIMIT 100) x)
            FROM c
            """, limit: channels.count)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.traffic) })
    }
}

/// What has come at a channel.
struct Traffic: Sendable, Hashable {
    var last: Timestamp?
    /// Deliveries that were given up, at most a hundred.
    var dead = 0
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
        traffic = Traffic(last: try row.optional(at: 1), dead: try row.value(at: 2))
    }
}
