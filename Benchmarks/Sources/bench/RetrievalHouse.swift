import AIProviders
import Base
import Coordination
import Foundation
import Logging
import Retrieval
import Storage
import StoragePostgres
import Telemetry

/// The service as products use it: fifty tenants in one PostgreSQL, whose vectors are read from there, searched one tenant at
/// a time.
///
/// A passage says which row of the benchmark's vectors it is, and a model that knows them all turns it into that row.
struct RetrievalHouse: Sendable {
    /// Tenants beside the one that is measured, and passages of each.
    static let (others, othersPassages) = (49, 1_000)
    private static let collection = "bench"
    /// Passages of a document: all of even rows, or all of odd ones, so that half of them can be deleted.
    private static let documentPassages = 1_000

    private let driver: PostgresStorage
    private let retrieval: Retrieval
    private let count: Int

    /// A model whose vectors are the rows of a file.
    private struct Rows: AIProvider {
        let name = "rows"
        let isStandIn = true
        let embeddingBounds = EmbeddingBounds(texts: 512, bytes: 1 << 20, textBytes: 4_096)
        let dimensions: Int
        let passages: [Float]
        let questions: [Float]

        func chat(
            _ request: ChatRequest, with model: String, _ receive: (String) async throws -> Void
        ) async throws -> ChatEnd {
            throw AIError(.unsupported, "Rows of numbers say nothing.")
        }

        func embed(_ texts: [String], with model: String, dimensions: Int?) async throws(AIError) -> EmbeddingAnswer {
            let vectors = texts.map { text -> [Float] in
                let number = Int(text.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
                let rows = text.lowercased().hasPrefix("q") ? questions : passages
                return Array(rows[(number * self.dimensions)..<((number + 1) * self.dimensions)])
            }
            return EmbeddingAnswer(vectors: vectors, usage: nil)
        }
    }

    /// Opens the service on a new database.
    init(count: Int, dimensions: Int, passages: [Float], questions: [Float]) async throws {
        self.count = count
        let clock = SystemClock()
        let randomness = SystemRandomness()
        driver = try PostgresStorage(
            url: Secret(try BenchDatabase("bench_retrieval").url), clock: clock, randomness: randomness,
            logger: Logger(label: "bench"))
        let modules = [RetrievalSchema.module, AIProvidersSchema.module]
        try await Migrator(driver: driver, modules: modules, clock: clock).run()
        let storage = Storage(
            driver: driver, modules: modules, cursorKey: Secret(Array(repeating: 7, count: 32)), clock: clock,
            randomness: randomness)
        let name = ModelName(provider: "rows", model: "rows")
        let models = try AIModels(
            [Rows(dimensions: dimensions, passages: passages, questions: questions)], chat: [name], embedding: name,
            storage: storage, bus: InProcessBus(), clock: clock, randomness: randomness, events: .silent())
        // One task a search, as the peers have one core.
        retrieval = Retrieval(
            storage: storage, models: models, clock: clock, randomness: randomness, RetrievalOptions(parts: 1))
    }

    func close() async { await driver.shutdown() }

    private static func tenant(_ number: Int) -> Tenant { Tenant(ID(high: 0xBE, low: UInt64(number + 1))) }

    /// Ids of documents name their tenant and whether their rows are even.
    private static func document(_ tenant: Int, _ number: Int, isOdd: Bool) -> ID<Document> {
        ID(high: UInt64(tenant + 1) << 32 | (isOdd ? 1 : 0), low: UInt64(number))
    }

    /// Adds everything: the first tenant's passages, and the first rows once more for each of the others, so that a filter
    /// that leaks finds the same passages again.
    func fill() async throws {
        for tenant in 0...Self.others {
            let count = tenant == 0 ? count : min(count, Self.othersPassages)
            for isOdd in [false, true] {
                let rows = Array(stride(from: isOdd ? 1 : 0, to: count, by: 2))
                for start in stride(from: 0, to: rows.count, by: Self.documentPassages) {
                    let some = rows[start..<min(start + Self.documentPassages, rows.count)]
                    let text = some.map { "# P\($0)\n\n" }.joined()
                    try await retrieval.add(
                        DocumentDraft(
                            Self.document(tenant, start, isOdd: isOdd), title: "Rows",
                            text: try DocumentText(text, as: .markdown)), to: Self.collection, for: Self.tenant(tenant))
                }
            }
        }
    }

    /// Removes all documents of even rows of the first tenant.
    func removeHalf() async throws {
        let rows = (count + 1) / 2
        for start in stride(from: 0, to: rows, by: Self.documentPassages) {
            guard
                try await retrieval.remove(
                    Self.document(0, start, isOdd: false), from: Self.collection, for: Self.tenant(0))
            else { throw Impossible("document \(start) was not there to be removed") }
        }
    }

    /// The rows that are nearest to a question; everything that is found is the tenant's, and as many as there are.
    func search(_ question: Int, limit: Int, for tenant: Int = 0) async throws -> Set<UInt32> {
        let found = try await retrieval.search(
            "Q\(question)", in: Self.collection, for: Self.tenant(tenant), limit: limit, by: .meaning)
        guard found.count == limit else { throw Impossible("\(found.count) passages where there are \(limit)") }
        guard found.allSatisfy({ $0.document.high >> 32 == UInt64(tenant + 1) }) else {
            throw Impossible("a passage of another tenant was found")
        }
        return Set(found.compactMap { UInt32($0.heading.dropFirst()) })
    }
}
