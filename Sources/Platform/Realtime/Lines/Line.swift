import Base
import NIOCore
import NIOWebSocket

/// One connection: a handler and nothing else, no task and no timer, so that a hundred thousand idle ones cost little.
// SAFETY: everything but `visitor`, `shard` and `isSocket`, which do not change, is touched on the shard's event loop
// only: NIO calls the handler there, and `LoopShard` goes there first.
final class Line: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    private enum Bounds {
        /// How long the other side has to answer a close.
        static let closing = TimeAmount.seconds(5)
        /// Refused commands after which the connection is ended.
        static let refusals: UInt16 = 200
    }

    /// Which subscription of a connection an answer is for.
    struct Ticket: Sendable, Hashable {
        var number: UInt32
        /// The command that the answer names.
        var command: Int?
        /// What whoever listens is called, where that is shown.
        var name: String?
    }

    private struct Subscription {
        var topic: TopicName
        var ticket: UInt32
        /// The feed, once the subscription stands.
        var feed: TopicFeed?
        /// How far a stream of events has come.
        var position: TopicPosition?
        /// As whom the others are shown this one.
        var member: TopicMember?
    }

    let visitor: TopicVisitor
    let shard: LoopShard
    let isSocket: Bool
    private let realtime: Realtime
    private var assembler = MessageAssembler(bytesMax: ClientCommand.Bounds.bytes)
    private var context: ChannelHandlerContext?
    private var subscriptions: [Subscription] = []
    private var lastTicket: UInt32 = 0
    private var heardAt = NIODeadline.now()
    private var isAsked = false
    private var closingSince: NIODeadline?
    private var hasSeat = false
    /// When the next command may come, were none saved up (the arrival time of GCRA).
    private var arrival = NIODeadline.uptimeNanoseconds(0)
    private var refusals: UInt16 = 0
    /// What a stream of events begins with.
    private var opening: [(topic: TopicName, position: TopicPosition?)]

    init(
        _ visitor: TopicVisitor, of realtime: Realtime, on shard: LoopShard, isSocket: Bool,
        opening: [(topic: TopicName, position: TopicPosition?)] = []
    ) {
        self.visitor = visitor
        self.realtime = realtime
        self.shard = shard
        self.isSocket = isSocket
        self.opening = opening
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shard.enter(self)
        context.read()
        hasSeat = realtime.takeSeat(visitor)
        guard hasSeat else { return end(.tooManyConnections, "as many connections as allowed are open") }
        if !isSocket {
            write(ByteBuffer(string: "retry: 3000\n\n"))
            for (topic, position) in opening { subscribe(topic, from: position, command: nil) }
            opening = []
            flush()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { leaveAll() }

    func channelInactive(context: ChannelHandlerContext) { leaveAll() }

    private func leaveAll() {
        guard context != nil else { return }
        context = nil
        shard.remove(self)
        for subscription in subscriptions { leave(subscription) }
        subscriptions = []
        if hasSeat { realtime.giveBackSeat(visitor) }
        hasSeat = false
    }

    private func leave(_ subscription: Subscription) {
        guard let feed = subscription.feed else { return }
        shard.leave(feed, self)
        if let member = subscription.member { realtime.left(member, feed) }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardAt = .now()
        isAsked = false
        // A client has nothing to say on a stream of events.
        guard isSocket else { return }
        let frame = unwrapInboundIn(data)
        let event = assembler.take(
            .init(
                opcode: UInt8(webSocketOpcode: frame.opcode), isFinal: frame.fin,
                hasReservedBits: frame.rsv1 || frame.rsv2 || frame.rsv3, isMasked: frame.maskKey != nil,
                data: frame.unmaskedData))
        if closingSince != nil {
            if case .close = event { context.close(promise: nil) }
            return
        }
        switch event {
        case .incomplete, .pong: break
        case .text(let text): take(text)
        case .ping(let data): writeAndFlush(WebSocketText.frame(WebSocketText.pong, data))
        case .close(let code):
            // Echoed, then closed: the server is the side that closes the connection below.
            writeAndFlush(WebSocketText.close(code))
            context.close(promise: nil)
        case .violation(let code, let reason): end(code, reason)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.read()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard closingSince == nil else { return context.close(promise: nil) }
        switch error as? NIOWebSocketError {
        case .invalidFrameLength: end(.tooLarge, "a frame has more than \(ClientCommand.Bounds.bytes) bytes")
        case .some: end(.protocolError, "a frame breaks the protocol")
        case nil: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: context.close(promise: nil)
        case is ChannelShouldQuiesceEvent: sendAway(context)
        default: break
        }
    }

    /// The server stops: the client is told when to come back, so that not all come at once.
    private func sendAway(_ context: ChannelHandlerContext) {
        guard closingSince == nil else { return }
        let wait = realtime.reconnectWait()
        if isSocket {
            write(SharedFrame(text: ServerText.reconnect(after: wait)).socket)
            end(.restarting, "the server is stopped; come back and resume")
        } else {
            writeAndFlush(ByteBuffer(string: "retry: \(Int(wait.milliseconds) + 1)\nevent: reconnect\ndata: {}\n\n"))
            context.close(promise: nil)
        }
    }

    // MARK: Commands

    private func take(_ text: String) {
        guard mayCommand() else {
            refusals += 1
            if refusals > Bounds.refusals { return end(.tooManyCommands, "too many commands") }
            return answer(
                ServerText.error(
                    nil, nil,
                    RealtimeError(.tooManyCommands, "Commands come too fast; wait.", retryAfter: .seconds(1))))
        }
        do throws(ClientCommand.Malformed) {
            let command = try ClientCommand(text)
            perform(command)
        } catch {
            answer(
                ServerText.error(
                    error.id, nil, RealtimeError(.malformedCommand, "This is no command: \(error.reason).")))
        }
    }

    private func mayCommand() -> Bool {
        let options = realtime.options
        let step = Int64(1_000_000_000 / options.commandsPerSecond)
        let now = NIODeadline.now()
        let earliest = arrival - .nanoseconds(step * Int64(options.commandBurst - 1))
        guard now >= earliest else { return false }
        arrival = max(arrival, now) + .nanoseconds(step)
        refusals -= min(refusals, 5)
        return true
    }

    private func perform(_ command: ClientCommand) {
        switch command.act {
        case .subscribe(let topic, let position): subscribe(topic, from: position, command: command.id)
        case .unsubscribe(let topic):
            guard let place = subscriptions.firstIndex(where: { $0.topic == topic }) else {
                return refuse(command.id, topic, .notSubscribed, "The connection does not listen to this topic.")
            }
            leave(subscriptions.remove(at: place))
            answer(ServerText.done(command.id, "unsubscribed", topic))
        case .publish(let topic, let signal): publish(signal, to: topic, command.id)
        case .presence(let topic):
            guard let feed = feed(of: topic), feed.kind.showsPresence else {
                return refuse(
                    command.id, topic, .notSubscribed,
                    "The connection listens to no topic of this name that shows who does.")
            }
            answer(ServerText.presence(command.id, topic, realtime.members(of: feed.key)))
        case .ping: answer(ServerText.pong(command.id))
        }
    }

    private func subscribe(_ topic: TopicName, from position: TopicPosition?, command: Int?) {
        guard !subscriptions.contains(where: { $0.topic == topic }) else {
            return refuse(command, topic, .alreadySubscribed, "The connection listens to this topic already.")
        }
        guard subscriptions.count < realtime.options.topicsPerConnection else {
            return refuse(command, topic, .tooManyTopics, "The connection listens to as many topics as it may.")
        }
        lastTicket += 1
        let ticket = Ticket(number: lastTicket, command: command)
        subscriptions.append(Subscription(topic: topic, ticket: lastTicket, position: position))
        if !realtime.join(self, ticket, topic, from: position) {
            refused(ticket, RealtimeError(.busy, "Too much is asked for at once; try again.", retryAfter: .seconds(2)))
        }
    }

    private func publish(_ signal: String, to topic: TopicName, _ command: Int?) {
        guard let feed = feed(of: topic) else {
            return refuse(command, topic, .notSubscribed, "The connection does not listen to this topic.")
        }
        guard case .signals(let bytesMax) = feed.kind.sending else {
            return refuse(command, topic, .forbidden, "Nothing can be sent to this topic.")
        }
        guard signal.utf8.count <= min(bytesMax, RealtimeBounds.signalBytes) else {
            return refuse(command, topic, .tooLarge, "A signal of this topic has at most \(bytesMax) bytes.")
        }
        realtime.relay(signal, from: visitor, to: feed.key)
        if command != nil { answer(ServerText.done(command, "published", topic)) }
    }

    private func feed(of topic: TopicName) -> TopicFeed? { subscriptions.first { $0.topic == topic }?.feed }

    private func refuse(_ command: Int?, _ topic: TopicName, _ code: RealtimeError.Code, _ message: String) {
        answer(ServerText.error(command, topic, RealtimeError(code, message)))
    }

    private func answer(_ text: String) { tell(SharedFrame(text: text)) }

    // MARK: Called by the shard

    /// A subscription stands; `false` when it is no longer wanted.
    func accepted(_ feed: TopicFeed, _ ticket: Ticket, _ acceptance: TopicMachine.Acceptance) -> Bool {
        guard context != nil, closingSince == nil,
            let place = subscriptions.firstIndex(where: { $0.ticket == ticket.number })
        else { return false }
        subscriptions[place].feed = feed
        // The same text as in the feed, kept once for all that listen to it.
        subscriptions[place].topic = feed.key.name
        subscriptions[place].position = acceptance.start
        write(SharedFrame(text: ServerText.subscribed(ticket.command, feed.key.name, acceptance)), place: place)
        for message in acceptance.missed { write(message, place: place) }
        flush()
        if feed.kind.showsPresence, let name = ticket.name {
            let member = TopicMember(id: visitor.seat, name: name)
            subscriptions[place].member = member
            realtime.joined(member, feed)
        }
        return true
    }

    /// A subscription does not come to stand.
    func refused(_ ticket: Ticket, _ error: RealtimeError) {
        guard let place = subscriptions.firstIndex(where: { $0.ticket == ticket.number }) else { return }
        let topic = subscriptions.remove(at: place).topic
        answer(ServerText.error(ticket.command, topic, error))
        // A stream of events without a topic can never have one: the browser comes back, or is told why not.
        if !isSocket, subscriptions.isEmpty { context?.close(promise: nil) }
    }

    func deliver(_ messages: [TopicMessage], of feed: TopicFeed) {
        guard closingSince == nil, let place = subscriptions.firstIndex(where: { $0.feed === feed }) else { return }
        for message in messages { write(message, place: place) }
        flush()
    }

    func reset(_ feed: TopicFeed, to head: TopicPosition, _ frame: SharedFrame) {
        guard closingSince == nil, let place = subscriptions.firstIndex(where: { $0.feed === feed }) else { return }
        subscriptions[place].position = head
        write(frame, place: place)
        flush()
    }

    func tell(_ frame: SharedFrame) {
        guard closingSince == nil else { return }
        write(frame, place: nil)
        flush()
    }

    /// Asks a silent client for a sign of life, ends one that is gone, slow or no longer welcome.
    func look(at now: NIODeadline, isWelcome: ((TopicVisitor) -> Bool)?) {
        guard let context else { return }
        if let closingSince {
            if now >= closingSince + Bounds.closing { context.close(promise: nil) }
            return
        }
        guard isWelcome?(visitor) ?? true else { return end(.signedOut, "the session has ended") }
        let silence = now - heardAt
        if isSocket, silence >= TimeAmount(realtime.options.idleTimeout) { return end(.idle, "nothing was heard") }
        guard silence >= TimeAmount(realtime.options.pingAfter), !isAsked else { return }
        isAsked = true
        if isSocket {
            writeAndFlush(WebSocketText.frame(WebSocketText.ping))
        } else {
            // Nobody answers a comment; the next one is sent after the same time.
            heardAt = now
            isAsked = false
            writeAndFlush(ByteBuffer(string: ":\n\n"))
        }
    }

    // MARK: Writing

    private func write(_ message: TopicMessage, place: Int) {
        if let position = subscriptions[place].position, !isSocket {
            subscriptions[place].position = TopicPosition(epoch: position.epoch, offset: message.offset)
        }
        write(message.frame, place: place)
    }

    private func write(_ frame: SharedFrame, place: Int?) {
        guard !isSocket else { return write(frame.socket) }
        // The id says how far the stream has come in all of its topics, in their order.
        let id =
            place == nil
            ? "" : "id: \(subscriptions.map { $0.position?.description ?? "-" }.joined(separator: ","))\n"
        write(ByteBuffer(string: id + "data: "))
        write(frame.event)
    }

    private func write(_ buffer: ByteBuffer) { context?.write(wrapOutboundOut(buffer), promise: nil) }

    private func flush() {
        guard let context else { return }
        context.flush()
        guard !context.channel.isWritable, closingSince == nil else { return }
        // The number cannot be had of a channel that is closing, which then needs no judging.
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if waiting > realtime.options.outgoingBytesMax {
            realtime.countCut()
            end(.resume, "the reader is too slow; come back and resume")
        }
    }

    private func writeAndFlush(_ buffer: ByteBuffer) {
        write(buffer)
        flush()
    }

    /// Says why, and closes when the other side has answered or some time has passed.
    private func end(_ code: CloseCode, _ reason: String) {
        guard let context, closingSince == nil else { return }
        closingSince = .now()
        guard isSocket else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(WebSocketText.close(code, reason)), promise: nil)
    }
}
