public import Base

/// Why a product could not be mounted or an operator's wish could not be fulfilled.
public struct HostingError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// Two products, or two parts of one, contradict each other.
        case invalidManifest = "hosting.invalidManifest"
        /// A setting is missing, malformed or out of range.
        case invalidSetting = "hosting.invalidSetting"
        /// A flag is unknown, or its percentage out of range.
        case invalidFlag = "hosting.invalidFlag"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names that help to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}
