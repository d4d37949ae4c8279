import Base
import Storage

/// The statements of indexes and their vectors.
///
/// Every change of a collection raises the version of its indexes first, whose rows thus order all writers; a node that
/// has vectors in memory reads what is newer than its own version.
struct IndexStore: Sendable {
    enum Bounds {
        /// Vectors in one statement.
        static let vectors = 500
        /// Removed documents that are read one by one; with more, vectors are read anew.
        static let removals = 5_000
    }

    /// A vector on its way to the database.
    struct Row: Sendable {
        var chunk: ID<Passage>
        var document: ID<Document>
        var vector: UnitVector
    }

    let storage: Storage

    /// The index that searches use.
    func live(
        _ collection: String, in tenant: Tenant, through reader: some Reading
    ) async throws(StorageError) -> VectorIndex? {
        try await reader.first(
            VectorIndex.self, "retrieval.index.live",
            """
            SELECT \(sql: VectorIndex.columns) FROM retrieval_indexes
            WHERE tenant_id = \(tenant) AND collection = \(collection) AND state = 'live'
            """)
    }

    /// The live index and the one that is built beside it.
    func open(
        _ collection: String, in tenant: Tenant, through reader: some Reading
    ) async throws(StorageError) -> [VectorIndex] {
        try await reader.list(
            VectorIndex.self, "retrieval.index.open",
            """
            SELECT \(sql: VectorIndex.columns) FROM retrieval_indexes
            WHERE tenant_id = \(tenant) AND collection = \(collection) AND state <> 'retired'
            """, limit: 2)
    }

