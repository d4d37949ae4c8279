import Base
import Storage

/// Reads the votes of a slot as ballots, in the order in which they are published.
struct BallotStore: Sendable {
    let storage: Storage

    /// Hands over all ballots of a slot in chunks, from one state of the data; a slow consumer costs no memory.
    ///
    /// - Parameters:
    ///   - slot: whose ballots.
    ///   - season: whose salt makes pseudonyms where they are not stored yet.
    ///   - tenant: where.
    ///   - body: gets each chunk.
    /// - Throws: what `body` throws, and `StorageError`.
    func stream(
        _ slot: ID<Slot>, of season: Season, in tenant: Tenant, _ body: ([Ballot]) async throws -> Void
    ) async throws {
        try await storage.read(for: tenant) { transaction in
            let salt = try await SeasonStore(storage: storage).salt(of: season.id, through: transaction, in: tenant)
            try await transaction.stream(
                "vote.ballots",
                """
                SELECT id, cast_at, clip_id, voter_id, kind, weight, withdrawn_at IS NOT NULL, removal_id IS NOT NULL,
                    coalesce(id <= (SELECT p.upto FROM pseudonym_runs p
                        WHERE p.tenant_id = \(tenant) AND p.slot_id = \(slot)), false)
                FROM votes WHERE tenant_id = \(tenant) AND slot_id = \(slot) ORDER BY id
                """
            ) { rows in
                var ballots: [Ballot] = []
                ballots.reserveCapacity(rows.rowCount)
                for index in 0..<rows.rowCount {
                    ballots.append(try Self.ballot(SQLRow(source: rows, index: index), salt: salt))
                }
                try await body(ballots)
            }
        }
    }

    /// How many votes were removed, by clip.
    func removedByClip(
        _ slot: ID<Slot>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Clip>: Int] {
        let rows = try await reading.list(
            RemovedRow.self, "vote.removedByClip",
            """
            SELECT clip_id, count(*) FROM votes
            WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND removal_id IS NOT NULL GROUP BY clip_id
            """, limit: ReadBounds.listRows)
        return Dictionary(rows.map { ($0.clipID, $0.votes) }, uniquingKeysWith: { first, _ in first })
    }

    /// Counts a slot from its votes, never from tallies.
    func count(_ slot: ID<Slot>, of season: Season, entrants: [Standing], in tenant: Tenant) async throws -> Recount {
        var recount = Recount(clips: entrants)
        try await stream(slot, of: season, in: tenant) { ballots in
            for ballot in ballots { recount.add(ballot) }
        }
        return recount
    }

    private static func ballot(_ row: SQLRow, salt: [UInt8]) throws(StorageError) -> Ballot {
        // Whether the pseudonym stands in the voter's place already, which the row itself says.
        let isStored: Bool = try row.value(at: 8)
        let voter: ID<Voter> = try row.value(at: 3)
        let isRemoved: Bool = try row.value(at: 7)
        let isWithdrawn: Bool = try row.value(at: 6)
        return Ballot(
            id: try row.value(at: 0), castAt: try row.value(at: 1), clipID: try row.value(at: 2),
            voter: isStored ? Pseudonym(stored: voter) : Pseudonym(of: voter, salt: salt),
            kind: try row.value(at: 4), weight: try row.value(at: 5),
            state: isRemoved ? .removed : isWithdrawn ? .withdrawn : .counted)
    }
}

private struct RemovedRow: RowDecodable {
    let clipID: ID<Clip>
    let votes: Int

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        votes = try row.value(at: 1)
    }
}
