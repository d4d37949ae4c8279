import NIOCore
import NIOHTTP1

/// Puts handlers of another protocol onto a connection; called on its event loop.
typealias ConnectionTaker = @Sendable (any Channel, ChannelPipeline.SynchronousOperations.Position) throws -> Void

/// Takes a connection out of HTTP's hands: the head of the answer is sent, the handlers of HTTP go, others come, and the
/// task that answered ends, so that nothing but those handlers is left of the memory that the connection takes.
enum ConnectionHandOver {
    /// Thrown through the scope that would close the connection at its end.
    struct Done: Error {}

    /// Sends the head and exchanges the handlers.
    static func perform(on channel: any Channel, _ response: WireResponse, _ take: @escaping ConnectionTaker)
        async throws
    {
        let head = bytes(of: response)
        try await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let guardContext = try pipeline.context(handlerType: ConnectionGuard.self)
            let watcher = try pipeline.handler(type: ConnectionGuard.self)
            watcher.handOver()
            pipeline.removeHandler(try pipeline.handler(type: ByteWatch.self), promise: nil)
            pipeline.removeHandler(try pipeline.handler(type: HTTPResponseEncoder.self), promise: nil)
            pipeline.removeHandler(try pipeline.handler(type: NIOHTTPResponseHeadersValidator.self), promise: nil)
            guardContext.writeAndFlush(NIOAny(head), promise: nil)
            try take(channel, .before(watcher))
            // Last, since bytes that have arrived after the request are handed to the next handler.
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            pipeline.removeHandler(decoder, promise: nil)
        }.get()
    }

    /// Removes what kept the connection open while the scope ended.
    static func finish(on channel: any Channel) {
        channel.eventLoop.execute {
            let pipeline = channel.pipeline.syncOperations
            // Nothing is there to be removed when the connection has closed meanwhile.
            guard let watcher = try? pipeline.handler(type: ConnectionGuard.self) else { return }
            pipeline.removeHandler(watcher, promise: nil)
        }
    }

    private static func bytes(of response: WireResponse) -> ByteBuffer {
        let status = HTTPResponseStatus(statusCode: response.status)
        var text = "HTTP/1.1 \(response.status) \(status.reasonPhrase)\r\n"
        for (name, value) in response.headers { text += "\(name): \(value)\r\n" }
        return ByteBuffer(string: text + "\r\n")
    }
}