    /// Makes an index unless the collection has one in that state.
    func make(_ index: VectorIndex, of collection: String, for tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "retrieval.index.make",
            """
            INSERT INTO retrieval_indexes
                (tenant_id, id, collection, model, dimensions, is_sized, state, version, made_at)
            VALUES (\(tenant), \(index.id), \(collection), \(index.model), \(index.dimensions),
                \(index.isSized), \(index.state), 0,
                \(storage.now))
            ON CONFLICT DO NOTHING
            """)
    }

    /// Raises the versions of a collection's indexes, which locks out other writers of it until the commit.
    func raise(
        _ collection: String, for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) -> [VectorIndex] {
        try await transaction.returning(
            VectorIndex.self, "retrieval.index.raise",
            """
            UPDATE retrieval_indexes SET version = version + 1
            WHERE tenant_id = \(tenant) AND collection = \(collection) AND state <> 'retired'
            RETURNING \(sql: VectorIndex.columns)
            """, limit: 2)
    }

    func setState(
        _ state: VectorIndex.State, of index: ID<VectorIndex>, for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) {
        try await transaction.execute(
            "retrieval.index.setState",
            "UPDATE retrieval_indexes SET state = \(state) WHERE tenant_id = \(tenant) AND id = \(index)")
    }

    /// Adds vectors of passages that are there, each once.
    func add(
        _ rows: some Collection<Row>, to index: VectorIndex, for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) {
        var rest = Array(rows)[...]
        while !rest.isEmpty {
            let part = rest.prefix(Bounds.vectors)
            rest = rest.dropFirst(part.count)
            let input = SQLRows(part, { $0.chunk }, { $0.document }, { $0.vector.bytes })
            try await transaction.execute(
                "retrieval.vector.add",
                """
                WITH input(chunk_id, document_id, vector) AS (\(rows: input))
                INSERT INTO retrieval_vectors (tenant_id, index_id, chunk_id, document_id, version, vector)
                SELECT \(tenant), \(index.id), i.chunk_id, i.document_id, \(index.version), i.vector FROM input i
                WHERE EXISTS (SELECT 1 FROM retrieval_chunks c WHERE c.tenant_id = \(tenant) AND c.id = i.chunk_id)
                ON CONFLICT (tenant_id, index_id, chunk_id) DO NOTHING
                """)
        }
    }

    /// Removes a document's vectors from all indexes, and tells nodes that have them in memory.
    func remove(
        _ document: ID<Document>, from indexes: [VectorIndex], for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) {
        try await transaction.execute(
            "retrieval.vector.remove",
            "DELETE FROM retrieval_vectors WHERE tenant_id = \(tenant) AND document_id = \(document)")
        guard !indexes.isEmpty else { return }
        let input = SQLRows(indexes, { $0.id }, { $0.version })
        try await transaction.execute(
            "retrieval.vector.tell",
            """
            WITH input(index_id, version) AS (\(rows: input))
            INSERT INTO retrieval_removals (tenant_id, index_id, version, document_id, made_at)
            SELECT \(tenant), i.index_id, i.version, \(document), \(storage.now) FROM input i WHERE true
            ON CONFLICT (tenant_id, index_id, version, document_id) DO NOTHING
            """)
    }

    /// Removes a batch of a retired index's vectors; returns how many.
    func clear(_ index: ID<VectorIndex>, for tenant: Tenant, limit: Int) async throws(StorageError) -> Int {
        try await storage.writer(for: tenant).execute(
            "retrieval.vector.clear",
            """
            DELETE FROM retrieval_vectors WHERE tenant_id = \(tenant) AND index_id = \(index) AND chunk_id IN (
                SELECT chunk_id FROM retrieval_vectors WHERE tenant_id = \(tenant) AND index_id = \(index)
                ORDER BY chunk_id LIMIT \(limit))
            """)
    }

    func retired(in tenant: Tenant, collection: String) async throws(StorageError) -> [VectorIndex] {
        try await storage.reader(for: tenant).list(
            VectorIndex.self, "retrieval.index.retired",
            """
            SELECT \(sql: VectorIndex.columns) FROM retrieval_indexes
            WHERE tenant_id = \(tenant) AND collection = \(collection) AND state = 'retired' ORDER BY id
            """, limit: 100)
    }

    func drop(_ index: ID<VectorIndex>, for tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "retrieval.index.drop",
            """
            DELETE FROM retrieval_indexes WHERE tenant_id = \(tenant) AND id = \(index) AND state = 'retired'
            """)
    }

    // MARK: Reading

    private struct VectorRow: RowDecodable {
        var chunk: ID<Passage>
        var document: ID<Document>
        var vector: [UInt8]

        init(row: SQLRow) throws(StorageError) {
            chunk = try row.value(at: 0)
            document = try row.value(at: 1)
            vector = try row.value(at: 2)
        }
    }

    private struct RemovalRow: RowDecodable {
        var document: ID<Document>

        init(row: SQLRow) throws(StorageError) { document = try row.value(at: 0) }
    }

    /// Brings a set in memory to the version that the transaction sees: all of it for a new set, else what has changed.
    func bring(
        _ set: VectorSet?, of index: VectorIndex, upToDateFor tenant: Tenant, in transaction: ReadTransaction
    ) async throws -> VectorSet {
        if let set, set.version == index.version { return set }
        var known = set
        if let set {
            let gone = try await transaction.list(
                RemovalRow.self, "retrieval.vector.removed",
                """
                SELECT document_id FROM retrieval_removals
                WHERE tenant_id = \(tenant) AND index_id = \(index.id) AND version > \(set.version)
                ORDER BY version
                """, limit: Bounds.removals)
            if gone.count == Bounds.removals { known = nil } else { known?.remove(Set(gone.map(\.document))) }
        }
        var fresh = known ?? VectorSet(dimensions: index.dimensions, version: 0)
        let since = known == nil ? Int64(-1) : fresh.version
        try await transaction.stream(
            "retrieval.vector.load",
            """
            SELECT chunk_id, document_id, vector FROM retrieval_vectors
            WHERE tenant_id = \(tenant) AND index_id = \(index.id) AND version > \(since)
            """
        ) { chunk in
            var new: [(chunk: ID<Passage>, document: ID<Document>, vector: UnitVector)] = []
            new.reserveCapacity(chunk.rowCount)
            for place in 0..<chunk.rowCount {
                let row = try VectorRow(row: SQLRow(source: chunk, index: place))
                if let vector = UnitVector(stored: row.vector, dimensions: index.dimensions) {
                    new.append((row.chunk, row.document, vector))
                }
            }
            fresh.add(new)
        }
        fresh.version = index.version
        return fresh
    }

    /// The exact vectors of some passages.
    func vectors(
        of chunks: [ID<Passage>], in index: VectorIndex, for tenant: Tenant, through reader: some Reading
    ) async throws(StorageError) -> [ID<Passage>: UnitVector] {
        guard !chunks.isEmpty else { return [:] }
        let rows = try await reader.list(
            VectorRow.self, "retrieval.vector.read",
            """
            SELECT chunk_id, document_id, vector FROM retrieval_vectors
            WHERE tenant_id = \(tenant) AND index_id = \(index.id) AND chunk_id IN (\(rows: SQLRows(chunks)))
            """, limit: chunks.count)
        var vectors: [ID<Passage>: UnitVector] = [:]
        for row in rows { vectors[row.chunk] = UnitVector(stored: row.vector, dimensions: index.dimensions) }
        return vectors
    }
}
