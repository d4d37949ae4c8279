import Base
import Storage

/// Takes votes out of a slot, some hundreds at a time, and tells of it.
///
/// Everything here runs under the lock of the slot, as counting does: no vote, withdrawal or close is in between.
struct RemovalStore: Sendable {
    enum Bounds {
        /// Votes that one transaction takes out; the slot is locked for as long.
        static let batch = 500
    }

    let storage: Storage

    /// What a batch took out of a clip.
    struct Taken: RowDecodable {
        let clipID: ID<Clip>
        let weight: Int

        init(row: SQLRow) throws(StorageError) {
            clipID = try row.value(at: 0)
            weight = try row.value(at: 1)
        }
    }

    /// Marks votes of a case that still count; returns what was marked.
    ///
    /// Two statements under the slot's lock, of which each looks into an index whatever the planner believes: as one,
    /// it was run with the whole case read anew for each vote of the slot.
    func take(
        _ id: ID<FraudCase>, of slot: ID<Slot>, as removal: ID<Removal>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> [Taken] {
        let votes = try await writing.list(
            VoteRow.self, "removal.next",
            """
            SELECT f.vote_id FROM fraud_case_votes f
            WHERE f.tenant_id = \(tenant) AND f.case_id = \(id) AND f.slot_id = \(slot)
                AND (SELECT v.id FROM votes v WHERE v.tenant_id = \(tenant) AND v.slot_id = \(slot) AND v.id = f.vote_id
                    AND v.removal_id IS NULL AND v.withdrawn_at IS NULL LIMIT 1) IS NOT NULL
            ORDER BY f.vote_id
            """, limit: Bounds.batch)
        guard !votes.isEmpty else { return [] }
        return try await writing.returning(
            Taken.self, "removal.take",
            """
            WITH input (id) AS (\(rows: SQLRows(votes.map(\.id))))
            UPDATE votes SET removal_id = \(removal) FROM input i
            WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND votes.id = i.id
            RETURNING clip_id, weight
            """, limit: Bounds.batch)
    }

    /// Adds a batch to the public line and says that counts which began before are to be taken again.
    func note(
        votes: Int, weight: Int, of removal: ID<Removal>, slot: ID<Slot>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        guard votes > 0 else { return }
        try await writing.execute(
            "removal.note",
            """
            UPDATE removals SET votes = votes + \(votes), weight = weight + \(weight)
            WHERE tenant_id = \(tenant) AND id = \(removal)
            """)
        try await writing.execute(
            "removal.mark",
            """
            UPDATE slots SET removal_batches = removal_batches + 1 WHERE tenant_id = \(tenant) AND id = \(slot)
            """)
    }

    /// Says whether batches of a removal, or the recount behind them, are still to come.
    func set(isOpen: Bool, _ removal: ID<Removal>, through writing: some Writing, in tenant: Tenant)
        async throws(StorageError)
    {
        try await writing.execute(
            "removal.setOpen",
            "UPDATE removals SET is_open = \(isOpen) WHERE tenant_id = \(tenant) AND id = \(removal)")
    }

    /// How many votes of a case count now, and their weight: what a removal would take out.
    func counting(
        _ id: ID<FraudCase>, of slot: ID<Slot>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> (votes: Int, weight: Int) {
        let sums = try await reading.aggregate(
            Sums.self, "removal.counting",
            """
            SELECT count(c.weight), CAST(coalesce(sum(c.weight), 0) AS bigint) FROM (
                SELECT (SELECT v.weight FROM votes v
                    WHERE v.tenant_id = \(tenant) AND v.slot_id = \(slot) AND v.id = f.vote_id
                        AND v.removal_id IS NULL AND v.withdrawn_at IS NULL LIMIT 1) AS weight
                FROM fraud_case_votes f
                WHERE f.tenant_id = \(tenant) AND f.case_id = \(id) AND f.slot_id = \(slot)) c
            """)
        return (sums.votes, sums.weight)
    }

    /// How many batches were taken out of a slot so far: a count is good while this has not changed.
    func mark(of slot: ID<Slot>, through reading: some Reading, in tenant: Tenant) async throws(StorageError) -> Int {
        try await reading.first(
            NumberRow.self, "removal.slotMark",
            "SELECT s.removal_batches FROM slots s WHERE s.tenant_id = \(tenant) AND s.id = \(slot)")?.number ?? 0
    }

    /// Whether a removal of the slot is under way.
    func isOpen(in slot: ID<Slot>, through reading: some Reading, tenant: Tenant) async throws(StorageError) -> Bool {
        try await reading.first(
            NumberRow.self, "removal.anyOpen",
            """
            SELECT r.votes FROM removals r WHERE r.tenant_id = \(tenant) AND r.slot_id = \(slot) AND r.is_open
            ORDER BY r.id
            """) != nil
    }

    /// A removal whose batches are not all done.
    struct Open: RowDecodable {
        let tenant: Tenant
        let removalID: ID<Removal>
        let slotID: ID<Slot>
        let caseID: ID<FraudCase>

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            removalID = try row.value(at: 1)
            slotID = try row.value(at: 2)
            caseID = try row.value(at: 3)
        }
    }

    /// Removals under way in all tenants: those of this moment, and those of a process that died.
    func openRemovals(limit: Int) async throws(StorageError) -> [Open] {
        try await storage.reader(bypassingTenant: FraudStore.watcher).list(
            Open.self, "removal.allOpen",
            """
            SELECT r.tenant_id, r.id, r.slot_id, r.case_id FROM removals r
            WHERE r.is_open AND r.case_id IS NOT NULL ORDER BY r.id
            """, limit: limit)
    }
}

private struct VoteRow: RowDecodable {
    let id: ID<Vote>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

private struct Sums: RowDecodable {
    let votes: Int
    let weight: Int

    init(row: SQLRow) throws(StorageError) {
        votes = try row.value(at: 0)
        weight = try row.value(at: 1)
    }
}

private struct NumberRow: RowDecodable {
    let number: Int

    init(row: SQLRow) throws(StorageError) { number = try row.value(at: 0) }
}
