public import AIProviders
public import Base
import Storage

extension Retrieval {
    /// What a step of ``Retrieval/rebuild(_:for:under:)`` has come to.
    public enum Progress: Sendable, Hashable {
        /// The collection's index is of the set model: nothing is left to do.
        case done
        /// This many passages were turned; there may be more.
        case turned(Int)
    }

    /// Moves a collection to the set embedding model: an index of it is filled beside the one that searches use, and takes
    /// its place once it is complete.
    ///
    /// Goes on where an earlier call ended. Searches use the old index meanwhile, with the old model for questions, and
    /// documents go to both.
    ///
    /// - Parameters:
    ///   - collection: which.
    ///   - tenant: whose.
    ///   - budgets: what the vectors are charged to.
    /// - Throws: ``RetrievalError``; `AIError`; `StorageError`; `CancellationError`. What was turned stays.
    public func rebuild(_ collection: String, for tenant: Tenant, under budgets: [AIBudget] = []) async throws {
        // Each step goes on behind the last one's passages, so that those that are there already are looked at once.
        var last = ID<Passage>(high: 0, low: 0)
        while try await step(collection, after: &last, for: tenant, under: budgets) != .done {
            try Task.checkCancellation()
        }
    }

    /// One step of ``rebuild(_:for:under:)``, for a job that is to be short: at most 256 passages.
    public func rebuildStep(
        _ collection: String, for tenant: Tenant, under budgets: [AIBudget] = []
    ) async throws -> Progress {
        var last = ID<Passage>(high: 0, low: 0)
        return try await step(collection, after: &last, for: tenant, under: budgets)
    }

    private func step(
        _ collection: String, after last: inout ID<Passage>, for tenant: Tenant, under budgets: [AIBudget]
    ) async throws -> Progress {
        try Self.check(collection)
        guard let model = models.embeddingModel else {
            throw AIError(.unsupported, "No model for embeddings is set: see ai.embedding.")
        }
        let reader = storage.reader(for: tenant)
        let open = try await indexes.open(collection, in: tenant, through: reader)
        guard let live = open.first(where: { $0.state == .live }) else { return .done }
        let dimensions = try await dimensions(of: model, for: tenant, under: budgets)
        func isOfModel(_ index: VectorIndex) -> Bool {
            index.model == model.description && index.dimensions == dimensions
        }
        let building = open.first { $0.state == .building }
        if let building, !isOfModel(building) || isOfModel(live) {
            // Begun for a model that is no longer wanted.
            try await retire(building, of: collection, for: tenant)
            return .turned(0)
        }
        if isOfModel(live) { return try await clear(collection, for: tenant) ? .turned(0) : .done }
        guard let building else {
            let index = VectorIndex(
                id: makeID(), model: model.description, dimensions: dimensions,
                isSized: models.embeddingDimensions != nil, state: .building)
            try await indexes.make(index, of: collection, for: tenant)
            return .turned(0)
        }
        let missing = try await documents.missing(
            in: building.id, of: collection, after: last, for: tenant, limit: Bounds.rebuilt, through: reader)
        let isFromStart = last == ID(high: 0, low: 0)
        last = missing.last?.id ?? ID(high: 0, low: 0)
        guard !missing.isEmpty else {
            // Documents that came meanwhile may have passages in front of those that were looked at.
            guard isFromStart else { return .turned(0) }
            try await switchOver(from: live, to: building, of: collection, for: tenant)
            return .turned(0)
        }
        let vectors = try await embed(missing.map { Self.meant($0.heading, $0.text) }, by: building, tenant, budgets)
        let rows = zip(missing, vectors).map { IndexStore.Row(chunk: $0.id, document: $0.document, vector: $1) }
        try await storage.write(for: tenant) { transaction in
            let raised = try await indexes.raise(collection, for: tenant, in: transaction)
            guard let index = raised.first(where: { $0.id == building.id }) else { return }
            try await indexes.add(rows, to: index, for: tenant, in: transaction)
        }
        return .turned(missing.count)
    }

    /// Puts a complete index in the place of the live one, unless a passage came meanwhile that it does not have.
    private func switchOver(
        from live: VectorIndex, to building: VectorIndex, of collection: String, for tenant: Tenant
    ) async throws {
        try await storage.write(for: tenant) { transaction in
            // The indexes' rows are locked from here on, and every change of the collection takes them first.
            let raised = try await indexes.raise(collection, for: tenant, in: transaction)
            guard Set(raised.map(\.id)) == [live.id, building.id] else { return }
            let missing = try await documents.missing(
                in: building.id, of: collection, after: ID(high: 0, low: 0), for: tenant, limit: 1,
                through: transaction)
            guard missing.isEmpty else { return }
            try await indexes.setState(.retired, of: live.id, for: tenant, in: transaction)
            try await indexes.setState(.live, of: building.id, for: tenant, in: transaction)
        }
    }

    private func retire(_ index: VectorIndex, of collection: String, for tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            _ = try await indexes.raise(collection, for: tenant, in: transaction)
            try await indexes.setState(.retired, of: index.id, for: tenant, in: transaction)
        }
    }

    /// Removes a batch of what retired indexes have left; whether there may be more.
    private func clear(_ collection: String, for tenant: Tenant) async throws -> Bool {
        guard let index = try await indexes.retired(in: tenant, collection: collection).first else { return false }
        if try await indexes.clear(index.id, for: tenant, limit: Bounds.cleared) == 0 {
            try await indexes.drop(index.id, for: tenant)
        }
        return true
    }
}
