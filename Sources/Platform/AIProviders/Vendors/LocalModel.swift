/// A stand-in without a language model, a key or a network: the same question always gets the same answer.
///
/// Its answers are sentences out of what the request itself holds, those that share the most words with the question;
/// its vectors count words and their beginnings. That is enough to try a product and to test it, and pages must say that
/// no model has answered (``isStandIn``).
public struct LocalModel: AIProvider {
    private enum Bounds {
        static let sentences = 3
        static let sentenceBytes = 1_000
        static let dimensions = 384
    }

    /// `local`.
    public let name = "local"
    /// Always: there is no model.
    public var isStandIn: Bool { true }
    /// As much as a call of a vendor would carry.
    public let embeddingBounds = EmbeddingBounds(texts: 256, bytes: 1 << 20, textBytes: 64 << 10)

    /// Makes the stand-in.
    public init() {}

    /// Answers with what it finds in the request, word by word.
    public func chat(
        _ request: ChatRequest, with model: String, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd {
        let answer = Self.answer(to: request)
        var (said, written) = ("", 0)
        for word in answer.split(separator: " ", omittingEmptySubsequences: true) {
            let piece = said.isEmpty ? String(word) : " " + word
            guard TokenEstimate.count(said + piece) <= request.tokensMax else { break }
            try Task.checkCancellation()
            said += piece
            written = TokenEstimate.count(said)
            try await receive(piece)
        }
        return ChatEnd(
            said.utf8.count < answer.utf8.count ? .length : .complete,
            usage: TokenUsage(input: TokenEstimate.count(request), output: written), servedModel: "local")
    }

    static func answer(to request: ChatRequest) -> String {
        let question = request.messages.last?.text ?? ""
        let wanted = Set(words(question).filter { $0.count > 2 })
        let source = ([request.system] + request.messages.dropLast().map(\.text)).joined(separator: "\n")
        var found: [(score: Int, place: Int, sentence: String)] = []
        for (place, sentence) in sentences(source).enumerated() {
            let score = Set(words(sentence)).intersection(wanted).count
            if score > 0 { found.append((score, place, sentence)) }
        }
        found.sort { ($0.score, $1.place) > ($1.score, $0.place) }
        let chosen = found.prefix(Bounds.sentences).sorted { $0.place < $1.place }.map(\.sentence)
        let opening = "[Stand-in without a language model]"
        guard !chosen.isEmpty else { return "\(opening) Nothing that was given here speaks of that." }
        return ([opening] + chosen).joined(separator: " ")
    }

    private static func sentences(_ text: String) -> [String] {
        text.split { $0 == "." || $0 == "!" || $0 == "?" || $0.isNewline }
            .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            .filter { !$0.isEmpty && $0.utf8.count <= Bounds.sentenceBytes }.map { $0 + "." }
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// Counts words, and the first letters of long ones so that forms of a word are near each other.
    public func embed(
        _ texts: [String], with model: String, dimensions: Int?
    ) async throws(AIError) -> EmbeddingAnswer {
        let length = dimensions ?? Bounds.dimensions
        guard (8...4_096).contains(length) else {
            throw AIError(.requestInvalid, "A vector of \(length) numbers; 8 to 4,096 are possible.")
        }
        return EmbeddingAnswer(
            vectors: texts.map { Self.vector(of: $0, length: length) },
            usage: TokenUsage(input: texts.reduce(0) { $0 + TokenEstimate.count($1) }))
    }

    private static func vector(of text: String, length: Int) -> [Float] {
        var vector = [Float](repeating: 0, count: length)
        func add(_ feature: some Sequence<UInt8>, _ weight: Float) {
            // FNV-1a, whose result does not depend on the process, as Swift's own hashes do.
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in feature { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash ^= hash >> 29
            vector[Int(hash % UInt64(length))] += hash >> 63 == 0 ? weight : -weight
        }
        for word in words(text) {
            add(word.utf8, 1)
            if word.utf8.count > 5 { add(word.utf8.prefix(5), 0.7) }
        }
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm > 0 else {
            vector[0] = 1
            return vector
        }
        return vector.map { $0 / norm }
    }
}
