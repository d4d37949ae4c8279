public import Base
public import Coordination
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
public import Telemetry

/// A client of one server of Redis or Valkey, or of a cluster of them.
///
/// ```swift
/// let client = try RedisClient(RedisAddress("redis://localhost"), clock: clock, randomness: randomness, events: events)
/// let reply = try await client.send(RedisCommand("GET", [.key("greeting")]))
/// ```
///
/// One connection per node carries the commands of all tasks, pipelined. Whether there is a cluster the first server
/// says. While a server is away commands that need it fail at once with `redis.unavailable`; connections are made again
/// in the background. Nothing is sent twice by itself: whether a command that failed was carried out is not known.
public final class RedisClient: Sendable {
    enum Bounds {
        /// How often one command is sent on to another node.
        static let redirections = 8
        static let tryAgainPause = Duration.milliseconds(20)
        /// How often a cluster is asked who has what, when nothing seems to have changed.
        static let refreshEvery = Duration.seconds(30)
        /// Least time between two such questions.
        static let refreshPause = Duration.milliseconds(250)
    }

    struct State {
        var isCluster = false
        var slots = SlotMap()
        var nodes: [RedisEndpoint: RedisLink] = [:]
        var isRefreshing = false
        var isShutDown = false
        /// Since when a part is away.
        var downSince: Duration?
        var changedAt: Duration
    }

    let options: RedisOptions
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog
    let state: Mutex<State>
    private let address: RedisAddress
    private let tls: NIOSSLContext?
    private let group: any EventLoopGroup
    private let watchers = Mutex<[@Sendable () -> Void]>([])
    private let entrance = Mutex<RedisLink?>(nil)

    /// Begins to connect in the background.
    ///
    /// - Parameters:
    ///   - address: where the server, or an entrance to the cluster, is.
    ///   - options: deadlines and bounds.
    ///   - clock: measures deadlines.
    ///   - randomness: spreads attempts to connect.
    ///   - events: hears of servers that go away and come back.
    /// - Throws: `redis.setup` for an option out of its range, or certificates that cannot be read.
    public init(
        _ address: RedisAddress, options: RedisOptions = RedisOptions(), clock: any WallClock,
        randomness: any Randomness, events: EventLog
    ) throws(RedisError) {
        if let contradiction = options.contradiction { throw RedisError(.setup, contradiction) }
        self.address = address
        self.options = options
        self.clock = clock
        self.randomness = randomness
        self.events = events
        tls = address.isEncrypted ? try Self.encryption(trusting: options.trustFile) : nil
        group = MultiThreadedEventLoopGroup.singleton
        state = Mutex(State(changedAt: clock.uptime()))
        let seeds = address.seeds
        let link = makeLink { seeds[$0 % seeds.count] }
        entrance.withLock { $0 = link }
        link.start()
    }

    private static func encryption(trusting file: String?) throws(RedisError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file { configuration.trustRoots = .file(file) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisError(.setup, "The certificates that are to be trusted cannot be read.", underlying: error)
        }
    }

