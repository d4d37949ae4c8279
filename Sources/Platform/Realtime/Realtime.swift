public import Base
public import Coordination
public import NIOCore
import NIOWebSocket
public import ServiceLifecycle
public import Storage
import Synchronization
public import Telemetry

/// Topics over sockets and streams of events: what transactions publish is told to whoever listens, on every node, in
/// order and without a hole, also across lost connections, restarts and deploys.
///
/// ```swift
/// try await storage.write(for: tenant) { transaction in
///     try await notes.add(note, in: transaction)
///     try transaction.publish(note, to: notesOfTeam(team.description))
/// }
/// ```
public final class Realtime: Service {
    enum Bounds {
        /// Topics that somebody listens to on this node.
        static let feeds = 200_000
        /// The topic of the bus.
        static let busTopic = "realtime"
        static let beat = Duration.seconds(5)
        static let sweep = Duration.seconds(1)
        static let tell = Duration.milliseconds(500)
        /// Topics whose news are read at the same time.
        static let readers = 16
        /// Entries of the bus that wait to be sent.
        static let outgoing = 100_000
    }

    struct Gathering {
        var seats = SeatMachine()
        var presence = PresenceMachine()
    }

    /// This node's bounds.
    public let options: RealtimeOptions
    let node: UInt64
    let store: TopicStore
    let bus: any Bus
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog
    let courier = Courier()
    let desk = Desk()
    let feeds = Mutex<[TopicKey: TopicFeed]>([:])
    let shards = Mutex<[ObjectIdentifier: LoopShard]>([:])
    private let kinds = Mutex<[TopicKind]>([])
    let gathering = Mutex(Gathering())
    let outgoing = Mutex<[BusEntry]>([])
    let bell = Bell()
    /// Whether something was left unsaid that the other nodes must be told.
    let mustTellAll = Atomic(false)
    let sweeps = Atomic(0)
    let sent = Mutex(BoundedMap<TopicKey, TopicPosition>(capacity: 10_000))
    private let cuts = Atomic(0)
    let delivered = Atomic(0)
    let welcome = Mutex<@Sendable (TopicVisitor) -> Bool>({ _ in true })

    /// Makes the node's topics; they live while ``run()`` runs.
    ///
    /// - Parameters:
    ///   - storage: where logs are; the migrations of ``RealtimeSchema`` have run.
    ///   - bus: carries messages to other nodes.
    ///   - clock: the time.
    ///   - randomness: names this node and spreads returns.
    ///   - events: hears of logs that cannot be read.
    ///   - options: the bounds. Defaults to the defaults.
    public init(
        storage: Storage, bus: any Bus, clock: any WallClock, randomness: any Randomness, events: EventLog,
        options: RealtimeOptions = RealtimeOptions()
    ) {
        options.check()
        self.options = options
        store = TopicStore(storage: storage, clock: clock)
        self.bus = bus
        self.clock = clock
        self.randomness = randomness
        self.events = events
        node = randomness.next()
        storage.addObserver(courier)
    }

    // MARK: Declaring

    /// Takes kinds of topics.
    ///
    /// - Throws: `realtime.invalidDeclaration` for a pattern that is declared twice, has no product's name in front, or is
    ///   one too many.
    public func declare(_ new: [TopicKind]) throws(RealtimeError) {
        for kind in new {
            let shape = kind.pattern.parts.map { if case .word(let word) = $0 { word } else { "{}" } }
            let isRight: Bool = kinds.withLock { kinds in
                let isTaken = kinds.contains {
                    $0.pattern.parts.map { if case .word(let word) = $0 { word } else { "{}" } } == shape
                }
                guard !isTaken, kinds.count < RealtimeBounds.kinds, kind.pattern.product != nil,
                    Set(kind.pattern.holes).count == kind.pattern.holes.count
                else { return false }
                kinds.append(kind)
                return true
            }
            guard isRight else {
                throw RealtimeError(
                    .invalidDeclaration,
                    "the topics \(kind.pattern) are declared twice, begin with no word, or have two holes of one name")
            }
        }
    }

    /// All kinds of topics, in the order of their declaration.
    public var declared: [TopicKind] { kinds.withLock { $0 } }

    /// Sets who decides, every second, whether those who listen are still welcome: their session may have ended.
    public func onLook(_ isWelcome: @escaping @Sendable (TopicVisitor) -> Bool) { welcome.withLock { $0 = isWelcome } }

    /// What somebody who may listen is called; `nil` when they may not, or there is no such topic.
    func admission(
        of visitor: TopicVisitor, to topic: TopicName
    ) async throws -> (kind: TopicKind, name: String?)? {
        for kind in declared {
            guard let parameters = kind.pattern.match(topic) else { continue }
            guard case .admitted(let name) = try await kind.rule(visitor, parameters) else { return nil }
            return (kind, name)
        }
        return nil
    }

