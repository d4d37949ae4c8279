import AsyncHTTPClient
import Base
import Dispatch
import NIOCore
import NIOSSL
import Synchronization

/// Connections to hosts, each pinned to the address that was checked.
///
/// A name that leads to a public address when it is checked and to our own network a moment later, when it is called,
/// is the classic way around such a check. So the library is never given a name to look up: a client is made for a host
/// at one address, and a connection that nevertheless ends elsewhere is cut before anything is sent.
final class PinnedClients: Sendable {
    enum Bounds {
        /// Hosts at addresses whose connections are kept.
        static let clients = 256
        /// What is remembered of names.
        static let names = 1_024
        static let connectionIdle = TimeAmount.seconds(60)
    }

    /// A client for one host at one address; letting go of it closes its connections.
    final class Client: Sendable {
        let http: HTTPClient

        init(_ http: HTTPClient) { self.http = http }

        deinit {
            // Nobody sends through it any more, so nothing is cut off; the closure keeps it alive until it is closed.
            let http = http
            http.shutdown(queue: .global()) { _ in _ = http }
        }
    }

    private struct Pin: Hashable {
        let host: String
        let ip: IPAddress
    }

    private struct State: ~Copyable {
        var clients = BoundedMap<Pin, Client>(capacity: Bounds.clients)
        var names = BoundedMap<String, (addresses: [IPAddress], until: Duration)>(capacity: Bounds.names)
    }

    private let options: OutboundOptions
    private let clock: any WallClock
    private let state = Mutex(State())

    init(_ options: OutboundOptions, clock: any WallClock) {
        self.options = options
        self.clock = clock
    }

    /// The addresses of a host that may be called, in the order in which they are to be tried.
    ///
    /// - Throws: `outbound.unresolved`, `outbound.addressRefused`, or what the resolver throws.
    func addresses(of address: OutboundAddress) async throws -> [IPAddress] {
        let found: [IPAddress]
        if let ip = address.ip { found = [ip] } else { found = try await look(up: address.host) }
        guard !found.isEmpty else {
            throw OutboundError(
                .unresolved, "The host's name leads to no address; check it, or try again.",
                context: ["host": address.host])
        }
        let allowed = found.filter { options.rule.allows($0, of: address) }
        guard !allowed.isEmpty else {
            throw OutboundError(
                .addressRefused,
                "The host leads into a private network; an operator can allow it by the setting outbound.allow.",
                context: ["host": address.host, "addresses": found.map(\.description).joined(separator: ", ")])
        }
        return allowed
    }

    private func look(up host: String) async throws -> [IPAddress] {
        let now = clock.uptime()
        let known = state.withLock { $0.names[host] }
        if let known, now < known.until { return known.addresses }
        let found = try await options.resolver.resolve(host)
        if !found.isEmpty, options.resolutionLifetime > .zero {
            state.withLock { $0.names[host] = (found, now + options.resolutionLifetime) }
        }
        return found
    }

    /// The client of a host at an address.
    func client(_ host: String, at ip: IPAddress) throws -> Client {
        let pin = Pin(host: host, ip: ip)
        if let known = state.withLock({ state -> Client? in
            guard let known = state.clients[pin] else { return nil }
            state.clients[pin] = known  // The least recently used are let go first.
            return known
        }) {
            return known
        }
        let made = Client(
            HTTPClient(eventLoopGroupProvider: .singleton, configuration: try configuration(host, at: ip)))
        return state.withLock { state in
            if let known = state.clients[pin] { return known }
            state.clients[pin] = made
            return made
        }
    }

    private func configuration(_ host: String, at ip: IPAddress) throws -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = options.trustFile { tls.additionalTrustRoots = [.file(file)] }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .microseconds(options.connectTimeout.microseconds)),
            connectionPool: .init(
                idleTimeout: Bounds.connectionIdle,
                concurrentHTTP1ConnectionsPerHostSoftLimit: options.callsPerHostMax))
        // A refused connection is told at once: the next address is tried, or the caller decides.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [host: ip.description]
        let check: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
            guard let peer = channel.remoteAddress?.ipAddress.flatMap(IPAddress.init), peer == ip else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(
                    OutboundError(
                        .addressRefused, "A connection ended at another address than was checked.",
                        context: ["host": host]))
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        configuration.http1_1ConnectionDebugInitializer = check
        configuration.http2ConnectionDebugInitializer = check
        return configuration
    }
}
