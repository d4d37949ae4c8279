import Base
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
public import Web

/// A site on a real loopback socket, with connections that send exactly the bytes they are told.
public enum TestServer {
    /// Serves `site` on a free port while `body` runs, then stops as a process does.
    public static func run<Result: Sendable>(
        _ site: Site, settings: ServerSettings = ServerSettings(),
        _ body: @Sendable (_ server: RunningServer) async throws -> Result
    ) async throws -> Result {
        var settings = settings
        settings.port = 0
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = WebServer(site, settings: settings, clock: SystemClock(), logger: logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let port = await server.port() else { throw NotListening() }
            do {
                let result = try await body(RunningServer(server: server, port: port, group: group))
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return result
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
        }
    }

    struct NotListening: Error {}
}

/// A server that listens.
public struct RunningServer: Sendable {
    /// The server.
    public let server: WebServer
    /// Its port.
    public let port: Int
    let group: ServiceGroup

    /// Tells the server to stop; returns at once.
    public func stop() async { await group.triggerGracefulShutdown() }

    /// Opens a connection.
    public func connect() async throws -> RawConnection {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return RawConnection(channel: channel)
    }

    /// Sends a text over a connection of its own and returns all that comes back until the server closes.
    public func exchange(_ request: String) async throws -> String {
        try await connect().run { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            return try await inbound.readToEnd()
        }
    }
}

/// A connection of bytes.
public struct RawConnection: Sendable {
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// What the server sent.
    public struct Inbound {
        var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private var rest: [UInt8] = []

        init(iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) { self.iterator = iterator }

        /// Everything until the server closes.
        public mutating func readToEnd() async throws -> String {
            var bytes: [UInt8] = []
            while let more = try await readBytes() { bytes += more }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// The next bytes, as they come; `nil` once the server has closed.
        public mutating func readBytes() async throws -> [UInt8]? {
            if !rest.isEmpty {
                defer { rest = [] }
                return rest
            }
            do {
                return try await iterator.next(isolation: #isolation).map { Array($0.readableBytesView) }
            } catch is IOError {
                // A reset ends a connection as well as a close does.
                return nil
            }
        }

        /// Everything up to and with the first `mark`.
        public mutating func read(to mark: String) async throws -> String {
            let mark = Array(mark.utf8)
            while true {
                if let range = rest.firstRange(of: mark) {
                    defer { rest = Array(rest[range.upperBound...]) }
                    return String(decoding: rest[..<range.upperBound], as: UTF8.self)
                }
                guard let buffer = try await iterator.next(isolation: #isolation) else {
                    return String(decoding: rest, as: UTF8.self)
                }
                rest += buffer.readableBytesView
            }
        }
    }

    /// What the server is sent.
    public struct Outbound: Sendable {
        let writer: NIOAsyncChannelOutboundWriter<ByteBuffer>

        func write(_ buffer: ByteBuffer) async throws { try await writer.write(buffer) }

        /// Sends a text.
        public func send(_ text: String) async throws { try await writer.write(ByteBuffer(string: text)) }

        /// Sends bytes.
        public func send(_ bytes: [UInt8]) async throws { try await writer.write(ByteBuffer(bytes: bytes)) }
    }

    /// Runs `body` with the connection, then closes it.
    public func run<Result: Sendable>(
        _ body: (_ inbound: inout Inbound, _ outbound: Outbound) async throws -> Result
    ) async throws -> Result {
        try await channel.executeThenClose { inbound, outbound in
            var reading = Inbound(iterator: inbound.makeAsyncIterator())
            return try await body(&reading, Outbound(writer: outbound))
        }
    }
}
