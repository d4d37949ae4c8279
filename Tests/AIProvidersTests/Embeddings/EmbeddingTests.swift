import AIProvidersTestKit
import Base
import BaseTestKit
import Limits
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import AIProviders

@Suite(.databases) struct EmbeddingTests {
    @Test(arguments: ScriptedModel.VectorForm.allCases)
    func `vectors belong to their texts however they are sent`(form: ScriptedModel.VectorForm) async throws {
        try await ScriptedModel.run(vectors: form) { vendor in
            let (outbound, _) = try makeOutbound()
            let provider = OpenAICompatible(
                "openai", at: vendor.base, key: nil, through: outbound, clock: SystemClock())
            let texts = ["a", "bb", "grün"]
            guard form != .short else {
                #expect(
                    await failure { _ = try await provider.embed(texts, with: "m", dimensions: 8) }?.code == .unreadable
                )
                return
            }
            let answer = try await provider.embed(texts, with: "m", dimensions: 8)
            #expect(answer.vectors == texts.map { ScriptedModel.vector(of: $0) })
            #expect(answer.usage == TokenUsage(input: 9))
        }
    }

    @Test func `a text is turned once, whatever its spaces, for each tenant`() async throws {
        let storage = try await Bench.lease(.sqlite)
        try await ScriptedModel.run { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let first = try await bench.models.embed(
                ["opening hours", " opening  hours\n", "prices"], for: bench.tenant)
            #expect(first[0] == first[1] && first[0] == ScriptedModel.vector(of: "opening hours"))
            #expect(vendor.ledger.texts == 2)
            // é as one scalar and as two.
            _ = try await bench.models.embed(["prices", "caf\u{E9}", "cafe\u{301}"], for: bench.tenant)
            #expect(vendor.ledger.texts == 3)
            _ = try await bench.models.embed(["prices"], for: Tenant(ID(high: 9, low: 9)))
            #expect(vendor.ledger.texts == 4)
            #expect(bench.models.vectors.counts.hits > 0)
        }
    }

    @Test func `a vector is remembered for its time`() async throws {
        let clock = SimClock()
        let storage = try await Bench.lease(.sqlite, clock: clock)
        try await ScriptedModel.run { vendor in
            let bench = try Bench(on: storage, vendor: vendor, clock: clock)
            for _ in 0..<3 { _ = try await bench.models.embed(["prices"], for: bench.tenant) }
            #expect(vendor.ledger.texts == 1)
            clock.advance(by: .seconds(3_601))
            _ = try await bench.models.embed(["prices"], for: bench.tenant)
            #expect(vendor.ledger.texts == 2)
        }
    }

    @Test func `many who want one text at once cause one call`() async throws {
        let storage = try await Bench.lease(.sqlite)
        try await ScriptedModel.run { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            try await withThrowingTaskGroup(of: [[Float]].self) { group in
                for _ in 0..<500 { group.addTask { try await bench.models.embed(["prices"], for: bench.tenant) } }
                for try await vectors in group { #expect(vectors == [ScriptedModel.vector(of: "prices")]) }
            }
            #expect(vendor.ledger.texts == 1)
        }
    }

    @Test func `who waits for a text whose maker is cancelled makes it`() async throws {
        let storage = try await Bench.lease(.sqlite)
        try await ScriptedModel.run { vendor in
            vendor.peer.plan([.silence])
            let bench = try Bench(on: storage, vendor: vendor)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await withTaskGroup(of: Void.self) { inner in
                        inner.addTask {
                            await #expect(throws: CancellationError.self) {
                                _ = try await bench.models.embed(["prices"], for: bench.tenant)
                            }
                        }
                        await vendor.peer.wait(for: 1)
                        inner.cancelAll()
                    }
                }
                await vendor.peer.wait(for: 1)
                #expect(
                    try await bench.models.embed(["prices"], for: bench.tenant) == [ScriptedModel.vector(of: "prices")])
                try await group.waitForAll()
            }
            #expect(vendor.ledger.texts == 1)
        }
    }

    @Test func `texts go in groups as large as the vendor takes`() async throws {
        let storage = try await Bench.lease(.sqlite)
        try await ScriptedModel.run { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            _ = try await bench.models.embed((0..<600).map { "text \($0)" }, for: bench.tenant)
            #expect(vendor.ledger.groups == [256, 256, 88])
            let long = (0..<50).map { "\($0) " + String(repeating: "y", count: 8_000) }
            _ = try await bench.models.embed(long, for: bench.tenant)
            #expect(vendor.ledger.groups.dropFirst(3).reduce(0, +) == 50)
            #expect(vendor.ledger.groups.dropFirst(3).allSatisfy { $0 <= 300_000 / 8_000 })
            let tooLong = await failure {
                _ = try await bench.models.embed([String(repeating: "z", count: 8_193)], for: bench.tenant)
            }
            #expect(tooLong?.code == .requestInvalid && tooLong?.message.contains("8192") == true)
        }
    }

    @Test(arguments: Backend.all)
    func `only what must be made is charged`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let budget = bench.budget(bench.tokens, 100, .tokens)
            _ = try await bench.models.embed(["a", "b"], for: bench.tenant, under: [budget])
            _ = try await bench.models.embed(["a", "b"], for: bench.tenant, under: [budget])
            #expect(try await bench.usage(of: bench.tokens) == [6, 0])
            let refused = await failure {
                _ = try await bench.models.embed((0..<50).map { "\($0)" }, for: bench.tenant, under: [budget])
            }
            #expect(refused?.code == .budgetSpent)
            #expect(vendor.ledger.texts == 2)
        }
    }
}
