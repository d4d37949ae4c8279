public import Base

/// What can go wrong between us and a server of Redis or Valkey.
public struct RedisError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// The server cannot be reached, the connection broke, or the node that has the key is away.
        case unavailable = "redis.unavailable"
        /// The server did not answer within the command's deadline.
        case timedOut = "redis.timedOut"
        /// As many commands or bytes wait as may.
        case busy = "redis.busy"
        /// The server answered with a refusal.
        case refused = "redis.refused"
        /// The server said what is no RESP3, or more than may be.
        case malformed = "redis.malformed"
        /// The client has been shut down.
        case closed = "redis.closed"
        /// The address or a file that it names cannot be used.
        case setup = "redis.setup"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names and values for the developer.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }

    /// A server's refusal of a command.
    ///
    /// Its text may quote values: it is context, not message.
    init(_ error: RESPError, of command: String) {
        self.init(
            .refused, "The server refused a command with \(error.kind).",
            context: ["command": command, "text": error.text])
    }

    /// The first word of the server's refusal, as in `NOSCRIPT`.
    var refusal: String? { context["text"].map { RESPError($0).kind } }
}
