public import Base
public import Outbound

/// Anthropic's Messages: chat as a stream, without embeddings.
public struct Anthropic: AIProvider {
    private static let version = "2023-06-01"

    /// A word that settings name it by.
    public let name: String
    /// Never a stand-in.
    public var isStandIn: Bool { false }
    /// Of no meaning: there are no embeddings.
    public let embeddingBounds = EmbeddingBounds(texts: 1, bytes: 1, textBytes: 1)
    private let line: VendorLine
    private let key: Secret<String>

    /// Makes a client.
    ///
    /// Calls nothing.
    ///
    /// - Parameters:
    ///   - name: a word from the program's text. Defaults to `anthropic`.
    ///   - base: where the interface begins, such as `https://api.anthropic.com`.
    ///   - key: what the vendor knows us by.
    ///   - outbound: the way out.
    ///   - clock: what dates are counted from.
    ///   - deadline: how long a call may take to its last byte. Defaults to 2 minutes; at most 1 hour.
    public init(
        _ name: String = "anthropic", at base: OutboundAddress, key: Secret<String>,
        through outbound: OutboundClient, clock: any WallClock, deadline: Duration = .seconds(120)
    ) {
        self.name = name
        self.key = key
        line = VendorLine(base, through: outbound, clock: clock, deadline: deadline)
    }

    /// Asks for a message as a stream.
    public func chat(
        _ request: ChatRequest, with model: String, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd {
        var body: [String: Any] = [
            "model": model, "max_tokens": request.tokensMax, "stream": true,
            "messages": Self.turns(request.messages).map { ["role": $0.role.rawValue, "content": $0.text] },
        ]
        if !request.system.isEmpty { body["system"] = request.system }
        // Its scale ends at 1.
        if let temperature = request.temperature { body["temperature"] = min(temperature, 1) }
        if !request.stops.isEmpty { body["stop_sequences"] = request.stops }
        let headers: OutboundHeaders = [
            "accept": "text/event-stream", "anthropic-version": Self.version, "x-api-key": key.reveal { $0 },
        ]
        return try await line.stream(
            "/v1/messages", headers, try SentJSON.bytes(body), as: AnthropicDialect(),
            whole: { (dialect, body) throws(AIError) in try dialect.take(whole: body) }, receive)
    }

    /// Refuses.
    public func embed(
        _ texts: [String], with model: String, dimensions: Int?
    ) async throws(AIError) -> EmbeddingAnswer {
        throw AIError(.unsupported, "Anthropic has no embeddings: choose another provider for them.")
    }

    /// Turns that alternate: neighbours of one role become one, and the user begins.
    static func turns(_ messages: [ChatMessage]) -> [ChatMessage] {
        var turns: [ChatMessage] = []
        for message in messages where !(turns.isEmpty && message.role == .assistant) {
            if let last = turns.last, last.role == message.role {
                turns[turns.count - 1] = ChatMessage(last.role, last.text + "\n\n" + message.text)
            } else {
                turns.append(message)
            }
        }
        return turns
    }
}
