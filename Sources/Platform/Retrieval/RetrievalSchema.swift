public import Storage

/// The module's part of the database.
public enum RetrievalSchema {
    /// How long removals are told to nodes that have vectors in memory: 7 days.
    ///
    /// Vectors that were not looked at for longer than ``VectorShelf/Bounds/lifetime`` are read anew.
    static let removalAge = Duration.seconds(7 * 86_400)

    /// Tables and their history.
    ///
    /// The index of words stands by itself on both engines, and the tenant and the collection stand in it as a word that
    /// each search asks for, so that they are a part of the search. It is no tenant's table: PostgreSQL uses no index of
    /// words under row-level security, since it does not trust the operator `@@` with rows of others. It gives ids only,
    /// which are then looked up behind that wall.
    public static let module = SchemaModule(
        name: "retrieval",
        tables: [
            TableDeclaration("retrieval_indexes"), TableDeclaration("retrieval_documents"),
            TableDeclaration("retrieval_chunks"), TableDeclaration("retrieval_vectors"),
            TableDeclaration("retrieval_removals", retention: .after(column: "made_at", age: removalAge)),
            TableDeclaration("retrieval_words", .system),
        ],
        migrations: [Migration(1, "documents, passages, vectors", first)])

    private static let first: [Migration.Step] = [
        .both(
            """
            CREATE TABLE retrieval_indexes (
                tenant_id uuid NOT NULL, id uuid NOT NULL, collection text NOT NULL, model text NOT NULL,
                dimensions bigint NOT NULL, is_sized boolean NOT NULL, state text NOT NULL CHECK (state IN ('live', 'building', 'retired')),
                version bigint NOT NULL, made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both(
            """
            CREATE UNIQUE INDEX retrieval_indexes_by_state
                ON retrieval_indexes (tenant_id, collection, state) WHERE state <> 'retired'
            """),
        .both(
            """
            CREATE TABLE retrieval_documents (
                tenant_id uuid NOT NULL, id uuid NOT NULL, collection text NOT NULL, title text NOT NULL,
                source text NOT NULL, passages bigint NOT NULL, made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX retrieval_documents_by_collection ON retrieval_documents (tenant_id, collection, id)"),
        .both(
            """
            CREATE TABLE retrieval_chunks (
                tenant_id uuid NOT NULL, id uuid NOT NULL, document_id uuid NOT NULL, collection text NOT NULL,
                number bigint NOT NULL, heading text NOT NULL, body text NOT NULL, starts_at bigint NOT NULL,
                ends_at bigint NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX retrieval_chunks_by_document ON retrieval_chunks (tenant_id, document_id, number)"),
        .both("CREATE INDEX retrieval_chunks_by_collection ON retrieval_chunks (tenant_id, collection, id)"),
        .both(
            """
            CREATE TABLE retrieval_vectors (
                tenant_id uuid NOT NULL, index_id uuid NOT NULL, chunk_id uuid NOT NULL, document_id uuid NOT NULL,
                version bigint NOT NULL, vector bytea NOT NULL,
                PRIMARY KEY (tenant_id, index_id, chunk_id))
            """),
        .both("CREATE INDEX retrieval_vectors_by_version ON retrieval_vectors (tenant_id, index_id, version)"),
        .both("CREATE INDEX retrieval_vectors_by_document ON retrieval_vectors (tenant_id, document_id)"),
        .both(
            """
            CREATE TABLE retrieval_removals (
                tenant_id uuid NOT NULL, index_id uuid NOT NULL, version bigint NOT NULL, document_id uuid NOT NULL,
                made_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, index_id, version, document_id))
            """),
        .both("CREATE INDEX retrieval_removals_by_age ON retrieval_removals (made_at)"),
        .sqlite(
            "CREATE VIRTUAL TABLE retrieval_words USING fts5(owner, body, chunk UNINDEXED, tokenize = 'unicode61')"),
        .postgres("CREATE TABLE retrieval_words (chunk_id uuid NOT NULL PRIMARY KEY, words tsvector NOT NULL)"),
        .postgres("CREATE INDEX retrieval_words_by_word ON retrieval_words USING gin (words)"),
    ]
}
