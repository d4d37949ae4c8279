public import Base
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// Puts a site on a socket, as a service: when told to stop it accepts no more, finishes what is in flight, and closes
/// what is not finished in time.
public final class WebServer: Service {
    private let site: Site
    private let settings: ServerSettings
    private let clock: any WallClock
    private let logger: Logger
    private let open = OpenConnections()
    private let bound = Mutex(Bound())

    private struct Bound {
        var port: Int?
        var waiters: [CheckedContinuation<Int?, Never>] = []
        var isOver = false
    }

    /// Makes a server; it listens once it runs.
    public init(_ site: Site, settings: ServerSettings = ServerSettings(), clock: any WallClock, logger: Logger) {
        self.site = site
        self.settings = settings
        self.clock = clock
        self.logger = logger
    }

    /// How many connections are open.
    public var connectionCount: Int { open.count }

    /// The port that the server listens at, once it does; `nil` when it stopped before.
    public func port() async -> Int? {
        await withCheckedContinuation { continuation in
            let known: Int?? = bound.withLock { bound in
                if let port = bound.port { return .some(port) }
                if bound.isOver { return .some(nil) }
                bound.waiters.append(continuation)
                return .none
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    private func settle(_ port: Int?) {
        let waiters = bound.withLock { bound in
            bound.port = port
            bound.isOver = port == nil
            defer { bound.waiters = [] }
            return bound.waiters
        }
        for waiter in waiters { waiter.resume(returning: port) }
    }

    /// Listens and answers until the service group stops.
    ///
    /// - Throws: `web.cannotListen` when the address is taken or not ours.
    public func run() async throws {
        defer { settle(nil) }
        do {
            try await serve()
        } catch {
            guard bound.withLock({ $0.port == nil }), !(error is CancellationError) else { throw error }
            throw WebError(
                .cannotListen,
                "The server cannot listen at \(settings.host):\(settings.port); stop what listens there or choose another.",
                underlying: error)
        }
    }

    private func serve() async throws {
        let handler = ConnectionHandler(
            site: site, settings: settings, bounds: ConnectionBounds(settings), open: open,
            date: HTTPDate(clock: clock))
        let server = handler.server(
            configuration: ServerConfiguration(
                address: .hostname(settings.host, port: settings.port), backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.connectionsMax)),
            onServerRunning: { [self] channel in settle(channel.localAddress?.port ?? settings.port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let open = open
        let (clock, drainTimeout) = (clock, settings.drainTimeout)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await server.run()
                return true
            }
            group.addTask {
                try await gracefulShutdown()
                try await clock.sleep(for: drainTimeout)
                open.closeAll()
                return false
            }
            while let isServer = try await group.next(), !isServer {}
            group.cancelAll()
        }
    }

    /// Hummingbird reports each start as information; the platform's own events say the same in its own words.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = .warning
        return logger
    }
}
