public import NIOCore
public import Outbound

/// A request as a peer received it.
public struct PeerRequest: Sendable {
    /// The method, as in `GET`.
    public var method: String
    /// Path and query, as they were sent.
    public var target: String
    /// The header fields.
    public var headers: OutboundHeaders
    /// The content.
    public var content: ByteBuffer
    /// The number of the connection it came over, counted from 1.
    public var connection: Int
    /// What was done to it instead of, or with, its answer.
    public var fault: PeerFault?

    /// The path without the query.
    public var path: String { String(target.prefix { $0 != "?" }) }
    /// The content as text.
    public var text: String { String(buffer: content) }
}

/// What a peer answers when nothing goes wrong.
public struct PeerAnswer: Sendable {
    /// The status.
    public var status: Int
    /// Header fields; the content's length is added.
    public var headers: OutboundHeaders
    /// The content.
    public var content: ByteBuffer
    /// Content that is sent piece by piece without an announced length; none for ``content`` as a whole.
    public var pieces: [PeerPiece] = []
    /// Whether the connection is closed behind the last piece, in the middle of the content.
    public var isCut = false

    /// Makes an answer.
    public init(_ status: Int = 200, headers: OutboundHeaders = [:], content: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.content = content
    }

    /// Makes an answer of a text.
    public static func text(_ text: String, status: Int = 200, headers: OutboundHeaders = [:]) -> PeerAnswer {
        PeerAnswer(status, headers: headers, content: ByteBuffer(string: text))
    }
}

/// A piece of an answer's content, written by itself.
public struct PeerPiece: Sendable {
    /// The bytes; at least one.
    public var bytes: [UInt8]
    /// What is waited for before they are written; nothing by default.
    public var gate: (@Sendable () async -> Void)?

    /// Makes a piece.
    public init(_ bytes: [UInt8], after gate: (@Sendable () async -> Void)? = nil) {
        self.bytes = bytes
        self.gate = gate
    }
}

/// What can go wrong with one request: the fault dial.
public enum PeerFault: Sendable, Hashable {
    /// The request is read and never answered.
    case silence
    /// The head of the answer and half of its content are sent, then nothing more.
    case stall
    /// The connection is closed as soon as the head of the request is there, in the middle of an upload.
    case cutUpload
    /// The request is read, then the connection is closed.
    case drop
    /// The head of the answer and half of its content are sent, then the connection is closed.
    case dropMidBody
    /// Content without an announced length and without an end, until the client has had enough.
    case endlessBody
    /// This status instead of the answer, with this `Retry-After`.
    case status(Int, retryAfter: String?)
    /// A redirect there.
    case redirect(Int, to: String)
    /// A head of the answer with as many bytes in one field.
    case hugeHeaders(Int)
    /// Something that is not HTTP.
    case garbage
    /// The answer's first bytes of content only, with a length that says that this is all.
    case truncated(Int)
}
