import NIOCore
import NIOHTTP1
import Synchronization

/// What a connection's task and its guard tell each other.
final class ConnectionState: Sendable {
    /// When the answer to the current request must have begun, in nanoseconds of `NIODeadline`; zero for never.
    private let deadline = Atomic<UInt64>(0)

    func allow(_ duration: Duration) {
        let (seconds, rest) = duration.components
        let time = NIODeadline.now() + .nanoseconds(seconds * 1_000_000_000 + rest / 1_000_000_000)
        deadline.store(time.uptimeNanoseconds, ordering: .relaxed)
    }

    func clear() { deadline.store(0, ordering: .relaxed) }

    func isOver(at time: NIODeadline) -> Bool {
        let deadline = deadline.load(ordering: .relaxed)
        return deadline != 0 && time.uptimeNanoseconds >= deadline
    }
}

/// Watches one connection: slow heads and bodies, idle and stalled clients, late answers, broken requests, and the
/// server's wish to stop.
///
/// Looks every `resolution`, less often while nothing happens.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Reading {
        case nothing
        case head(since: NIODeadline)
        case body(since: NIODeadline)
    }

    private let bounds: ConnectionBounds
    private let state: ConnectionState
    private var reading = Reading.nothing
    private var inFlight = 0
    private var hasAnswerBegun = false
    private var isStopping = false
    private var isClosing = false
    /// Whether the connection is no longer ours: what the side of HTTP still closes is not closed.
    private var isHandedOver = false
    private var refusal: Problem?
    /// How many requests are still in flight when the refusal's turn comes: one when it is for a broken body.
    private var refusalTurn = 0
    private var hasReadLine = false
    private var quietSince = NIODeadline.now()
    private var stalledSince: NIODeadline?
    private var lingerUntil: NIODeadline?
    private var context: ChannelHandlerContext?
    private var look: Scheduled<Void>?
    private var lookAt = NIODeadline.distantFuture

    init(bounds: ConnectionBounds, state: ConnectionState) {
        self.bounds = bounds
        self.state = state
    }

    /// Lets go of the connection, so that only what hands it over is told of it.
    func handOver() {
        look?.cancel()
        isHandedOver = true
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        quietSince = .now()
        schedule(context, in: bounds.idle)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        look?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        context.fireChannelInactive()
    }

    /// Raw bytes have arrived; called by `ByteWatch` before they are parsed.
    func bytesArrived(_ bytes: ByteBuffer) {
        switch reading {
        case .nothing: hasReadLine = bytes.readableBytesView.contains(UInt8(ascii: "\n"))
        case .head where !hasReadLine: hasReadLine = bytes.readableBytesView.contains(UInt8(ascii: "\n"))
        case .head, .body: break
        }
        if case .nothing = reading, !isClosing, let context {
            reading = .head(since: .now())
            if lookAt > .now() + bounds.resolution { schedule(context, in: bounds.resolution) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head:
            inFlight += 1
            reading = .body(since: .now())
        case .body: reading = .body(since: .now())
        case .end: reading = .nothing
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            hasAnswerBegun = true
            if isStopping || refusal != nil {
                head.headers.replaceOrAdd(name: "connection", value: "close")
                context.write(wrapOutboundOut(.head(head)), promise: promise)
                return
            }
        case .head, .body: break
        case .end:
            hasAnswerBegun = false
            inFlight -= 1
            quietSince = .now()
            context.write(data, promise: promise)
            if refusal != nil, inFlight <= refusalTurn { return refuseOrClose(context) }
            if inFlight <= 0, isStopping { stop(context) }
            return
        }
        context.write(data, promise: promise)
    }

    private func stop(_ context: ChannelHandlerContext) {
        isClosing = true
        context.flush()
        context.close(promise: nil)
    }

    /// The refusal's turn has come, unless the broken request was answered without its body.
    private func refuseOrClose(_ context: ChannelHandlerContext) {
        guard let refusal, inFlight == refusalTurn else { return stop(context) }
        refuse(context, refusal)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard !isHandedOver else {
            promise?.succeed()
            return
        }
        if mode == .output {
            lingerUntil = .now() + bounds.linger
            schedule(context, in: bounds.linger)
        }
        context.close(mode: mode, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !isHandedOver else { return }
        stalledSince = context.channel.isWritable ? nil : .now()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isStopping = true
        if inFlight == 0, case .nothing = reading { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            let problem =
                hasReadLine
                ? Problem(.headersTooLarge, "The headers are too large; send less.")
                : Problem(.addressTooLong, "The address is too long; shorten it.")
            broken(context, problem)
        case is HTTPParserError:
            broken(context, Problem(.malformedRequest, "The bytes are not a request of HTTP/1.1."))
        default: context.fireErrorCaught(error)
        }
    }

    // MARK: Looking

    private func schedule(_ context: ChannelHandlerContext, in time: TimeAmount) {
        look?.cancel()
        lookAt = .now() + time
        look = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: time) { self.check(context) }
    }

    private func check(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if let lingerUntil {
            guard now < lingerUntil else { return context.close(promise: nil) }
            return schedule(context, in: bounds.resolution)
        }
        guard !isClosing else { return }
        if let stalledSince, now >= stalledSince + bounds.stall { return context.close(promise: nil) }
        if inFlight > 0, !hasAnswerBegun, state.isOver(at: now) {
            return refuse(
                context, Problem(.deadlineExceeded, "The answer took too long; try again.", retryAfter: .seconds(5)))
        }
        let slow = Problem(.requestTimeout, "The request did not arrive in time; send it faster.")
        switch reading {
        case .head(let since) where now >= since + bounds.head: return broken(context, slow)
        case .body(let since) where now >= since + bounds.body && !hasAnswerBegun: return refuse(context, slow)
        case .body(let since) where now >= since + bounds.body: return context.close(promise: nil)
        case .nothing where inFlight == 0:
            guard now < quietSince + bounds.idle else { return context.close(promise: nil) }
            let isActive = now < quietSince + bounds.resolution
            return schedule(context, in: isActive ? bounds.resolution : min(bounds.idle, .seconds(5)))
        default: schedule(context, in: bounds.resolution)
        }
    }

    /// Nothing further can be read: answers after what is being answered, then closes.
    private func broken(_ context: ChannelHandlerContext, _ problem: Problem) {
        refusal = problem
        if case .body = reading { refusalTurn = 1 }
        reading = .nothing
        if inFlight == refusalTurn, !hasAnswerBegun { refuse(context, problem) }
    }

    /// Answers in place of the connection's task and closes.
    private func refuse(_ context: ChannelHandlerContext, _ problem: Problem) {
        guard !isClosing else { return }
        isClosing = true
        let (problem, status) = Problem.describe(problem, declared: [:])
        let body = problem.body(status: status, trace: nil)
        var headers: HTTPHeaders = [
            "content-type": "application/problem+json", "content-length": String(body.readableBytes),
            "cache-control": "no-store", "connection": "close",
        ]
        if let retryAfter = problem.retryAfter {
            headers.add(name: "retry-after", value: String(Problem.seconds(retryAfter)))
        }
        SecurityHeaders.add(to: &headers)
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // The client may still be sending: closing now would reset the connection and lose the answer.
        context.close(mode: .output, promise: nil)
        lingerUntil = .now() + bounds.linger
        schedule(context, in: bounds.linger)
    }
}

/// Tells the guard of bytes before they are parsed, so that a head sent byte by byte is seen.
final class ByteWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let watcher: ConnectionGuard

    init(watcher: ConnectionGuard) { self.watcher = watcher }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        watcher.bytesArrived(unwrapInboundIn(data))
        context.fireChannelRead(data)
    }
}

/// The server's bounds on a connection, in NIO's units.
struct ConnectionBounds: Sendable {
    let head: TimeAmount
    let body: TimeAmount
    let idle: TimeAmount
    let stall: TimeAmount
    let linger: TimeAmount
    let resolution: TimeAmount

    init(_ settings: ServerSettings) {
        head = TimeAmount(settings.headTimeout)
        body = TimeAmount(settings.bodyTimeout)
        idle = TimeAmount(settings.idleTimeout)
        stall = TimeAmount(settings.stallTimeout)
        linger = .seconds(2)
        let shortest = min(head, body, idle, stall)
        resolution = max(.milliseconds(10), min(.seconds(1), .nanoseconds(shortest.nanoseconds / 4)))
    }
}
