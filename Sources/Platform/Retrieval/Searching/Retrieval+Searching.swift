public import AIProviders
public import Base
import Storage

extension Retrieval {
    /// What a search goes by.
    public enum Way: String, Sendable, Hashable, CaseIterable {
        /// By meaning and by words, joined by rank.
        case both
        /// By meaning alone.
        case meaning
        /// By words alone, without a model.
        case words
    }

    /// Finds the passages that answer a question best.
    ///
    /// Five statements: the index, its version with what has changed since this node looked, the words, the vectors of the
    /// candidates for an exact order, and the passages. The last four see one state.
    ///
    /// - Parameters:
    ///   - question: what is looked for, 1 to ``Bounds/questionBytes``.
    ///   - collection: where.
    ///   - tenant: whose.
    ///   - limit: how many, 1 to ``Bounds/limit``.
    ///   - way: what it goes by. Defaults to both.
    ///   - threshold: passages whose similarity is less are not given; `nil` for all. Not where the search is by words.
    ///   - budgets: what the question's vector is charged to.
    /// - Returns: the best first: exactly `limit`, or all there are; by words, all that have one of them.
    /// - Throws: ``RetrievalError``; `AIError`, `ai.unsupported` when the provider of the collection's model is not set up;
    ///   `StorageError`; `CancellationError`.
    public func search(
        _ question: String, in collection: String, for tenant: Tenant, limit: Int, by way: Way = .both,
        atLeast threshold: Float? = nil, under budgets: [AIBudget] = []
    ) async throws -> [Passage] {
        try Self.check(collection)
        guard (1...Bounds.questionBytes).contains(question.utf8.count) else {
            throw RetrievalError(
                .queryInvalid,
                "The question has \(question.utf8.count) bytes; 1 to \(Bounds.questionBytes) are possible.")
        }
        guard (1...Bounds.limit).contains(limit) else {
            throw RetrievalError(.queryInvalid, "\(limit) passages; 1 to \(Bounds.limit) are possible.")
        }
        let words = SearchWords(question)
        if way == .words {
            return try await storage.read(for: tenant) { transaction in
                let matches = try await documents.matches(
                    words, in: collection, for: tenant, limit: limit, through: transaction)
                return try await cite(RankFusion.scores([matches]), [:], limit, tenant, transaction)
            }
        }
        for _ in 0..<Bounds.attempts {
            guard let index = try await indexes.live(collection, in: tenant, through: storage.reader(for: tenant))
            else { return [] }
            let asked = try await embed([question], by: index, tenant, budgets)[0]
            let found: [Passage]? = try await storage.read(for: tenant) { transaction in
                guard let now = try await indexes.live(collection, in: tenant, through: transaction) else { return [] }
                // Another model's index has taken the place of the one that the question was turned for.
                guard now.id == index.id else { return nil }
                return try await find(
                    asked, way == .both ? words : nil, in: collection, now, tenant, limit: limit, threshold,
                    transaction)
            }
            if let found { return found }
        }
        throw RetrievalError(.contended, "The collection's indexes were changed again and again: try later.")
    }

    private func find(
        _ asked: UnitVector, _ words: SearchWords?, in collection: String, _ index: VectorIndex, _ tenant: Tenant,
        limit: Int, _ threshold: Float?, _ transaction: ReadTransaction
    ) async throws -> [Passage] {
        let set = try await shelf.set(of: index, for: tenant, from: indexes, in: transaction)
        let wanted = max(Bounds.candidatesMin, limit * Bounds.candidatesPerPassage)
        let near = await set.candidates(for: asked, count: wanted, parts: options.parts)
        let matches =
            if let words {
                try await documents.matches(
                    words, in: collection, for: tenant, limit: wanted, through: transaction)
            } else { [ID<Passage>]() }
        let exact = try await indexes.vectors(
            of: Array(Set(near).union(matches)), in: index, for: tenant, through: transaction)
        var similarities = exact.mapValues { $0.similarity(to: asked) }
        if let threshold { similarities = similarities.filter { $0.value >= threshold } }
        let ranked = near.filter { similarities[$0] != nil }.sorted { left, right in
            let (first, second) = (similarities[left] ?? -1, similarities[right] ?? -1)
            return first == second ? left < right : first > second
        }
        let scores = RankFusion.scores([ranked, matches.filter { similarities[$0] != nil }])
        return try await cite(scores, similarities, limit, tenant, transaction)
    }

    /// The best by score, with their texts.
    private func cite(
        _ scores: [ID<Passage>: Double], _ similarities: [ID<Passage>: Float], _ limit: Int, _ tenant: Tenant,
        _ transaction: ReadTransaction
    ) async throws -> [Passage] {
        let best = scores.sorted { left, right in
            if left.value != right.value { return left.value > right.value }
            let (first, second) = (similarities[left.key] ?? -1, similarities[right.key] ?? -1)
            return first == second ? left.key < right.key : first > second
        }.prefix(limit)
        let rows = try await documents.passages(best.map(\.key), for: tenant, through: transaction)
        return best.compactMap { id, score in
            rows[id].map { row in
                Passage(
                    id: id, document: row.document, title: row.title, source: row.source, heading: row.heading,
                    text: row.text, range: row.range, similarity: similarities[id], score: score)
            }
        }
    }
}
