import Base
import Storage

/// A clip that a voter has watched.
struct WatchedClip: Sendable, Hashable {
    let token: ViewToken
    let voterID: ID<Voter>
}

/// The table of views that were counted, by which a token counts once on all nodes.
struct ViewStore: Sendable {
    let storage: Storage

    /// Counts those that have not been counted yet, in one transaction; says which.
    func count(_ watched: [WatchedClip], lane: Int, in tenant: Tenant) async throws -> [Bool] {
        let sorted = watched.sorted { ($0.voterID, $0.token.clipID) < ($1.voterID, $1.token.clipID) }
        let rows = SQLRows(
            sorted, { $0.voterID }, { $0.token.clipID }, { Int64(bitPattern: $0.token.nonce) },
            { $0.token.expiresAt })
        return try await storage.write(for: tenant) { transaction in
            let counted = try await transaction.returning(
                CountedRow.self, "view.insert",
                """
                WITH input (voter_id, clip_id, nonce, expires_at) AS (\(rows: rows))
                INSERT INTO counted_views (tenant_id, voter_id, clip_id, nonce, expires_at)
                SELECT \(tenant), i.voter_id, i.clip_id, i.nonce, i.expires_at FROM input i WHERE true
                ON CONFLICT DO NOTHING
                RETURNING clip_id, nonce
                """, limit: watched.count)
            var views: [ID<Clip>: Int] = [:]
            for row in counted { views[row.clipID, default: 0] += 1 }
            try await ClipStore(storage: storage).count(
                views.map { ClipCount(clipID: $0.key, views: $0.value) }, lane: lane, through: transaction, in: tenant)
            let nonces = Set(counted.map(\.nonce))
            return watched.map { nonces.contains(Int64(bitPattern: $0.token.nonce)) }
        }
    }
}

private struct CountedRow: RowDecodable {
    let clipID: ID<Clip>
    let nonce: Int64

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        nonce = try row.value(at: 1)
    }
}
