import Base
import Storage

/// The table of media work.
struct MediaTaskStore: Sendable {
    let storage: Storage

    static let sweep = SystemCapability(
        name: "tournament.media", reason: "One look finds the media work that is due in all tenants together.")

    /// What is due first, in all tenants.
    func due(at now: Timestamp, limit: Int) async throws(StorageError) -> [MediaTask] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            MediaTask.self, "media.due",
            """
            SELECT tenant_id, clip_id, kind, due_at, attempts FROM media_tasks
            WHERE due_at IS NOT NULL AND due_at <= \(now) ORDER BY due_at
            """, limit: limit)
    }

    /// Takes a task as it was read; `nil` when somebody else was faster.
    func take(_ task: MediaTask, as owner: Int64, until: Timestamp) async throws(StorageError) -> MediaLease? {
        let taken = try await storage.writer(for: task.tenant).execute(
            "media.take",
            """
            UPDATE media_tasks SET owner = \(owner), due_at = \(until), attempts = attempts + 1
            WHERE tenant_id = \(task.tenant) AND clip_id = \(task.clipID) AND kind = \(task.kind)
                AND due_at = \(task.dueAt) AND attempts = \(task.attempts)
            """)
        guard taken == 1 else { return nil }
        return MediaLease(
            task: MediaTask(
                tenant: task.tenant, clipID: task.clipID, kind: task.kind, dueAt: until, attempts: task.attempts + 1),
            owner: owner)
    }

    /// Keeps a task for longer; `false` when it is not this worker's any more.
    ///
    /// In a transaction it is the fence: from here to the commit nobody else can take or change the task.
    func keep(
        _ lease: MediaLease, until: Timestamp, through writing: some Writing
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "media.keep",
            """
            UPDATE media_tasks SET due_at = \(until)
            WHERE tenant_id = \(lease.task.tenant) AND clip_id = \(lease.task.clipID) AND owner = \(lease.owner)
            """) == 1
    }

    /// Puts a clip's next work in place of whatever was to be done; a worker that has the task loses it.
    func plan(
        _ kind: MediaTask.Kind, for clip: ID<Clip>, at dueAt: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "media.plan",
            """
            INSERT INTO media_tasks (tenant_id, clip_id, kind, due_at, attempts)
            VALUES (\(tenant), \(clip), \(kind), \(dueAt), 0)
            ON CONFLICT (tenant_id, clip_id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at,
                attempts = 0, owner = NULL, failure = NULL, failed_at = NULL
            """)
    }

    /// Has all files of a maker's clips in a slot cleared, but for those of a winner.
    func clear(
        clipsOf person: ID<Person>, in slot: ID<Slot>, at now: Timestamp, through writing: some Writing, tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "media.clear",
            """
            INSERT INTO media_tasks (tenant_id, clip_id, kind, due_at, attempts)
            SELECT c.tenant_id, c.id, \(MediaTask.Kind.clear), \(now), 0
            FROM clips c JOIN clip_entries e ON e.tenant_id = c.tenant_id AND e.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) AND c.slot_id = \(slot) AND c.state <> 'winner'
            ORDER BY c.id
            ON CONFLICT (tenant_id, clip_id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at,
                attempts = 0, owner = NULL, failure = NULL, failed_at = NULL
            """)
    }

    /// Gives a task back after a failure; without a time for another attempt it stays as what has failed for good.
    func fail(
        _ lease: MediaLease, _ failure: String, retryAt: Timestamp?, at now: Timestamp, through writing: some Writing
    ) async throws(StorageError) {
        try await writing.execute(
            "media.fail",
            """
            UPDATE media_tasks SET due_at = \(retryAt), owner = NULL, failure = \(failure), failed_at = \(now)
            WHERE tenant_id = \(lease.task.tenant) AND clip_id = \(lease.task.clipID) AND owner = \(lease.owner)
            """)
    }

    /// Gives a task back as if it had not been taken.
    func giveBack(_ lease: MediaLease, dueAt: Timestamp) async throws(StorageError) {
        try await storage.writer(for: lease.task.tenant).execute(
            "media.giveBack",
            """
            UPDATE media_tasks SET due_at = \(dueAt), owner = NULL, attempts = attempts - 1
            WHERE tenant_id = \(lease.task.tenant) AND clip_id = \(lease.task.clipID) AND owner = \(lease.owner)
            """)
    }

    /// Nothing more is to be done.
    func finish(_ lease: MediaLease, through writing: some Writing) async throws(StorageError) {
        try await writing.execute(
            "media.finish",
            """
            DELETE FROM media_tasks
            WHERE tenant_id = \(lease.task.tenant) AND clip_id = \(lease.task.clipID) AND owner = \(lease.owner)
            """)
    }
}

extension MediaTask: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            tenant: Tenant(try row.value(at: 0)), clipID: try row.value(at: 1), kind: try row.value(at: 2),
            dueAt: try row.value(at: 3), attempts: try row.value(at: 4))
    }
}
