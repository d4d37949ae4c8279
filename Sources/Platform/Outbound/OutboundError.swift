public import Base

/// Why a call to the outside world brought no response.
///
/// A response with a status such as 404 or 503 is a response, not an error.
public struct OutboundError: CodedError {
    /// What can go wrong.
    public enum Code: String, CaseIterable, Sendable {
        /// The request itself cannot be sent: its address, a header, or a bound out of range.
        case requestInvalid = "outbound.requestInvalid"
        /// The host leads to an address within our own networks.
        case addressRefused = "outbound.addressRefused"
        /// The host's name leads to no address.
        case unresolved = "outbound.unresolved"
        /// Nobody answers at the address.
        case unreachable = "outbound.unreachable"
        /// The other side could not prove who it is, or the encrypted connection failed.
        case tls = "outbound.tls"
        /// The time for the call was over.
        case timedOut = "outbound.timedOut"
        /// The connection ended before the response did.
        case closed = "outbound.closed"
        /// The response breaks HTTP, or its head is larger than any is.
        case malformed = "outbound.malformed"
        /// The response is larger than allowed.
        case tooLarge = "outbound.tooLarge"
        /// There were more redirects than allowed, or one that must not be followed.
        case redirectRefused = "outbound.redirectRefused"
        /// Too many calls to this host run or wait.
        case busy = "outbound.busy"
        /// The content to be sent failed or did not have the announced length.
        case contentFailed = "outbound.contentFailed"
        /// The task was cancelled.
        case cancelled = "outbound.cancelled"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// The host, the address and what else helps to find the cause.
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

    /// Whether the other side certainly got nothing of the request, so that anything may be sent again.
    public var isBeforeSending: Bool {
        switch code {
        case .requestInvalid, .addressRefused, .unresolved, .unreachable, .tls, .busy: true
        case .timedOut, .closed, .malformed, .tooLarge, .redirectRefused, .contentFailed, .cancelled: false
        }
    }

    /// Whether the same call may well succeed a little later.
    public var isTransient: Bool {
        switch code {
        case .unresolved, .unreachable, .timedOut, .closed, .busy: true
        case .requestInvalid, .addressRefused, .tls, .malformed, .tooLarge, .redirectRefused, .contentFailed,
            .cancelled:
            false
        }
    }
}
