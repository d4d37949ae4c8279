import Base
import Storage

/// Puts the demo's season into the product's tables, many rows at a time.
struct DemoStore: Sendable {
    let storage: Storage

    /// Whether the tenant has a season already; then there is nothing to do.
    func hasSeason(in tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.reader(for: tenant).exists(
            "demo.anySeason", "SELECT s.id FROM seasons s WHERE s.tenant_id = \(tenant)")
    }

    func insert(clips: [Clip], through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        for part in clips.parts(of: 1_000) {
            let first = SQLRows(
                part, { $0.id }, { $0.seasonID }, { $0.trackID }, { $0.slotID }, { $0.personID }, { $0.title },
                { $0.credit }, { $0.genre }, { $0.state }, { $0.activeAt }, { $0.files.poster ?? "" },
                { $0.files.small ?? "" }, { $0.milliseconds }, { $0.bytes })
            let files: SQL =
                storage.dialect == .postgres
                ? "jsonb_build_object('poster', i.poster, 'small', i.small)"
                : "json_object('poster', i.poster, 'small', i.small)"
            try await writing.execute(
                "demo.clips",
                """
                WITH input (id, season_id, track_id, slot_id, person_id, title, credit, genre, state, active_at,
                    poster, small, milliseconds, bytes) AS (\(rows: first))
                INSERT INTO clips (tenant_id, id, season_id, track_id, slot_id, person_id, title, credit, genre, state,
                    active_at, files, milliseconds, bytes)
                SELECT \(tenant), i.id, i.season_id, i.track_id, i.slot_id, i.person_id, i.title, i.credit, i.genre,
                    i.state, i.active_at, \(sql: files), i.milliseconds, i.bytes FROM input i
                """)
        }
    }

    func insert(
        voters: [Voter], at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        for part in voters.parts(of: 4_000) {
            try await writing.execute(
                "demo.voters",
                """
                WITH input (id, person_id, device_hash)
                    AS (\(rows: SQLRows(part, { $0.id }, { $0.personID }, { $0.deviceHash })))
                INSERT INTO voters (tenant_id, id, person_id, device_hash, created_at)
                SELECT \(tenant), i.id, i.person_id, i.device_hash, \(time) FROM input i
                """)
        }
    }

    func insert(
        votes: [Vote], rules: SeasonRules, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        for part in votes.parts(of: 3_000) {
            let rows = SQLRows(
                part, { $0.slotID }, { $0.id }, { $0.clipID }, { $0.voterID }, { $0.kind }, { $0.weight },
                { CalendarDay(of: $0.castAt, in: rules.zone) }, { $0.castAt }, { $0.removalID })
            try await writing.execute(
                "demo.votes",
                """
                WITH input (slot_id, id, clip_id, voter_id, kind, weight, day, cast_at, removal_id)
                    AS (\(rows: rows))
                INSERT INTO votes (tenant_id, slot_id, id, clip_id, voter_id, kind, weight, day, cast_at, removal_id)
                SELECT \(tenant), i.slot_id, i.id, i.clip_id, i.voter_id, i.kind, i.weight, i.day, i.cast_at,
                    i.removal_id FROM input i
                """)
        }
    }

    /// What a voter spent on a day.
    struct Spent: Sendable {
        var voterID: ID<Voter>
        var day: CalendarDay
        var weight: Int
        var votes: Int
    }

    func insert(
        spent: [Spent], rules: SeasonRules, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        for part in spent.parts(of: 4_000) {
            let rows = SQLRows(
                part, { $0.voterID }, { $0.day }, { $0.weight }, { $0.votes }, { $0.day.start(in: rules.zone) })
            try await writing.execute(
                "demo.voteDays",
                """
                WITH input (voter_id, day, weight_used, votes, day_at) AS (\(rows: rows))
                INSERT INTO vote_days (tenant_id, voter_id, day, weight_used, votes, revision, day_at)
                SELECT \(tenant), i.voter_id, i.day, i.weight_used, i.votes, 1, i.day_at FROM input i
                """)
        }
    }

    /// The numbers of a clip.
    struct Numbers: Sendable {
        var clipID: ID<Clip>
        var votes: Int
        var score: Int
        var lastVoteAt: Timestamp?
        var views: Int
    }

    func insert(
        numbers: [Numbers], lane: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let rows = SQLRows(
            numbers, { $0.clipID }, { $0.votes }, { $0.score }, { $0.lastVoteAt }, { $0.views * 2 }, { $0.views })
        try await writing.execute(
            "demo.tallies",
            """
            WITH input (clip_id, votes, score, last_vote_at, impressions, views) AS (\(rows: rows))
            INSERT INTO clip_tallies (tenant_id, clip_id, lane, votes, score, last_vote_at, impressions, views)
            SELECT \(tenant), i.clip_id, \(lane), i.votes, i.score, i.last_vote_at, i.impressions, i.views FROM input i
            """)
    }

    func insert(_ removal: Removal, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await insertCase(
            removal.caseID ?? removal.id.cast(to: ID<FraudCase>.self), state: .removed, of: removal.slotID,
            voters: removal.votes, at: removal.removedAt - .seconds(1_800), decidedBy: removal.removedBy,
            through: writing, in: tenant)
        try await writing.execute(
            "demo.removal",
            """
            INSERT INTO removals (tenant_id, id, slot_id, case_id, reason, votes, weight, changed_result, removed_at,
                removed_by)
            VALUES (\(tenant), \(removal.id), \(removal.slotID), \(removal.caseID), \(removal.reason), \(removal.votes),
                \(removal.weight), \(removal.changedResult), \(removal.removedAt), \(removal.removedBy))
            """)
    }

    /// Lets voters look automated.
    func raiseRisk(
        of voters: [ID<Voter>], to points: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "demo.risk",
            """
            UPDATE voters SET risk = \(points)
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(voters)))
            """)
    }

    /// A case that a moderator has decided, or, without `decidedBy`, has still to decide.
    func insertCase(
        _ id: ID<FraudCase>, state: FraudCase.State, of slot: ID<Slot>, voters: Int, at time: Timestamp,
        decidedBy: String?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let reasons = try StoredJSON.value(["same device key replayed", "20 new voters from one address in an hour"])
        let decidedAt = decidedBy.map { _ in time + .seconds(1_800) }
        try await writing.execute(
            "demo.fraudCase",
            """
            INSERT INTO fraud_cases (tenant_id, id, slot_id, reasons, voters, votes, state, opened_at, decided_at,
                decided_by)
            VALUES (\(tenant), \(id), \(slot), \(value: reasons), \(voters), \(voters), \(state), \(time),
                \(decidedAt), \(decidedBy))
            """)
    }
}

extension Array {
    /// Consecutive parts of at most `count` elements.
    fileprivate func parts(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
