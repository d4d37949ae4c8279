import AIProvidersTestKit
import Base
import Outbound
import OutboundTestKit
import Testing

@testable import AIProviders

/// The real clients against a vendor on the loopback, over all the ways in which a stream is sent and ends.
@Suite struct VendorStreamTests {
    enum Speech: String, CaseIterable { case openAI, anthropic }

    private func ask(
        _ speech: Speech, _ script: ModelScript, idle: Duration = .seconds(30), _ request: ChatRequest = question,
        to heard: Heard = Heard()
    ) async throws -> (text: String, result: Result<ChatEnd, any Error>) {
        try await ScriptedModel.run { _ in
            script
        } body: { vendor in
            let (outbound, _) = try makeOutbound(idle: idle)
            let provider: any AIProvider =
                speech == .openAI
                ? OpenAICompatible(
                    "openai", at: vendor.base, key: Secret("k-1"), through: outbound, clock: SystemClock())
                : Anthropic(at: vendor.anthropicBase, key: Secret("k-1"), through: outbound, clock: SystemClock())
            do {
                let end = try await provider.chat(request, with: "m-1") { heard.hear($0) }
                return (heard.text, .success(end))
            } catch {
                return (heard.text, .failure(error))
            }
        }
    }

    private func code(_ result: Result<ChatEnd, any Error>) -> AIError? {
        if case .failure(let error) = result { error as? AIError } else { nil }
    }

