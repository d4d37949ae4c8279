public import AIProviders
public import Base
public import Storage

/// Documents of tenants, found again by what they mean and by their words.
///
/// ```swift
/// try await retrieval.add(DocumentDraft(id, title: "Opening hours", text: text), to: "inbox.knowledge", for: tenant)
/// let passages = try await retrieval.search("When do you open?", in: "inbox.knowledge", for: tenant, limit: 5)
/// ```
///
/// A collection belongs to one tenant, and so does each search: what is looked through is the tenant's alone, so a search
/// gives exactly as many passages as were asked for, or all there are. What was removed is not found by any search that
/// begins after the removal returned, on any node. A collection's vectors are of one model, with which questions are
/// asked too; another model means another index, which ``rebuild(_:for:under:)`` fills beside the first.
public final class Retrieval: Sendable {
    /// The bounds of retrieval.
    public enum Bounds {
        /// Passages of one search.
        public static let limit = 100
        /// Bytes of a question.
        public static let questionBytes = 4_000
        /// Bytes of a collection's name.
        public static let collectionBytes = 100
        /// Candidates by codes for each passage that is asked for, and at least so many.
        static let candidatesPerPassage = 8
        static let candidatesMin = 64
        /// How often a change is made again when the collection's indexes change meanwhile.
        static let attempts = 4
        /// Passages of one step of a new index.
        static let rebuilt = 256
        static let cleared = 1_000
    }

    let storage: Storage
    let models: AIModels
    let options: RetrievalOptions
    let documents: DocumentStore
    let indexes: IndexStore
    let shelf: VectorShelf
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Opens the collections of a database.
    ///
    /// - Parameters:
    ///   - storage: the database.
    ///   - models: turn texts into vectors.
    ///   - clock: the time.
    ///   - randomness: makes ids.
    ///   - options: how documents are cut and vectors kept.
    public init(
        storage: Storage, models: AIModels, clock: any WallClock, randomness: any Randomness,
        _ options: RetrievalOptions = RetrievalOptions()
    ) {
        self.storage = storage
        self.models = models
        self.options = options
        self.clock = clock
        self.randomness = randomness
        documents = DocumentStore(storage: storage)
        indexes = IndexStore(storage: storage)
        shelf = VectorShelf(bytesMax: options.memoryBytes, clock: clock)
    }

    func makeID<Entity>(_ type: Entity.Type = Entity.self) -> ID<Entity> { ID(at: clock.now(), using: randomness) }

    static func check(_ collection: String) throws(RetrievalError) {
        guard (1...Bounds.collectionBytes).contains(collection.utf8.count), !collection.utf8.contains(0) else {
            throw RetrievalError(
                .queryInvalid,
                "A collection's name has \(collection.utf8.count) bytes; 1 to \(Bounds.collectionBytes) are possible.")
        }
    }

    // MARK: Documents

    /// Takes a document, or replaces the one of the same id, with all its passages and their vectors at once.
    ///
    /// Vectors are made before the transaction, in groups; a search sees the old document until the commit and the new one
    /// after it, never a part.
    ///
    /// - Parameters:
    ///   - document: what is taken.
    ///   - collection: into which; it begins with its first document.
    ///   - tenant: whose.
    ///   - budgets: what the vectors are charged to.
    /// - Returns: the document as it stands.
    /// - Throws: ``RetrievalError``; `AIError`; `StorageError`; `CancellationError`.
    @discardableResult
    public func add(
        _ document: DocumentDraft, to collection: String, for tenant: Tenant, under budgets: [AIBudget] = []
    ) async throws -> Document {
        try Self.check(collection)
        let chunks = Chunker(size: options.passageSize, overlap: options.passageOverlap).chunks(of: document.text)
        let rows = chunks.enumerated().map { number, chunk in
            DocumentStore.Row(
                id: makeID(), number: number, chunk: chunk,
                folded: SearchWords.folded(chunk.heading + " " + chunk.text))
        }
        for _ in 0..<Bounds.attempts {
            let open = try await openIndexes(of: collection, for: tenant, under: budgets)
            var vectors: [ID<VectorIndex>: [UnitVector]] = [:]
            for index in open {
                vectors[index.id] = try await embed(
                    rows.map { Self.meant($0.chunk.heading, $0.chunk.text) }, by: index, tenant, budgets)
            }
            let made = vectors
            let isDone = try await storage.write(for: tenant) { transaction in
                let raised = try await indexes.raise(collection, for: tenant, in: transaction)
                // An index that came or went meanwhile has no vectors here: they are made first.
                guard Set(raised.map(\.id)) == Set(made.keys) else { return false }
                if try await documents.remove(document.id, from: collection, for: tenant, in: transaction) {
                    try await indexes.remove(document.id, from: raised, for: tenant, in: transaction)
                }
                try await documents.insert(document, rows, into: collection, for: tenant, in: transaction)
                for index in raised {
                    let entries = zip(rows, made[index.id] ?? []).map { row, vector in
                        IndexStore.Row(chunk: row.id, document: document.id, vector: vector)
                    }
                    try await indexes.add(entries, to: index, for: tenant, in: transaction)
                }
                return true
            }
            if isDone {
                return Document(
                    id: document.id, title: document.title, source: document.source, passages: rows.count,
                    madeAt: clock.now())
            }
        }
        throw RetrievalError(.contended, "The collection's indexes were changed again and again: try later.")
    }

