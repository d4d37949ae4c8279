import Base
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
public import Outbound
import Synchronization

/// A vendor on the loopback: a real HTTP/1.1 server that answers by a script, fails by a plan, and remembers what it got.
///
/// ```swift
/// try await ScriptedPeer.run { request in .text("hello") } body: { peer in
///     peer.plan([.status(429, retryAfter: "2"), nil, .drop])
///     …
///     #expect(peer.received.count == 3)
/// }
/// ```
public final class ScriptedPeer: Sendable {
    enum Bounds {
        static let contentBytes = 128 << 20
        static let received = 100_000
        static let chunk = 16 << 10
    }

    /// What answers a request.
    public typealias Script = @Sendable (_ request: PeerRequest) async -> PeerAnswer

    struct State {
        var received: [PeerRequest] = []
        var plan: [PeerFault?] = []
        var connections = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// The port it listens on.
    public let port: Int
    /// Its address, with the path `/`.
    public let address: OutboundAddress
    let script: Script
    let state = Mutex(State())

    private init(port: Int, scheme: OutboundAddress.Scheme, script: @escaping Script) {
        self.port = port
        self.script = script
        let host = scheme == .https ? "localhost" : "127.0.0.1"
        guard let address = OutboundAddress("\(scheme.rawValue)://\(host):\(port)/") else {
            preconditionFailure("the loopback has an address")
        }
        self.address = address
    }

    /// Everything received so far, in order of the requests' heads.
    public var received: [PeerRequest] { state.withLock { $0.received } }

    /// How many connections were opened.
    public var connections: Int { state.withLock { $0.connections } }

    /// Says what happens to the next requests, in order; `nil` lets one through.
    ///
    /// Beyond the plan nothing goes wrong.
    public func plan(_ faults: [PeerFault?]) { state.withLock { $0.plan += faults } }

    /// Waits until `count` requests were received.
    public func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.received.count < count else { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// A place at this peer.
    public func at(_ target: String) -> OutboundAddress {
        guard let address = OutboundAddress(address.origin + target) else {
            preconditionFailure("\(target) is no path with a query")
        }
        return address
    }

    /// Listens on a free port while `body` runs.
    ///
    /// - Parameters:
    ///   - scheme: `https` speaks TLS as `localhost`, with ``TestCertificate``.
    ///   - script: What answers a request.
    ///   - body: What is done meanwhile.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or why the peer cannot listen.
    public static func run<Result: Sendable>(
        _ scheme: OutboundAddress.Scheme = .http, _ script: @escaping Script,
        body: @Sendable (_ peer: ScriptedPeer) async throws -> Result
    ) async throws -> Result {
        let context = scheme == .https ? try TestCertificate.context() : nil
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // Nothing is read before somebody serves the connection; and until then it is no `NIOAsyncChannel`, which
            // traps when it is dropped, as one is that arrives while the peer ends.
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    return channel
                }
            }
        let peer = ScriptedPeer(port: server.channel.localAddress?.port ?? 0, scheme: scheme, script: script)
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await peer.accept(connections) }
                defer { group.cancelAll() }
                return try await body(peer)
            }
        }
    }

    private func accept(
        _ connections: NIOAsyncChannelInboundStream<any Channel>
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for try await channel in connections {
                let number = state.withLock { state in
                    state.connections += 1
                    return state.connections
                }
                group.addTask {
                    // A connection that breaks is the client's business, which the test looks at.
                    try? await PeerConnection(peer: self, number: number).serve(channel)
                }
            }
        }
    }

    /// Takes the head of a request down and says what happens to it.
    func arrived(_ request: PeerRequest) -> (index: Int, fault: PeerFault?) {
        state.withLock { state in
            precondition(state.received.count < Bounds.received, "a peer got more than \(Bounds.received) requests")
            let fault = state.plan.isEmpty ? nil : state.plan.removeFirst()
            var request = request
            request.fault = fault
            state.received.append(request)
            return (state.received.count - 1, fault)
        }
    }

    /// Takes the content of a request down and wakes who waits for it.
    func completed(_ index: Int, _ request: PeerRequest) {
        let due = state.withLock { state in
            let fault = state.received[index].fault
            state.received[index] = request
            state.received[index].fault = fault
            let due = state.waiters.filter { $0.count <= state.received.count }
            state.waiters.removeAll { $0.count <= state.received.count }
            return due
        }
        for waiter in due { waiter.continuation.resume() }
    }
}
