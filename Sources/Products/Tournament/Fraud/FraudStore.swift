import Base
import Storage

/// The tables of cases and of the votes that they are about.
struct FraudStore: Sendable {
    enum Bounds {
        /// Rows of votes in one statement.
        static let group = 4_000
        /// Votes of decided cases of a slot that are not brought up again.
        static let decided = 10_000
    }

    static let watcher = SystemCapability(
        name: "tournament.fraud",
        reason: "One look every five minutes finds the slots whose votes are to be grouped, in all tenants together.")

    let storage: Storage

    // MARK: Cases

    func page(
        _ state: FraudCase.State, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<FraudCase> {
        try await storage.reader(for: tenant).page(
            FraudCase.self, "fraudCase.page",
            "SELECT \(sql: FraudCase.columns) FROM fraud_cases f WHERE f.tenant_id = \(tenant) AND f.state = \(state)",
            order: .descending("f.id"), after: cursor, limit: limit)
    }

    func fraudCase(_ id: ID<FraudCase>, through reading: some Reading, in tenant: Tenant) async throws(StorageError)
        -> FraudCase?
    {
        try await reading.first(
            FraudCase.self, "fraudCase.byID",
            "SELECT \(sql: FraudCase.columns) FROM fraud_cases f WHERE f.tenant_id = \(tenant) AND f.id = \(id)")
    }

    /// All cases of a slot that have a fingerprint.
    func known(_ slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [FraudCase] {
        try await storage.reader(for: tenant).list(
            FraudCase.self, "fraudCase.ofSlot",
            """
            SELECT \(sql: FraudCase.columns) FROM fraud_cases f
            WHERE f.tenant_id = \(tenant) AND f.slot_id = \(slot) AND f.fingerprint IS NOT NULL ORDER BY f.id
            """, limit: 5_000)
    }

    /// Opens a case or adds to one that is open; a case of the same fingerprint that is decided is left alone.
    ///
    /// Returns whether there is an open case of the fingerprint now.
    func upsert(_ fraud: FraudCase, through writing: some Writing, in tenant: Tenant) async throws(StorageError)
        -> ID<FraudCase>?
    {
        let reasons = try StoredJSON.value(fraud.reasons)
        return try await writing.returning(
            CaseID.self, "fraudCase.upsert",
            """
            INSERT INTO fraud_cases AS f (tenant_id, id, slot_id, reasons, voters, votes, state, opened_at, fingerprint,
                decided_at, decided_by)
            VALUES (\(tenant), \(fraud.id), \(fraud.slotID), \(value: reasons), \(fraud.voters), \(fraud.votes),
                \(fraud.state), \(fraud.openedAt), \(fraud.fingerprint), \(fraud.decidedAt), \(fraud.decidedBy))
            ON CONFLICT (tenant_id, slot_id, fingerprint) WHERE fingerprint IS NOT NULL DO UPDATE SET
                reasons = excluded.reasons,
                voters = CASE WHEN f.voters > excluded.voters THEN f.voters ELSE excluded.voters END,
                votes = CASE WHEN f.votes > excluded.votes THEN f.votes ELSE excluded.votes END
                WHERE f.state = 'open'
            RETURNING id
            """, limit: 1
        ).first?.id
    }

    /// Ends a case; returns whether it was open.
    func decide(
        _ id: ID<FraudCase>, _ state: FraudCase.State, by moderator: RemovalSteps.Moderator, at now: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "fraudCase.decide",
            """
            UPDATE fraud_cases SET state = \(state), decided_at = \(now), decided_by = \(moderator.name),
                decided_by_id = \(moderator.personID)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'open'
            """) == 1
    }

    // MARK: Votes of cases

    func add(
        _ votes: [ID<Vote>], to id: ID<FraudCase>, slot: ID<Slot>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        for start in stride(from: 0, to: votes.count, by: Bounds.group) {
            let part = votes[start..<min(votes.count, start + Bounds.group)]
            try await writing.execute(
                "fraudCase.addVotes",
                """
                WITH input (vote_id) AS (\(rows: SQLRows(part)))
                INSERT INTO fraud_case_votes (tenant_id, case_id, vote_id, slot_id)
                SELECT \(tenant), \(id), i.vote_id, \(slot) FROM input i WHERE true ON CONFLICT DO NOTHING
                """)
        }
    }

    /// The votes of a case, by their ids.
    func votes(of id: ID<FraudCase>, in tenant: Tenant) async throws(StorageError) -> Set<ID<Vote>> {
        let rows = try await storage.reader(for: tenant).list(
            VoteID.self, "fraudCase.votes",
            """
            SELECT f.vote_id FROM fraud_case_votes f
            WHERE f.tenant_id = \(tenant) AND f.case_id = \(id) ORDER BY f.vote_id
            """, limit: SuspicionRules.Bounds.votes)
        return Set(rows.map(\.id))
    }

    /// The first votes of a case as moderators see them.
    func ballots(
        of id: ID<FraudCase>, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [CaseBallot] {
        try await storage.reader(for: tenant).list(
            CaseBallot.self, "fraudCase.ballots",
            """
            SELECT v.id, v.voter_id, v.clip_id, v.kind, v.cast_at, v.withdrawn_at IS NOT NULL,
                v.removal_id IS NOT NULL, coalesce(o.risk, 0), o.blocked_at IS NOT NULL
            FROM fraud_case_votes f
            JOIN votes v ON v.tenant_id = f.tenant_id AND v.slot_id = f.slot_id AND v.id = f.vote_id
            LEFT JOIN voters o ON o.tenant_id = v.tenant_id AND o.id = v.voter_id
            WHERE f.tenant_id = \(tenant) AND f.case_id = \(id) ORDER BY f.vote_id
            """, limit: limit)
    }

    /// Which of a slot's votes stand in decided cases, with the fingerprint of the case.
    func decidedVotes(of slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [String: Set<ID<Vote>>] {
        let rows = try await storage.reader(for: tenant).list(
            DecidedVote.self, "fraudCase.decidedVotes",
            """
            SELECT c.fingerprint, f.vote_id FROM fraud_case_votes f
            JOIN fraud_cases c ON c.tenant_id = f.tenant_id AND c.id = f.case_id
            WHERE f.tenant_id = \(tenant) AND f.slot_id = \(slot) AND c.state <> 'open'
                AND c.fingerprint IS NOT NULL ORDER BY f.vote_id
            """, limit: Bounds.decided)
        return Dictionary(grouping: rows, by: \.fingerprint).mapValues { Set($0.map(\.voteID)) }
    }

    /// All votes that voters have standing in a slot, for a case that a moderator opens by hand.
    func standing(of voters: [ID<Voter>], in slot: ID<Slot>, tenant: Tenant) async throws(StorageError) -> [ID<Vote>] {
        guard !voters.isEmpty else { return [] }
        return try await storage.reader(for: tenant).list(
            VoteID.self, "fraudCase.standing",
            """
            WITH input (voter_id) AS (\(rows: SQLRows(voters)))
            SELECT v.id FROM input i
            JOIN votes v ON v.tenant_id = \(tenant) AND v.voter_id = i.voter_id AND v.slot_id = \(slot)
                AND v.withdrawn_at IS NULL AND v.removal_id IS NULL
            ORDER BY v.id
            """, limit: SuspicionRules.Bounds.votes
        ).map(\.id)
    }

    // MARK: What is to be grouped

    /// A slot whose votes are worth a look.
    struct Watched: RowDecodable {
        let tenant: Tenant
        let slotID: ID<Slot>

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            slotID = try row.value(at: 1)
        }
    }

    /// Slots that are voted on, counted or under review, in all tenants.
    func watched(limit: Int) async throws(StorageError) -> [Watched] {
        // What the clock demands next is known of exactly these slots and of those that wait.
        try await storage.reader(bypassingTenant: Self.watcher).list(
            Watched.self, "fraudCase.watched",
            """
            SELECT s.tenant_id, s.id FROM slots s
            WHERE s.due_at IS NOT NULL AND s.state IN ('voting', 'counting', 'provisional') ORDER BY s.due_at
            """, limit: limit)
    }
}

/// A vote of a case.
struct CaseBallot: Sendable, Hashable, RowDecodable {
    let id: ID<Vote>
    let voterID: ID<Voter>
    let clipID: ID<Clip>
    let kind: Vote.Kind
    let castAt: Timestamp
    let isWithdrawn: Bool
    let isRemoved: Bool
    let risk: Int
    let isBanned: Bool

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        voterID = try row.value(at: 1)
        clipID = try row.value(at: 2)
        kind = try row.value(at: 3)
        castAt = try row.value(at: 4)
        isWithdrawn = try row.value(at: 5)
        isRemoved = try row.value(at: 6)
        risk = try row.value(at: 7)
        isBanned = try row.value(at: 8)
    }
}

extension FraudCase: RowDecodable {
    static let columns: SQL = """
        f.id, f.slot_id, f.reasons, f.voters, f.votes, f.state, f.fingerprint, f.opened_at, f.decided_at, f.decided_by
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), slotID: try row.value(at: 1), reasons: try StoredJSON.read(try row.value(at: 2)),
            voters: try row.value(at: 3), votes: try row.value(at: 4), state: try row.value(at: 5),
            fingerprint: try row.optional(at: 6), openedAt: try row.value(at: 7), decidedAt: try row.optional(at: 8),
            decidedBy: try row.optional(at: 9))
    }
}

private struct CaseID: RowDecodable {
    let id: ID<FraudCase>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

private struct VoteID: RowDecodable {
    let id: ID<Vote>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

private struct DecidedVote: RowDecodable {
    let fingerprint: String
    let voteID: ID<Vote>

    init(row: SQLRow) throws(StorageError) {
        fingerprint = try row.value(at: 0)
        voteID = try row.value(at: 1)
    }
}
