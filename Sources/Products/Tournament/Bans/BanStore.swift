import Base
import Storage

/// The table of bans, and the mark on the voter that the vote's own statement reads.
struct BanStore: Sendable {
    enum Bounds {
        /// Changes that one look reads.
        static let changesPerLook = 5_000
    }

    static let watcher = SystemCapability(
        name: "tournament.banWatcher", reason: "One read every two seconds learns of bans of all tenants together.")

    let storage: Storage

    /// A ban as the watcher reads it.
    struct Change: RowDecodable {
        let tenant: Tenant
        let ban: Ban

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            ban = Ban(
                voterID: try row.value(at: 1), isBanned: try row.value(at: 2), reason: try row.value(at: 3),
                changedAt: try row.value(at: 4))
        }
    }

    /// Writes a decision; returns whether there is such a voter.
    func set(_ ban: Ban, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        let blockedAt: Timestamp? = ban.isBanned ? ban.changedAt : nil
        let marked = try await writing.execute(
            "ban.mark",
            "UPDATE voters SET blocked_at = \(blockedAt) WHERE tenant_id = \(tenant) AND id = \(ban.voterID)")
        guard marked == 1 else { return false }
        try await writing.execute(
            "ban.set",
            """
            INSERT INTO voter_bans (tenant_id, voter_id, is_banned, reason, changed_at)
            VALUES (\(tenant), \(ban.voterID), \(ban.isBanned), \(ban.reason), \(ban.changedAt))
            ON CONFLICT (tenant_id, voter_id) DO UPDATE SET is_banned = excluded.is_banned, reason = excluded.reason,
                changed_at = excluded.changed_at
            """)
        return true
    }

    /// What has changed behind a position, in all tenants, the oldest first.
    func changes(
        after time: Timestamp, voter: ID<Voter>
    ) async throws(StorageError) -> [Change] {
        try await storage.reader(bypassingTenant: Self.watcher).list(
            Change.self, "ban.changes",
            """
            SELECT tenant_id, voter_id, is_banned, reason, changed_at FROM voter_bans
            WHERE changed_at >= \(time) AND (changed_at > \(time) OR voter_id > \(voter))
            ORDER BY changed_at, voter_id
            """, limit: Bounds.changesPerLook)
    }
}