    /// Removes a document; what begins to search after this has returned does not find it, on any node.
    ///
    /// - Returns: whether it was there.
    /// - Throws: ``RetrievalError``; `StorageError`.
    @discardableResult
    public func remove(_ id: ID<Document>, from collection: String, for tenant: Tenant) async throws -> Bool {
        try Self.check(collection)
        return try await storage.write(for: tenant) { transaction in
            let raised = try await indexes.raise(collection, for: tenant, in: transaction)
            let isThere = try await documents.remove(id, from: collection, for: tenant, in: transaction)
            if isThere { try await indexes.remove(id, from: raised, for: tenant, in: transaction) }
            return isThere
        }
    }

    /// A page of a collection's documents, by their ids.
    public func documents(
        of collection: String, in tenant: Tenant, after cursor: Cursor? = nil, limit: Int = 50
    ) async throws(StorageError) -> Page<Document> {
        try await documents.page(of: collection, in: tenant, after: cursor, limit: limit)
    }

    /// What a model is given of a passage: its heading tells what it is about.
    static func meant(_ heading: String, _ text: String) -> String {
        heading.isEmpty ? text : heading + "\n" + text
    }

    /// The indexes that a change must reach; makes the first one.
    private func openIndexes(
        of collection: String, for tenant: Tenant, under budgets: [AIBudget]
    ) async throws -> [VectorIndex] {
        let reader = storage.reader(for: tenant)
        let open = try await indexes.open(collection, in: tenant, through: reader)
        if open.contains(where: { $0.state == .live }) { return open }
        guard let model = models.embeddingModel else {
            throw AIError(.unsupported, "No model for embeddings is set: see ai.embedding.")
        }
        let index = VectorIndex(
            id: makeID(), model: model.description,
            dimensions: try await dimensions(of: model, for: tenant, under: budgets),
            isSized: models.embeddingDimensions != nil, state: .live)
        try await indexes.make(index, of: collection, for: tenant)
        return try await indexes.open(collection, in: tenant, through: reader)
    }

    /// How many numbers a model's vectors have: as set, or as it gives.
    func dimensions(
        of model: ModelName, for tenant: Tenant, under budgets: [AIBudget]
    ) async throws -> Int {
        if let dimensions = models.embeddingDimensions { return dimensions }
        return try await models.embed(["dimensions"], for: tenant, under: budgets).first?.count ?? 0
    }

    /// Vectors of an index's own model.
    func embed(
        _ texts: [String], by index: VectorIndex, _ tenant: Tenant, _ budgets: [AIBudget]
    ) async throws -> [UnitVector] {
        guard let name = ModelName(index.model) else {
            throw AIError(.settingInvalid, "An index names no model: \(index.model.count) characters.")
        }
        var vectors: [UnitVector] = []
        vectors.reserveCapacity(texts.count)
        var rest = texts[...]
        while !rest.isEmpty {
            let part = rest.prefix(AIModels.Bounds.texts)
            rest = rest.dropFirst(part.count)
            for vector in try await models.embed(
                Array(part), with: (name, index.isSized ? index.dimensions : nil), for: tenant,
                under: budgets)
            {
                guard vector.count == index.dimensions else {
                    throw AIError(
                        .unreadable,
                        "\(name) gave \(vector.count) numbers for an index of \(index.dimensions): rebuild it.")
                }
                vectors.append(UnitVector(vector))
            }
        }
        return vectors
    }
}

extension Document {
    init(id: ID<Document>, title: String, source: String, passages: Int, madeAt: Timestamp) {
        self.id = id
        self.title = title
        self.source = source
        self.passages = passages
        self.madeAt = madeAt
    }
}
