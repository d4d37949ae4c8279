import Base
import Storage

/// A row of `risk_events` as an archive needs it.
struct RiskRow: Sendable, Hashable, RowDecodable {
    let id: ID<RiskEvent>
    let noticedAt: Timestamp
    let voterID: ID<Voter>
    let slotID: ID<Slot>?
    let points: Int
    let reasons: [RiskReason]

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        noticedAt = try row.value(at: 1)
        voterID = try row.value(at: 2)
        slotID = try row.optional(at: 3)
        points = try row.value(at: 4)
        reasons = try StoredJSON.read(try row.value(at: 5))
    }
}

extension RiskStore {
    /// When the oldest event of a tenant was noticed; `nil` when there is none.
    func oldest(in tenant: Tenant) async throws(StorageError) -> Timestamp? {
        try await storage.reader(for: tenant).first(
            RiskRow.self, "risk.oldest",
            """
            SELECT e.id, e.noticed_at, e.voter_id, e.slot_id, e.points, e.features FROM risk_events e
            WHERE e.tenant_id = \(tenant) ORDER BY e.noticed_at
            """)?.noticedAt
    }

    /// A part of the events of a time, the oldest first.
    func rows(
        in times: Range<Timestamp>, after last: RiskRow?, limit: Int, of tenant: Tenant
    ) async throws(StorageError) -> [RiskRow] {
        let (time, id) = (last?.noticedAt ?? times.lowerBound, last?.id ?? ID(high: 0, low: 0))
        return try await storage.reader(for: tenant).list(
            RiskRow.self, "risk.part",
            """
            SELECT e.id, e.noticed_at, e.voter_id, e.slot_id, e.points, e.features FROM risk_events e
            WHERE e.tenant_id = \(tenant) AND e.noticed_at < \(times.upperBound)
                AND e.noticed_at >= \(time) AND (e.noticed_at > \(time) OR e.id > \(id))
            ORDER BY e.noticed_at, e.id
            """, limit: limit)
    }

    /// Removes some events of a time, which must be kept elsewhere by then; returns how many were there.
    func remove(
        from times: Range<Timestamp>, limit: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await writing.execute(
            "risk.archived",
            """
            DELETE FROM risk_events WHERE tenant_id = \(tenant) AND id IN (
                SELECT e.id FROM risk_events e
                WHERE e.tenant_id = \(tenant) AND e.noticed_at >= \(times.lowerBound)
                    AND e.noticed_at < \(times.upperBound)
                ORDER BY e.noticed_at, e.id LIMIT \(limit))
            """)
    }
}
