public import Base

/// What can go wrong between nodes.
public struct CoordinationError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// The shared store did not answer in time or at all; callers fall back to local decisions.
        case unavailable = "coordination.unavailable"
        /// A name, a message or a value is larger than its bound.
        case tooLarge = "coordination.tooLarge"
        /// There are as many subscriptions as there may be.
        case tooManySubscriptions = "coordination.tooManySubscriptions"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names and values for the developer.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error of this module; also for the back ends of other modules.
    public init(
        _ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}

/// The bounds that every back end keeps.
public enum CoordinationBounds {
    /// Bytes of a topic, a key or a tag: 512.
    public static let nameBytesMax = 512
    /// Bytes of a message on the bus: 64 KiB.
    public static let messageBytesMax = ByteCount.kibibytes(64)
    /// Bytes of a value in the shared cache: 4 MiB.
    public static let valueBytesMax = ByteCount.mebibytes(4)

    /// Refuses names and payloads over their bound, before they reach a back end.
    public static func check(
        name: String, payload: Int = 0, max: ByteCount = messageBytesMax
    ) throws(CoordinationError) {
        guard name.utf8.count <= nameBytesMax, !name.isEmpty else {
            throw CoordinationError(
                .tooLarge, "A name has \(name.utf8.count) bytes; 1 to \(nameBytesMax) are allowed. Shorten it.")
        }
        guard payload <= max.bytes else {
            throw CoordinationError(
                .tooLarge, "A payload has \(payload) bytes; at most \(max) are allowed. Send a reference instead.")
        }
    }
}
