import Base
import Storage

/// The table of slots.
struct SlotStore: Sendable {
    let storage: Storage

    static let sweep = SystemCapability(
        name: "tournament.sweep", reason: "One look every ten seconds finds what is due in all tenants together.")

    /// A slot whose time has come.
    struct Due: RowDecodable {
        let tenant: Tenant
        let slotID: ID<Slot>
        let dueAt: Timestamp

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            slotID = try row.value(at: 1)
            dueAt = try row.value(at: 2)
        }
    }

    /// The slots that come next, in all tenants, the earliest first.
    func next(limit: Int) async throws(StorageError) -> [Due] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            Due.self, "slot.due",
            "SELECT tenant_id, id, due_at FROM slots WHERE due_at IS NOT NULL ORDER BY due_at", limit: limit)
    }

    func slot(_ id: ID<Slot>, through reading: some Reading, in tenant: Tenant) async throws(StorageError) -> Slot? {
        try await reading.first(
            Slot.self, "slot.byID",
            "SELECT \(sql: Slot.columns) FROM slots s WHERE s.tenant_id = \(tenant) AND s.id = \(id)")
    }

    /// The slot, locked until the transaction ends: waits for groups of votes in flight, and they for it.
    func locked(_ id: ID<Slot>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Slot? {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE" : ""
        return try await writing.returning(
            Slot.self, "slot.locked",
            """
            SELECT \(sql: Slot.columns) FROM slots s WHERE s.tenant_id = \(tenant) AND s.id = \(id)\(sql: lock)
            """, limit: 1
        ).first
    }

    /// The slot that is on in a track: being voted on or counted, else the next one.
    func current(of track: ID<Track>, in tenant: Tenant) async throws(StorageError) -> Slot? {
        try await storage.reader(for: tenant).first(
            Slot.self, "slot.current",
            """
            SELECT \(sql: Slot.columns) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.track_id = \(track)
                AND s.state IN ('voting', 'counting', 'waiting', 'upcoming')
            ORDER BY CASE s.state WHEN 'voting' THEN 0 WHEN 'counting' THEN 0 ELSE 1 END, s.position
            """)
    }

    /// All slots of a track in order, at most a season's 1,000.
    func slots(of track: ID<Track>, in tenant: Tenant) async throws(StorageError) -> [Slot] {
        try await storage.reader(for: tenant).list(
            Slot.self, "slot.ofTrack",
            """
            SELECT \(sql: Slot.columns) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.track_id = \(track) ORDER BY s.position
            """, limit: 1_000)
    }

    /// The slot after a position, where it may be opened.
    func following(
        _ slot: Slot, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Slot? {
        try await reading.first(
            Slot.self, "slot.following",
            """
            SELECT \(sql: Slot.columns) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.season_id = \(slot.seasonID) AND s.track_id = \(slot.trackID)
                AND s.position > \(slot.position) ORDER BY s.position
            """)
    }

    func insert(
        _ slots: [(slot: Slot, dueAt: Timestamp?)], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let first = SQLRows(
            slots, { $0.slot.id }, { $0.slot.seasonID }, { $0.slot.trackID }, { $0.slot.position }, { $0.slot.state },
            { $0.slot.opensAt }, { $0.slot.freezesAt }, { $0.slot.closesAt }, { $0.slot.decidedAt }, { $0.dueAt })
        try await writing.execute(
            "slot.insert",
            """
            WITH input (id, season_id, track_id, position, state, opens_at, freezes_at, closes_at, decided_at, due_at)
                AS (\(rows: first))
            INSERT INTO slots (tenant_id, id, season_id, track_id, position, state, opens_at, freezes_at, closes_at,
                decided_at, due_at)
            SELECT \(tenant), i.id, i.season_id, i.track_id, i.position, i.state, i.opens_at, i.freezes_at,
                i.closes_at, i.decided_at, i.due_at FROM input i
            """)
    }

    /// Writes what the clock changes of a slot, if it is still in the state it was read in.
    ///
    /// Returns whether it was.
    func update(
        _ slot: Slot, from state: Slot.State, dueAt: Timestamp?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "slot.update",
            """
            UPDATE slots SET state = \(slot.state), opens_at = \(slot.opensAt), freezes_at = \(slot.freezesAt),
                closes_at = \(slot.closesAt), extensions = \(slot.extensions), decided_at = \(slot.decidedAt),
                due_at = \(dueAt)
            WHERE tenant_id = \(tenant) AND id = \(slot.id) AND state = \(state)
            """) == 1
    }

    /// Moves the plan of all slots behind one by as much as its own end has moved.
    func shift(
        behind slot: Slot, by delay: Duration, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard delay != .zero else { return }
        let move: SQL =
            storage.dialect == .postgres
            ? "+ \(delay.microseconds) * interval '1 microsecond'" : "+ \(delay.microseconds)"
        try await writing.execute(
            "slot.shift",
            """
            UPDATE slots SET opens_at = opens_at \(sql: move), freezes_at = freezes_at \(sql: move),
                closes_at = closes_at \(sql: move)
            WHERE tenant_id = \(tenant) AND season_id = \(slot.seasonID) AND track_id = \(slot.trackID)
                AND position > \(slot.position) AND state IN ('upcoming', 'waiting')
            """)
    }

    /// Whether the season has a slot that is not locked yet.
    func hasUnlocked(
        _ season: ID<Season>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await reading.first(
            Slot.self, "slot.unlocked",
            """
            SELECT \(sql: Slot.columns) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.season_id = \(season) AND s.state <> 'locked'
            """) != nil
    }

    /// Whether another slot of the track is being voted on or counted.
    func isTrackBusy(
        besides slot: Slot, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await reading.first(
            Slot.self, "slot.busy",
            """
            SELECT \(sql: Slot.columns) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.track_id = \(slot.trackID) AND s.state IN ('voting', 'counting')
                AND s.id <> \(slot.id)
            """) != nil
    }
}

extension Slot: RowDecodable {
    static let columns: SQL = """
        s.id, s.season_id, s.track_id, s.position, s.state, s.opens_at, s.freezes_at, s.closes_at, s.extensions,
        s.decided_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), seasonID: try row.value(at: 1), trackID: try row.value(at: 2),
            position: try row.value(at: 3), state: try row.value(at: 4), opensAt: try row.value(at: 5),
            freezesAt: try row.value(at: 6), closesAt: try row.value(at: 7), extensions: try row.value(at: 8),
            decidedAt: try row.optional(at: 9))
    }
}
