import Base
import Storage

/// The table of what was noticed about voters.
struct RiskStore: Sendable {
    enum Bounds {
        /// Events in one statement.
        static let group = 1_000
    }

    let storage: Storage

    /// Writes events of one tenant and raises their voters' risk.
    func insert(_ events: [RiskEvent], in tenant: Tenant) async throws {
        var rows: [(event: RiskEvent, features: String)] = []
        for event in events { rows.append((event, try StoredJSON.text(event.reasons))) }
        let input = SQLRows(
            rows, { $0.event.id }, { $0.event.voterID }, { $0.event.slotID }, { $0.event.clipID }, { $0.event.voteID },
            { $0.event.points }, { $0.features }, { $0.event.address }, { $0.event.agent }, { $0.event.noticedAt })
        let features: SQL = storage.dialect == .postgres ? "CAST(i.features AS jsonb)" : "i.features"
        var worst: [ID<Voter>: Int] = [:]
        for event in events where event.points > 0 {
            worst[event.voterID] = max(worst[event.voterID] ?? 0, event.points)
        }
        let risks = worst.sorted { $0.key < $1.key }
        try await storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "risk.insert",
                """
                WITH input (id, voter_id, slot_id, clip_id, vote_id, points, features, address, agent, noticed_at)
                    AS (\(rows: input))
                INSERT INTO risk_events (tenant_id, id, voter_id, slot_id, clip_id, vote_id, points, features, address,
                    agent, noticed_at)
                SELECT \(tenant), i.id, i.voter_id, i.slot_id, i.clip_id, i.vote_id, i.points, \(sql: features),
                    i.address, i.agent, i.noticed_at FROM input i
                WHERE true ON CONFLICT DO NOTHING
                """)
            guard !risks.isEmpty else { return }
            try await transaction.execute(
                "risk.raise",
                """
                WITH input (id, risk) AS (\(rows: SQLRows(risks, { $0.key }, { $0.value })))
                UPDATE voters SET risk = i.risk FROM input i
                WHERE tenant_id = \(tenant) AND voters.id = i.id AND voters.risk < i.risk
                """)
        }
    }

    /// The latest evidence about the votes of a slot, in chunks.
    func evidence(
        of slot: ID<Slot>, limit: Int, in tenant: Tenant, _ body: ([Evidence]) async throws -> Void
    ) async throws {
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "risk.evidence",
                """
                SELECT e.voter_id, e.vote_id, e.clip_id, e.features, e.address, e.agent, e.noticed_at
                FROM risk_events e
                WHERE e.tenant_id = \(tenant) AND e.slot_id = \(slot) AND e.vote_id IS NOT NULL
                ORDER BY e.id DESC LIMIT \(limit)
                """
            ) { rows in
                var evidence: [Evidence] = []
                for index in 0..<rows.rowCount {
                    evidence.append(try Evidence(row: SQLRow(source: rows, index: index)))
                }
                try await body(evidence)
            }
        }
    }

    /// How much was noticed about some voters: the worst points of each, and why.
    func worst(of voters: [ID<Voter>], in tenant: Tenant) async throws(StorageError) -> [ID<Voter>: Int] {
        guard !voters.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            WorstRow.self, "risk.worst",
            """
            SELECT v.id, v.risk FROM voters v WHERE v.tenant_id = \(tenant) AND v.id IN (\(rows: SQLRows(voters)))
            """, limit: voters.count)
        return Dictionary(rows.map { ($0.voterID, $0.risk) }, uniquingKeysWith: { first, _ in first })
    }

    /// Forgets the evidence about a slot, some rows at a time; returns how many were there.
    func forget(_ slot: ID<Slot>, limit: Int, through writing: some Writing, in tenant: Tenant)
        async throws(StorageError) -> Int
    {
        try await writing.execute(
            "risk.forget",
            """
            DELETE FROM risk_events WHERE tenant_id = \(tenant) AND id IN (
                SELECT e.id FROM risk_events e WHERE e.tenant_id = \(tenant) AND e.slot_id = \(slot)
                ORDER BY e.id LIMIT \(limit))
            """)
    }
}

extension Evidence: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            voterID: try row.value(at: 0), voteID: try row.value(at: 1), clipID: try row.value(at: 2),
            reasons: try StoredJSON.read(try row.value(at: 3)), address: try row.value(at: 4),
            agent: try row.value(at: 5), at: try row.value(at: 6))
    }
}

private struct WorstRow: RowDecodable {
    let voterID: ID<Voter>
    let risk: Int

    init(row: SQLRow) throws(StorageError) {
        voterID = try row.value(at: 0)
        risk = try row.value(at: 1)
    }
}
