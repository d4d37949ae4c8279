import AIProviders
import Synchronization

/// A model as a test plays it: what it says, what it fails at, and what happens while it thinks.
final class PlayedModel: AIProvider {
    private struct State {
        var answers: [Result<String, AIError>] = []
        var requests: [ChatRequest] = []
        var meanwhile: (@Sendable () async throws -> Void)?
    }

    let name = "played"
    let isStandIn = false
    let embeddingBounds = EmbeddingBounds(texts: 1, bytes: 1, textBytes: 1)
    private let state = Mutex(State())

    /// What it was asked.
    var requests: [ChatRequest] { state.withLock { $0.requests } }

    /// What the next requests are answered with; then all are answered with the same words.
    func play(_ answers: [Result<String, AIError>]) { state.withLock { $0.answers += answers } }

    /// What happens while it thinks about the next request.
    func meanwhile(_ body: @escaping @Sendable () async throws -> Void) { state.withLock { $0.meanwhile = body } }

    func chat(
        _ request: ChatRequest, with model: String, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd {
        let (answer, meanwhile) = state.withLock { state in
            state.requests.append(request)
            let meanwhile = state.meanwhile
            state.meanwhile = nil
            return (state.answers.isEmpty ? .success("We open at nine.") : state.answers.removeFirst(), meanwhile)
        }
        try await meanwhile?()
        for word in try answer.get().split(separator: " ", omittingEmptySubsequences: false) {
            try await receive("\(word) ")
        }
        return ChatEnd(.complete, usage: TokenUsage(input: 100, output: 20))
    }

    func embed(_ texts: [String], with model: String, dimensions: Int?) async throws(AIError) -> EmbeddingAnswer {
        EmbeddingAnswer(vectors: [], usage: nil)
    }
}
