import Base
import Storage

/// Holds tallies against the votes that they are the sums of, both read in one statement.
struct TallyCheckStore: Sendable {
    enum Bounds {
        /// Clips of one check; each costs a read of its votes.
        static let clips = 50
    }

    static let capability = SystemCapability(
        name: "tournament.tallyCheck", reason: "One look an hour finds the open slots of all tenants together.")

    let storage: Storage

    /// A clip's numbers twice.
    struct Numbers: Sendable, Hashable, RowDecodable {
        let clipID: ID<Clip>
        let tallyVotes: Int
        let tallyScore: Int
        let votes: Int
        let score: Int

        var isRight: Bool { tallyVotes == votes && tallyScore == score }

        init(row: SQLRow) throws(StorageError) {
            clipID = try row.value(at: 0)
            tallyVotes = try row.value(at: 1)
            tallyScore = try row.value(at: 2)
            votes = try row.value(at: 3)
            score = try row.value(at: 4)
        }
    }

    func numbers(of clips: [ID<Clip>], in tenant: Tenant) async throws(StorageError) -> [Numbers] {
        guard !clips.isEmpty else { return [] }
        return try await storage.reader(for: tenant).list(
            Numbers.self, "tallyCheck.numbers",
            """
            WITH input (clip_id) AS (\(rows: SQLRows(clips)))
            SELECT i.clip_id,
                (SELECT CAST(coalesce(sum(t.votes), 0) AS bigint) FROM clip_tallies t
                    WHERE t.tenant_id = \(tenant) AND t.clip_id = i.clip_id),
                (SELECT CAST(coalesce(sum(t.score), 0) AS bigint) FROM clip_tallies t
                    WHERE t.tenant_id = \(tenant) AND t.clip_id = i.clip_id),
                (SELECT count(*) FROM votes v WHERE v.tenant_id = \(tenant) AND v.clip_id = i.clip_id
                    AND v.withdrawn_at IS NULL AND v.removal_id IS NULL),
                (SELECT CAST(coalesce(sum(v.weight), 0) AS bigint) FROM votes v WHERE v.tenant_id = \(tenant)
                    AND v.clip_id = i.clip_id AND v.withdrawn_at IS NULL AND v.removal_id IS NULL)
            FROM input i ORDER BY i.clip_id
            """, limit: clips.count)
    }

    /// The clips of a slot.
    func clips(of slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [ID<Clip>] {
        try await storage.reader(for: tenant).list(
            ClipRow.self, "tallyCheck.clips",
            """
            SELECT c.id FROM clips c WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot)
                AND c.state IN ('active', 'winner', 'eliminated') ORDER BY c.id
            """, limit: ClipStore.Bounds.clipsPerSlot
        ).map(\.clipID)
    }

    /// Slots that are voted on, in all tenants.
    func slots(limit: Int) async throws(StorageError) -> [FraudStore.Watched] {
        try await storage.reader(bypassingTenant: Self.capability).list(
            FraudStore.Watched.self, "tallyCheck.slots",
            """
            SELECT s.tenant_id, s.id FROM slots s WHERE s.due_at IS NOT NULL AND s.state = 'voting' ORDER BY s.due_at
            """, limit: limit)
    }
}

private struct ClipRow: RowDecodable {
    let clipID: ID<Clip>

    init(row: SQLRow) throws(StorageError) { clipID = try row.value(at: 0) }
}
