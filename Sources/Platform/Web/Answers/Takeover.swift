public import NIOCore

/// Hands the connection over to another protocol: 101, after which bytes are no longer HTTP's (RFC 9110, section 7.8).
///
/// The closure is called on the connection's event loop and puts its handlers at the given place; no task stays with the
/// connection. It then has no bounds but those handlers' own: idle time, sizes and slow readers are theirs to mind. When
/// the server drains, the handlers are told by a `ChannelShouldQuiesceEvent`. Reading is theirs too: they call
/// `context.read()` after each `channelReadComplete`.
public struct SocketTakeover: Answerable {
    /// No body.
    public static let content = Content.none

    private let headers: [(name: String, value: String)]
    private let take: ConnectionTaker

    /// Hands the connection over; the route declares the status 101.
    ///
    /// - Parameters:
    ///   - headers: What the protocol answers with, such as `Upgrade` and `Connection`.
    ///   - take: Puts handlers onto the connection, on its event loop.
    public init(
        headers: [(name: String, value: String)],
        take: @escaping @Sendable (any Channel, ChannelPipeline.SynchronousOperations.Position) throws -> Void
    ) {
        self.headers = headers
        self.take = take
    }

    /// The answer, to which no `HEAD` leads.
    public func answer(in context: RequestContext) throws -> Answer {
        guard !context.isHead else { throw Problem(.methodNotAllowed, "This address is served for GET only.") }
        var answer = Answer(body: .takeover(take))
        answer.status = 101
        answer.headers = headers
        return answer
    }
}

/// Hands the connection over for a stream of events that lasts as long as the connection: 200 and `text/event-stream`,
/// ended by closing.
///
/// As ``SocketTakeover``; an ``EventStream`` has a task, this has none.
public struct EventTakeover: Answerable {
    /// Events.
    public static let content = Content(mediaType: "text/event-stream")

    private let take: ConnectionTaker

    /// Hands the connection over.
    public init(take: @escaping @Sendable (any Channel, ChannelPipeline.SynchronousOperations.Position) throws -> Void)
    {
        self.take = take
    }

    /// The answer; a `HEAD` gets its head.
    public func answer(in context: RequestContext) -> Answer {
        var answer = Answer(body: context.isHead ? .none : .takeover(take))
        answer.isCompressible = false
        answer.headers = [("x-accel-buffering", "no"), ("connection", "close")]
        return answer
    }
}
