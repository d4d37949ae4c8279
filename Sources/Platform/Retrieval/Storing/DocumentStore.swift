import Base
import Storage

/// The statements of documents, their passages and their words.
struct DocumentStore: Sendable {
    enum Bounds {
        /// Passages in one statement.
        static let chunks = 500
    }

    /// A passage on its way to the database.
    struct Row: Sendable {
        var id: ID<Passage>
        var number: Int
        var chunk: Chunker.Chunk
        var folded: String
    }

    /// A passage without its document.
    struct Body: Sendable, RowDecodable {
        var id: ID<Passage>
        var document: ID<Document>
        var heading: String
        var text: String

        init(row: SQLRow) throws(StorageError) {
            id = try row.value(at: 0)
            document = try row.value(at: 1)
            heading = try row.value(at: 2)
            text = try row.value(at: 3)
        }
    }

    private struct ChunkID: RowDecodable {
        var id: ID<Passage>

        init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
    }

    let storage: Storage

    /// Writes a document that is not there.
    func insert(
        _ document: DocumentDraft, _ rows: [Row], into collection: String, for tenant: Tenant,
        in transaction: WriteTransaction
    ) async throws(StorageError) {
        try await transaction.execute(
            "retrieval.document.insert",
            """
            INSERT INTO retrieval_documents (tenant_id, id, collection, title, source, passages, made_at)
            VALUES (\(tenant), \(document.id), \(collection), \(document.title), \(document.source), \(rows.count),
                \(storage.now))
            """)
        var rest = rows[...]
        while !rest.isEmpty {
            let part = rest.prefix(Bounds.chunks)
            rest = rest.dropFirst(part.count)
            try await insert(Array(part), of: document.id, into: collection, for: tenant, in: transaction)
        }
    }

    private func insert(
        _ rows: [Row], of document: ID<Document>, into collection: String, for tenant: Tenant,
        in transaction: WriteTransaction
    ) async throws(StorageError) {
        let input = SQLRows(
            rows, { $0.id }, { $0.number }, { $0.chunk.heading }, { $0.chunk.text }, { $0.chunk.range.lowerBound },
            { $0.chunk.range.upperBound })
        try await transaction.execute(
            "retrieval.chunk.insert",
            """
            WITH input(id, number, heading, body, starts_at, ends_at) AS (\(rows: input))
            INSERT INTO retrieval_chunks
                (tenant_id, id, document_id, collection, number, heading, body, starts_at, ends_at)
            SELECT \(tenant), i.id, \(document), \(collection), i.number, i.heading, i.body, i.starts_at, i.ends_at
            FROM input i
            """)
        let owner = SearchWords.owner(collection, of: tenant)
        let words = SQLRows(rows, { Self.place(of: $0.id) }, { $0.folded }, { $0.id })
        let insert: SQL =
            storage.dialect == .postgres
            ? """
            INSERT INTO retrieval_words (chunk_id, words)
            SELECT i.chunk, to_tsvector('simple', i.folded) || array_to_tsvector(ARRAY[\(owner)]) FROM input i
            """
            : """
            INSERT INTO retrieval_words (rowid, owner, body, chunk)
            SELECT i.place, \(owner), i.folded, i.chunk FROM input i
            """
        try await transaction.execute(
            "retrieval.word.insert", "WITH input(place, folded, chunk) AS (\(rows: words)) \(sql: insert)")
    }

    /// The row of a passage in SQLite's index of words: the random bits of its id.
    private static func place(of id: ID<Passage>) -> Int64 { Int64(id.low & 0x3FFF_FFFF_FFFF_FFFF) }

    /// Removes a document with all that belongs to it; `false` when it is not there.
    func remove(
        _ id: ID<Document>, from collection: String, for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        let removed = try await transaction.execute(
            "retrieval.document.remove",
            """
            DELETE FROM retrieval_documents
            WHERE tenant_id = \(tenant) AND id = \(id) AND collection = \(collection)
            """)
        guard removed > 0 else { return false }
        while true {
            let gone = try await transaction.returning(
                ChunkID.self, "retrieval.chunk.remove",
                """
                DELETE FROM retrieval_chunks WHERE tenant_id = \(tenant) AND id IN (
                    SELECT id FROM retrieval_chunks WHERE tenant_id = \(tenant) AND document_id = \(id)
                    ORDER BY number LIMIT \(Bounds.chunks))
                RETURNING id
                """, limit: Bounds.chunks)
            if !gone.isEmpty {
                let chosen: SQL =
                    storage.dialect == .postgres
                    ? "chunk_id IN (\(rows: SQLRows(gone.map(\.id))))"
                    : "rowid IN (\(rows: SQLRows(gone.map { Self.place(of: $0.id) })))"
                try await transaction.execute(
                    "retrieval.word.remove", "DELETE FROM retrieval_words WHERE \(sql: chosen)")
            }
            if gone.count < Bounds.chunks { return true }
        }
    }

