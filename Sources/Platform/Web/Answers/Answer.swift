import Base
import NIOCore

/// What a handler may return: JSON values, replies with headers, pages, redirects, exports, blobs.
public protocol Answerable: Sendable {
    /// What the description of the API says about it.
    static var content: Content { get }

    /// The answer as it will be sent.
    func answer(in context: RequestContext) async throws -> Answer
}

/// An answer as it will be sent, before headers that the server adds.
public struct Answer: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        case ready(ReadyBytes)
        case stream(length: Int?, @Sendable (any BodyWriter) async throws -> Void)
        case takeover(ConnectionTaker)
    }

    /// The status; the route's declared one when `nil`.
    var status: Int?
    /// The media type; the route's declared one when `nil`.
    var mediaType: String?
    /// Further headers.
    var headers: [(name: String, value: String)] = []
    var cookies: [Cookie] = []
    var body: Body
    /// Whether the body may be compressed.
    var isCompressible = true
    /// Whether the answer is one of the route's failures or a range, which no cache rule covers.
    var overridesCache: String?
    /// The one other site whose script and frame the page may load; `nil`, as nearly always, for none.
    var foreignOrigin: String?
    /// In which frames the page may stand, and which it holds.
    var framing = Framing.none
    /// A validator that is known without looking at the body.
    var validator: String?

    init(body: Body) { self.body = body }
}

/// A body that is sent again and again: its bytes, compressed bytes and validator made once.
public struct ReadyBytes: Sendable {
    let plain: ByteBuffer
    let compressed: ByteBuffer?
    let validator: String
    let plainLength: String
    let compressedLength: String

    /// Prepares the bytes of a body.
    public init(_ bytes: some Sequence<UInt8>) { self.init(ByteBuffer(bytes: bytes)) }

    init(_ buffer: ByteBuffer, isCompressible: Bool = true) {
        plain = buffer
        validator = Validator.strong(of: buffer)
        plainLength = String(buffer.readableBytes)
        let squeezed = isCompressible && buffer.readableBytes >= Gzip.bytesMin ? Gzip.compress(buffer) : nil
        compressed = squeezed.flatMap { $0.readableBytes < buffer.readableBytes ? $0 : nil }
        compressedLength = compressed.map { String($0.readableBytes) } ?? ""
    }

    /// The number of bytes without compression.
    public var count: Int { plain.readableBytes }

    /// The number of bytes held in memory, for caches that weigh.
    public var weight: Int { plain.readableBytes + (compressed?.readableBytes ?? 0) }
}

/// Receives the bytes of a streamed body; suspends while the client is slower than we are.
protocol BodyWriter: Sendable {
    /// Sends bytes; returns when there is room for more.
    func write(_ buffer: ByteBuffer) async throws
    /// Says what follows the last byte: headers that could only be known at the end.
    func finish(trailers: [(name: String, value: String)]) async throws
}
