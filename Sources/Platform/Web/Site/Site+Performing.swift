public import Base
import NIOCore
import NIOHTTP1
import Synchronization

/// An answer that was performed without a socket.
public struct PerformedAnswer: Sendable {
    /// The status.
    public let status: Int
    /// The headers, in order, names in lower case.
    public let headers: [(name: String, value: String)]
    /// The body, as it would have been sent (compressed, if so).
    public let body: [UInt8]
    /// What follows a streamed body.
    public let trailers: [(name: String, value: String)]

    /// The first header of the name (in lower case).
    public subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The body as text, with what is no UTF-8 replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

extension Site {
    /// Answers a request that came by no socket: tests, warming up, tools.
    ///
    /// A streamed body is gathered in memory.
    ///
    /// - Parameters:
    ///   - method: the method, as on the wire.
    ///   - target: path and query, as on the wire.
    ///   - headers: the headers.
    ///   - body: the body; when it is not empty, `Content-Length` is added.
    ///   - peer: whom the request comes from. Defaults to nobody.
    /// - Returns: the answer, also for whatever went wrong before its body.
    /// - Throws: what ended a streamed body early.
    public func perform(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        peer: IPAddress = .none
    ) async throws -> PerformedAnswer {
        var fields = HTTPHeaders(headers)
        if !body.isEmpty { fields.replaceOrAdd(name: "content-length", value: String(body.count)) }
        let head = RequestHead(method: method, target: target, fields: fields)
        let response = await respond(to: head, peer: peer, allow: { _ in }, body: ReadyBody(body))
        let gathered = GatheredBody()
        switch response.body {
        case .none, .takeover: break
        case .bytes(let buffer): try await gathered.write(buffer)
        case .stream(let write): try await write(gathered)
        }
        let (bytes, trailers) = gathered.contents
        return PerformedAnswer(
            status: response.status, headers: response.headers.map { ($0.name.lowercased(), $0.value) }, body: bytes,
            trailers: trailers)
    }
}

/// A body that is in memory, handed out in pieces as a connection would.
private final class ReadyBody: BodySource {
    private static let pieceBytes = 65_536

    private let rest: Mutex<ByteBuffer>

    init(_ bytes: [UInt8]) { rest = Mutex(ByteBuffer(bytes: bytes)) }

    func next() async throws -> ByteBuffer? {
        rest.withLock { rest in
            rest.readableBytes > 0 ? rest.readSlice(length: min(Self.pieceBytes, rest.readableBytes)) : nil
        }
    }
}

/// Gathers a streamed body in memory.
private final class GatheredBody: BodyWriter {
    private struct State {
        var bytes: [UInt8] = []
        var trailers: [(name: String, value: String)] = []
    }

    private let state = Mutex(State())

    var contents: (bytes: [UInt8], trailers: [(name: String, value: String)]) {
        state.withLock { ($0.bytes, $0.trailers) }
    }

    func write(_ buffer: ByteBuffer) async throws { state.withLock { $0.bytes += buffer.readableBytesView } }

    func finish(trailers: [(name: String, value: String)]) async throws {
        state.withLock { $0.trailers = trailers }
    }
}
