public import Base
import Storage
import Telemetry

extension AIModels {
    /// The model that makes vectors; `nil` when there is none.
    public var embeddingModel: ModelName? { embedder?.name }

    /// How many numbers its vectors are asked to have; `nil` for the model's own.
    public var embeddingDimensions: Int? { dimensions }

    /// Turns texts into vectors of one model.
    ///
    /// A text that was turned within the last hour costs nothing, one that another task is turning is waited for, and the
    /// others go to the vendor in groups as large as it takes.
    ///
    /// - Parameters:
    ///   - texts: at most ``Bounds/texts``; none empty, none longer than the vendor takes. Spaces and composed characters
    ///     are made alike before.
    ///   - model: another model than the set one, with its dimensions, such as that of an index that was made before.
    ///     Defaults to the set one.
    ///   - tenant: for whom.
    ///   - budgets: what those that must be made are charged to, at most 8.
    /// - Returns: one vector for each text, in their order.
    /// - Throws: ``AIError``; `ai.unsupported` when no model is set, or the other one's provider is not there;
    ///   `CancellationError`; `StorageError`.
    public func embed(
        _ texts: [String], with model: (name: ModelName, dimensions: Int?)? = nil, for tenant: Tenant,
        under budgets: [AIBudget] = []
    ) async throws -> [[Float]] {
        guard let embedder = model.map({ choice(of: $0.name) }) ?? embedder else {
            throw AIError(
                .unsupported,
                model.map { "\($0.name) is of a provider that is not set up." }
                    ?? "No model for embeddings is set: see ai.embedding.")
        }
        let dimensions = model.map(\.dimensions) ?? dimensions
        let bounds = embedder.line.provider.embeddingBounds
        let texts = texts.map(EmbeddingDesk.normalised)
        guard texts.count <= Bounds.texts else {
            throw AIError(.requestInvalid, "\(texts.count) texts at once; \(Bounds.texts) are possible.")
        }
        for (place, text) in texts.enumerated() where text.isEmpty || text.utf8.count > bounds.textBytes {
            throw AIError(
                .requestInvalid,
                "Text \(place + 1) has \(text.utf8.count) bytes; 1 to \(bounds.textBytes) are possible.")
        }
        let keys = texts.map { vectors.key($0, of: embedder.name, dimensions, in: tenant) }
        var found: [EmbeddingDesk.Key: [Float]] = [:]
        var textOf: [EmbeddingDesk.Key: String] = [:]
        for (key, text) in zip(keys, texts) { textOf[key] = text }
        while found.count < textOf.count {
            let open = textOf.keys.filter { found[$0] == nil }
            var (mine, coming): ([EmbeddingDesk.Key], [EmbeddingDesk.Key]) = ([], [])
            for (key, finding) in zip(open, vectors.take(open)) {
                switch finding {
                case .known(let vector): found[key] = vector
                case .coming: coming.append(key)
                case .mine: mine.append(key)
                }
            }
            let made = try await make(mine, textOf, by: embedder, dimensions, for: tenant, BudgetDesk(budgets))
            found.merge(made) { $1 }
            // One that another task has given up is taken in the next round.
            for key in coming { if let vector = try await vectors.wait(for: key) { found[key] = vector } }
        }
        return keys.map { found[$0] ?? [] }
    }

    /// Makes vectors in groups, and tells all who wait, whatever becomes of it.
    private func make(
        _ keys: [EmbeddingDesk.Key], _ texts: [EmbeddingDesk.Key: String], by embedder: Choice, _ dimensions: Int?,
        for tenant: Tenant, _ desk: BudgetDesk
    ) async throws -> [EmbeddingDesk.Key: [Float]] {
        guard !keys.isEmpty else { return [:] }
        var made: [EmbeddingDesk.Key: [Float]] = [:]
        defer { for key in keys where made[key] == nil { vectors.deliver(nil, for: key) } }
        let groups = Self.groups(keys, texts, embedder.line.provider.embeddingBounds)
        for group in groups {
            let answer = try await charge(
                group.map { texts[$0] ?? "" }, by: embedder, dimensions, for: tenant, desk)
            for (key, vector) in zip(group, answer.vectors) {
                made[key] = vector
                vectors.deliver(vector, for: key)
            }
        }
        return made
    }

    /// Keys in groups that each fit into one call.
    private static func groups(
        _ keys: [EmbeddingDesk.Key], _ texts: [EmbeddingDesk.Key: String], _ bounds: EmbeddingBounds
    ) -> [[EmbeddingDesk.Key]] {
        var groups: [[EmbeddingDesk.Key]] = []
        var bytes = 0
        for key in keys {
            let size = texts[key]?.utf8.count ?? 0
            if groups.isEmpty || bytes + size > bounds.bytes || groups[groups.count - 1].count == bounds.texts {
                groups.append([])
                bytes = 0
            }
            groups[groups.count - 1].append(key)
            bytes += size
        }
        return groups
    }

    /// One call: reserved before, settled after, freed when it fails.
    private func charge(
        _ texts: [String], by embedder: Choice, _ dimensions: Int?, for tenant: Tenant, _ desk: BudgetDesk
    ) async throws -> EmbeddingAnswer {
        let id = storage.makeID(Answer.self)
        let price = try knownPrice(of: embedder, isNeeded: desk.countsMoney)
        let ask = BudgetDesk.Ask(
            id: id, tenant: tenant, input: TokenEstimate.bound(texts, bytesPerToken: options.bytesPerToken), output: 0,
            price: price, ttl: options.holdTime, note: embedder.name.description)
        if !desk.isEmpty {
            _ = try await storage.write(for: tenant) { try await desk.reserve(ask, in: $0) }
        }
        let start = clock.uptime()
        do {
            let answer = try await embedder.line.run {
                try await embedder.line.provider.embed(
                    texts, with: embedder.name.model, dimensions: dimensions)
            }
            let usage = answer.usage ?? TokenUsage(input: texts.reduce(0) { $0 + TokenEstimate.count($1) })
            Cost.current?.add(usage.total, to: .tokens)
            Cost.current?.add(price.cost(of: usage), to: .money)
            if !desk.isEmpty {
                try await Self.uncancelled { [storage] in
                    try await storage.write(for: tenant) {
                        try await desk.settle(id, usage: usage, at: price, for: tenant, in: $0)
                    }
                }
            }
            return answer
        } catch {
            failed(embedder, error, took: clock.uptime() - start)
            if !desk.isEmpty {
                try await Self.uncancelled { [storage] in
                    try await storage.write(for: tenant) { try await desk.release(id, for: tenant, in: $0) }
                }
            }
            throw error
        }
    }
}
