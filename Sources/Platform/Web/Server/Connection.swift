import Base
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Serves one connection after the other request, in order.
struct ConnectionHandler: ServerChildChannel {
    typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    struct Value: ServerChildChannelValue {
        let asyncChannel: Channel
        let state: ConnectionState
        var channel: any NIOCore.Channel { asyncChannel.channel }
    }

    enum Bounds {
        /// Bytes of an unwanted body that are read away to keep the connection.
        static let discardedBytesMax = 262_144
        /// Bytes of the buffer that a connection reads into, of which it keeps one for as long as it lives: most requests
        /// without a body fit into the first, and what is larger has it grow.
        static let readBytesFirst = 1_024
        static let readBytesMax = 65_536
    }

    let site: Site
    let settings: ServerSettings
    let bounds: ConnectionBounds
    let open: OpenConnections
    let date: HTTPDate

    func setup(channel: any NIOCore.Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = settings.headerFieldBytesMax
            limits.maxHeaderListSize = settings.headerBytesMax
            limits.maxHeaderFieldCount = settings.headerCountMax
            let reading = AdaptiveRecvByteBufferAllocator(
                minimum: 64, initial: Bounds.readBytesFirst, maximum: Bounds.readBytesMax)
            try channel.syncOptions?.setOption(.recvAllocator, value: reading)
            let state = ConnectionState()
            let watcher = ConnectionGuard(bounds: bounds, state: state)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(ByteWatch(watcher: watcher))
            // What follows a request that hands the connection over is not HTTP, and is passed on.
            let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
            try pipeline.addHandlers([HTTPResponseEncoder(), ByteToMessageHandler(decoder)])
            try pipeline.addHandlers([NIOHTTPResponseHeadersValidator(), watcher])
            let asyncChannel = try Channel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            return Value(asyncChannel: asyncChannel, state: state)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let channel = value.channel
        guard open.insert(channel) else {
            channel.close(promise: nil)
            return
        }
        let open = open
        channel.closeFuture.whenComplete { _ in open.remove(channel) }
        // Whoever closes the channel (a client that left, a deadline, the end of the drain) thereby cancels the work;
        // a connection that was handed over lives on without a task.
        let isOver = channel.eventLoop.makePromise(of: Void.self)
        channel.closeFuture.cascade(to: isOver)
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: LoopExecutor(channel.eventLoop)) {
                if await serve(value) { isOver.succeed() }
            }
            // The future cannot fail in a way that matters: closed is closed.
            try? await isOver.futureResult.get()
            group.cancelAll()
        }
    }

    /// Answers until the connection ends; returns whether it was handed over instead.
    private func serve(_ value: Value) async -> Bool {
        let peer = value.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) } ?? .none
        do {
            try await value.asyncChannel.executeThenClose { inbound, outbound in
                let parts = RequestParts(iterator: inbound.makeAsyncIterator())
                while let head = try await parts.nextHead() {
                    let keepsOpen = try await answer(head, parts, outbound, peer, value)
                    guard keepsOpen, try await parts.discard(Bounds.discardedBytesMax) else { break }
                }
                outbound.finish()
                _ = try await parts.discard(.max)
            }
        } catch is ConnectionHandOver.Done {
            ConnectionHandOver.finish(on: value.channel)
            return true
        } catch {
            // The client left or was cut; what it asked for has been recorded as far as it went.
        }
        return false
    }

    private func answer(
        _ head: HTTPRequestHead, _ parts: RequestParts,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>, _ peer: IPAddress, _ value: Value
    ) async throws -> Bool {
        let state = value.state
        let request = RequestHead(
            method: head.method.rawValue, target: head.uri, fields: head.headers,
            isHostRequired: head.version != .http1_0)
        state.allow(.seconds(30))
        var response = await site.respond(
            to: request, peer: peer, allow: state.allow,
            body: ConnectionBody(parts: parts, outbound: outbound, expectsContinue: request.expectsContinue))
        // After a request for another protocol the decoder reads no more, also when it was refused.
        let keepsOpen =
            head.isKeepAlive && !response.closes && !(request.expectsContinue && parts.isBodyUnread)
            && !head.headers.contains(name: "upgrade")
        response.headers.add(name: "date", value: date.now)
        if case .takeover(let take) = response.body {
            try await ConnectionHandOver.perform(on: value.channel, response, take)
            throw ConnectionHandOver.Done()
        }
        if !keepsOpen { response.headers.add(name: "connection", value: "close") }
        let responseHead = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: response.headers)
        switch response.body {
        case .none: try await outbound.write(contentsOf: [.head(responseHead), .end(nil)])
        case .bytes(let buffer):
            try await outbound.write(contentsOf: [.head(responseHead), .body(.byteBuffer(buffer)), .end(nil)])
        case .stream(let write):
            try await outbound.write(.head(responseHead))
            let writer = ConnectionWriter(outbound: outbound)
            // An error here leaves the body without its end, so that a truncated answer cannot look complete.
            try await write(writer)
            try await writer.finishIfNeeded()
        case .takeover: break
        }
        state.clear()
        return keepsOpen
    }
}

