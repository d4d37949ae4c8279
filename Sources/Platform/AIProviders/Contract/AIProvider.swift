/// A vendor of language models, or a stand-in for one: one call, made once.
///
/// A provider neither tries again nor counts what it costs; that is the business of ``AIModels``, which is what products
/// use.
public protocol AIProvider: Sendable {
    /// A word that settings name it by, as in `openai`.
    var name: String { get }
    /// Whether it is a stand-in without a language model, which pages must say.
    var isStandIn: Bool { get }
    /// What one call for embeddings may carry.
    var embeddingBounds: EmbeddingBounds { get }

    /// Asks a model and hands its text on as it comes.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - model: Which model, by the vendor's name.
    ///   - receive: Takes each piece of text, never an empty one; the next is read when it returns. What it throws ends
    ///     the call and is thrown on as it is.
    /// - Returns: How the answer ended.
    /// - Throws: ``AIError``, with ``AIError/hasBegun`` when text had been handed on.
    func chat(
        _ request: ChatRequest, with model: String, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd

    /// Turns texts into vectors.
    ///
    /// - Parameters:
    ///   - texts: 1 to as many as ``embeddingBounds`` allows, none of them empty.
    ///   - model: Which model, by the vendor's name.
    ///   - dimensions: How many numbers each vector is to have; `nil` for the model's own.
    /// - Returns: One vector per text in their order, and what was used.
    /// - Throws: ``AIError``.
    func embed(_ texts: [String], with model: String, dimensions: Int?) async throws(AIError) -> EmbeddingAnswer
}

/// What one call for embeddings may carry.
public struct EmbeddingBounds: Sendable, Hashable {
    /// Texts.
    public var texts: Int
    /// Bytes of all texts together, which bounds their tokens.
    public var bytes: Int
    /// Bytes of one text.
    public var textBytes: Int

    /// Bounds of one call.
    public init(texts: Int, bytes: Int, textBytes: Int) {
        precondition(texts > 0 && textBytes > 0 && bytes >= textBytes, "bounds of a call that carries nothing")
        self.texts = texts
        self.bytes = bytes
        self.textBytes = textBytes
    }
}

/// Vectors, as a vendor gave them.
public struct EmbeddingAnswer: Sendable, Hashable {
    /// One vector per text, in their order.
    public let vectors: [[Float]]
    /// What the vendor says it has used; `nil` when it does not say.
    public let usage: TokenUsage?

    /// Gathers vectors.
    public init(vectors: [[Float]], usage: TokenUsage?) {
        self.vectors = vectors
        self.usage = usage
    }
}
