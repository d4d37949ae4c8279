import Base
import Storage

extension VoteStore {
    /// Casts a group: one statement on PostgreSQL, three in the caller's transaction on SQLite.
    ///
    /// Whoever is missing from the result was refused and has spent nothing.
    func cast(
        _ asks: [VoteAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [Placed] {
        switch storage.dialect {
        case .postgres: try await castPostgres(asks, frame: frame, through: writing)
        case .sqlite: try await castSQLite(asks, frame: frame, through: writing)
        }
    }

    /// Takes votes back: one statement on PostgreSQL, three in the caller's transaction on SQLite.
    func withdraw(
        _ asks: [WithdrawAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [Withdrawn] {
        switch storage.dialect {
        case .postgres: try await withdrawPostgres(asks, frame: frame, through: writing)
        case .sqlite: try await withdrawSQLite(asks, frame: frame, through: writing)
        }
    }

    /// Returns weight that was taken for votes which then met a standing one.
    ///
    /// Only a race between nodes around midnight leads here: within a day the revision shows it first.
    @discardableResult
    func giveBack(
        _ lost: [(voterID: ID<Voter>, weight: Int)], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [ID<Voter>: Int] {
        let sorted = lost.sorted { $0.voterID < $1.voterID }
        let rows = try await writing.returning(
            SpentRow.self, "vote.giveBack",
            """
            WITH input (voter_id, weight) AS (\(rows: SQLRows(sorted, { $0.voterID }, { $0.weight })))
            UPDATE vote_days SET weight_used = weight_used - i.weight, votes = votes - 1, revision = revision + 1
            FROM input i
            WHERE tenant_id = \(frame.tenant) AND vote_days.voter_id = i.voter_id AND day = \(frame.day)
            RETURNING vote_days.voter_id, weight_used
            """, limit: sorted.count)
        return Dictionary(rows.map { ($0.voterID, $0.weightUsed) }, uniquingKeysWith: { _, last in last })
    }

    // MARK: PostgreSQL

    /// Every condition is decided in `candidates`, as all parts of one statement see the same state.
    ///
    /// What may have changed since is caught by locks: the slot row is read anew under its share lock, and a voter's day
    /// is left alone when its revision is not the one that was read. `(… IN …) IS TRUE` keeps the planner, which takes
    /// every part for one row, from comparing each with each: it becomes a hashed look-up.
    private func castPostgres(
        _ asks: [VoteAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [Placed] {
        let tenant = frame.tenant
        return try await writing.returningPerRow(
            Placed.self, "vote.cast",
            """
            WITH input (id, clip_id, voter_id, person_id, device_hash, is_new, kind, weight, weight_max,
                request)
                AS (\(rows: rows(asks, frame: frame))),
            open_slots AS MATERIALIZED (
                SELECT s.id FROM slots s WHERE s.tenant_id = \(tenant) AND s.state = 'voting'
                    AND s.freezes_at > \(frame.now)
                    AND s.id IN (SELECT c.slot_id FROM clips c WHERE c.tenant_id = \(tenant)
                        AND c.id IN (SELECT DISTINCT i.clip_id FROM input i))
                ORDER BY s.id FOR SHARE),
            candidates AS MATERIALIZED (
                SELECT i.*, c.slot_id, coalesce(d.revision, 0) AS revision, coalesce(d.weight_used, 0) AS used
                FROM input i
                JOIN clips c ON c.tenant_id = \(tenant) AND c.id = i.clip_id
                JOIN open_slots s ON s.id = c.slot_id
                LEFT JOIN vote_days d ON d.tenant_id = \(tenant) AND d.voter_id = i.voter_id AND d.day = \(frame.day)
                WHERE \(sql: Self.conditions(frame))),
            days AS (
                INSERT INTO vote_days AS d (tenant_id, voter_id, day, weight_used, votes, revision, day_at)
                SELECT \(tenant), voter_id, \(frame.day), weight, 1, revision + 1, \(frame.dayStart)
                FROM candidates ORDER BY voter_id
                ON CONFLICT (tenant_id, voter_id, day) DO UPDATE SET
                    weight_used = d.weight_used + excluded.weight_used, votes = d.votes + 1,
                    revision = excluded.revision
                    WHERE d.revision = excluded.revision - 1
                RETURNING voter_id),
            placed AS (
                INSERT INTO votes (tenant_id, slot_id, id, clip_id, voter_id, kind, weight, day, request, cast_at)
                SELECT \(tenant), c.slot_id, c.id, c.clip_id, c.voter_id, c.kind, c.weight, \(frame.day), c.request,
                    \(frame.now)
                FROM candidates c WHERE (c.voter_id IN (SELECT d.voter_id FROM days d)) IS TRUE
                ON CONFLICT DO NOTHING
                RETURNING id, slot_id, clip_id, voter_id, weight),
            tally AS (
                INSERT INTO clip_tallies AS t (tenant_id, clip_id, lane, votes, score, last_vote_at)
                SELECT \(tenant), clip_id, \(frame.lane), count(*), sum(weight), \(frame.now)
                FROM placed GROUP BY clip_id ORDER BY clip_id
                ON CONFLICT (tenant_id, clip_id, lane) DO UPDATE SET votes = t.votes + excluded.votes,
                    score = t.score + excluded.score, last_vote_at = excluded.last_vote_at),
            newcomers AS (
                INSERT INTO voters (tenant_id, id, person_id, device_hash, created_at)
                SELECT \(tenant), voter_id, person_id, device_hash, \(frame.now) FROM candidates WHERE is_new
                ORDER BY voter_id ON CONFLICT DO NOTHING)
            SELECT c.voter_id, c.used + c.weight, CASE WHEN c.id IN (SELECT p.id FROM placed p) THEN c.id END, c.slot_id
            FROM candidates c WHERE (c.voter_id IN (SELECT d.voter_id FROM days d)) IS TRUE
            """, rows: asks.count)
    }

    private func withdrawPostgres(
        _ asks: [WithdrawAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [Withdrawn] {
        let tenant = frame.tenant
        return try await writing.returningPerRow(
            Withdrawn.self, "vote.withdraw",
            """
            WITH input (voter_id, clip_id) AS (\(rows: SQLRows(asks, { $0.voterID }, { $0.clipID }))),
            open_slots AS MATERIALIZED (
                SELECT s.id FROM slots s WHERE s.tenant_id = \(tenant) AND s.state = 'voting'
                    AND s.freezes_at > \(frame.now)
                    AND s.id IN (SELECT c.slot_id FROM clips c WHERE c.tenant_id = \(tenant)
                        AND c.id IN (SELECT i.clip_id FROM input i))
                ORDER BY s.id FOR SHARE),
            locked AS MATERIALIZED (
                SELECT d.voter_id FROM vote_days d WHERE d.tenant_id = \(tenant) AND d.day = \(frame.day)
                    AND d.voter_id IN (SELECT i.voter_id FROM input i)
                ORDER BY d.voter_id FOR UPDATE),
            standing AS MATERIALIZED (
                SELECT v.slot_id, v.id, (SELECT count(*) FROM locked) AS locks
                FROM input i JOIN votes v ON v.tenant_id = \(tenant) AND v.clip_id = i.clip_id
                    AND v.voter_id = i.voter_id AND v.withdrawn_at IS NULL AND v.removal_id IS NULL
                JOIN open_slots s ON s.id = v.slot_id),
            taken AS (
                UPDATE votes v SET withdrawn_at = \(frame.now) FROM standing s
                WHERE v.tenant_id = \(tenant) AND v.slot_id = s.slot_id AND v.id = s.id AND v.withdrawn_at IS NULL
                    AND s.locks >= 0
                RETURNING v.slot_id, v.clip_id, v.voter_id, v.kind, v.weight, v.day),
            days AS (
                UPDATE vote_days d SET weight_used = d.weight_used - t.weight, votes = d.votes - 1,
                    revision = d.revision + 1
                FROM taken t
                WHERE d.tenant_id = \(tenant) AND d.voter_id = t.voter_id AND d.day = t.day AND t.day = \(frame.day)
                RETURNING d.voter_id, d.weight_used),
            tally AS (
                INSERT INTO clip_tallies AS a (tenant_id, clip_id, lane, votes, score)
                SELECT \(tenant), clip_id, \(frame.lane), -count(*), -sum(weight)
                FROM taken GROUP BY clip_id ORDER BY clip_id
                ON CONFLICT (tenant_id, clip_id, lane) DO UPDATE SET votes = a.votes + excluded.votes,
                    score = a.score + excluded.score)
            SELECT t.voter_id, t.clip_id, t.slot_id, t.kind, t.weight, t.day,
                (SELECT d.weight_used FROM days d WHERE d.voter_id = t.voter_id LIMIT 1) FROM taken t
            """, rows: asks.count)
    }

    // MARK: SQLite

    private func castSQLite(
        _ asks: [VoteAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [Placed] {
        let tenant = frame.tenant
        let days = try await writing.returning(
            SpentRow.self, "vote.cast.allowance",
            """
            WITH input (id, clip_id, voter_id, person_id, device_hash, is_new, kind, weight, weight_max,
                request)
                AS (\(rows: rows(asks, frame: frame)))
            INSERT INTO vote_days AS o (tenant_id, voter_id, day, weight_used, votes, revision, day_at)
            SELECT \(tenant), i.voter_id, \(frame.day), i.weight, 1, 1, \(frame.dayStart)
            FROM input i
            JOIN clips c ON c.tenant_id = \(tenant) AND c.id = i.clip_id
            JOIN slots s ON s.tenant_id = \(tenant) AND s.id = c.slot_id AND s.state = 'voting'
                AND s.freezes_at > \(frame.now)
            LEFT JOIN vote_days d ON d.tenant_id = \(tenant) AND d.voter_id = i.voter_id AND d.day = \(frame.day)
            WHERE \(sql: Self.conditions(frame))
            ON CONFLICT (tenant_id, voter_id, day) DO UPDATE SET
                weight_used = o.weight_used + excluded.weight_used, votes = o.votes + 1, revision = o.revision + 1
            RETURNING voter_id, weight_used
            """, limit: asks.count)
        guard !days.isEmpty else { return [] }
        let spent = Dictionary(days.map { ($0.voterID, $0.weightUsed) }, uniquingKeysWith: { first, _ in first })
        let passed = asks.filter { spent[$0.voter.id] != nil }
        let votes = SQLRows(
            passed, { $0.id }, { $0.clipID }, { $0.voter.id }, { $0.kind }, { frame.rules.weight(of: $0.kind) },
            { $0.request })
        let placed = try await writing.returning(
            PlacedRow.self, "vote.cast.votes",
            """
            WITH input (id, clip_id, voter_id, kind, weight, request) AS (\(rows: votes))
            INSERT INTO votes (tenant_id, slot_id, id, clip_id, voter_id, kind, weight, day, request, cast_at)
            SELECT \(tenant), c.slot_id, i.id, i.clip_id, i.voter_id, i.kind, i.weight, \(frame.day), i.request,
                \(frame.now)
            FROM input i JOIN clips c ON c.tenant_id = \(tenant) AND c.id = i.clip_id
            WHERE true
            RETURNING id, slot_id, voter_id
            """, limit: passed.count)
        var counts: [ID<Clip>: (votes: Int, score: Int)] = [:]
        for ask in passed {
            counts[ask.clipID, default: (0, 0)].votes += 1
            counts[ask.clipID, default: (0, 0)].score += frame.rules.weight(of: ask.kind)
        }
        try await tally(counts, frame: frame, lastVoteAt: frame.now, through: writing)
        try await enrol(passed, frame: frame, through: writing)
        return placed.map {
            Placed(
                voterID: $0.voterID, weightUsed: spent[$0.voterID] ?? 0, voteID: $0.voteID, slotID: $0.slotID)
        }
    }

    private func withdrawSQLite(
        _ asks: [WithdrawAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) -> [Withdrawn] {
        let tenant = frame.tenant
        let taken = try await writing.returning(
            Withdrawn.self, "vote.withdraw.votes",
            """
            WITH input (voter_id, clip_id) AS (\(rows: SQLRows(asks, { $0.voterID }, { $0.clipID })))
            UPDATE votes SET withdrawn_at = \(frame.now)
            FROM input i, slots s
            WHERE votes.tenant_id = \(tenant) AND votes.clip_id = i.clip_id AND votes.voter_id = i.voter_id
                AND votes.withdrawn_at IS NULL AND votes.removal_id IS NULL
                AND s.tenant_id = \(tenant) AND s.id = votes.slot_id AND s.state = 'voting'
                AND s.freezes_at > \(frame.now)
            RETURNING voter_id, clip_id, slot_id, kind, weight, day, NULL
            """, limit: asks.count)
        let returned = taken.filter { $0.day == frame.day }.map { (voterID: $0.voterID, weight: $0.weight) }
        let spent = returned.isEmpty ? [:] : try await giveBack(returned, frame: frame, through: writing)
        var counts: [ID<Clip>: (votes: Int, score: Int)] = [:]
        for vote in taken {
            counts[vote.clipID, default: (0, 0)].votes -= 1
            counts[vote.clipID, default: (0, 0)].score -= vote.weight
        }
        try await tally(counts, frame: frame, lastVoteAt: nil, through: writing)
        return taken.map { vote in
            var vote = vote
            if vote.day == frame.day { vote.weightUsed = spent[vote.voterID] }
            return vote
        }
    }

    private func tally(
        _ counts: [ID<Clip>: (votes: Int, score: Int)], frame: VoteGroupFrame, lastVoteAt: Timestamp?,
        through writing: some Writing
    ) async throws(StorageError) {
        guard !counts.isEmpty else { return }
        let rows = SQLRows(counts, { $0.key }, { $0.value.votes }, { $0.value.score })
        try await writing.execute(
            "vote.tally",
            """
            WITH input (clip_id, votes, score) AS (\(rows: rows))
            INSERT INTO clip_tallies AS t (tenant_id, clip_id, lane, votes, score, last_vote_at)
            SELECT \(frame.tenant), i.clip_id, \(frame.lane), i.votes, i.score, \(lastVoteAt) FROM input i
            WHERE true
            ON CONFLICT (tenant_id, clip_id, lane) DO UPDATE SET votes = t.votes + excluded.votes,
                score = t.score + excluded.score, last_vote_at = coalesce(excluded.last_vote_at, t.last_vote_at)
            """)
    }

    private func enrol(
        _ asks: [VoteAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws(StorageError) {
        let new = asks.filter(\.isNewVoter)
        guard !new.isEmpty else { return }
        let rows = SQLRows(new, { $0.voter.id }, { $0.voter.personID }, { $0.voter.deviceHash })
        try await writing.execute(
            "vote.enrol",
            """
            WITH input (id, person_id, device_hash) AS (\(rows: rows))
            INSERT INTO voters (tenant_id, id, person_id, device_hash, created_at)
            SELECT \(frame.tenant), i.id, i.person_id, i.device_hash, \(frame.now) FROM input i
            WHERE true ON CONFLICT DO NOTHING
            """)
    }

    private func rows(_ asks: [VoteAsk], frame: VoteGroupFrame) -> SQLRows {
        SQLRows(
            asks, { $0.id }, { $0.clipID }, { $0.voter.id }, { $0.voter.personID }, { $0.voter.deviceHash },
            { $0.isNewVoter }, { $0.kind }, { frame.rules.weight(of: $0.kind) },
            { min(frame.rules.dailyWeight, $0.weightMax ?? .max) }, { $0.request })
    }
}

/// A vote that is to be taken back.
struct WithdrawAsk: Sendable, Hashable {
    let voterID: ID<Voter>
    let clipID: ID<Clip>
}

extension VoteStore {
    /// A vote that was taken back, as its statement tells of it.
    struct Withdrawn: Sendable, RowDecodable {
        let voterID: ID<Voter>
        let clipID: ID<Clip>
        let slotID: ID<Slot>
        let kind: Vote.Kind
        let weight: Int
        let day: CalendarDay
        /// What the voter has spent today after it, where its weight was returned.
        var weightUsed: Int?

        init(row: SQLRow) throws(StorageError) {
            voterID = try row.value(at: 0)
            clipID = try row.value(at: 1)
            slotID = try row.value(at: 2)
            kind = try row.value(at: 3)
            weight = try row.value(at: 4)
            day = try row.value(at: 5)
            weightUsed = try row.optional(at: 6)
        }
    }

    private struct SpentRow: RowDecodable {
        let voterID: ID<Voter>
        let weightUsed: Int

        init(row: SQLRow) throws(StorageError) {
            voterID = try row.value(at: 0)
            weightUsed = try row.value(at: 1)
        }
    }

    private struct PlacedRow: RowDecodable {
        let voteID: ID<Vote>
        let slotID: ID<Slot>
        let voterID: ID<Voter>

        init(row: SQLRow) throws(StorageError) {
            voteID = try row.value(at: 0)
            slotID = try row.value(at: 1)
            voterID = try row.value(at: 2)
        }
    }
}