    // MARK: Connections

    /// Why somebody may not connect now; `nil` when they may.
    ///
    /// Nothing is counted.
    public func refusal(of visitor: TopicVisitor) -> RealtimeError? {
        gathering.withLock { gathering in
            let holder = SeatMachine.Holder(tenant: visitor.tenant, seat: visitor.seat)
            if gathering.seats.count(of: holder) >= options.connectionsPerSeat {
                return RealtimeError(
                    .tooManyConnections,
                    "\(options.connectionsPerSeat) connections are open, as many as allowed; close some.",
                    retryAfter: .seconds(30))
            }
            if gathering.seats.count(of: visitor.tenant) >= options.connectionsPerTenant {
                return RealtimeError(
                    .tenantFull, "As many connections are open as allowed; try later.", retryAfter: .seconds(60))
            }
            return nil
        }
    }

    /// Puts a socket for somebody onto a connection whose request has been answered; called on its event loop.
    public func openSocket(
        for visitor: TopicVisitor, on channel: any Channel, at position: ChannelPipeline.SynchronousOperations.Position
    ) throws {
        let line = Line(visitor, of: self, on: shard(of: channel.eventLoop), isSocket: true)
        let decoder = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: ClientCommand.Bounds.bytes))
        try channel.pipeline.syncOperations.addHandler(decoder, position: position)
        try channel.pipeline.syncOperations.addHandler(line, position: position)
    }

    /// Puts a stream of events onto a connection whose request has been answered; called on its event loop.
    ///
    /// - Parameters:
    ///   - visitor: who listens.
    ///   - topics: to what, as ``EventTopics`` read them.
    ///   - channel: the connection.
    ///   - position: the place of the handler.
    /// - Throws: when the connection has closed.
    public func openEvents(
        for visitor: TopicVisitor, _ topics: EventTopics, on channel: any Channel,
        at position: ChannelPipeline.SynchronousOperations.Position
    ) throws {
        let line = Line(
            visitor, of: self, on: shard(of: channel.eventLoop), isSocket: false, opening: topics.topics)
        try channel.pipeline.syncOperations.addHandler(line, position: position)
    }

    private func shard(of loop: any EventLoop) -> LoopShard {
        shards.withLock { shards in
            if let shard = shards[ObjectIdentifier(loop)] { return shard }
            let shard = LoopShard(loop)
            shards[ObjectIdentifier(loop)] = shard
            return shard
        }
    }

    func takeSeat(_ visitor: TopicVisitor) -> Bool {
        gathering.withLock { gathering in
            let holder = SeatMachine.Holder(tenant: visitor.tenant, seat: visitor.seat)
            guard gathering.seats.count(of: holder) < options.connectionsPerSeat,
                gathering.seats.count(of: visitor.tenant) < options.connectionsPerTenant
            else { return false }
            gathering.seats.take(holder)
            return true
        }
    }

    func giveBackSeat(_ visitor: TopicVisitor) {
        gathering.withLock { $0.seats.giveBack(SeatMachine.Holder(tenant: visitor.tenant, seat: visitor.seat)) }
    }

    func reconnectWait() -> Duration { options.reconnectSpread * randomness.fraction() }

    func countCut() { cuts.add(1, ordering: .relaxed) }

    // MARK: How it does

    /// How this node does.
    public var status: RealtimeStatus {
        let connections = gathering.withLock { $0.seats.ownCount }
        return RealtimeStatus(
            connections: connections, topics: feeds.withLock { $0.count },
            delivered: delivered.load(ordering: .relaxed),
            cut: cuts.load(ordering: .relaxed))
    }

    /// Shows how this node does among the metrics.
    public func declareMetrics(in metrics: MetricRegistry) {
        metrics.sampled("capstan_realtime_connections", "Sockets and streams of events that are open.") { [weak self] in
            [.init(self?.status.connections ?? 0)]
        }
        metrics.sampled("capstan_realtime_topics", "Topics that somebody listens to, or did a minute ago.") {
            [weak self] in [.init(self?.status.topics ?? 0)]
        }
    }
}

/// How a node's topics do.
public struct RealtimeStatus: Sendable, Hashable {
    /// Connections that are open.
    public let connections: Int
    /// Topics that somebody listens to, or did a minute ago.
    public let topics: Int
    /// Messages that this node's transactions have published since the start.
    public let delivered: Int
    /// Readers that were cut since the start because they were too slow.
    public let cut: Int
}
