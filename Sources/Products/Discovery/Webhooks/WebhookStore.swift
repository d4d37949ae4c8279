import Base
import Storage

/// Deliveries of outside services, and what they told of people.
struct WebhookStore: Sendable {
    let storage: Storage

    /// Keeps a delivery unless it was kept before.
    func keep(
        _ receipt: WebhookReceipt, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "webhook.keep",
            """
            INSERT INTO webhook_receipts (tenant_id, source, external_id, id, received_at, kind, payload)
            VALUES (\(tenant), \(receipt.source), \(receipt.externalID), \(receipt.id), \(receipt.receivedAt),
                \(receipt.kind), \(receipt.payload))
            ON CONFLICT (tenant_id, source, external_id) DO NOTHING
            """) == 1
    }

    /// A delivery that was not carried out yet.
    func pending(
        _ id: ID<WebhookReceipt>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> WebhookReceipt? {
        try await reading.first(
            WebhookReceipt.self, "webhook.pending",
            """
            SELECT r.id, r.source, r.external_id, r.kind, r.received_at, r.payload FROM webhook_receipts r
            WHERE r.tenant_id = \(tenant) AND r.id = \(id) AND r.applied_at IS NULL
            """)
    }

    /// Notes that a delivery was carried out; `false` when it was before.
    func apply(
        _ id: ID<WebhookReceipt>, outcome: String, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "webhook.apply",
            """
            UPDATE webhook_receipts SET applied_at = \(time), outcome = \(outcome)
            WHERE tenant_id = \(tenant) AND id = \(id) AND applied_at IS NULL
            """) == 1
    }

    /// Notes how a person outside is, unless something newer was told.
    func note(
        _ person: OutsidePerson, from source: WebhookReceipt.Source, toldAt time: Timestamp, by event: String,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        // Who is gone stays gone: ids are not given twice.
        try await writing.execute(
            "webhook.notePerson",
            """
            INSERT INTO outside_people (tenant_id, source, external_id, name, email, is_gone, told_at, told_by)
            VALUES (\(tenant), \(source), \(person.externalID), \(person.name), \(person.email), \(person.isGone),
                \(time), \(event))
            ON CONFLICT (tenant_id, source, external_id) DO UPDATE SET name = excluded.name, email = excluded.email,
                is_gone = excluded.is_gone, told_at = excluded.told_at, told_by = excluded.told_by
            WHERE NOT outside_people.is_gone AND (excluded.is_gone OR outside_people.told_at < excluded.told_at
                OR (outside_people.told_at = excluded.told_at AND outside_people.told_by < excluded.told_by))
            """)
    }
}

extension WebhookReceipt: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), source: try row.value(at: 1), externalID: try row.value(at: 2),
            kind: try row.value(at: 3), receivedAt: try row.value(at: 4), payload: try row.value(at: 5))
    }
}
