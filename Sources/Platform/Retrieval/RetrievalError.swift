public import Base

/// Why a document could not be taken, or a search not be made.
public struct RetrievalError: CodedError {
    /// What can go wrong.
    public enum Code: String, CaseIterable, Sendable {
        /// The document is larger than documents may be.
        case documentTooLarge = "retrieval.documentTooLarge"
        /// The document holds no text that can be read.
        case documentUnreadable = "retrieval.documentUnreadable"
        /// A program that reads documents of this kind is not installed on this machine.
        case converterMissing = "retrieval.converterMissing"
        /// The question, the number of passages or the collection's name is out of its bounds.
        case queryInvalid = "retrieval.queryInvalid"
        /// Others change the same collection without pause.
        case contended = "retrieval.contended"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names and values that help to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    init(
        _ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}
