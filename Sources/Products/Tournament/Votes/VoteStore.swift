import Base
import Storage

/// The tables of votes, of what voters spent by day, and of voters.
///
/// Groups hold at most one vote of each voter. All groups lock in one order (slots, days by voter, votes, tallies by
/// clip), so that two nodes never wait for each other crosswise.
struct VoteStore: Sendable {
    enum Bounds {
        /// Votes in one group.
        static let group = 1_000
        /// Standing votes of one voter in one slot that a page looks at.
        static let votesOfVoter = 2_000
    }

    let storage: Storage

    /// A vote as its own statement tells of it.
    struct Placed: Sendable, RowDecodable {
        let voterID: ID<Voter>
        let weightUsed: Int
        /// `nil` when the vote met a standing one that a race had put there.
        let voteID: ID<Vote>?
        let slotID: ID<Slot>?

        init(row: SQLRow) throws(StorageError) {
            voterID = try row.value(at: 0)
            weightUsed = try row.value(at: 1)
            voteID = try row.optional(at: 2)
            slotID = try row.optional(at: 3)
        }

        init(voterID: ID<Voter>, weightUsed: Int, voteID: ID<Vote>?, slotID: ID<Slot>?) {
            self.voterID = voterID
            self.weightUsed = weightUsed
            self.voteID = voteID
            self.slotID = slotID
        }
    }

    // MARK: What both engines say alike

    /// The clips, slots, days and standing votes against which candidates are held.
    ///
    /// `i` is the input. Sub-selects instead of joins: each is one look into an index, whatever the planner believes.
    static func conditions(_ frame: VoteGroupFrame) -> SQL {
        """
        c.state = 'active'
            AND (i.person_id IS NULL OR i.person_id <> c.person_id)
            AND coalesce(d.weight_used, 0) + i.weight <= i.weight_max
            AND (SELECT v.id FROM votes v WHERE v.tenant_id = \(frame.tenant) AND v.clip_id = i.clip_id
                AND v.voter_id = i.voter_id AND v.withdrawn_at IS NULL LIMIT 1) IS NULL
            AND (i.kind = 'normal' OR (SELECT v.id FROM votes v WHERE v.tenant_id = \(frame.tenant)
                AND v.slot_id = c.slot_id AND v.voter_id = i.voter_id AND v.kind = i.kind AND v.kind <> 'normal'
                AND v.withdrawn_at IS NULL LIMIT 1) IS NULL)
            AND (SELECT b.id FROM voters b WHERE b.tenant_id = \(frame.tenant) AND b.id = i.voter_id
                AND b.blocked_at IS NOT NULL LIMIT 1) IS NULL
        """
    }

    // MARK: Reasons

    /// Reads why votes were not cast, in the order of the asks.
    func facts(
        about asks: [VoteAsk], frame: VoteGroupFrame, through reading: some Reading
    ) async throws(StorageError) -> [VoteFacts] {
        let numbered = asks.enumerated().map { ($0.offset, $0.element) }
        let rows = SQLRows(
            numbered, { $0.0 }, { $0.1.clipID }, { $0.1.voter.id }, { $0.1.voter.personID }, { $0.1.kind })
        let tenant = frame.tenant
        let found = try await reading.list(
            FactsRow.self, "vote.reasons",
            """
            WITH input (ordinal, clip_id, voter_id, person_id, kind) AS (\(rows: rows))
            SELECT i.ordinal, c.state, coalesce(i.person_id = c.person_id, false), s.state, s.freezes_at,
                v.id, v.kind, v.request,
                (SELECT p.id FROM votes p WHERE p.tenant_id = \(tenant) AND p.slot_id = c.slot_id
                    AND p.voter_id = i.voter_id AND p.kind = i.kind AND p.kind <> 'normal'
                    AND p.withdrawn_at IS NULL LIMIT 1) IS NOT NULL,
                coalesce(d.weight_used, 0), b.blocked_at IS NOT NULL, c.slot_id
            FROM input i
            LEFT JOIN clips c ON c.tenant_id = \(tenant) AND c.id = i.clip_id
            LEFT JOIN slots s ON s.tenant_id = \(tenant) AND s.id = c.slot_id
            LEFT JOIN votes v ON v.tenant_id = \(tenant) AND v.clip_id = i.clip_id AND v.voter_id = i.voter_id
                AND v.withdrawn_at IS NULL
            LEFT JOIN vote_days d ON d.tenant_id = \(tenant) AND d.voter_id = i.voter_id AND d.day = \(frame.day)
            LEFT JOIN voters b ON b.tenant_id = \(tenant) AND b.id = i.voter_id
            """, limit: Bounds.group)
        var facts = Array(repeating: VoteFacts(), count: asks.count)
        for row in found { facts[row.ordinal] = row.facts }
        return facts
    }

    /// Which of these votes stand, and so could not be taken back for another reason than being absent; says of each
    /// whether its slot takes votes, so that a vote which came a moment later is told from one that is frozen.
    func standing(
        _ asks: [WithdrawAsk], frame: VoteGroupFrame
    ) async throws(StorageError) -> [WithdrawAsk: Bool] {
        let tenant = frame.tenant
        let rows = try await storage.reader(for: tenant).list(
            StandingRow.self, "vote.standing",
            """
            WITH input (voter_id, clip_id) AS (\(rows: SQLRows(asks, { $0.voterID }, { $0.clipID })))
            SELECT v.voter_id, v.clip_id, (SELECT s.id FROM slots s WHERE s.tenant_id = \(tenant) AND s.id = v.slot_id
                AND s.state = 'voting' AND s.freezes_at > \(frame.now)) IS NOT NULL FROM input i
            JOIN votes v ON v.tenant_id = \(tenant) AND v.clip_id = i.clip_id AND v.voter_id = i.voter_id
                AND v.withdrawn_at IS NULL AND v.removal_id IS NULL
            """, limit: Bounds.group)
        return Dictionary(
            rows.map { (WithdrawAsk(voterID: $0.voterID, clipID: $0.clipID), $0.isOpen) },
            uniquingKeysWith: { first, _ in first })
    }

