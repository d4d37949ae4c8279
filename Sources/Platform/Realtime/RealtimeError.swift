public import Base

/// Why something about topics did not happen; clients are told the codes.
public struct RealtimeError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// Two kinds of topics contradict each other, or one is declared in an impossible way.
        case invalidDeclaration = "realtime.invalidDeclaration"
        /// What a client sent is no command.
        case malformedCommand = "realtime.malformedCommand"
        /// No such topic.
        case unknownTopic = "realtime.unknownTopic"
        /// Not allowed to listen to it, or to send to it.
        case forbidden = "realtime.forbidden"
        /// The connection listens to the topic already.
        case alreadySubscribed = "realtime.alreadySubscribed"
        /// The connection does not listen to the topic.
        case notSubscribed = "realtime.notSubscribed"
        /// The connection listens to as many topics as it may.
        case tooManyTopics = "realtime.tooManyTopics"
        /// Too many commands in a short time.
        case tooManyCommands = "realtime.tooManyCommands"
        /// Somebody has as many connections as they may.
        case tooManyConnections = "realtime.tooManyConnections"
        /// A tenant has as many connections as it may.
        case tenantFull = "realtime.tenantFull"
        /// What is to be sent is too large.
        case tooLarge = "realtime.tooLarge"
        /// The server cannot do it now.
        case busy = "realtime.busy"
        /// The request does not open a socket as RFC 6455 wants it.
        case notASocket = "realtime.notASocket"
        /// The page that opens the socket is another site's.
        case foreignOrigin = "realtime.foreignOrigin"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// When trying again makes sense.
    public let retryAfter: Duration?
    /// Names and values that help to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, retryAfter: Duration? = nil, context: [String: String] = [:],
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.context = context
        self.underlying = underlying
    }
}

/// Why a socket is closed (RFC 6455, section 7.4): below 4000 the standard's numbers, from 4000 on ours.
public enum CloseCode: UInt16, Sendable, CaseIterable {
    /// All is said.
    case normal = 1_000
    /// The server or the page goes away.
    case goingAway = 1_001
    /// A frame breaks the protocol.
    case protocolError = 1_002
    /// A message is not text.
    case unsupportedData = 1_003
    /// A text is not UTF-8.
    case invalidText = 1_007
    /// A message is too large.
    case tooLarge = 1_009
    /// The server is stopped: come back after the hint, and resume.
    case restarting = 1_012
    /// The reader was too slow: come back, and resume.
    case resume = 4_000
    /// The session has ended: sign in.
    case signedOut = 4_001
    /// Nothing was heard of the client.
    case idle = 4_002
    /// Commands came faster than allowed, for long.
    case tooManyCommands = 4_029
    /// Somebody or a tenant has as many connections as they may.
    case tooManyConnections = 4_030
}
