import Base
import Storage

/// The addresses that companies' bots answer from.
struct SourceStore: Sendable {
    let storage: Storage

    /// Enters an address; `false` when it is there already, or there are as many as there may be.
    func insert(
        _ source: KnowledgeSource, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "source.insert",
            """
            INSERT INTO inbox_sources (tenant_id, id, address, title, state, next_at, person_id, created_at)
            SELECT \(tenant), \(source.id), \(source.address), \(source.title), \(source.state), \(source.nextAt),
                \(source.personID), \(source.createdAt)
            WHERE (SELECT count(*) FROM inbox_sources s WHERE s.tenant_id = \(tenant)) < \(KnowledgeSource.Bounds.sources)
            ON CONFLICT (tenant_id, address) DO NOTHING
            """) == 1
    }

    func source(
        _ id: ID<KnowledgeSource>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> KnowledgeSource? {
        try await reading.first(
            KnowledgeSource.self, "source.byID",
            "SELECT \(sql: KnowledgeSource.columns) FROM inbox_sources s WHERE s.tenant_id = \(tenant) AND s.id = \(id)"
        )
    }

    /// All addresses of a company, the newest first.
    func all(in tenant: Tenant) async throws(StorageError) -> [KnowledgeSource] {
        try await storage.reader(for: tenant).list(
            KnowledgeSource.self, "source.all",
            """
            SELECT \(sql: KnowledgeSource.columns) FROM inbox_sources s WHERE s.tenant_id = \(tenant) ORDER BY s.id DESC
            """, limit: KnowledgeSource.Bounds.sources)
    }

    /// Notes what was found at an address; `false` when it was removed meanwhile.
    func note(
        _ source: KnowledgeSource, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "source.note",
            """
            UPDATE inbox_sources SET title = \(source.title), document_id = \(source.documentID), hash = \(source.hash),
                state = \(source.state), reason = \(source.reason), checked_at = \(source.checkedAt),
                next_at = \(source.nextAt)
            WHERE tenant_id = \(tenant) AND id = \(source.id)
            """) == 1
    }

    func delete(
        _ id: ID<KnowledgeSource>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "source.delete", "DELETE FROM inbox_sources WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }
}

extension KnowledgeSource: RowDecodable {
    static let columns: SQL = """
        s.id, s.address, s.title, s.document_id, s.hash, s.state, s.reason, s.checked_at, s.next_at, s.person_id,
        s.created_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), address: try row.value(at: 1), title: try row.value(at: 2),
            documentID: try row.optional(at: 3), hash: try row.optional(at: 4), state: try row.value(at: 5),
            reason: try row.optional(at: 6), checkedAt: try row.optional(at: 7), nextAt: try row.value(at: 8),
            personID: try row.value(at: 9), createdAt: try row.value(at: 10))
    }
}
