import Base
import Storage

/// The table of how clips came in.
struct ClipEntryStore: Sendable {
    let storage: Storage

    func entry(
        _ clip: ID<Clip>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> ClipEntry? {
        try await reading.first(
            ClipEntry.self, "entry.byClip",
            "SELECT \(sql: ClipEntry.columns) FROM clip_entries e WHERE e.tenant_id = \(tenant) AND e.clip_id = \(clip)"
        )
    }

    /// Enters a clip at the first free place of its maker in a slot; `false` when it is taken in this moment, or none is
    /// free.
    ///
    /// The unique index on places decides between requests that run at the same time.
    func enter(
        _ clip: Clip, places: Int, at now: Timestamp, until expiresAt: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "entry.insert",
            """
            WITH places (place) AS (\(rows: SQLRows(Array(1...places))))
            INSERT INTO clip_entries (tenant_id, clip_id, person_id, slot_id, place, created_at, expires_at, names)
            SELECT \(tenant), \(clip.id), \(clip.personID), \(clip.slotID), f.place, \(now), \(expiresAt),
                \(value: .json("[]"))
            FROM (SELECT min(p.place) AS place FROM places p WHERE NOT EXISTS (
                SELECT 1 FROM clip_entries e WHERE e.tenant_id = \(tenant) AND e.slot_id = \(clip.slotID)
                    AND e.person_id = \(clip.personID) AND e.place = p.place)) f
            WHERE f.place IS NOT NULL
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// How many places of a person in a slot are taken.
    func taken(
        by person: ID<Person>, in slot: ID<Slot>, through reading: some Reading, tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await reading.aggregate(
            Count.self, "entry.taken",
            """
            SELECT count(*) FROM clip_entries e
            WHERE e.tenant_id = \(tenant) AND e.slot_id = \(slot) AND e.person_id = \(person) AND e.place IS NOT NULL
            """
        ).value
    }

    /// Gives a clip a place in another slot; `false` when its maker has none left there.
    func move(
        _ entry: ClipEntry, to slot: ID<Slot>, places: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "entry.move",
            """
            WITH places (place) AS (\(rows: SQLRows(Array(1...places))))
            UPDATE clip_entries SET slot_id = \(slot), place = (
                SELECT min(p.place) FROM places p WHERE NOT EXISTS (
                    SELECT 1 FROM clip_entries o WHERE o.tenant_id = \(tenant) AND o.slot_id = \(slot)
                        AND o.person_id = \(entry.personID) AND o.place = p.place))
            WHERE tenant_id = \(tenant) AND clip_id = \(entry.clipID) AND EXISTS (
                SELECT 1 FROM places p WHERE NOT EXISTS (
                    SELECT 1 FROM clip_entries o WHERE o.tenant_id = \(tenant) AND o.slot_id = \(slot)
                        AND o.person_id = \(entry.personID) AND o.place = p.place))
            """) == 1
    }

    func setArrived(
        _ clip: ID<Clip>, bytes: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "entry.setArrived",
            "UPDATE clip_entries SET source_bytes = \(bytes) WHERE tenant_id = \(tenant) AND clip_id = \(clip)")
    }

    func setFinding(
        _ finding: ClipFinding, of clip: ID<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let finding = try StoredJSON.value(finding)
        try await writing.execute(
            "entry.setFinding",
            "UPDATE clip_entries SET finding = \(value: finding) WHERE tenant_id = \(tenant) AND clip_id = \(clip)")
    }

    func setNames(
        _ names: [String], of clip: ID<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let names = try StoredJSON.value(names)
        try await writing.execute(
            "entry.setNames",
            "UPDATE clip_entries SET names = \(value: names) WHERE tenant_id = \(tenant) AND clip_id = \(clip)")
    }

    /// Writes why an upload became no clip, and frees its place.
    func setFault(
        _ fault: ClipFault, _ finding: ClipFinding?, of clip: ID<Clip>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let finding = try finding.map { (value) throws(StorageError) in try StoredJSON.value(value) } ?? .null(.json)
        try await writing.execute(
            "entry.setFault",
            """
            UPDATE clip_entries SET fault = \(fault), finding = \(value: finding), place = NULL
            WHERE tenant_id = \(tenant) AND clip_id = \(clip)
            """)
    }

    /// Writes what was decided about a clip; what is not to compete gives its place back.
    func setVerdict(
        _ verdict: ClipEntry.Verdict, _ reason: String?, by person: ID<Person>?, at now: Timestamp, of clip: ID<Clip>,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let competes = verdict == .approved || verdict == .trusted
        try await writing.execute(
            "entry.setVerdict",
            """
            UPDATE clip_entries SET verdict = \(verdict), reason = \(reason), reviewed_by = \(person),
                reviewed_at = \(now), place = CASE WHEN \(competes) THEN place ELSE NULL END
            WHERE tenant_id = \(tenant) AND clip_id = \(clip)
            """)
    }

    func freePlace(of clip: ID<Clip>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "entry.freePlace",
            "UPDATE clip_entries SET place = NULL WHERE tenant_id = \(tenant) AND clip_id = \(clip)")
    }

    /// Puts somebody else in a maker's place in a slot, who has left; the places are free then.
    func handOver(
        from person: ID<Person>, to other: ID<Person>, in slot: ID<Slot>, through writing: some Writing,
        tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "entry.handOver",
            """
            UPDATE clip_entries SET person_id = \(other), place = NULL, reason = NULL
            WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND person_id = \(person)
            """)
    }

    /// Whether a maker's clips need no look: enough were approved, none was removed.
    func isTrusted(
        _ person: ID<Person>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let record = try await reading.aggregate(
            Record.self, "entry.record",
            """
            SELECT CAST(coalesce(sum(CASE WHEN e.verdict = 'approved' THEN 1 ELSE 0 END), 0) AS bigint),
                CAST(coalesce(sum(CASE WHEN e.verdict = 'removed' THEN 1 ELSE 0 END), 0) AS bigint)
            FROM clip_entries e
            WHERE e.tenant_id = \(tenant) AND e.person_id = \(person) AND e.verdict IN ('approved', 'removed')
            """)
        return record.removed == 0 && record.approved >= UploadRules.approvedForTrust
    }

    private struct Count: RowDecodable {
        let value: Int

        init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
    }

    private struct Record: RowDecodable {
        let approved: Int
        let removed: Int

        init(row: SQLRow) throws(StorageError) {
            approved = try row.value(at: 0)
            removed = try row.value(at: 1)
        }
    }
}

extension ClipEntry: RowDecodable {
    static let columns: SQL = """
        e.clip_id, e.person_id, e.slot_id, e.place, e.created_at, e.expires_at, e.source_bytes, e.finding, e.names,
        e.fault, e.verdict, e.reason, e.reviewed_at
        """

    init(row: SQLRow) throws(StorageError) { try self.init(row: row, from: 0) }

    /// Reads an entry out of a wider row, from a column on.
    init(row: SQLRow, from first: Int) throws(StorageError) {
        let finding = try row.optional(at: first + 7, as: String.self)
        self.init(
            clipID: try row.value(at: first), personID: try row.value(at: first + 1),
            slotID: try row.value(at: first + 2), place: try row.optional(at: first + 3),
            createdAt: try row.value(at: first + 4), expiresAt: try row.value(at: first + 5),
            sourceBytes: try row.optional(at: first + 6),
            finding: try finding.map { (text) throws(StorageError) in try StoredJSON.read(text) },
            names: try StoredJSON.read(try row.value(at: first + 8)), fault: try row.optional(at: first + 9),
            verdict: try row.optional(at: first + 10), reason: try row.optional(at: first + 11),
            reviewedAt: try row.optional(at: first + 12))
    }
}
