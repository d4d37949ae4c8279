import Base
import Storage

/// Puts pseudonyms in the place of voters, slot by slot, in the order of the ballots.
struct PseudonymStore: Sendable {
    enum Bounds {
        /// Votes of one transaction.
        static let batch = 1_000
    }

    static let capability = SystemCapability(
        name: "tournament.pseudonyms", reason: "A look a day finds the seasons of all tenants that ended long ago.")

    let storage: Storage

    /// A season whose voters have still to give way.
    struct Due: RowDecodable {
        let tenant: Tenant
        let seasonID: ID<Season>
        let endedAt: Timestamp?

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            seasonID = try row.value(at: 1)
            endedAt = try row.optional(at: 2)
        }
    }

    /// Finished seasons with voters in them, in all tenants, with the time of their last result.
    func due(limit: Int) async throws(StorageError) -> [Due] {
        try await storage.reader(bypassingTenant: Self.capability).list(
            Due.self, "pseudonym.due",
            """
            SELECT s.tenant_id, s.id, (SELECT max(o.decided_at) FROM slots o
                WHERE o.tenant_id = s.tenant_id AND o.season_id = s.id)
            FROM seasons s WHERE s.state = 'finished' AND s.pseudonymised_at IS NULL ORDER BY s.tenant_id, s.id
            """, limit: limit)
    }

    /// The slots of a season that are not done.
    func openSlots(
        of season: ID<Season>, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Slot>] {
        try await storage.reader(for: tenant).list(
            SlotRow.self, "pseudonym.openSlots",
            """
            SELECT s.id FROM slots s
            LEFT JOIN pseudonym_runs p ON p.tenant_id = s.tenant_id AND p.slot_id = s.id
            WHERE s.tenant_id = \(tenant) AND s.season_id = \(season) AND NOT coalesce(p.is_complete, false)
            ORDER BY s.id
            """, limit: 10_000
        ).map(\.slotID)
    }

    /// Gives one batch of votes their pseudonyms; returns how many, 0 when the slot is done.
    ///
    /// Votes and the mark of how far it went change together: whoever reads ballots sees the same ones before, after
    /// and in between.
    func replace(in slot: ID<Slot>, of season: ID<Season>, salt: [UInt8], in tenant: Tenant) async throws -> Int {
        try await storage.write(for: tenant) { transaction in
            guard try await SlotStore(storage: storage).locked(slot, through: transaction, in: tenant) != nil else {
                return 0
            }
            let upto = try await transaction.first(
                RunRow.self, "pseudonym.upto",
                "SELECT p.upto FROM pseudonym_runs p WHERE p.tenant_id = \(tenant) AND p.slot_id = \(slot)")?.upto
            let start = upto ?? ID<Vote>(high: 0, low: 0)
            let rows = try await transaction.list(
                VoteRow.self, "pseudonym.next",
                """
                SELECT v.id, v.voter_id FROM votes v
                WHERE v.tenant_id = \(tenant) AND v.slot_id = \(slot) AND v.id > \(start) ORDER BY v.id
                """, limit: Bounds.batch)
            if !rows.isEmpty {
                let input = SQLRows(
                    rows, { $0.id }, { Pseudonym(of: $0.voterID, salt: salt).id.cast(to: ID<Voter>.self) })
                try await transaction.execute(
                    "pseudonym.replace",
                    """
                    WITH input (id, voter_id) AS (\(rows: input))
                    UPDATE votes SET voter_id = i.voter_id FROM input i
                    WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND votes.id = i.id AND votes.id > \(start)
                        AND votes.id <= \(rows.last?.id ?? start)
                    """)
            }
            let isComplete = rows.count < Bounds.batch
            try await transaction.execute(
                "pseudonym.note",
                """
                INSERT INTO pseudonym_runs (tenant_id, slot_id, season_id, upto, is_complete)
                VALUES (\(tenant), \(slot), \(season), \(rows.last?.id ?? start), \(isComplete))
                ON CONFLICT (tenant_id, slot_id) DO UPDATE SET upto = excluded.upto, is_complete = excluded.is_complete
                """)
            // What was noticed about the voters would lead from a vote back to them.
            if isComplete {
                while try await RiskStore(storage: storage).forget(
                    slot, limit: Bounds.batch, through: transaction, in: tenant) == Bounds.batch
                {}
            }
            return rows.count
        }
    }

    /// Ends the work on a season: its salt is forgotten, so that nobody can find a voter's pseudonym again.
    func finish(_ season: ID<Season>, at now: Timestamp, salt: [UInt8], in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "pseudonym.finish",
                """
                UPDATE seasons SET pseudonymised_at = \(now), salt = \(salt)
                WHERE tenant_id = \(tenant) AND id = \(season) AND pseudonymised_at IS NULL
                """)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.season))
        }
    }
}

private struct SlotRow: RowDecodable {
    let slotID: ID<Slot>

    init(row: SQLRow) throws(StorageError) { slotID = try row.value(at: 0) }
}

private struct RunRow: RowDecodable {
    let upto: ID<Vote>

    init(row: SQLRow) throws(StorageError) { upto = try row.value(at: 0) }
}

private struct VoteRow: RowDecodable {
    let id: ID<Vote>
    let voterID: ID<Voter>

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        voterID = try row.value(at: 1)
    }
}
