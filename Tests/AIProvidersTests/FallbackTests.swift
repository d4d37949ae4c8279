import AIProvidersTestKit
import Base
import BaseTestKit
import Limits
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import AIProviders

@Suite(.databases) struct FallbackTests {
    private func bench(
        _ first: @escaping ScriptedModel.Chooser,
        _ second: @escaping ScriptedModel.Chooser = { _ in ModelScript(["B"]) },
        options: AIModelsOptions = AIModelsOptions(retries: RetryPolicy(attemptsMax: 2, pause: .milliseconds(1))),
        _ body: @escaping @Sendable (Bench, ScriptedModel, ScriptedModel) async throws -> Void
    ) async throws {
        let storage = try await Bench.lease(.sqlite)
        try await ScriptedModel.run(first) { vendor in
            try await ScriptedModel.run(second) { fallback in
                try await body(
                    try Bench(on: storage, vendor: vendor, fallback: fallback, options: options), vendor, fallback)
            }
        }
    }

    private func ask(_ bench: Bench, _ number: UInt64) async throws -> (text: String, outcome: ChatOutcome) {
        let heard = Heard()
        let outcome = try await bench.models.chat(question, as: bench.id(number), for: bench.tenant) { heard.hear($0) }
        return (heard.text, outcome)
    }

    @Test func `a failure before the first text is tried again, then the next model answers`() async throws {
        try await bench({ _ in .status(500) }) { bench, vendor, fallback in
            let (text, outcome) = try await ask(bench, 1)
            #expect(text == "B")
            #expect(outcome.model == Bench.second)
            #expect(vendor.ledger.requests == 2 && fallback.ledger.requests == 1)
        }
        try await bench({
            $0 == 1 ? ModelScript(fault: .errorEvent(after: 0, kind: "overloaded_error")) : ModelScript(["A"])
        }) { bench, vendor, fallback in
            let answered = try await ask(bench, 1)
            #expect(answered.text == "A")
            #expect(vendor.ledger.requests == 2 && fallback.ledger.requests == 0)
        }
    }

    @Test func `nothing is asked again once text was handed on`() async throws {
        for fault in [
            ModelScript.Fault.unfinished, .errorEvent(after: 1, kind: "overloaded_error"), .garbage(after: 1),
        ] {
            try await bench({ _ in ModelScript(fault: fault) }) { bench, vendor, fallback in
                let error = await failure { _ = try await ask(bench, 1) }
                #expect(error?.hasBegun == true)
                #expect(vendor.ledger.requests == 1 && fallback.ledger.requests == 0)
            }
        }
    }

    @Test func `a wrong request is nobody else's to answer`() async throws {
        try await bench({ _ in .status(400) }) { bench, vendor, fallback in
            #expect(await failure { _ = try await ask(bench, 1) }?.code == .requestInvalid)
            #expect(vendor.ledger.requests == 1 && fallback.ledger.requests == 0)
        }
    }

    @Test func `a long Retry-After sends everybody to the next model, and nobody to the vendor`() async throws {
        try await bench({ _ in .status(429, retryAfter: "60") }) { bench, vendor, fallback in
            for number in 1...5 {
                let answered = try await ask(bench, UInt64(number))
                #expect(answered.text == "B")
            }
            #expect(vendor.ledger.requests == 1 && fallback.ledger.requests == 5)
        }
    }

    @Test func `a short Retry-After is waited for before the same model is asked again`() async throws {
        try await bench({ $0 == 1 ? .status(429, retryAfter: "1") : ModelScript(["A"]) }) { bench, vendor, fallback in
            let clock = SystemClock()
            let start = clock.uptime()
            let answered = try await ask(bench, 1)
            #expect(answered.text == "A")
            #expect(clock.uptime() - start >= .seconds(1))
            #expect(vendor.ledger.requests == 2 && fallback.ledger.requests == 0)
        }
    }

    @Test func `a vendor that fails is left alone, and the chain goes on without it`() async throws {
        let options = AIModelsOptions(
            retries: RetryPolicy(attemptsMax: 1),
            breaker: CircuitBreakerOptions(window: .seconds(30), callsMin: 4, openTime: .seconds(60)))
        try await bench({ _ in .status(529) }, options: options) { bench, vendor, fallback in
            for number in 1...20 {
                let answered = try await ask(bench, UInt64(number))
                #expect(answered.text == "B")
            }
            #expect(vendor.ledger.requests == 4)
            #expect(fallback.ledger.requests == 20)
        }
    }

    @Test func `when no model is left the last failure is told, with its time`() async throws {
        try await bench({ _ in .status(500) }, { _ in .status(529, retryAfter: "30") }) { bench, _, _ in
            let error = await failure { _ = try await ask(bench, 1) }
            #expect(error?.code == .busy && error?.retryAfter == .seconds(30))
        }
    }
}
