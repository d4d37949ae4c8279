import Base
import Storage

/// The table of archives.
struct ArchiveStore: Sendable {
    enum Bounds {
        static let tenants = 10_000
        static let expired = 100
    }

    /// The right to find the tenants.
    static let sweep = SystemCapability(
        name: "tournament.archives", reason: "Old rows of all tenants are looked for; each is then archived by itself.")

    let storage: Storage

    func tenants() async throws(StorageError) -> [Tenant] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            TenantRow.self, "archive.tenants", "SELECT id FROM tenants ORDER BY id", limit: Bounds.tenants
        ).map(\.tenant)
    }

    /// The archive of a kind that is not complete; `nil` when none is.
    func open(_ kind: Archive.Kind, in tenant: Tenant) async throws(StorageError) -> Archive? {
        try await storage.reader(for: tenant).first(
            Archive.self, "archive.open",
            """
            SELECT \(sql: Archive.columns) FROM archives a
            WHERE a.tenant_id = \(tenant) AND a.source = \(kind) AND a.state <> 'kept'
            """)
    }

    /// Begins one; `false` when somebody else has just begun one.
    func begin(_ archive: Archive, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.writer(for: tenant).execute(
            "archive.begin",
            """
            INSERT INTO archives (tenant_id, id, source, begins_at, ends_at, state, begun_at, kept_until)
            VALUES (\(tenant), \(archive.id), \(archive.kind), \(archive.times.lowerBound),
                \(archive.times.upperBound), 'writing', \(archive.begunAt), \(archive.keptUntil))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Says that a file holds the rows; `false` when another attempt's does.
    func seal(
        _ id: ID<Archive>, _ manifest: ArchiveManifest, file: String, at now: Timestamp, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await storage.writer(for: tenant).execute(
            "archive.seal",
            """
            UPDATE archives SET state = 'sealed', file = \(file), sha256 = \(manifest.sha256),
                lines = \(manifest.lines), bytes = \(manifest.bytes), sealed_at = \(now)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'writing'
            """) == 1
    }

    /// Lets rows go only while the archive is sealed; the lock keeps it so until the commit.
    func isSealed(
        _ id: ID<Archive>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "archive.hold",
            """
            UPDATE archives SET state = 'sealed'
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'sealed'
            """) == 1
    }

    /// Says that the file of a sealed archive cannot be read: it is written anew, from the rows that are there.
    func reopen(_ id: ID<Archive>, in tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "archive.reopen",
            """
            UPDATE archives SET state = 'writing', file = NULL, sha256 = NULL
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'sealed'
            """)
    }

    func close(_ id: ID<Archive>, in tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "archive.close",
            "UPDATE archives SET state = 'kept' WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'sealed'")
    }

    /// Those whose time is over.
    func expired(at now: Timestamp, in tenant: Tenant) async throws(StorageError) -> [Archive] {
        try await storage.reader(for: tenant).list(
            Archive.self, "archive.expired",
            """
            SELECT \(sql: Archive.columns) FROM archives a
            WHERE a.tenant_id = \(tenant) AND a.kept_until <= \(now) ORDER BY a.kept_until
            """, limit: Bounds.expired)
    }

    func forget(_ id: ID<Archive>, in tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "archive.forget", "DELETE FROM archives WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'kept'")
    }

    /// The archives of a tenant, the newest month first.
    func page(
        after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Archive> {
        try await storage.reader(for: tenant).page(
            Archive.self, "archive.page",
            "SELECT \(sql: Archive.columns) FROM archives a WHERE a.tenant_id = \(tenant)",
            order: .descending("a.ends_at", "a.id"), after: cursor, limit: limit)
    }

    /// The files that archives of a tenant hold, among some.
    func known(_ files: [String], in tenant: Tenant) async throws(StorageError) -> Set<String> {
        guard !files.isEmpty else { return [] }
        return Set(
            try await storage.reader(for: tenant).list(
                FileRow.self, "archive.known",
                """
                SELECT a.file FROM archives a
                WHERE a.tenant_id = \(tenant) AND a.file IN (\(rows: SQLRows(files)))
                """, limit: files.count
            ).map(\.file))
    }
}

extension Archive: RowDecodable {
    static let columns: SQL = """
        a.id, a.source, a.begins_at, a.ends_at, a.state, a.file, a.sha256, a.lines, a.bytes, a.begun_at, a.sealed_at,
        a.kept_until
        """

    init(row: SQLRow) throws(StorageError) {
        let begin = try row.value(at: 2, as: Timestamp.self)
        let end = try row.value(at: 3, as: Timestamp.self)
        guard begin <= end else { throw StorageError(.rowMismatch, "an archive ends before it begins") }
        self.init(
            id: try row.value(at: 0), kind: try row.value(at: 1), times: begin..<end, state: try row.value(at: 4),
            file: try row.optional(at: 5), sha256: try row.optional(at: 6), lines: try row.value(at: 7),
            bytes: try row.value(at: 8), begunAt: try row.value(at: 9), sealedAt: try row.optional(at: 10),
            keptUntil: try row.value(at: 11))
    }
}

private struct TenantRow: RowDecodable {
    let tenant: Tenant

    init(row: SQLRow) throws(StorageError) { tenant = Tenant(try row.value(at: 0)) }
}

private struct FileRow: RowDecodable {
    let file: String

    init(row: SQLRow) throws(StorageError) { file = try row.value(at: 0) }
}