/// Reads the parts of requests in their order.
///
/// A request's handler may hand its body to a task that it waits for; never do two read at once.
// SAFETY: `iterator` and `unread` are touched between the two ends of `alone` only, which lets one task in at a time and
// orders what they do by the atomic.
final class RequestParts: @unchecked Sendable {
    private var iterator: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    private var unread = false
    private let isBusy = Atomic(false)

    init(iterator: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator) { self.iterator = iterator }

    /// Whether something of the request's body has not been read.
    var isBodyUnread: Bool {
        enter()
        defer { leave() }
        return unread
    }

    func nextHead() async throws -> HTTPRequestHead? {
        enter()
        defer { leave() }
        while let part = try await iterator.next(isolation: #isolation) {
            if case .head(let head) = part {
                unread = true
                return head
            }
        }
        return nil
    }

    /// The next bytes of the request's body; `nil` at its end.
    func nextBytes() async throws -> ByteBuffer? {
        enter()
        defer { leave() }
        while unread {
            guard let part = try await iterator.next(isolation: #isolation) else { throw CancellationError() }
            switch part {
            case .head: continue
            case .body(let buffer): return buffer
            case .end: unread = false
            }
        }
        return nil
    }

    /// Reads the rest of the body away; `false` when there is more than `limit` or the client left.
    func discard(_ limit: Int) async throws -> Bool {
        enter()
        defer { leave() }
        var left = limit
        while unread {
            guard let part = try await iterator.next(isolation: #isolation) else { return false }
            switch part {
            case .head: continue
            case .body(let buffer):
                left -= buffer.readableBytes
                guard left >= 0 else { return false }
            case .end: unread = false
            }
        }
        return true
    }

    private func enter() {
        let wasBusy = isBusy.exchange(true, ordering: .acquiring)
        precondition(!wasBusy, "two tasks read one request's body: let one of them read it")
    }

    private func leave() { isBusy.store(false, ordering: .releasing) }
}

/// The body of the request that is being answered; a client that asked whether to send it is told to when it is read.
private final class ConnectionBody: BodySource {
    private let parts: RequestParts
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    private let isAwaited: Atomic<Bool>

    init(
        parts: RequestParts, outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>, expectsContinue: Bool
    ) {
        self.parts = parts
        self.outbound = outbound
        isAwaited = Atomic(expectsContinue)
    }

    func next() async throws -> ByteBuffer? {
        if isAwaited.exchange(false, ordering: .relaxed) {
            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
        }
        return try await parts.nextBytes()
    }
}

/// Streams a body onto a connection.
final class ConnectionWriter: BodyWriter {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    private let isFinished = Atomic(false)

    init(outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>) { self.outbound = outbound }

    func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes > 0 else { return }
        try await outbound.write(.body(.byteBuffer(buffer)))
    }

    func finish(trailers: [(name: String, value: String)]) async throws {
        guard !isFinished.exchange(true, ordering: .relaxed) else { return }
        try await outbound.write(.end(trailers.isEmpty ? nil : HTTPHeaders(trailers)))
    }

    func finishIfNeeded() async throws { try await finish(trailers: []) }
}

/// The connections that are open, so that the end of a drain can close them.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.channels.count } }

    func insert(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func remove(_ channel: any Channel) {
        state.withLock { state in state.channels[ObjectIdentifier(channel)] = nil }
    }

    func closeAll() {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}