    /// Sends a command and waits for its reply, at most the command's deadline for each node that is asked.
    ///
    /// - Throws: ``RedisError``; `redis.refused` for a reply that is an error.
    public func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        var link = try route(command)
        var asking: RedisCommand?
        for _ in 0..<Bounds.redirections {
            let reply = try await link.send(command, after: asking).get()
            guard case .error(let error) = reply else { return reply }
            asking = nil
            switch Redirection(error, asked: link.endpoint) {
            case .moved(let slot, let endpoint): link = try moved(slot, to: endpoint)
            case .ask(let endpoint):
                link = try node(endpoint)
                asking = RedisCommand("ASKING")
            case .tryAgain:
                do { try await clock.sleep(for: Bounds.tryAgainPause) } catch {
                    throw RedisError(.unavailable, "The task was cancelled while keys were being moved.")
                }
            case nil: throw Self.failure(error, of: command, on: link)
            }
        }
        throw RedisError(.unavailable, "The cluster sends a command from node to node without end; it is changing.")
    }

    /// A reply that says that this server cannot serve now, or a refusal of the command.
    private static func failure(_ error: RESPError, of command: RedisCommand, on link: RedisLink) -> RedisError {
        switch error.kind {
        case "READONLY":
            // The server has become a replica; the address may lead to the new primary.
            let failure = RedisError(.unavailable, "The server has become a replica.", context: ["text": error.text])
            link.loop.execute { link.lose(nil, failure) }
            return failure
        case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "OOM", "MISCONF", "BUSY", "NOREPLICAS":
            return RedisError(
                .unavailable, "The server cannot serve now (\(error.kind)).", context: ["text": error.text])
        default: return RedisError(error, of: command.name)
        }
    }

    /// Runs a script by its digest, and by its text where the server does not know it yet.
    func run(
        _ script: RedisScript, keys: [String], _ arguments: [RedisCommand.Argument]
    ) async throws(RedisError) -> RESPValue {
        let rest = [.number(keys.count)] + keys.map(RedisCommand.Argument.key) + arguments
        do {
            return try await send(RedisCommand("EVALSHA", [.text(script.digest)] + rest))
        } catch {
            guard error.refusal == "NOSCRIPT" else { throw error }
            return try await send(RedisCommand("EVAL", [.text(script.text)] + rest))
        }
    }

    /// Whether the servers are one cluster; `false` until the first one has answered.
    public var isCluster: Bool { state.withLock { $0.isCluster } }

    /// How the server does, or the whole of the cluster.
    public var status: CoordinationStatus {
        let (isReachable, since, nodes) = state.withLock {
            ($0.downSince == nil, clock.uptime() - $0.changedAt, Array($0.nodes.values))
        }
        let links = nodes + [entrance.withLock { $0 }].compactMap { $0 }
        return CoordinationStatus(
            store: .redis, isReachable: isReachable, since: since, failures: links.reduce(0) { $0 + $1.failedCalls })
    }

    /// Closes all connections; what waits fails with `redis.closed`.
    public func shutdown() async { close() }

    deinit { close() }

    private func close() {
        let links = state.withLock { state in
            state.isShutDown = true
            defer { state.nodes = [:] }
            return Array(state.nodes.values)
        }
        for link in links + [entrance.withLock { $0 }].compactMap({ $0 }) { link.close() }
    }

    // MARK: Links

    /// Calls `watcher` after each return of a server that was away; it must not block.
    func onReturn(_ watcher: @escaping @Sendable () -> Void) { watchers.withLock { $0.append(watcher) } }

    /// A link of its own to whichever node answers, or to a certain one, for a purpose of its own.
    func makeLink(
        onChange: @escaping @Sendable (RedisLink.Change) -> Void,
        onPush: @escaping @Sendable ([RESPValue]) -> Void, endpoint: RedisEndpoint? = nil
    ) -> RedisLink {
        let seeds = endpoint.map { [$0] } ?? address.seeds
        return RedisLink(
            RedisLink.Setup(
                options: options, address: address, tls: tls,
                endpoint: { [weak self] attempt in
                    if let endpoint { return endpoint }
                    let known = seeds + (self?.state.withLock { $0.slots.nodes } ?? [])
                    return known[attempt % known.count]
                },
                onChange: onChange, onPush: onPush),
            loop: group.next(), clock: clock, randomness: randomness)
    }

    private func makeLink(endpoint: @escaping @Sendable (Int) -> RedisEndpoint) -> RedisLink {
        RedisLink(
            RedisLink.Setup(
                options: options, address: address, tls: tls, endpoint: endpoint,
                onChange: { [weak self] in self?.changed($0) }),
            loop: group.next(), clock: clock, randomness: randomness)
    }

    func route(_ command: RedisCommand) throws(RedisError) -> RedisLink {
        guard let entrance = entrance.withLock({ $0 }) else {
            throw RedisError(.closed, "The client was shut down.")
        }
        return state.withLock { state in
            guard state.isCluster, let key = command.key,
                let endpoint = state.slots.node(of: HashSlot.slot(of: key)), let link = state.nodes[endpoint]
            else { return entrance }
            return link
        }
    }

    private func moved(_ slot: Int, to endpoint: RedisEndpoint) throws(RedisError) -> RedisLink {
        let link = try node(endpoint)
        state.withLock { $0.slots.move(slot, to: endpoint) }
        refresh()
        return link
    }

    /// The link to a node, made when it is new.
    private func node(_ endpoint: RedisEndpoint) throws(RedisError) -> RedisLink {
        let (link, isNew) = state.withLock { state -> (RedisLink?, Bool) in
            if let link = state.nodes[endpoint] { return (link, false) }
            guard !state.isShutDown else { return (nil, false) }
            let link = makeLink { _ in endpoint }
            state.nodes[endpoint] = link
            return (link, true)
        }
        guard let link else { throw RedisError(.closed, "The client was shut down.") }
        if isNew { link.start() }
        return link
    }

    // MARK: Changes

    private func changed(_ change: RedisLink.Change) {
        switch change {
        case .up(let gap, let greeting):
            if greeting["mode"]?.text == "cluster" {
                if !state.withLock({ was in
                    defer { was.isCluster = true }
                    return was.isCluster
                }) {
                    watchCluster()
                }
                refresh()
            }
            settle()
            if gap != nil { for watcher in watchers.withLock({ $0 }) { watcher() } }
        case .down(let error, let pause):
            let isNew = state.withLock { state in
                guard state.downSince == nil, !state.isShutDown else { return false }
                state.downSince = clock.uptime()
                state.changedAt = clock.uptime()
                return true
            }
            if isNew {
                events.record(
                    .coordinationDegraded,
                    ["store": "redis", "code": .text(error.code.rawValue), "retryIn": .time(pause)])
            }
            refresh()
        }
    }

    /// Finds out whether everything that was away is back.
    private func settle() {
        let entrance = entrance.withLock { $0 }
        let gap = state.withLock { state -> Duration? in
            guard let since = state.downSince else { return nil }
            let links = state.nodes.isEmpty ? [entrance].compactMap { $0 } : Array(state.nodes.values)
            guard links.allSatisfy({ $0.downSince == nil }) else { return nil }
            state.downSince = nil
            state.changedAt = clock.uptime()
            return clock.uptime() - since
        }
        if let gap { events.record(.coordinationHealed, ["store": "redis", "took": .time(gap)]) }
    }

    private func watchCluster() {
        guard let loop = entrance.withLock({ $0?.loop }) else { return }
        loop.scheduleRepeatedTask(
            initialDelay: TimeAmount(Bounds.refreshEvery), delay: TimeAmount(Bounds.refreshEvery)
        ) { [weak self] task in
            guard let self, !self.state.withLock({ $0.isShutDown }) else { return task.cancel() }
            self.refresh()
        }
    }

    /// Asks a node who has what, soon, unless that is under way.
    private func refresh() {
        let isDue = state.withLock { state in
            guard state.isCluster, !state.isRefreshing, !state.isShutDown else { return false }
            state.isRefreshing = true
            return true
        }
        guard isDue, let entrance = entrance.withLock({ $0 }) else { return }
        let nodes = state.withLock { Array($0.nodes.values) }
        let asked = nodes.first { $0.isUp } ?? entrance
        let refusal = asked.send([RedisCommand("CLUSTER", ["SLOTS"])]) { [weak self] answer in
            if case .success(let reply) = answer, let slots = SlotMap(reply, asked: asked.endpoint) {
                self?.take(slots)
            }
            self?.endRefresh(on: asked.loop)
        }
        if refusal != nil { endRefresh(on: asked.loop) }
    }

    /// Lets the next question be asked after a pause.
    ///
    /// Where a part is away its slots will move to a replica: that is asked for until it has happened.
    private func endRefresh(on loop: any EventLoop) {
        loop.scheduleTask(in: TimeAmount(Bounds.refreshPause)) { [weak self] in
            guard let self else { return }
            let mustAgain = self.state.withLock { state in
                state.isRefreshing = false
                return state.downSince != nil && !state.isShutDown
            }
            if mustAgain { self.refresh() }
        }
    }

    private func take(_ slots: SlotMap) {
        let (old, new) = state.withLock { state -> ([RedisLink], [RedisLink]) in
            guard !state.isShutDown else { return ([], []) }
            state.slots = slots
            let gone = state.nodes.filter { !slots.nodes.contains($0.key) }
            for node in gone { state.nodes[node.key] = nil }
            var new: [RedisLink] = []
            for endpoint in slots.nodes where state.nodes[endpoint] == nil {
                let link = makeLink { _ in endpoint }
                state.nodes[endpoint] = link
                new.append(link)
            }
            return (Array(gone.values), new)
        }
        for link in old { link.close() }
        for link in new { link.start() }
        settle()
    }
}

extension RedisClient {
    /// Sends a command without waiting; `onSuccess` is called when it was carried out where the key is.
    func send(_ command: RedisCommand, onSuccess: @escaping @Sendable () -> Void) {
        // Whatever keeps it from being carried out, its sender finds it still to do.
        guard let link = try? route(command) else { return }
        link.send([command]) { answer in
            if case .success(let reply) = answer, reply.number != nil { onSuccess() }
        }
    }
}
