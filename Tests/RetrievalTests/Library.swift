import AIProviders
import AIProvidersTestKit
import Base
import BaseTestKit
import Coordination
import Limits
import Logging
import Outbound
import OutboundTestKit
import Storage
import StorageTestKit
import Telemetry

@testable import Retrieval

/// Collections on a database of their own, with the stand-in as the model.
struct Library: Sendable {
    static let collection = "test.knowledge"

    let storage: Storage
    let models: AIModels
    let retrieval: Retrieval
    let tenant = Tenant(ID(high: 1, low: 1))
    let other = Tenant(ID(high: 2, low: 2))

    static func lease(_ backend: Backend, clock: any WallClock = SystemClock()) async throws -> Storage {
        try await backend.lease(
            modules: [LimitsSchema.module, AIProvidersSchema.module, RetrievalSchema.module], clock: clock)
    }

    /// Over a storage that nodes may share, with the stand-in's model of this name and length.
    init(
        on storage: Storage, dimensions: Int? = 64, model: String = "words",
        providers: [any AIProvider] = [LocalModel()],
        embedding: ModelName? = nil, options: RetrievalOptions = RetrievalOptions()
    ) throws {
        let clock = SystemClock()
        let events = EventLog(logger: Logger(label: "test"), metrics: MetricRegistry(), clock: clock)
        self.storage = storage
        models = try AIModels(
            providers, chat: [ModelName(provider: "local", model: "stand-in")],
            embedding: embedding ?? ModelName(provider: "local", model: model), dimensions: dimensions,
            storage: storage, bus: InProcessBus(), clock: clock, randomness: SystemRandomness(), events: events)
        retrieval = Retrieval(
            storage: storage, models: models, clock: clock, randomness: SystemRandomness(), options)
    }

    func id(_ number: UInt64) -> ID<Document> { ID(high: 5, low: number) }

    func add(_ number: UInt64, _ text: String, title: String = "", for tenant: Tenant? = nil) async throws {
        try await retrieval.add(
            DocumentDraft(id(number), title: title, text: try DocumentText(text, as: .markdown)), to: Self.collection,
            for: tenant ?? self.tenant)
    }

    func search(
        _ question: String, limit: Int = 5, by way: Retrieval.Way = .both, atLeast threshold: Float? = nil,
        for tenant: Tenant? = nil
    ) async throws -> [Passage] {
        try await retrieval.search(
            question, in: Self.collection, for: tenant ?? self.tenant, limit: limit, by: way, atLeast: threshold)
    }
}
