import Base
import Storage

/// Exports that somebody asked for, and their parts.
struct OrderedExportStore: Sendable {
    let storage: Storage

    /// Writes a wish; `false` when as many are in the making as may be.
    ///
    /// The bound is checked by the insertion itself; two at once may pass it by one.
    func insert(
        _ export: Export, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "orderedExport.insert",
            """
            INSERT INTO inbox_exports (tenant_id, id, person_id, nouns, state, created_at)
            SELECT \(tenant), \(export.id), \(export.personID), \(try StoredJSON.text(export.nouns)), \(export.state),
                \(export.createdAt)
            WHERE (SELECT count(*) FROM inbox_exports o WHERE o.tenant_id = \(tenant)
                AND o.state IN ('queued', 'running')) < \(Export.Bounds.running)
            """) == 1
    }

    func export(
        _ id: ID<Export>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Export? {
        try await reading.first(
            Export.self, "orderedExport.byID",
            "SELECT \(sql: Export.columns) FROM inbox_exports x WHERE x.tenant_id = \(tenant) AND x.id = \(id)")
    }

    /// The newest exports of a company.
    func newest(in tenant: Tenant) async throws(StorageError) -> [Export] {
        try await storage.reader(for: tenant).list(
            Export.self, "orderedExport.newest",
            """
            SELECT \(sql: Export.columns) FROM inbox_exports x WHERE x.tenant_id = \(tenant) ORDER BY x.id DESC
            """, limit: Export.Bounds.listed)
    }

    /// All parts of all files of an export.
    func parts(of id: ID<Export>, in tenant: Tenant) async throws(StorageError) -> [ExportPart] {
        try await storage.reader(for: tenant).list(
            ExportPart.self, "orderedExport.parts",
            """
            SELECT p.noun, p.number, p.rows, p.bytes, p.sha256 FROM inbox_export_parts p
            WHERE p.tenant_id = \(tenant) AND p.export_id = \(id) ORDER BY p.noun, p.number
            """, limit: Export.Bounds.parts * ExportNoun.allCases.count)
    }

    /// Keeps a part and how far the export is; `false` when another worker has gone on, or it has ended.
    func keep(
        _ part: ExportPart, of export: Export, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let advanced = try await writing.execute(
            "orderedExport.advance",
            """
            UPDATE inbox_exports SET state = 'running', last_id = \(export.lastID), parts = \(part.number),
                rows_written = \(export.rowsWritten), bytes_written = \(export.bytesWritten)
            WHERE tenant_id = \(tenant) AND id = \(export.id) AND state IN ('queued', 'running')
                AND place = \(export.place) AND parts = \(part.number - 1)
            """)
        guard advanced == 1 else { return false }
        try await writing.execute(
            "orderedExport.keepPart",
            """
            INSERT INTO inbox_export_parts (tenant_id, export_id, noun, number, rows, bytes, sha256)
            VALUES (\(tenant), \(export.id), \(part.noun.rawValue), \(part.number), \(part.rows), \(part.bytes),
                \(part.sha256))
            """)
        return true
    }

    /// Notes that a file is whole and the next noun's turn; `false` when another worker has done so, or it has ended.
    func close(
        _ export: Export, _ files: [Export.File], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "orderedExport.close",
            """
            UPDATE inbox_exports SET files = \(try StoredJSON.text(files)), place = \(export.place + 1), parts = 0,
                last_id = NULL
            WHERE tenant_id = \(tenant) AND id = \(export.id) AND state = 'running' AND place = \(export.place)
                AND parts = \(export.parts)
            """) == 1
    }

    /// Ends an export that is under way; `false` when it has ended.
    func end(
        _ id: ID<Export>, as state: Export.State, failure: String? = nil, at time: Timestamp, expiresAt: Timestamp?,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "orderedExport.end",
            """
            UPDATE inbox_exports SET state = \(state), failure = \(failure), finished_at = \(time),
                expires_at = \(expiresAt)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('queued', 'running')
            """) == 1
    }

    /// Some exports from before a time that are still in the making.
    func abandoned(before time: Timestamp, in tenant: Tenant) async throws(StorageError) -> [Export] {
        try await storage.reader(for: tenant).list(
            Export.self, "orderedExport.abandoned",
            """
            SELECT \(sql: Export.columns) FROM inbox_exports x
            WHERE x.tenant_id = \(tenant) AND x.state IN ('queued', 'running') AND x.created_at < \(time) ORDER BY x.id
            """, limit: Export.Bounds.ending)
    }

    /// Some exports whose time is over.
    func ending(before time: Timestamp, in tenant: Tenant) async throws(StorageError) -> [Export] {
        try await storage.reader(for: tenant).list(
            Export.self, "orderedExport.ending",
            """
            SELECT \(sql: Export.columns) FROM inbox_exports x
            WHERE x.tenant_id = \(tenant) AND x.state = 'ready' AND x.expires_at <= \(time) ORDER BY x.expires_at
            """, limit: Export.Bounds.ending)
    }

    /// Marks exports whose files are gone, and forgets their parts.
    func expire(
        _ ids: [ID<Export>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "orderedExport.expire",
            """
            UPDATE inbox_exports SET state = 'expired'
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(ids))) AND state = 'ready'
            """)
        try await forgetParts(of: ids, through: writing, in: tenant)
    }

    func forgetParts(
        of ids: [ID<Export>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "orderedExport.forgetParts",
            "DELETE FROM inbox_export_parts WHERE tenant_id = \(tenant) AND export_id IN (\(rows: SQLRows(ids)))")
    }
}

extension Export: RowDecodable {
    static let columns: SQL = """
        x.id, x.person_id, x.nouns, x.state, x.place, x.last_id, x.parts, x.rows_written, x.bytes_written, x.files,
        x.failure, x.created_at, x.finished_at, x.expires_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), personID: try row.value(at: 1), nouns: try StoredJSON.read(try row.value(at: 2)),
            state: try row.value(at: 3), place: try row.value(at: 4), lastID: try row.optional(at: 5),
            parts: try row.value(at: 6), rowsWritten: try row.value(at: 7), bytesWritten: try row.value(at: 8),
            files: try StoredJSON.read(try row.value(at: 9)), failure: try row.optional(at: 10),
            createdAt: try row.value(at: 11), finishedAt: try row.optional(at: 12), expiresAt: try row.optional(at: 13))
    }
}

extension ExportPart: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        let text: String = try row.value(at: 0)
        guard let noun = ExportNoun(rawValue: text) else {
            throw StorageError(.rowMismatch, "a row of inbox_export_parts holds a word that is no noun")
        }
        self.init(
            noun: noun, number: try row.value(at: 1), rows: try row.value(at: 2), bytes: try row.value(at: 3),
            sha256: try row.value(at: 4))
    }
}
