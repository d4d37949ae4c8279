public import Base

/// What goes wrong in Web itself, at start or while it answers.
public struct WebError: CodedError {
    /// The closed set of what can go wrong.
    public enum Code: String, CaseIterable, Sendable, Hashable {
        /// Nothing is served at the address.
        case notFound = "web.notFound"
        /// The address knows other methods.
        case methodNotAllowed = "web.methodNotAllowed"
        /// The answer exists in no form that the client accepts.
        case notAcceptable = "web.notAcceptable"
        /// The request did not arrive in time.
        case requestTimeout = "web.requestTimeout"
        /// The body is larger than the route reads.
        case bodyTooLarge = "web.bodyTooLarge"
        /// The address is longer than the server reads.
        case addressTooLong = "web.addressTooLong"
        /// The body is written in a way that the route does not read.
        case unsupportedMediaType = "web.unsupportedMediaType"
        /// The range lies outside of what is served.
        case rangeNotSatisfiable = "web.rangeNotSatisfiable"
        /// The headers are larger than the server reads.
        case headersTooLarge = "web.headersTooLarge"
        /// The bytes are no HTTP request.
        case malformedRequest = "web.malformedRequest"
        /// The body or query cannot be read at all.
        case malformedInput = "web.malformedInput"
        /// Values were read and refused.
        case invalidInput = "web.invalidInput"
        /// Nobody is signed in, or the key is unknown.
        case unauthenticated = "web.unauthenticated"
        /// Who is signed in may not do this.
        case forbidden = "web.forbidden"
        /// The request does not come from a page of ours.
        case crossSite = "web.crossSite"
        /// The server is at its own limits.
        case overloaded = "web.overloaded"
        /// The answer took longer than the route allows.
        case deadlineExceeded = "web.deadlineExceeded"
        /// A mistake of ours; the trace id finds it in the log.
        case `internal` = "web.internal"
        /// The address to listen at is taken or not ours; found at start.
        case cannotListen = "web.cannotListen"
        /// A declaration contradicts itself or another one; found at start.
        case invalidDeclaration = "web.invalidDeclaration"
        /// A file that a page needs is missing or broken; found at start.
        case invalidResource = "web.invalidResource"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names and values that help to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Describes what went wrong.
    public init(
        _ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}
