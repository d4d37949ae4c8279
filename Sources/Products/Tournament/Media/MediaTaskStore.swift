import Base
import Storage

/// The table of media work: what is to be done on each clip, and which job does it.
///
/// The job is what is taken, kept alive and tried again; the row is what makes it the one that counts. A job that does
/// not stand in its clip's row any more has nothing to do.
struct MediaTaskStore: Sendable {
    enum Bounds {
        /// Tasks of an earlier version that are given a job in one go.
        static let adopted = 500
        /// Clips of one maker in a slot whose files are cleared together.
        static let cleared = 1_000
    }

    static let sweep = SystemCapability(
        name: "tournament.media", reason: "One look finds media work that has no job yet in all tenants together.")

    let storage: Storage

    /// Puts a clip's next work in place of whatever was to be done.
    ///
    /// - Returns: The task of which the clip was made ready until now; `nil` for none.
    func replace(
        _ kind: MediaTask.Kind, for clip: ID<Clip>, as task: ID<MediaTask>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> ID<MediaTask>? {
        try await writing.returning(
            ReplacedRow.self, "media.plan",
            """
            INSERT INTO media_tasks (tenant_id, clip_id, kind, job_id)
            VALUES (\(tenant), \(clip), \(kind), \(task))
            ON CONFLICT (tenant_id, clip_id) DO UPDATE SET kind = excluded.kind, job_id = excluded.job_id, failed_at = NULL,
                replaced_id = CASE WHEN media_tasks.kind IN ('probe', 'render') THEN media_tasks.job_id END
            RETURNING replaced_id
            """, limit: 1
        ).first?.id
    }

    /// A maker's clips in a slot that may have files to clear: all but a winner.
    func clearable(
        of person: ID<Person>, in slot: ID<Slot>, through reading: some Reading, tenant: Tenant
    ) async throws(StorageError) -> [ID<Clip>] {
        try await reading.list(
            ClipRow.self, "media.toClear",
            """
            SELECT c.id FROM clips c JOIN clip_entries e ON e.tenant_id = c.tenant_id AND e.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) AND c.slot_id = \(slot) AND c.state <> 'winner'
            ORDER BY c.id
            """, limit: Bounds.cleared
        ).map(\.id)
    }

    /// What a job is to do on a clip; `nil` when it has lost it.
    func task(
        of clip: ID<Clip>, as task: ID<MediaTask>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> MediaTask? {
        try await reading.first(
            MediaTask.self, "media.task",
            """
            SELECT tenant_id, clip_id, kind, job_id FROM media_tasks
            WHERE tenant_id = \(tenant) AND clip_id = \(clip) AND job_id = \(task)
            """)
    }

    /// Keeps a task: from here to the commit nobody can put another in its place; `false` when somebody has.
    func hold(
        _ task: MediaTask, through transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE" : ""
        return try await transaction.returning(
            MediaTask.self, "media.hold",
            """
            SELECT tenant_id, clip_id, kind, job_id FROM media_tasks
            WHERE tenant_id = \(task.tenant) AND clip_id = \(task.clipID) AND job_id = \(task.id)\(sql: lock)
            """, limit: 1
        ).first != nil
    }

    /// Has the same job go on with the next kind.
    func move(
        _ task: MediaTask, to kind: MediaTask.Kind, through transaction: WriteTransaction
    ) async throws(StorageError) {
        try await transaction.execute(
            "media.move",
            """
            UPDATE media_tasks SET kind = \(kind)
            WHERE tenant_id = \(task.tenant) AND clip_id = \(task.clipID) AND job_id = \(task.id)
            """)
    }

    /// Nothing more is to be done.
    func finish(_ task: MediaTask, through transaction: WriteTransaction) async throws(StorageError) {
        try await transaction.execute(
            "media.finish",
            """
            DELETE FROM media_tasks
            WHERE tenant_id = \(task.tenant) AND clip_id = \(task.clipID) AND job_id = \(task.id)
            """)
    }

    /// Tasks that no job carries out: an earlier version wrote them.
    func orphans(limit: Int = Bounds.adopted) async throws(StorageError) -> [MediaTask] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            MediaTask.self, "media.orphans",
            """
            SELECT tenant_id, clip_id, kind, job_id FROM media_tasks
            WHERE job_id IS NULL AND failed_at IS NULL ORDER BY tenant_id, clip_id
            """, limit: limit)
    }
}

extension MediaTask: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            tenant: Tenant(try row.value(at: 0)), clipID: try row.value(at: 1), kind: try row.value(at: 2),
            id: try row.optional(at: 3))
    }
}

private struct ReplacedRow: RowDecodable {
    let id: ID<MediaTask>?

    init(row: SQLRow) throws(StorageError) { id = try row.optional(at: 0) }
}

private struct ClipRow: RowDecodable {
    let id: ID<Clip>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}
