import Base
import Outbound
import Storage

/// The deliveries that wait: taken by one node at a time, ended or put off.
struct PushOutbox: Sendable {
    enum Bounds {
        /// Deliveries taken at once.
        static let batch = 40
        /// How long a node has for what it took: longer than all its attempts can last.
        static let lease = Duration.seconds(120)
    }

    /// A device, and whose.
    struct Target: Sendable {
        let tenant: ID<Tenant>
        let subscription: PushSubscription
    }

    /// What becomes of the deliveries of a batch.
    struct Result: Sendable {
        var over: [PushDelivery] = []
        var later: [(delivery: PushDelivery, due: Timestamp)] = []
        var gone: [PushDelivery.Key] = []
    }

    let storage: Storage

    /// Takes what is due, the oldest first, for ``Bounds/lease``.
    ///
    /// That it is due is asked twice: a node that waited for another's update finds the row put off, and leaves it.
    func take(at now: Timestamp) async throws(StorageError) -> [PushDelivery] {
        try await storage.writer(bypassingTenant: AccountsSchema.pushCapability).returning(
            PushDelivery.self, "accounts.takePushes",
            """
            UPDATE push_deliveries SET attempts = attempts + 1, due_at = \(now + Bounds.lease)
            WHERE due_at <= \(now) AND (tenant_id, notification_id, subscription_id) IN (
                SELECT tenant_id, notification_id, subscription_id FROM push_deliveries
                WHERE due_at <= \(now) ORDER BY due_at LIMIT \(Bounds.batch))
            RETURNING \(sql: PushDelivery.columns)
            """, limit: Bounds.batch)
    }

    /// Whether any delivery is due.
    func isAnyDue(at now: Timestamp) async throws(StorageError) -> Bool {
        try await storage.reader(bypassingTenant: AccountsSchema.pushCapability).first(
            DueRow.self, "accounts.duePushes",
            "SELECT due_at FROM push_deliveries WHERE due_at <= \(now) ORDER BY due_at") != nil
    }

    /// The devices of deliveries; those that were deleted meanwhile are not there.
    func targets(of deliveries: [PushDelivery]) async throws(StorageError) -> [PushDelivery.Key: PushSubscription] {
        let rows = SQLRows(Set(deliveries.map { Pair($0.key.tenant, $0.key.subscription) }), { $0.tenant }, { $0.id })
        let found = try await storage.reader(bypassingTenant: AccountsSchema.pushCapability).list(
            Target.self, "accounts.pushTargets",
            """
            WITH input(tenant_id, id) AS (\(rows: rows))
            SELECT s.tenant_id, s.id, s.endpoint, s.public_key, s.secret
            FROM input JOIN push_subscriptions s ON s.tenant_id = input.tenant_id AND s.id = input.id
            """, limit: Bounds.batch)
        var targets: [PushDelivery.Key: PushSubscription] = [:]
        for delivery in deliveries {
            targets[delivery.key] =
                found.first { $0.tenant == delivery.key.tenant && $0.subscription.id == delivery.key.subscription }?
                .subscription
        }
        return targets
    }

    /// Writes down what became of a batch.
    ///
    /// What another node has taken meanwhile is left to it.
    func settle(_ result: Result) async throws {
        guard !(result.over.isEmpty && result.later.isEmpty && result.gone.isEmpty) else { return }
        try await storage.write(bypassingTenant: AccountsSchema.pushCapability) { transaction in
            if !result.over.isEmpty {
                let rows = SQLRows(
                    result.over, { $0.key.tenant }, { $0.key.notice }, { $0.key.subscription }, { $0.attempt })
                try await transaction.execute(
                    "accounts.endPushes",
                    """
                    WITH input(tenant_id, notification_id, subscription_id, attempts) AS (\(rows: rows))
                    DELETE FROM push_deliveries WHERE (tenant_id, notification_id, subscription_id, attempts) IN (
                        SELECT tenant_id, notification_id, subscription_id, attempts FROM input)
                    """)
            }
            if !result.later.isEmpty {
                let rows = SQLRows(
                    result.later, { $0.delivery.key.tenant }, { $0.delivery.key.notice },
                    { $0.delivery.key.subscription }, { $0.delivery.attempt }, { $0.due })
                try await transaction.execute(
                    "accounts.putPushesOff",
                    """
                    WITH input(tenant_id, notification_id, subscription_id, attempts, due_at) AS (\(rows: rows))
                    UPDATE push_deliveries SET due_at = input.due_at FROM input
                    WHERE push_deliveries.tenant_id = input.tenant_id
                        AND push_deliveries.notification_id = input.notification_id
                        AND push_deliveries.subscription_id = input.subscription_id
                        AND push_deliveries.attempts = input.attempts
                    """)
            }
            if !result.gone.isEmpty {
                let rows = SQLRows(Set(result.gone.map { Pair($0.tenant, $0.subscription) }), { $0.tenant }, { $0.id })
                try await transaction.execute(
                    "accounts.dropPushSubscriptions",
                    """
                    WITH input(tenant_id, id) AS (\(rows: rows))
                    DELETE FROM push_subscriptions WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM input)
                    """)
            }
        }
    }

    private struct Pair: Hashable {
        let tenant: ID<Tenant>
        let id: ID<PushSubscription>

        init(_ tenant: ID<Tenant>, _ id: ID<PushSubscription>) {
            self.tenant = tenant
            self.id = id
        }
    }
}

private struct DueRow: RowDecodable {
    init(row: SQLRow) throws(StorageError) {}
}

extension PushOutbox.Target: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        tenant = try row.value("tenant_id")
        guard let endpoint = OutboundAddress(try row.value("endpoint", as: String.self)) else {
            throw StorageError(.rowMismatch, "a push subscription's endpoint is no address")
        }
        subscription = PushSubscription(
            id: try row.value("id"), endpoint: endpoint, publicKey: try row.value("public_key"),
            secret: try row.value("secret"))
    }
}
