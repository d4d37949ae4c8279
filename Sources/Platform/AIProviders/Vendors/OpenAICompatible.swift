public import Base
import Foundation
public import Outbound

/// OpenAI, and every server that speaks as it does: chat as a stream, and embeddings.
public struct OpenAICompatible: AIProvider {
    /// Where those who follow OpenAI do not.
    public struct Dialect: Sendable, Hashable {
        /// The field that bounds an answer.
        public var tokensField: String
        /// Whether it is asked to tell usage at the end of a stream; a few old servers refuse the question.
        public var asksUsage: Bool
        /// Whether vectors are asked for in base64, a quarter of the size; some servers only know numbers.
        public var packsVectors: Bool
        /// Whether it has embeddings.
        public var embeds: Bool

        /// A dialect; OpenAI's own unless said otherwise.
        public init(
            tokensField: String = "max_completion_tokens", asksUsage: Bool = true, packsVectors: Bool = true,
            embeds: Bool = true
        ) {
            self.tokensField = tokensField
            self.asksUsage = asksUsage
            self.packsVectors = packsVectors
            self.embeds = embeds
        }

        /// What servers that follow OpenAI understand: the older name of the bound, and vectors as numbers.
        public static let common = Dialect(tokensField: "max_tokens", packsVectors: false)
        /// Perplexity's: answers from the web with their pages, and no embeddings.
        public static let perplexity = Dialect(tokensField: "max_tokens", asksUsage: false, embeds: false)
    }

    /// A word that settings name it by.
    public let name: String
    /// Never a stand-in.
    public var isStandIn: Bool { false }
    /// 2,048 inputs are OpenAI's bound; 300,000 tokens in all and 8,192 in one hold for bytes too, and servers behind a
    /// proxy take a mebibyte.
    public let embeddingBounds = EmbeddingBounds(texts: 256, bytes: 300_000, textBytes: 8_192)
    private let line: VendorLine
    private let key: Secret<String>?
    private let dialect: Dialect

    /// Makes a client.
    ///
    /// Calls nothing.
    ///
    /// - Parameters:
    ///   - name: a word from the program's text.
    ///   - base: where the interface begins, such as `https://api.openai.com/v1`.
    ///   - key: sent as a bearer; `nil` for servers that want none.
    ///   - dialect: where the server differs from OpenAI. Defaults to OpenAI's own.
    ///   - outbound: the way out.
    ///   - clock: what dates are counted from.
    ///   - deadline: how long a call may take to its last byte. Defaults to 2 minutes; at most 1 hour.
    public init(
        _ name: String, at base: OutboundAddress, key: Secret<String>?, as dialect: Dialect = Dialect(),
        through outbound: OutboundClient, clock: any WallClock, deadline: Duration = .seconds(120)
    ) {
        self.name = name
        self.key = key
        self.dialect = dialect
        line = VendorLine(base, through: outbound, clock: clock, deadline: deadline)
    }

    private func headers(accepting type: String) -> OutboundHeaders {
        var headers: OutboundHeaders = ["accept": type]
        if let key { headers.add("authorization", "Bearer " + key.reveal { $0 }) }
        return headers
    }

    /// Asks for a chat completion as a stream.
    public func chat(
        _ request: ChatRequest, with model: String, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd {
        var messages: [[String: Any]] = []
        if !request.system.isEmpty { messages.append(["role": "system", "content": request.system]) }
        messages += request.messages.map { ["role": $0.role.rawValue, "content": $0.text] }
        var body: [String: Any] = [
            "model": model, "messages": messages, "stream": true, dialect.tokensField: request.tokensMax,
        ]
        if dialect.asksUsage { body["stream_options"] = ["include_usage": true] }
        if let temperature = request.temperature { body["temperature"] = temperature }
        if !request.stops.isEmpty { body["stop"] = request.stops }
        return try await line.stream(
            "/chat/completions", headers(accepting: "text/event-stream"), try SentJSON.bytes(body),
            as: OpenAIDialect(), whole: { (dialect, body) throws(AIError) in try dialect.take(body) }, receive)
    }

    /// Asks for embeddings.
    public func embed(
        _ texts: [String], with model: String, dimensions: Int?
    ) async throws(AIError) -> EmbeddingAnswer {
        guard dialect.embeds else { throw AIError(.unsupported, "\(name) has no embeddings.") }
        var body: [String: Any] = ["model": model, "input": texts]
        if dialect.packsVectors { body["encoding_format"] = "base64" }
        if let dimensions { body["dimensions"] = dimensions }
        let answer = try await line.post(
            "/embeddings", headers(accepting: "application/json"), try SentJSON.bytes(body))
        return EmbeddingAnswer(
            vectors: try Self.vectors(answer, for: texts.count, dimensions: dimensions),
            usage: answer["usage"]?["prompt_tokens"]?.count.map { TokenUsage(input: $0) })
    }

    /// The vectors by their `index`, which servers do not keep in order.
    static func vectors(_ answer: VendorJSON, for count: Int, dimensions: Int?) throws(AIError) -> [[Float]] {
        var vectors = [[Float]](repeating: [], count: count)
        for (place, element) in (answer["data"]?.elements ?? []).enumerated() {
            let index = element["index"]?.count ?? place
            guard vectors.indices.contains(index), vectors[index].isEmpty, let embedding = element["embedding"],
                let vector = embedding.text.map(unpacked) ?? embedding.floats
            else { throw AIError(.unreadable, "An embedding cannot be read.") }
            vectors[index] = vector
        }
        let length = dimensions ?? vectors.first?.count ?? 0
        guard length > 0, vectors.allSatisfy({ $0.count == length && $0.allSatisfy(\.isFinite) }) else {
            throw AIError(.unreadable, "There is not one vector of \(length) numbers for each of \(count) texts.")
        }
        return vectors
    }

    /// Little-endian numbers of 32 bits in base64; none for anything else.
    private static func unpacked(_ text: String) -> [Float] {
        guard let data = Data(base64Encoded: text), data.count % 4 == 0 else { return [] }
        return data.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
            }
        }
    }
}
