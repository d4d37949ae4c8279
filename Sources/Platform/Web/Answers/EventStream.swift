import Base
import NIOCore

/// Events that are told to a browser as they happen (server-sent events: WHATWG HTML, section 9.2), for as long as it
/// listens.
///
/// ```swift
/// EventStream { events in
///     while let change = await changes.next() { try await events.send(change.json, event: "rows", id: change.number) }
/// }
/// ```
///
/// The closure returns to end the stream; the browser then comes back by itself after ``retry`` and says in
/// `Last-Event-ID` what it has. Sending suspends while the client is slower, and throws when it has gone.
public struct EventStream: Answerable {
    /// Events.
    public static let content = Content(mediaType: "text/event-stream")

    private let retry: Duration
    private let tell: @Sendable (EventSender) async throws -> Void

    /// Declares a stream.
    ///
    /// - Parameters:
    ///   - retry: After how long a browser comes back when the stream has ended. Defaults to 3 seconds; 100 milliseconds
    ///     to 1 hour.
    ///   - tell: Sends events until it returns.
    public init(
        retry: Duration = .seconds(3), tell: @escaping @Sendable (EventSender) async throws -> Void
    ) {
        precondition((.milliseconds(100) ... .seconds(3_600)).contains(retry), "browsers come back after \(retry)")
        self.retry = retry
        self.tell = tell
    }

    /// The stream.
    public func answer(in context: RequestContext) -> Answer {
        let (retry, tell) = (retry, tell)
        var answer = Answer(
            body: .stream(length: nil) { writer in
                try await writer.write(ByteBuffer(string: "retry: \(retry.milliseconds)\n\n"))
                try await tell(EventSender(writer: writer))
            })
        answer.isCompressible = false
        // Proxies that gather bytes before they pass them on would hold events back.
        answer.headers = [("x-accel-buffering", "no")]
        return answer
    }
}

/// Where a stream's events are sent.
public struct EventSender: Sendable {
    let writer: any BodyWriter

    /// Sends an event.
    ///
    /// - Parameters:
    ///   - data: Text of any lines, JSON as a rule.
    ///   - event: The event's type, a word.
    ///   - id: What the browser says when it comes back; `nil` to leave it as it was.
    /// - Throws: When the client has gone.
    public func send(_ data: String, event: StaticString, id: String? = nil) async throws {
        var text = ""
        // A line's end in an id would begin a field of somebody else's making.
        if let id { text += "id: \(id.filter { $0.isASCII && !$0.isNewline && $0 != "\0" })\n" }
        text += "event: \(event)\n"
        // CR, LF and CRLF all end a line there, and nothing else does: each line of the data is a field of its own.
        let isLineEnd = { (character: Character) in character == "\n" || character == "\r" || character == "\r\n" }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd) {
            text += "data: \(line)\n"
        }
        try await writer.write(ByteBuffer(string: text + "\n"))
    }

    /// Sends a comment, by which both sides notice that the other one has gone.
    ///
    /// - Throws: When the client has gone.
    public func beat() async throws { try await writer.write(ByteBuffer(string: ":\n\n")) }
}

extension RequestContext {
    /// What the browser has of a stream that it comes back to; `nil` at the first time.
    public var lastEventID: String? { header("last-event-id").flatMap { $0.utf8.count <= 256 ? $0 : nil } }
}