    @Test(arguments: Speech.allCases, ["\n", "\r\n", "\r"])
    func `an answer is whole however its stream is sent`(speech: Speech, lineEnd: String) async throws {
        for pieceBytes in [nil, 1, 7, 100_000] {
            let deltas = ["Grü", "ße ", "你好", " 👋🏽", "\n", "end"]
            let script = ModelScript(
                deltas, usage: .inSteps(TokenUsage(input: 12, output: 9)), lineEnd: lineEnd, pieceBytes: pieceBytes,
                isChatty: true)
            let (text, result) = try await ask(speech, script)
            #expect(text == deltas.joined())
            #expect(
                try result.get()
                    == ChatEnd(.complete, usage: TokenUsage(input: 12, output: 9), servedModel: "m-1"))
        }
    }

    @Test(arguments: Speech.allCases)
    func `usage that a vendor does not tell is unknown, not nothing`(speech: Speech) async throws {
        for usage in [ModelScript.Usage.absent, .null] {
            let (text, result) = try await ask(speech, ModelScript(usage: usage))
            #expect(text == "Hello, world")
            #expect(try result.get().usage == nil)
        }
    }

    @Test func `a stream without its last event is complete where a reason was given, and cut off otherwise`()
        async throws
    {
        let (text, result) = try await ask(.openAI, ModelScript(fault: .noLastEvent))
        #expect(text == "Hello, world")
        #expect(try result.get().reason == .complete)
        #expect(code(try await ask(.openAI, ModelScript(fault: .unfinished)).result)?.code == .cutOff)
        #expect(code(try await ask(.anthropic, ModelScript(fault: .noLastEvent)).result)?.code == .cutOff)
        #expect(code(try await ask(.anthropic, ModelScript(fault: .unfinished)).result)?.code == .cutOff)
    }

    @Test(arguments: Speech.allCases)
    func `an error within a stream is one, and says whether text had come`(speech: Speech) async throws {
        for count in [0, 2] {
            let (text, result) = try await ask(
                speech, ModelScript(fault: .errorEvent(after: count, kind: "overloaded_error")))
            #expect(text == (count == 0 ? "" : "Hello, "))
            #expect(code(result)?.code == .busy)
            #expect(code(result)?.hasBegun == (count > 0))
            #expect(code(result)?.isTransient == (count == 0))
        }
        let (_, garbage) = try await ask(speech, ModelScript(fault: .garbage(after: 1)))
        #expect([.unreadable, .cutOff].contains(code(garbage)?.code))
        // What is still on its way when a connection is cut is lost with it, so the vendor cuts when all has arrived.
        let heard = Heard()
        let script = ModelScript(fault: .cut(after: 2)) { number in
            while number == 2, heard.text != "Hello, ", !Task.isCancelled { await Task.yield() }
        }
        let (text, cut) = try await ask(speech, script, to: heard)
        #expect(text == "Hello, ")
        #expect(code(cut)?.code == .cutOff)
        #expect(code(cut)?.hasBegun == true)
        #expect(code(try await ask(speech, ModelScript(fault: .errorBody(kind: "api_error"))).result)?.code == .failing)
    }

    @Test(arguments: Speech.allCases)
    func `an answer that is not streamed is read all the same`(speech: Speech) async throws {
        let (text, result) = try await ask(speech, ModelScript(isWhole: true))
        #expect(text == "Hello, world")
        #expect(try result.get().usage == TokenUsage(input: 10, output: 5))
    }

    @Test(arguments: Speech.allCases)
    func `statuses mean what the vendors mean by them`(speech: Speech) async throws {
        let meanings: [(Int, AIError.Code)] = [
            (400, .requestInvalid), (401, .keyRefused), (403, .keyRefused), (404, .requestInvalid), (429, .busy),
            (500, .failing), (503, .busy), (529, .busy),
        ]
        for (status, meaning) in meanings {
            let (_, result) = try await ask(speech, .status(status, retryAfter: "7"))
            #expect(code(result)?.code == meaning, "status \(status)")
            #expect(code(result)?.retryAfter == ([429, 500, 503, 529].contains(status) ? .seconds(7) : nil))
            #expect(code(result)?.isVendorFailure == [500, 503, 529].contains(status))
        }
    }

    @Test(arguments: Speech.allCases)
    func `a vendor that falls silent is given up in time`(speech: Speech) async throws {
        let gate = Gate()
        let script = ModelScript(gate: { number in if number == 1 { await gate.pass() } })
        let (text, result) = try await ask(speech, script, idle: .milliseconds(200))
        gate.open()
        #expect(text == "Hello")
        #expect(code(result)?.code == .timedOut)
        #expect(code(result)?.hasBegun == true)
    }

    @Test(arguments: [("refusal", "content_filter", ChatEnd.Reason.refused), ("max_tokens", "length", .length)])
    func `a refusal and a cut for length are told apart from an answer`(
        anthropic: String, openAI: String, reason: ChatEnd.Reason
    ) async throws {
        #expect(try await ask(.anthropic, ModelScript(reason: anthropic)).result.get().reason == reason)
        #expect(try await ask(.openAI, ModelScript(reason: openAI)).result.get().reason == reason)
        #expect(try await ask(.openAI, ModelScript(reason: "brand new")).result.get().reason == .other)
        #expect(try await ask(.anthropic, ModelScript([], reason: "pause_turn")).result.get().reason == .other)
    }

    @Test func `a receiver that fails ends the call with its own error`() async throws {
        struct Full: Error {}
        try await ScriptedModel.run { _ in
            ModelScript()
        } body: { vendor in
            let (outbound, _) = try makeOutbound()
            let provider = OpenAICompatible(
                "openai", at: vendor.base, key: nil, through: outbound, clock: SystemClock())
            await #expect(throws: Full.self) {
                _ = try await provider.chat(question, with: "m-1") { _ in throw Full() }
            }
        }
    }

    @Test func `requests are as each vendor wants them`() async throws {
        try await ScriptedModel.run { _ in
            ModelScript()
        } body: { vendor in
            let (outbound, _) = try makeOutbound()
            let clock = SystemClock()
            let request = ChatRequest(
                [
                    ChatMessage(.assistant, "Welcome"), ChatMessage(.user, "One"), ChatMessage(.user, "Two"),
                    ChatMessage(.assistant, "Yes?"), ChatMessage(.user, "Three"),
                ], system: "Be short.", tokensMax: 50, temperature: 1.5, stops: ["END"])
            let openAI = OpenAICompatible(
                "openai", at: vendor.base, key: Secret("k-1"), through: outbound, clock: clock)
            let perplexity = OpenAICompatible(
                "perplexity", at: vendor.peer.at("/"), key: Secret("k-2"), as: .perplexity, through: outbound,
                clock: clock)
            let anthropic = Anthropic(
                at: vendor.anthropicBase, key: Secret("k-3"), through: outbound, clock: clock)
            for provider in [openAI, perplexity, anthropic] as [any AIProvider] {
                _ = try await provider.chat(request, with: "m-1") { _ in }
            }
            let received = vendor.peer.received
            #expect(received.map(\.path) == ["/v1/chat/completions", "/chat/completions", "/v1/messages"])
            #expect(received[0].headers["authorization"] == "Bearer k-1")
            #expect(received[2].headers["x-api-key"] == "k-3")
            #expect(received[2].headers["anthropic-version"] == "2023-06-01")
            #expect(received[0].text.contains(#""stream_options":{"include_usage":true}"#))
            #expect(received[0].text.contains(#""max_completion_tokens":50"#))
            #expect(received[1].text.contains(#""max_tokens":50"#) && !received[1].text.contains("stream_options"))
            #expect(
                received[2].text.contains(
                    #""messages":[{"content":"One\n\nTwo","role":"user"},{"content":"Yes?","role":"assistant"},{"content":"Three","role":"user"}]"#
                ))
            #expect(received[2].text.contains(#""system":"Be short.""#))
            #expect(received[2].text.contains(#""temperature":1"#) && received[0].text.contains(#""temperature":1.5"#))
            // All of one vendor's calls go over one connection, as each stream is read to its end.
            #expect(vendor.peer.connections == 1)
        }
    }

    @Test func `pages that an answer is based on come with it`() async throws {
        let results = #""citations":["https://a.example"],"search_results":[{"title":"B","url":"https://b.example"}]"#
        let both = try await ask(.openAI, ModelScript(extra: results)).result.get()
        #expect(both.sources == [ChatSource(url: "https://b.example", title: "B")])
        let only = try await ask(.openAI, ModelScript(extra: #""citations":["https://a.example"]"#)).result.get()
        #expect(only.sources == [ChatSource(url: "https://a.example")])
    }
}
