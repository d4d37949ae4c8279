import Base
import Storage

/// The entries of lists and the totals of their buckets.
struct EntryStore: Sendable {
    let storage: Storage

    private var isPostgres: Bool { storage.dialect == .postgres }

    // MARK: Adding

    /// A creator that is to be added, with the id that its entry would have.
    struct Candidate: Sendable {
        let entry: ID<ListEntry>
        let creator: ID<Creator>
    }

    /// What has been added: how many, and how many followers they have together.
    struct Added: Sendable {
        var rows = 0
        var followers: Int64 = 0
        var bucket = ""
        /// Up to which number of the list's clock entries are there now.
        var lastSequence: Int64 = 0
    }

    /// Adds creators that are not in a list yet, as many as there is room for: one statement, however many.
    ///
    /// Whether a creator is there is asked by a scalar subquery for each: as a join, a planner that takes a list that grew
    /// a moment ago for an empty one would compare every creator with every entry.
    ///
    /// The list's head is locked until the transaction ends, so that its clock has no gaps that fill later and its bound
    /// holds. ``count(_:of:sent:asker:through:in:)`` must follow.
    func add(
        _ candidates: [Candidate], to list: ID<CreatorList>, bucket: String?, by asker: Asker, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Added {
        let lock: SQL = isPostgres ? " FOR UPDATE OF t" : ""
        let wanted: SQL = bucket.map { " AND b.bucket = \($0)" } ?? ""
        let rows = try await writing.returningPerRow(
            AddedRow.self, "entry.add",
            """
            WITH input (entry_id, creator_id, place) AS (
                \(rows: SQLRows(Array(candidates.enumerated()), { $0.element.entry }, { $0.element.creator }, { $0.offset }))),
            head AS (
                SELECT t.next_sequence, \(CreatorList.Bounds.entries) - t.entries AS room,
                    (SELECT b.bucket FROM bucket_totals b
                     WHERE b.tenant_id = \(tenant) AND b.list_id = l.id AND b.bucket <> '' AND b.is_shown\(sql: wanted)
                     ORDER BY b.place LIMIT 1) AS bucket
                FROM creator_lists l
                JOIN bucket_totals t ON t.tenant_id = \(tenant) AND t.list_id = l.id AND t.bucket = ''
                \(sql: ListStore.membership(asker, tenant))
                WHERE l.tenant_id = \(tenant) AND l.id = \(list) AND l.regroup_to IS NULL AND NOT l.is_archived
                    AND \(sql: ListStore.may(.editor, asker))\(sql: lock)),
            fresh AS (
                SELECT i.entry_id, c.id AS creator_id, c.followers, c.engagement, c.median_views,
                    row_number() OVER (ORDER BY i.place) AS n
                FROM input i JOIN creators c ON c.tenant_id = \(tenant) AND c.id = i.creator_id
                WHERE (
                    SELECT 1 FROM list_entries e WHERE e.tenant_id = \(tenant) AND e.list_id = \(list)
                        AND e.creator_id = i.creator_id AND e.removed_at IS NULL) IS NULL)
            INSERT INTO list_entries (tenant_id, id, list_id, creator_id, sequence, bucket, rank, followers, metrics,
                added_at)
            SELECT \(tenant), f.entry_id, \(list), f.creator_id, h.next_sequence + f.n - 1, h.bucket,
                'm' || CAST(1000000000 + h.next_sequence + f.n - 1 AS text), f.followers,
                '{"engagement":' || coalesce(CAST(f.engagement AS text), 'null')
                    || ',"followers":' || coalesce(CAST(f.followers AS text), 'null')
                    || ',"medianViews":' || coalesce(CAST(f.median_views AS text), 'null') || '}',
                \(time)
            FROM fresh f CROSS JOIN head h WHERE f.n <= h.room AND h.bucket IS NOT NULL
            ON CONFLICT (tenant_id, list_id, creator_id) WHERE removed_at IS NULL DO NOTHING
            RETURNING sequence, followers, bucket
            """, rows: candidates.count)
        var added = Added()
        for row in rows {
            added.rows += 1
            added.followers += row.followers ?? 0
            added.bucket = row.bucket
            added.lastSequence = max(added.lastSequence, row.sequence)
        }
        return added
    }

    /// Brings the totals to what was added: one statement.
    ///
    /// - Returns: how the creators that were sent are accounted for; `nil` when who asks may not edit the list.
    func count(
        _ added: Added, of list: ID<CreatorList>, sent creators: [ID<Creator>], asker: Asker,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> AddedEntries? {
        var rows = [("", added.rows, added.followers)]
        if added.rows > 0 { rows.append((added.bucket, added.rows, added.followers)) }
        let totals = try await writing.returningPerRow(
            CountedRow.self, "entry.count",
            """
            WITH input (to_bucket, step, step_followers) AS (\(rows: SQLRows(rows, { $0.0 }, { $0.1 }, { $0.2 }))),
            sent (creator_id) AS (\(rows: SQLRows(creators)))
            UPDATE bucket_totals SET entries = bucket_totals.entries + i.step,
                followers_sum = bucket_totals.followers_sum + i.step_followers,
                next_sequence = CASE WHEN bucket_totals.next_sequence <= \(added.lastSequence)
                    THEN \(added.lastSequence) + 1 ELSE bucket_totals.next_sequence END
            FROM input i
            WHERE bucket_totals.tenant_id = \(tenant) AND bucket_totals.list_id = \(list)
                AND bucket_totals.bucket = i.to_bucket AND \(sql: ListStore.mayEdit("\(list)", asker, tenant))
            RETURNING bucket, entries, CASE WHEN bucket = '' THEN (
                SELECT count((
                    SELECT 1 FROM list_entries e WHERE e.tenant_id = \(tenant) AND e.list_id = \(list)
                        AND e.creator_id = s.creator_id AND e.removed_at IS NULL)) FROM sent s) ELSE 0 END AS present
            """, rows: 2)
        guard let head = totals.first(where: { $0.bucket.isEmpty }) else { return nil }
        var result = AddedEntries(added: added.rows, alreadyThere: head.present - added.rows)
        let rest = creators.count - head.present
        if head.entries >= CreatorList.Bounds.entries { result.refused = rest } else { result.unknown = rest }
        return result
    }

    // MARK: Moving and editing

    /// What is wanted of entries.
    struct Change: Sendable {
        let entry: ID<ListEntry>
        var bucket: String?
        var rank: Rank?
    }

    /// Moves entries and writes their fields: one statement; the last writer wins.
    ///
    /// ``apply(_:to:through:in:)`` must follow when a bucket has changed.
    ///
    /// - Returns: what has become of each; those that are gone, or that who asks may not change, are not among them.
    func change(
        _ changes: [Change], fields: FieldPatch? = nil, by asker: Asker, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> [ChangedEntry] {
        var written: SQL = ""
        if let fields {
            let patch = try StoredJSON.text(fields.values)
            written =
                isPostgres
                ? ", fields = CAST(jsonb_strip_nulls(CAST(e.fields AS jsonb) || CAST(\(patch) AS jsonb)) AS text)"
                : ", fields = json_patch(e.fields, \(patch))"
        }
        return try await writing.returningPerRow(
            ChangedEntry.self, "entry.change",
            """
            WITH input (entry_id, to_bucket, to_rank) AS (
                \(rows: SQLRows(changes, { $0.entry }, { $0.bucket }, { $0.rank })))
            UPDATE list_entries AS e SET moved_from = e.bucket, bucket = coalesce(i.to_bucket, e.bucket),
                rank = coalesce(i.to_rank, e.rank), version = e.version + 1\(sql: written)
            FROM input i
            WHERE e.tenant_id = \(tenant) AND e.id = i.entry_id AND e.removed_at IS NULL
                AND (i.to_bucket IS NULL OR EXISTS (
                    SELECT 1 FROM bucket_totals b WHERE b.tenant_id = \(tenant) AND b.list_id = e.list_id
                        AND b.bucket = i.to_bucket AND b.is_shown))
                AND \(sql: ListStore.mayEdit("e.list_id", asker, tenant))
            RETURNING id, list_id, creator_id, moved_from, bucket, rank, followers, version
            """, rows: changes.count)
    }

    /// Brings totals to what has moved: one statement, whose rows are locked in the order of their names.
    func apply(
        _ change: TotalsChange, to list: ID<CreatorList>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let rows = change.rows
        guard !rows.isEmpty else { return }
        let locked: SQL =
            isPostgres
            ? """
            , locked AS (
                SELECT t.bucket FROM bucket_totals t WHERE t.tenant_id = \(tenant) AND t.list_id = \(list)
                    AND t.bucket IN (SELECT to_bucket FROM input) ORDER BY t.bucket FOR UPDATE)
            """ : ""
        let held: SQL = isPostgres ? " AND bucket_totals.bucket IN (SELECT bucket FROM locked)" : ""
        try await writing.execute(
            "entry.totals",
            """
            WITH input (to_bucket, step, step_followers) AS (
                \(rows: SQLRows(rows, { $0.bucket }, { $0.entries }, { $0.followers })))\(sql: locked)
            UPDATE bucket_totals SET entries = bucket_totals.entries + i.step,
                followers_sum = bucket_totals.followers_sum + i.step_followers
            FROM input i
            WHERE bucket_totals.tenant_id = \(tenant) AND bucket_totals.list_id = \(list)
                AND bucket_totals.bucket = i.to_bucket\(sql: held)
            """)
    }

    /// Pins entries for somebody, or no longer.
    func pin(
        _ entry: ID<ListEntry>, _ isPinned: Bool, by asker: Asker, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "entry.pin",
            """
            UPDATE list_entries AS e SET pinned_by = \(isPinned ? asker.person : nil), version = e.version + 1
            WHERE e.tenant_id = \(tenant) AND e.id = \(entry) AND e.removed_at IS NULL
                AND \(sql: ListStore.mayEdit("e.list_id", asker, tenant))
            """) == 1
    }

    // MARK: Removing

    /// Takes entries out of a list: they stay as tombstones for a week, so that exports under way keep their rows.
    ///
    /// - Returns: what was removed; the totals and the list's clock must follow by ``countRemoved(_:from:through:in:)``.
    func remove(
        _ entries: [ID<ListEntry>], from list: ID<CreatorList>, by asker: Asker, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ChangedEntry] {
        let lock: SQL = isPostgres ? " FOR UPDATE" : ""
        return try await writing.returningPerRow(
            ChangedEntry.self, "entry.remove",
            """
            WITH head AS (
                SELECT t.next_sequence FROM bucket_totals t
                WHERE t.tenant_id = \(tenant) AND t.list_id = \(list) AND t.bucket = ''\(sql: lock))
            UPDATE list_entries AS e SET removed_at = \(time), removed_sequence = h.next_sequence, pinned_by = NULL,
                version = e.version + 1
            FROM head h
            WHERE e.tenant_id = \(tenant) AND e.id IN (\(rows: SQLRows(entries))) AND e.list_id = \(list)
                AND e.removed_at IS NULL AND \(sql: ListStore.mayEdit("\(list)", asker, tenant))
            RETURNING id, list_id, creator_id, moved_from, bucket, rank, followers, version
            """, rows: entries.count)
    }

    /// Brings totals and clock to what was removed.
    func countRemoved(
        _ removed: [ChangedEntry], from list: ID<CreatorList>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        var change = TotalsChange()
        for entry in removed {
            change.add(-1, followers: -(entry.followers ?? 0), to: "")
            change.add(-1, followers: -(entry.followers ?? 0), to: entry.bucket)
        }
        let rows = change.rows
        guard !rows.isEmpty else { return }
        try await writing.execute(
            "entry.countRemoved",
            """
            WITH input (to_bucket, step, step_followers) AS (
                \(rows: SQLRows(rows, { $0.bucket }, { $0.entries }, { $0.followers })))
            UPDATE bucket_totals SET entries = bucket_totals.entries + i.step,
                followers_sum = bucket_totals.followers_sum + i.step_followers,
                next_sequence = bucket_totals.next_sequence + CASE WHEN bucket_totals.bucket = '' THEN 1 ELSE 0 END
            FROM input i
            WHERE bucket_totals.tenant_id = \(tenant) AND bucket_totals.list_id = \(list)
                AND bucket_totals.bucket = i.to_bucket
            """)
    }

    /// Where an entry is, when who asks sees its list.
    func entry(
        _ id: ID<ListEntry>, for asker: Asker, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> ListEntry? {
        try await reading.first(
            ListEntry.self, "entry.byID",
            """
            SELECT \(sql: ListEntry.columns) FROM list_entries e
            JOIN creator_lists l ON l.tenant_id = \(tenant) AND l.id = e.list_id
            \(sql: ListStore.membership(asker, tenant))
            WHERE e.tenant_id = \(tenant) AND e.id = \(id) AND e.removed_at IS NULL
                AND \(sql: ListStore.may(.viewer, asker))
            """)
    }
}

// MARK: Rows

extension ListEntry: RowDecodable {
    static let columns: SQL = """
        e.id, e.list_id, e.creator_id, e.sequence, e.bucket, e.rank, e.pinned_by, e.fields, e.followers, e.added_at,
        e.version
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), listID: try row.value(at: 1), creatorID: try row.value(at: 2),
            sequence: try row.value(at: 3), bucket: try row.value(at: 4), rank: try row.value(at: 5),
            pinnedBy: try row.optional(at: 6), fields: try StoredJSON.read(try row.value(at: 7)),
            followers: try row.optional(at: 8), addedAt: try row.value(at: 9), version: try row.value(at: 10))
    }
}

extension ChangedEntry: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), listID: try row.value(at: 1), creatorID: try row.value(at: 2),
            movedFrom: try row.optional(at: 3), bucket: try row.value(at: 4), rank: try row.value(at: 5),
            followers: try row.optional(at: 6), version: try row.value(at: 7))
    }
}

private struct AddedRow: RowDecodable {
    let sequence: Int64
    let followers: Int64?
    let bucket: String

    init(row: SQLRow) throws(StorageError) {
        sequence = try row.value(at: 0)
        followers = try row.optional(at: 1)
        bucket = try row.value(at: 2)
    }
}

private struct CountedRow: RowDecodable {
    let bucket: String
    let entries: Int
    let present: Int

    init(row: SQLRow) throws(StorageError) {
        bucket = try row.value(at: 0)
        entries = try row.value(at: 1)
        present = try row.value(at: 2)
    }
}