    // MARK: A voter's own

    /// What a voter has done in a slot and spent today, in one statement.
    func record(
        of voter: ID<Voter>, in slot: ID<Slot>, frame: VoteGroupFrame
    ) async throws(StorageError) -> VoterRecord {
        let rows = try await storage.reader(for: frame.tenant).list(
            RecordRow.self, "vote.ofVoterInSlot",
            """
            SELECT NULL AS clip_id, NULL AS kind, d.weight_used AS weight FROM vote_days d
            WHERE d.tenant_id = \(frame.tenant) AND d.voter_id = \(voter) AND d.day = \(frame.day)
            UNION ALL
            SELECT v.clip_id, v.kind, v.weight FROM clips c
            JOIN votes v ON v.tenant_id = c.tenant_id AND v.clip_id = c.id AND v.voter_id = \(voter)
                AND v.withdrawn_at IS NULL
            WHERE c.tenant_id = \(frame.tenant) AND c.slot_id = \(slot)
            """, limit: Bounds.votesOfVoter)
        var record = VoterRecord(allowance: Allowance(used: 0, at: frame.now, rules: frame.rules))
        for row in rows {
            if let clip = row.clipID, let kind = row.kind {
                record.given[clip] = kind
            } else {
                record.allowance = Allowance(used: row.weight, at: frame.now, rules: frame.rules)
            }
        }
        return record
    }

    /// A voter's votes that stand, newest first.
    func own(
        _ voter: ID<Voter>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<OwnVote> {
        try await storage.reader(for: tenant).page(
            OwnVote.self, "vote.own",
            """
            SELECT v.cast_at, v.id, v.slot_id, v.clip_id, v.kind, v.weight, v.removal_id FROM votes v
            WHERE v.tenant_id = \(tenant) AND v.voter_id = \(voter) AND v.withdrawn_at IS NULL
            """, order: .descending("v.cast_at", "v.id"), after: cursor, limit: limit)
    }

    /// The voter's standing vote on another clip of a clip's slot.
    func otherStanding(
        of voter: ID<Voter>, besides clip: ID<Clip>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> OtherVote? {
        try await reading.first(
            OtherVote.self, "vote.otherStanding",
            """
            SELECT v.clip_id, v.kind, v.removal_id IS NOT NULL FROM clips c JOIN clips o ON o.tenant_id = c.tenant_id AND o.slot_id = c.slot_id
            JOIN votes v ON v.tenant_id = o.tenant_id AND v.clip_id = o.id AND v.voter_id = \(voter)
                AND v.withdrawn_at IS NULL
            WHERE c.tenant_id = \(tenant) AND c.id = \(clip) AND o.id <> \(clip)
            ORDER BY v.removal_id IS NULL
            """)
    }
}

/// A voter's own doings in a slot.
struct VoterRecord: Sendable, Hashable {
    var allowance: Allowance
    var given: [ID<Clip>: Vote.Kind] = [:]

    func left(of kind: Vote.Kind) -> Int {
        switch kind {
        case .normal: allowance.left
        case .super, .mega: given.values.contains(kind) ? 0 : 1
        }
    }
}

/// A vote in its voter's list.
struct OwnVote: Sendable, Hashable, RowDecodable {
    let castAt: Timestamp
    let id: ID<Vote>
    let slotID: ID<Slot>
    let clipID: ID<Clip>
    let kind: Vote.Kind
    let weight: Int
    let isRemoved: Bool

    init(row: SQLRow) throws(StorageError) {
        castAt = try row.value(at: 0)
        id = try row.value(at: 1)
        slotID = try row.value(at: 2)
        clipID = try row.value(at: 3)
        kind = try row.value(at: 4)
        weight = try row.value(at: 5)
        isRemoved = try row.optional(at: 6, as: ID<Removal>.self) != nil
    }
}

private struct FactsRow: RowDecodable {
    let ordinal: Int
    let facts: VoteFacts

    init(row: SQLRow) throws(StorageError) {
        ordinal = try row.value(at: 0)
        facts = VoteFacts(
            clipState: try row.optional(at: 1), isOwnClip: try row.value(at: 2), slotState: try row.optional(at: 3),
            slotID: try row.optional(at: 11), freezesAt: try row.optional(at: 4), standing: try row.optional(at: 5),
            standingKind: try row.optional(at: 6), standingRequest: try row.optional(at: 7),
            isSpecialSpent: try row.value(at: 8), weightUsed: try row.value(at: 9), isBlocked: try row.value(at: 10))
    }
}

private struct RecordRow: RowDecodable {
    let clipID: ID<Clip>?
    let kind: Vote.Kind?
    let weight: Int

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.optional(at: 0)
        kind = try row.optional(at: 1)
        weight = try row.value(at: 2)
    }
}

/// A voter's vote on another clip of a slot.
struct OtherVote: RowDecodable {
    let clipID: ID<Clip>
    let kind: Vote.Kind
    /// Whether a moderator has taken it out.
    let isRemoved: Bool

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        kind = try row.value(at: 1)
        isRemoved = try row.value(at: 2)
    }
}

private struct StandingRow: RowDecodable {
    let voterID: ID<Voter>
    let clipID: ID<Clip>
    let isOpen: Bool

    init(row: SQLRow) throws(StorageError) {
        voterID = try row.value(at: 0)
        clipID = try row.value(at: 1)
        isOpen = try row.value(at: 2)
    }
}