    /// The passages that share the most telling words with a question.
    func matches(
        _ words: SearchWords, in collection: String, for tenant: Tenant, limit: Int, through reader: some Reading
    ) async throws(StorageError) -> [ID<Passage>] {
        guard !words.isEmpty else { return [] }
        let owner = SearchWords.owner(collection, of: tenant)
        if storage.dialect == .sqlite {
            return try await reader.list(
                ChunkID.self, "retrieval.word.match",
                """
                SELECT chunk FROM retrieval_words WHERE retrieval_words MATCH \(words.sqliteQuery(for: owner))
                ORDER BY bm25(retrieval_words, 0.0, 1.0), rowid
                """, limit: limit
            ).map(\.id)
        }
        return try await reader.list(
            ChunkID.self, "retrieval.word.match",
            """
            SELECT w.chunk_id FROM retrieval_words w, to_tsquery('simple', \(words.postgresQuery(for: owner))) q
            WHERE w.words @@ q ORDER BY ts_rank(w.words, q) DESC, w.chunk_id
            """, limit: limit
        ).map(\.id)
    }

    /// What is needed to cite some passages.
    func passages(
        _ ids: [ID<Passage>], for tenant: Tenant, through reader: some Reading
    ) async throws(StorageError) -> [ID<Passage>: FoundRow] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await reader.list(
            FoundRow.self, "retrieval.chunk.read",
            """
            SELECT c.id, c.document_id, d.title, d.source, c.heading, c.body, c.starts_at, c.ends_at
            FROM retrieval_chunks c JOIN retrieval_documents d ON d.tenant_id = \(tenant) AND d.id = c.document_id
            WHERE c.tenant_id = \(tenant) AND c.id IN (\(rows: SQLRows(ids)))
            """, limit: ids.count)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })
    }

    /// A passage's row, with its document's.
    struct FoundRow: Sendable, RowDecodable {
        var id: ID<Passage>
        var document: ID<Document>
        var title: String
        var source: String
        var heading: String
        var text: String
        var range: Range<Int>

        init(row: SQLRow) throws(StorageError) {
            id = try row.value(at: 0)
            document = try row.value(at: 1)
            title = try row.value(at: 2)
            source = try row.value(at: 3)
            heading = try row.value(at: 4)
            text = try row.value(at: 5)
            let start: Int = try row.value(at: 6)
            range = start..<max(start, try row.value(at: 7, as: Int.self))
        }
    }

    /// Passages behind an id that an index has no vector of yet.
    func missing(
        in index: ID<VectorIndex>, of collection: String, after last: ID<Passage>, for tenant: Tenant, limit: Int,
        through reader: some Reading
    ) async throws(StorageError) -> [Body] {
        try await reader.list(
            Body.self, "retrieval.chunk.missing",
            """
            SELECT c.id, c.document_id, c.heading, c.body FROM retrieval_chunks c
            WHERE c.tenant_id = \(tenant) AND c.collection = \(collection) AND c.id > \(last) AND NOT EXISTS (
                SELECT 1 FROM retrieval_vectors v
                WHERE v.tenant_id = \(tenant) AND v.index_id = \(index) AND v.chunk_id = c.id)
            ORDER BY c.id
            """, limit: limit)
    }

    func page(
        of collection: String, in tenant: Tenant, after cursor: Cursor?, limit: Int
    ) async throws(StorageError) -> Page<Document> {
        try await storage.reader(for: tenant).page(
            Document.self, "retrieval.document.page",
            """
            SELECT \(sql: Document.columns) FROM retrieval_documents
            WHERE tenant_id = \(tenant) AND collection = \(collection)
            """, order: .ascending("id"), after: cursor, limit: limit)
    }
}
