import NIOCore

/// The end of the pipeline: greets the server, then turns bytes into replies and pushes.
final class RESPHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: RedisLink
    private let id: Int
    private var decoder = RESPDecoder()
    /// Replies to greetings that are still to come.
    private var greetings = 0
    private var hello = RESPValue.null

    init(_ link: RedisLink, id: Int) {
        self.link = link
        self.id = id
    }

    func channelActive(context: ChannelHandlerContext) {
        guard link.opened(context.channel, id: id) else {
            context.close(promise: nil)
            return
        }
        let commands = link.greetings
        greetings = commands.count
        var buffer = context.channel.allocator.buffer(capacity: 256)
        for command in commands { buffer.writeBytes(command.encoded) }
        context.writeAndFlush(NIOAny(buffer), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        var replies: [RESPValue] = []
        do {
            while let value = try decoder.next() {
                if case .push(let elements) = value {
                    // What is told stands in one order with what is answered.
                    if !replies.isEmpty { link.received(replies, on: id) }
                    replies.removeAll(keepingCapacity: true)
                    link.pushed(elements)
                } else if greetings > 0 {
                    guard greeted(value) else { return }
                } else {
                    replies.append(value)
                }
            }
        } catch {
            link.lose(id, RedisError(.malformed, "The server does not speak RESP3.", underlying: error))
            return
        }
        if !replies.isEmpty { link.received(replies, on: id) }
    }

    private func greeted(_ reply: RESPValue) -> Bool {
        if case .error(let error) = reply {
            link.lose(id, Self.refusal(error))
            return false
        }
        if case .map = reply { hello = reply }
        greetings -= 1
        if greetings == 0 { link.established(id, greeting: hello) }
        return true
    }

    private static func refusal(_ error: RESPError) -> RedisError {
        let advice =
            switch error.kind {
            case "WRONGPASS", "NOAUTH": "check user and password"
            case "NOPROTO", "ERR": "it must be Redis 6 or newer, or Valkey, and the database must exist"
            default: "it may be starting"
            }
        return RedisError(
            .refused, "The server did not let us in (\(error.kind)): \(advice).", context: ["text": error.text])
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.lose(id, RedisError(.unavailable, "The connection failed.", underlying: error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.lose(id, RedisError(.unavailable, "The server closed the connection."))
        context.fireChannelInactive()
    }
}
