import Testing

@testable import AIProviders

@Suite struct LocalModelTests {
    private let request = ChatRequest(
        [ChatMessage(.user, "What are your opening hours?")],
        system: "We sell bicycles. Our opening hours are nine to six. Returns take two weeks.")

    private func ask(_ request: ChatRequest) async throws -> (text: String, end: ChatEnd) {
        let heard = Heard()
        let end = try await LocalModel().chat(request, with: "stand-in") { heard.hear($0) }
        return (heard.text, end)
    }

    @Test func `the stand-in says that it is one, and finds its answer in what it was given`() async throws {
        let (text, end) = try await ask(request)
        #expect(text == "[Stand-in without a language model] Our opening hours are nine to six.")
        #expect(end.reason == .complete && end.usage?.output == TokenEstimate.count(text))
        #expect(try await ask(request).text == text)
        #expect(LocalModel().isStandIn)
    }

    @Test func `the stand-in keeps to the length that was asked for`() async throws {
        var short = request
        short.tokensMax = 8
        let (text, end) = try await ask(short)
        #expect(end.reason == .length && TokenEstimate.count(text) <= 8)
    }

    @Test func `texts that share words are nearer than those that do not`() async throws {
        let texts = ["opening hours of the shop", "shop opening hour", "refunds and returns"]
        let vectors = try await LocalModel().embed(texts, with: "words", dimensions: nil).vectors
        func cosine(_ left: [Float], _ right: [Float]) -> Float { zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(vectors.allSatisfy { $0.count == 384 && abs(cosine($0, $0) - 1) < 1e-5 })
        #expect(cosine(vectors[0], vectors[1]) > 0.5)
        #expect(cosine(vectors[0], vectors[2]) < 0.3)
        #expect(try await LocalModel().embed(texts, with: "words", dimensions: nil).vectors == vectors)
    }
}
