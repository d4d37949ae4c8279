import AIProviders
import Base
import BaseTestKit
import Coordination
import Outbound
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Hosting

@Suite(.databases) struct ModelSettingsTests {
    private func models(_ values: [String: String]) async throws -> AIModels {
        let clock = SimClock()
        let events = EventLog.silent(clock: clock)
        return try ModelSettings.models(
            try Settings(ModelSettings.all) { values[$0.key] },
            storage: try await Backend.sqlite.lease(modules: [AIProvidersSchema.module], clock: clock),
            bus: InProcessBus(), outbound: OutboundClient(clock: clock, events: events), clock: clock,
            randomness: SeededRandomness(seed: 1), events: events)
    }

    @Test func `without any setting a stand-in answers, and says so`() async throws {
        let models = try await models([:])
        #expect(models.isStandIn)
        #expect(models.embeddingModel?.description == "local:words" && models.embeddingDimensions == nil)
        let tenant = Tenant(ID(high: 1, low: 1))
        let request = ChatRequest([ChatMessage(.user, "What is sold?")], system: "Bicycles are sold here.")
        let outcome = try await models.chat(request, as: ID(high: 1, low: 2), for: tenant) { _ in }
        #expect(outcome.isStandIn && outcome.money == 0)
    }

    @Test func `a provider is there when its key is set, and models are asked in their order`() async throws {
        let models = try await models([
            "ai.chat": "anthropic:c-1, openai:o-1,compatible:v-1", "ai.embedding": "openai:e-1", "ai.dimensions": "256",
            "ai.openaiKey": "k-1", "ai.anthropicKey": "k-2", "ai.compatibleAddress": "http://10.0.0.1:8000/v1",
            "ai.prices": "openai:o-1@2026-01-01=1/2",
        ])
        #expect(models.chatModels.map(\.description) == ["anthropic:c-1", "openai:o-1", "compatible:v-1"])
        #expect(!models.isStandIn && models.embeddingDimensions == 256)
    }

    @Test(arguments: [
        (["ai.chat": "openai:o-1"], "openai"), (["ai.chat": "nothing"], "ai.chat"), (["ai.chat": ","], "ai.chat"),
        (["ai.embedding": "words"], "ai.embedding"), (["ai.prices": "openai:o-1=1/2"], "ai.prices"),
        (["ai.compatibleAddress": "ftp://x"], "ai.compatibleAddress"),
    ])
    func `a setting that cannot be used ends the start with its name, never its value`(
        values: [String: String], named: String
    ) async throws {
        let error = await #expect(throws: HostingError.self) { _ = try await models(values) }
        #expect(error?.code == .invalidSetting)
        #expect(error?.message.contains(named) == true)
    }
}
