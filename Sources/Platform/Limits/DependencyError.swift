public import Base
public import Outbound

/// Why a dependency brought no response.
public struct DependencyError: CodedError {
    /// What can go wrong.
    public enum Code: String, CaseIterable, Sendable {
        /// It was called, and no attempt brought a response.
        case failed = "dependency.failed"
        /// It was not called: it fails or has asked to wait, and is left alone for a while.
        case circuitOpen = "dependency.circuitOpen"
        /// It was not called: too many calls wait for their turn.
        case busy = "dependency.busy"
        /// It was not called: the request may not be sent, or not there.
        case refused = "dependency.refused"
        /// The task was cancelled.
        case cancelled = "dependency.cancelled"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// The failure of the last attempt; `nil` when none was made.
    public let outbound: OutboundError?
    /// When asking again makes sense, as far as it is known.
    public let retryAfter: Duration?

    init(_ error: OutboundError) {
        switch error.code {
        case .requestInvalid, .addressRefused: code = .refused
        case .cancelled: code = .cancelled
        case .unresolved, .unreachable, .tls, .timedOut, .closed, .malformed, .tooLarge, .redirectRefused, .busy,
            .contentFailed:
            code = .failed
        }
        message = error.message
        outbound = error
        retryAfter = nil
    }

    init(_ error: LimitsError) {
        code = error.code == .concurrency ? .busy : .circuitOpen
        message = error.message
        outbound = nil
        retryAfter = error.refusal.retryAfter
    }

    /// What the last attempt knows.
    public var context: [String: String] { outbound?.context ?? [:] }
    /// The failure of the last attempt.
    public var underlying: (any Error)? { outbound }
}
