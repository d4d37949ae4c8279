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
    func `a thousand calls at once over three nodes get no more than the hundred of their quota`(
        backend: Backend
    ) async throws {
        let storages = try await Bench.lease(backend, nodes: 3)
        try await ScriptedModel.run { _ in
            ModelScript(usage: .told(TokenUsage(input: 3, output: 4)))
        } body: { vendor in
            // Ledgers, ways out and breakers of their own: the database is all that they have in common.
            let nodes = try storages.map { try Bench(on: $0, vendor: vendor) }
            let granted = try await withThrowingTaskGroup(of: Int?.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        try await ask(number, at: nodes[number % nodes.count]) ? number % nodes.count : nil
                    }
                }
                return try await group.reduce(into: [Int]()) { if let node = $1 { $0.append(node) } }
            }
            #expect(granted.count == 100)
            #expect(Set(granted) == [0, 1, 2], "not all nodes have asked")
            #expect(vendor.ledger.answers == 100 && vendor.ledger.requests == 100)
            #expect(vendor.ledger.usage.total == 700)
            // Each node reads the same ledger, and the vendor's is no other.
            for node in nodes {
                #expect(try await node.usage(of: node.calls) == [vendor.ledger.answers, 0])
                #expect(try await node.usage(of: node.tokens) == [vendor.ledger.usage.total, 0])
            }
        }
    }

    /// Whether a call of a quota of a hundred is answered; `false` when the quota is spent.
    private func ask(_ number: Int, at node: Bench) async throws -> Bool {
        do {
            let outcome = try await node.models.chat(
                question, as: node.id(UInt64(number)), for: node.tenant,
                under: [node.budget(node.calls, 100, .calls), node.budget(node.tokens, 1_000_000, .tokens)]
            ) { _ in }
            return outcome.usage == TokenUsage(input: 3, output: 4)
        } catch let error as AIError where error.code == .budgetSpent {
            return false
        }
    }

    /// The quota is one that failures give back: every call that the vendor did not answer leaves its place to another.
    @Test(arguments: Backend.all)
    func `calls that a vendor refuses give back what they held, on three nodes at once`(backend: Backend) async throws {
        let storages = try await Bench.lease(backend, nodes: 3)
        try await ScriptedModel.run { number in
            // Refused before a word was said, which is never charged.
            number % 3 == 0
                ? .status(400) : ModelScript(usage: .told(TokenUsage(input: 3, output: 4)))
        } body: { vendor in
            let nodes = try storages.map { try Bench(on: $0, vendor: vendor) }
            let counts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<600 {
                    group.addTask {
                        do {
                            return try await ask(number, at: nodes[number % nodes.count]) ? "answered" : "spent"
                        } catch let error as AIError where error.code == .requestInvalid {
                            return "refused"
                        }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            let ledger = vendor.ledger
            #expect(counts["answered"] == ledger.answers && counts["refused"] == ledger.requests - ledger.answers)
            #expect(counts["refused"] ?? 0 > 0 && counts["answered"] ?? 0 > 0)
            #expect(ledger.answers <= 100)
            #expect(try await nodes[0].usage(of: nodes[1].calls) == [ledger.answers, 0])
            #expect(try await nodes[2].usage(of: nodes[2].tokens) == [ledger.usage.total, 0])
            // What was given back is there for those who come later, up to the last of the hundred and no further.
            for number in 600..<1_000 {
                do { _ = try await ask(number, at: nodes[number % nodes.count]) } catch let error as AIError {
                    #expect(error.code == .requestInvalid)
                }
            }
            #expect(vendor.ledger.answers == 100)
            #expect(try await nodes[1].usage(of: nodes[1].calls) == [100, 0])
            #expect(try await nodes[1].usage(of: nodes[1].tokens) == [700, 0])
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
