public import Base
public import NIOCore

/// One HTTP request to the outside world, with all its bounds.
public struct OutboundRequest: Sendable {
    /// What is asked for.
    public enum Method: String, CaseIterable, Sendable {
        /// Read.
        case get = "GET"
        /// Read the head only.
        case head = "HEAD"
        /// Do something.
        case post = "POST"
        /// Put something in a place.
        case put = "PUT"
        /// Remove.
        case delete = "DELETE"
        /// Change a part.
        case patch = "PATCH"

        /// Whether asking twice does the same as asking once (RFC 9110, section 9.2.2).
        public var isIdempotent: Bool {
            switch self {
            case .get, .head, .put, .delete: true
            case .post, .patch: false
            }
        }
    }

    /// What is asked for.
    public var method: Method
    /// Where.
    public var address: OutboundAddress
    /// Header fields; `Host` and what frames the content are added.
    public var headers: OutboundHeaders
    /// What is sent.
    public var content: OutboundContent
    /// How long all of it may take, from asking to the last byte of the response, waiting for a turn included.
    ///
    /// Of a response that is streamed: each wait for a chunk ends at it too. Defaults to 30 seconds; 1 millisecond to
    /// 1 hour.
    public var deadline: Duration
    /// The largest response that is accepted.
    ///
    /// Defaults to 1 MiB; up to 1 TiB for a response that is streamed, 256 MiB for one that is kept in memory.
    public var responseMax: ByteCount
    /// How many redirects are followed; each is checked as the first address was.
    ///
    /// Defaults to 0, which returns the redirect itself; at most 10.
    public var redirectsMax: Int

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - method: What is asked for. Defaults to ``Method/get``.
    ///   - address: Where.
    ///   - headers: Header fields.
    ///   - content: What is sent. Defaults to nothing.
    ///   - deadline: How long all of it may take. Defaults to 30 seconds; 1 millisecond to 1 hour.
    ///   - responseMax: The largest response that is accepted. Defaults to 1 MiB.
    ///   - redirectsMax: How many redirects are followed. Defaults to 0; at most 10.
    public init(
        _ method: Method = .get, _ address: OutboundAddress, headers: OutboundHeaders = [:],
        content: OutboundContent = .none, deadline: Duration = .seconds(30), responseMax: ByteCount = .mebibytes(1),
        redirectsMax: Int = 0
    ) {
        precondition(
            (.milliseconds(1) ... .seconds(3_600)).contains(deadline), "a deadline of \(deadline): 1 ms to 1 hour")
        precondition((0...10).contains(redirectsMax), "\(redirectsMax) redirects are not within 0 to 10")
        self.method = method
        self.address = address
        self.headers = headers
        self.content = content
        self.deadline = deadline
        self.responseMax = responseMax
        self.redirectsMax = redirectsMax
    }

    /// Whether the same request may be sent again when it is not known what became of it.
    public var isRepeatable: Bool { method.isIdempotent && content.isRepeatable }
}

/// What a request sends.
public enum OutboundContent: Sendable {
    /// Nothing.
    case none
    /// Bytes in memory.
    case bytes(ByteBuffer)
    /// As many bytes as announced, asked for chunk by chunk as the connection takes them; `nil` ends them.
    case stream(length: ByteCount, next: @Sendable () async throws -> ByteBuffer?)

    /// A text in UTF-8.
    public static func text(_ text: String) -> OutboundContent { .bytes(ByteBuffer(string: text)) }

    /// Whether it can be sent a second time.
    public var isRepeatable: Bool {
        switch self {
        case .none, .bytes: true
        case .stream: false
        }
    }
}

/// A response with all of its content.
public struct OutboundResponse: Sendable {
    /// The status, 200 to 599.
    public let status: Int
    /// The header fields.
    public let headers: OutboundHeaders
    /// The content.
    public let content: ByteBuffer
    /// Where it came from, after redirects.
    public let address: OutboundAddress

    /// Joins the head of a response with its content.
    public init(_ head: OutboundDownload, content: ByteBuffer) {
        status = head.status
        headers = head.headers
        address = head.address
        self.content = content
    }

    /// The content as text; what is no UTF-8 is shown as replacement characters.
    public var text: String { String(buffer: content) }
}

/// A response whose content is still to be read.
public struct OutboundDownload: Sendable {
    /// The status, 200 to 599.
    public let status: Int
    /// The header fields.
    public let headers: OutboundHeaders
    /// Where it came from, after redirects.
    public let address: OutboundAddress
    /// The content.
    ///
    /// A reader that is let go ends the connection.
    public let content: OutboundReader
}
