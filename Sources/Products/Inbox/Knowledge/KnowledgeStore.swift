import Base
import Storage

/// The documents of companies, and the number of what they know.
struct KnowledgeStore: Sendable {
    let storage: Storage

    /// Enters a document that waits to be read; `false` when its content is there already.
    func insert(
        _ document: KnowledgeDocument, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "knowledge.insert",
            """
            INSERT INTO inbox_documents (tenant_id, id, title, form, bytes, hash, state, person_id, created_at)
            VALUES (\(tenant), \(document.id), \(document.title), \(document.form), \(document.bytes), \(document.hash),
                \(document.state), \(document.personID), \(document.createdAt))
            ON CONFLICT (tenant_id, hash) DO NOTHING
            """) == 1
    }

    /// Raises the number of what the company knows by a document that comes or goes; `false` when there are too many.
    func raise(
        by count: Int, max: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "knowledge.raise",
            """
            INSERT INTO inbox_knowledge AS k (tenant_id, number, documents) VALUES (\(tenant), 1, \(Swift.max(0, count)))
            ON CONFLICT (tenant_id) DO UPDATE SET number = k.number + 1,
                documents = CASE WHEN k.documents + \(count) < 0 THEN 0 ELSE k.documents + \(count) END
                WHERE k.documents + \(count) <= \(max)
            """) == 1
    }

    func document(
        _ id: ID<KnowledgeDocument>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> KnowledgeDocument? {
        try await reading.first(
            KnowledgeDocument.self, "knowledge.byID",
            """
            SELECT \(sql: KnowledgeDocument.columns) FROM inbox_documents d
            WHERE d.tenant_id = \(tenant) AND d.id = \(id)
            """)
    }

    /// A page of documents, the newest first.
    func page(
        after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<KnowledgeDocument> {
        try await storage.reader(for: tenant).page(
            KnowledgeDocument.self, "knowledge.page",
            "SELECT \(sql: KnowledgeDocument.columns) FROM inbox_documents d WHERE d.tenant_id = \(tenant)",
            order: .descending("d.id"), after: cursor, limit: limit)
    }

    /// Notes what became of a document that was read.
    func settle(
        _ id: ID<KnowledgeDocument>, as state: KnowledgeDocument.State, _ reason: String?, passages: Int,
        at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "knowledge.settle",
            """
            UPDATE inbox_documents SET state = \(state), reason = \(reason), passages = \(passages), ready_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    func delete(
        _ id: ID<KnowledgeDocument>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "knowledge.delete", "DELETE FROM inbox_documents WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }
}

extension KnowledgeDocument: RowDecodable {
    static let columns: SQL =
        "d.id, d.title, d.form, d.bytes, d.hash, d.state, d.reason, d.passages, d.person_id, d.created_at"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), title: try row.value(at: 1), form: try row.value(at: 2),
            bytes: try row.value(at: 3), hash: try row.value(at: 4), state: try row.value(at: 5),
            reason: try row.optional(at: 6), passages: try row.value(at: 7), personID: try row.value(at: 8),
            createdAt: try row.value(at: 9))
    }
}
