public import Base

/// Why an object could not be stored, read, listed or deleted.
///
/// That an object is not there is no error: reads return `nil`.
public struct BlobsError: CodedError {
    /// What can go wrong.
    public enum Code: String, CaseIterable, Sendable {
        /// The upload is larger than allowed.
        case tooLarge = "blobs.tooLarge"
        /// The upload ended before the length it announced.
        case truncated = "blobs.truncated"
        /// The upload's content is not what its hash says.
        case hashMismatch = "blobs.hashMismatch"
        /// The content type is no plain media type of at most 100 characters.
        case typeInvalid = "blobs.typeInvalid"
        /// The requested range does not lie within the object.
        case rangeInvalid = "blobs.rangeInvalid"
        /// The disk or its quota is full.
        case diskFull = "blobs.diskFull"
        /// The stored object is damaged.
        case corrupt = "blobs.corrupt"
        /// Who sent the upload stopped with an error.
        case sourceFailed = "blobs.sourceFailed"
        /// The task was cancelled.
        case cancelled = "blobs.cancelled"
        /// The store could not read or write.
        case storeFailed = "blobs.storeFailed"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// The key and what else helps to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What went wrong.
    ///   - message: One sentence, free of users' values.
    ///   - context: Names and values that help to find the cause.
    ///   - underlying: The error that caused this one.
    public init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}
