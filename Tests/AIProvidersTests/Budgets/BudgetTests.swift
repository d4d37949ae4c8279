import AIProvidersTestKit
import Base
import BaseTestKit
import Foundation
import Limits
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import AIProviders

@Suite(.databases) struct BudgetTests {
    @Test(arguments: Backend.all)
    func `a thousand calls at once over two nodes get no more than the hundred of their quota`(
        backend: Backend
    ) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { _ in
            ModelScript(usage: .told(TokenUsage(input: 3, output: 4)))
        } body: { vendor in
            let nodes = [try Bench(on: storage, vendor: vendor), try Bench(on: storage, vendor: vendor)]
            let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1_000 {
                    let bench = nodes[number % 2]
                    group.addTask {
                        let budgets = [
                            bench.budget(bench.calls, 100, .calls), bench.budget(bench.tokens, 1_000_000, .tokens),
                        ]
                        do {
                            let outcome = try await bench.models.chat(
                                question, as: bench.id(UInt64(number)), for: bench.tenant, under: budgets
                            ) { _ in }
                            return outcome.usage == TokenUsage(input: 3, output: 4)
                        } catch let error as AIError where error.code == .budgetSpent {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(granted == 100)
            #expect(vendor.ledger.answers == 100 && vendor.ledger.requests == 100)
            #expect(try await nodes[0].usage(of: nodes[0].calls) == [100, 0])
            #expect(try await nodes[0].usage(of: nodes[0].tokens) == [vendor.ledger.usage.total, 0])
        }
    }

    @Test(arguments: Backend.all)
    func `a quota of tokens is never overrun, whatever runs at once`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { _ in
            ModelScript(usage: .told(TokenUsage(input: 6, output: 60)))
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let limit = 2_000
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        _ = await failure {
                            _ = try await bench.models.chat(
                                question, as: bench.id(UInt64(number)), for: bench.tenant,
                                under: [bench.budget(bench.tokens, limit, .tokens)]
                            ) { _ in }
                        }
                    }
                }
            }
            let usage = try await bench.usage(of: bench.tokens)
            #expect(usage == [vendor.ledger.usage.total, 0])
            #expect(usage[0] <= limit)
            // What is left is less than the least call of its own kind may need.
            #expect(vendor.ledger.answers >= 10)
        }
    }

    @Test(arguments: Backend.all)
    func `an answer is as short as what is left, and refused when that is nothing`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { _ in
            ModelScript(usage: .told(TokenUsage(input: 5, output: 15)))
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let input = TokenEstimate.bound(question, bytesPerToken: 1)
            let budget = bench.budget(bench.tokens, input + 40, .tokens)
            let first = try await bench.models.chat(question, as: bench.id(1), for: bench.tenant, under: [budget]) {
                _ in
            }
            #expect(first.tokensMax == 40)
            #expect(vendor.peer.received.last?.text.contains(#""max_completion_tokens":40"#) == true)
            #expect(try await bench.usage(of: bench.tokens) == [20, 0])
            let second = try await bench.models.chat(question, as: bench.id(2), for: bench.tenant, under: [budget]) {
                _ in
            }
            #expect(second.tokensMax == 20)
            let refused = await failure {
                _ = try await bench.models.chat(question, as: bench.id(3), for: bench.tenant, under: [budget]) { _ in }
            }
            #expect(refused?.code == .budgetSpent)
            #expect(refused?.context["left"] == "\(input)" && refused?.retryAfter != nil)
            #expect(vendor.ledger.requests == 2)
        }
    }

    @Test(arguments: Backend.all)
    func `money is reserved at the dearest price of the chain and charged at that of the model that answered`(
        backend: Backend
    ) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { _ in
            ModelScript(usage: .told(TokenUsage(input: 10, output: 20)))
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let (outcome, cost) = try await Cost.measure {
                try await bench.models.chat(
                    question, as: bench.id(1), for: bench.tenant,
                    under: [bench.budget(bench.money, 1_000_000, .money), bench.budget(bench.tokens, 1_000, .tokens)]
                ) { _ in }
            }
            // 1 per token read and 3 per token written, in millionths.
            #expect(outcome.money == 70)
            #expect(try await bench.usage(of: bench.money) == [70, 0])
            #expect(cost[.money] == 70 && cost[.tokens] == 30)
            let entries = try await bench.money.entries(of: bench.id(1), in: bench.tenant)
            let input = TokenEstimate.bound(question, bytesPerToken: 1)
            #expect(entries.map(\.held) == [input + 300, -(input + 300)])
        }
    }

    @Test(arguments: Backend.all)
    func `what a broken stream has said is charged by count, and what never began is free`(
        backend: Backend
    ) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { number in
            number == 1 ? ModelScript(["one two", " three"], fault: .unfinished) : .status(401)
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            let budget = bench.budget(bench.tokens, 1_000, .tokens)
            let broken = await failure {
                _ = try await bench.models.chat(question, as: bench.id(1), for: bench.tenant, under: [budget]) { _ in }
            }
            #expect(broken?.code == .cutOff)
            let counted = TokenEstimate.count("one two three") + TokenEstimate.count(question)
            #expect(try await bench.usage(of: bench.tokens) == [counted, 0])
            let refused = await failure {
                _ = try await bench.models.chat(question, as: bench.id(2), for: bench.tenant, under: [budget]) { _ in }
            }
            #expect(refused?.code == .keyRefused)
            #expect(try await bench.usage(of: bench.tokens) == [counted, 0])
        }
    }

    @Test(arguments: Backend.all)
    func `who leaves in the middle pays for what was said, and ends the vendor's work`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        let gate = Gate()
        let heard = Gate()
        let script = ModelScript(["some words", " never heard"]) { number in if number == 1 { await gate.pass() } }
        try await ScriptedModel.run { _ in
            script
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        _ = try await bench.models.chat(
                            question, as: bench.id(1), for: bench.tenant,
                            under: [bench.budget(bench.tokens, 1_000, .tokens)]
                        ) { _ in heard.open() }
                    }
                }
                await heard.pass()
                group.cancelAll()
            }
            gate.open()
            let counted = TokenEstimate.count("some words") + TokenEstimate.count(question)
            #expect(try await bench.usage(of: bench.tokens) == [counted, 0])
        }
    }

    @Test func `prices hold from their day on, and a slip is named by its place`() throws {
        let list = try PriceList("openai:m@2025-01-01=10/20,\n openai:m@2026-01-01=1/2, x:a:b@2025-05-05=0/0")
        let model = ModelName(provider: "openai", model: "m")
        func price(_ day: String) throws -> ModelPrice? {
            list.price(of: model, at: try #require(CalendarDay(day)).start(in: .gmt))
        }
        #expect(try price("2024-12-31") == nil)
        #expect(try price("2025-12-31") == ModelPrice(input: 10, output: 20))
        #expect(try price("2026-01-01") == ModelPrice(input: 1, output: 2))
        #expect(ModelPrice(input: 1, output: 2).cost(of: TokenUsage(input: 1, output: 0)) == 1)
        for slip in [
            "openai:m=1/2", "openai:m@2025-13-01=1/2", "m@2025-01-01=1/2", "a:b@2025-01-01=1", "a:b@2025-01-01=-1/2",
        ] {
            let error = #expect(throws: AIError.self) { try PriceList("a:b@2025-01-01=1/2," + slip) }
            #expect(error?.code == .settingInvalid && error?.message.contains("Entry 2") == true)
        }
    }

    @Test(arguments: Backend.all)
    func `a model without a price is not asked where money is budgeted`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend, clock: SimClock(start: Timestamp(microseconds: 0)))
        try await ScriptedModel.run { _ in
            ModelScript()
        } body: { vendor in
            let bench = try Bench(
                on: storage, vendor: vendor, clock: SimClock(start: Timestamp(microseconds: 0)))
            let refused = await failure {
                _ = try await bench.models.chat(
                    question, as: bench.id(1), for: bench.tenant,
                    under: [bench.budget(bench.money, 1_000, .money)]
                ) { _ in }
            }
            #expect(refused?.code == .priceUnknown)
            #expect(vendor.ledger.requests == 0)
        }
    }
}
