/// How an answer ended, told after its last text.
public struct ChatEnd: Sendable, Hashable {
    /// Why there is no more.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The model has said what it had to say, or came to a stop.
        case complete
        /// The answer is as long as was allowed.
        case length
        /// The model or its vendor declined: what was said is no answer.
        case refused
        /// Something that this version does not know.
        case other
    }

    /// Why there is no more.
    public var reason: Reason
    /// What the vendor says it has used; `nil` when it does not say.
    public var usage: TokenUsage?
    /// The model that has answered, by the vendor's word; may differ from the one that was asked.
    public var servedModel: String?
    /// Pages that the answer is based on, where the vendor searches.
    public var sources: [ChatSource]

    /// Makes an end.
    public init(
        _ reason: Reason, usage: TokenUsage? = nil, servedModel: String? = nil, sources: [ChatSource] = []
    ) {
        self.reason = reason
        self.usage = usage
        self.servedModel = servedModel
        self.sources = sources
    }
}

/// A page that an answer is based on, as the vendor names it.
public struct ChatSource: Sendable, Hashable {
    /// Its address, as sent.
    public let url: String
    /// Its title; empty when the vendor does not say.
    public let title: String

    /// Names a page.
    public init(url: String, title: String = "") {
        self.url = url
        self.title = title
    }
}

/// Tokens that a call has used.
public struct TokenUsage: Sendable, Hashable {
    /// What was read.
    public var input: Int
    /// What was written.
    public var output: Int
    /// Both.
    public var total: Int { input + output }

    /// Counts tokens.
    public init(input: Int = 0, output: Int = 0) {
        self.input = input
        self.output = output
    }
}
