import Base
import Storage

/// A clip with how it came in; clips of before there were uploads have no entry.
struct EnteredClip: Sendable, Hashable {
    var clip: Clip
    var entry: ClipEntry?
}

extension ClipStore {
    /// Adds a clip whose bytes are to come, if its slot still takes clips; returns whether it does.
    func add(_ clip: Clip, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        let files = try StoredJSON.value(clip.files)
        return try await writing.execute(
            "clip.add",
            """
            INSERT INTO clips (tenant_id, id, season_id, track_id, slot_id, person_id, title, credit, genre, state,
                active_at, files, milliseconds, bytes)
            SELECT \(tenant), \(clip.id), s.season_id, s.track_id, s.id, \(clip.personID), \(clip.title),
                \(clip.credit), \(clip.genre), \(clip.state), \(clip.activeAt), \(value: files), \(clip.milliseconds),
                \(clip.bytes)
            FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.id = \(clip.slotID) AND s.state IN ('upcoming', 'waiting', 'voting')
            """) == 1
    }

    /// The clip as it is now, with its entry.
    func entered(
        _ id: ID<Clip>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> EnteredClip? {
        try await reading.first(
            EnteredClip.self, "clip.entered",
            """
            SELECT \(sql: EnteredClip.columns) FROM clips c
            LEFT JOIN clip_entries e ON e.tenant_id = c.tenant_id AND e.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
    }

    /// Takes a clip through an event; `false` when it is in a state in which that cannot happen.
    func move(
        _ id: ID<Clip>, by event: Clip.Event, to state: Clip.State, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let before = Clip.State.before(event).filter { $0.after(event) == state }
        precondition(!before.isEmpty, "no clip becomes \(state) by being \(event)")
        return try await writing.execute(
            "clip.move",
            """
            UPDATE clips SET state = \(state)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN (\(rows: SQLRows(before)))
            """) == 1
    }

    /// Lets a clip compete from now on, as often shown as those that are there; `false` when it may not.
    func activate(
        _ id: ID<Clip>, by event: Clip.Event, in slot: ID<Slot>, at now: Timestamp, base: Int,
        through writing: some Writing, tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "clip.activate",
            """
            UPDATE clips SET state = 'active', slot_id = \(slot), active_at = \(now), exposure_base = \(base)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN (\(rows: SQLRows(Clip.State.before(event))))
            """) == 1
    }

    /// Writes where a clip's files are.
    func setFiles(
        _ files: Clip.Files, milliseconds: Int, bytes: Int, of id: ID<Clip>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        let files = try StoredJSON.value(files)
        try await writing.execute(
            "clip.setFiles",
            """
            UPDATE clips SET files = \(value: files), milliseconds = \(milliseconds), bytes = \(bytes)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// A maker's clips, the newest first; those that were taken away are left out.
    func made(
        by person: ID<Person>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<EnteredClip> {
        try await storage.reader(for: tenant).page(
            EnteredClip.self, "clip.made",
            """
            SELECT \(sql: EnteredClip.columns) FROM clips c
            LEFT JOIN clip_entries e ON e.tenant_id = c.tenant_id AND e.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) AND c.state <> 'removed'
            """, order: .descending("c.id"), after: cursor, limit: limit
        ).map { addresses.shown($0, in: tenant) }
    }

    /// Clips that wait for a moderator, the oldest first.
    func waiting(after cursor: Cursor?, limit: Int, in tenant: Tenant) async throws(StorageError) -> Page<EnteredClip> {
        try await storage.reader(for: tenant).page(
            EnteredClip.self, "clip.waiting",
            """
            SELECT \(sql: EnteredClip.columns) FROM clips c
            LEFT JOIN clip_entries e ON e.tenant_id = c.tenant_id AND e.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.state = 'pending'
            """, order: .ascending("c.id"), after: cursor, limit: limit)
    }

    /// Those of some clips whose bytes are awaited or being worked on.
    func unfinished(
        among clips: [ID<Clip>], through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Set<ID<Clip>> {
        guard !clips.isEmpty else { return [] }
        return Set(
            try await reading.list(
                KeyRow.self, "clip.unfinished",
                """
                SELECT c.id FROM clips c
                WHERE c.tenant_id = \(tenant) AND c.id IN (\(rows: SQLRows(clips)))
                    AND c.state IN ('uploading', 'processing', 'pending')
                """, limit: clips.count
            ).map(\.id))
    }

    /// Views of clips.
    func views(of clips: [ID<Clip>], in tenant: Tenant) async throws(StorageError) -> [ID<Clip>: Int] {
        guard !clips.isEmpty else { return [:] }
        let rows = try await storage.reader(for: tenant).list(
            ViewsRow.self, "clip.views",
            """
            SELECT t.clip_id, CAST(coalesce(sum(t.views), 0) AS bigint) FROM clip_tallies t
            WHERE t.tenant_id = \(tenant) AND t.clip_id IN (\(rows: SQLRows(clips))) GROUP BY t.clip_id
            """, limit: clips.count)
        return Dictionary(rows.map { ($0.clipID, $0.views) }, uniquingKeysWith: { first, _ in first })
    }
}

extension EnteredClip: RowDecodable {
    static let columns: SQL = "\(sql: Clip.columns), \(sql: ClipEntry.columns)"
    private static let clipColumns = 13

    init(row: SQLRow) throws(StorageError) {
        clip = try Clip(row: row)
        let id = try row.optional(at: Self.clipColumns, as: ID<Clip>.self)
        if id == nil { entry = nil } else { entry = try ClipEntry(row: row, from: Self.clipColumns) }
    }
}

private struct ViewsRow: RowDecodable {
    let clipID: ID<Clip>
    let views: Int

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        views = try row.value(at: 1)
    }
}

private struct KeyRow: RowDecodable {
    let id: ID<Clip>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}
