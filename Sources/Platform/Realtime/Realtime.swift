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
    private enum Bounds {
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

    private struct Gathering {
        var seats = SeatMachine()
        var presence = PresenceMachine()
    }

    /// This node's bounds.
    public let options: RealtimeOptions
    let node: UInt64
    private let store: TopicStore
    private let bus: any Bus
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let courier = Courier()
    private let desk = Desk()
    private let feeds = Mutex<[TopicKey: TopicFeed]>([:])
    private let shards = Mutex<[ObjectIdentifier: LoopShard]>([:])
    private let kinds = Mutex<[TopicKind]>([])
    private let gathering = Mutex(Gathering())
    private let outgoing = Mutex<[BusEntry]>([])
    private let bell = Bell()
    private let sent = Mutex(BoundedMap<TopicKey, TopicPosition>(capacity: 10_000))
    private let cuts = Atomic(0)
    private let delivered = Atomic(0)
    private let welcome = Mutex<@Sendable (TopicVisitor) -> Bool>({ _ in true })

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

    /// Why somebody may not connect now; `nil` when they may. Nothing is counted.
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

    // MARK: Listening

    /// Has somebody join; `false` when too much is asked for at once.
    func join(_ line: Line, _ ticket: Line.Ticket, _ topic: TopicName, from position: TopicPosition?) -> Bool {
        desk.bring { [self] in
            do {
                guard let (kind, _) = try await admission(of: line.visitor, to: topic) else {
                    let isKnown = declared.contains { $0.pattern.match(topic) != nil }
                    throw isKnown
                        ? RealtimeError(.forbidden, "This topic is not open to you.")
                        : RealtimeError(.unknownTopic, "There is no such topic.")
                }
                let key = TopicKey(line.visitor.tenant, topic)
                while !(try feed(key, kind)).join(line, ticket, from: position) {}
            } catch let error as RealtimeError {
                line.shard.refuse(line, ticket, error)
            } catch {
                line.shard.refuse(
                    line, ticket,
                    RealtimeError(.busy, "It could not be found out whether this topic is open to you; try again.",
                        retryAfter: .seconds(2)))
            }
        }
    }

    private func feed(_ key: TopicKey, _ kind: TopicKind) throws(RealtimeError) -> TopicFeed {
        let feed = feeds.withLock { feeds -> TopicFeed? in
            if let feed = feeds[key] { return feed }
            guard feeds.count < Bounds.feeds else { return nil }
            let feed = TopicFeed(key, kind, clock: clock) { [weak self] in self?.load($0, $1) ?? false }
            feeds[key] = feed
            return feed
        }
        guard let feed else {
            throw RealtimeError(.busy, "This node carries as many topics as it can; try again.", retryAfter: .seconds(5))
        }
        return feed
    }

    /// Has a topic's log read; called under the feed's lock.
    private func load(_ feed: TopicFeed, _ depth: TopicMachine.Depth) -> Bool {
        desk.bring { [self] in
            do throws(StorageError) {
                switch depth {
                case .history: feed.loaded(try await store.read(feed.key, feed.kind.history))
                case .news(let after):
                    let newest = after == nil ? TopicMachine.Bounds.tailMessages : nil
                    feed.loaded(try await store.read(feed.key, feed.kind.history, after: after, newest: newest))
                }
            } catch {
                events.record(.topicReadFailed, ["code": .text(error.code.rawValue)])
                feed.loadFailed()
            }
        }
    }

    // MARK: Signals and presence

    /// Tells everybody who listens to a topic something that is kept nowhere and has no number: who is typing, how far
    /// something is.
    ///
    /// - Parameters:
    ///   - json: at most ``RealtimeBounds/bodyBytes``, on one line or more.
    ///   - topic: to whom.
    ///   - tenant: whose topic it is.
    public func tell(json: String, to topic: TopicName, for tenant: Tenant) {
        guard json.utf8.count <= RealtimeBounds.bodyBytes else { return }
        send(signal: JSONText.onOneLine(json), from: nil, to: TopicKey(tenant, topic))
    }

    func relay(_ signal: String, from visitor: TopicVisitor, to key: TopicKey) {
        send(signal: signal, from: visitor.seat.description, to: key)
    }

    private func send(signal: String, from: String?, to key: TopicKey) {
        let frame = SharedFrame(topic: key.name, from: from, signal: ByteBuffer(string: signal))
        feeds.withLock { $0[key] }?.tell(frame)
        say([.signal(key, json: frame.json)])
    }

    /// Who listens to a topic that shows it, in the order of their names.
    func members(of key: TopicKey) -> [TopicMember] { gathering.withLock { $0.presence.members(of: key) } }

    func joined(_ visitor: TopicVisitor, _ feed: TopicFeed) { count(visitor, feed, by: 1) }

    func left(_ visitor: TopicVisitor, _ feed: TopicFeed) { count(visitor, feed, by: -1) }

    private func count(_ visitor: TopicVisitor, _ feed: TopicFeed, by step: Int) {
        // The name is asked for again: the rule is the product's, and may have changed since the subscription.
        _ = desk.bring { [self] in
            var name = ""
            if step > 0 {
                // Whoever cannot be named now is not shown.
                guard let found = try? await admission(of: visitor, to: feed.key.name), let given = found.name else {
                    return
                }
                name = String(given.prefix(PresenceMachine.Bounds.nameBytes))
            }
            let member = TopicMember(id: visitor.seat, name: name)
            let (change, count) = gathering.withLock { gathering in
                let count = max(0, gathering.presence.ownCount(of: visitor.seat, in: feed.key) + step)
                return (gathering.presence.set(count, of: member, in: feed.key, on: nil), count)
            }
            show(change.map { [$0] } ?? [])
            say([.member(feed.key, member, count: count)])
        }
    }

    private func show(_ changes: [PresenceMachine.Change]) {
        for change in changes {
            feeds.withLock { $0[change.key] }?.tell(SharedFrame(text: ServerText.change(change)))
        }
    }

    // MARK: Telling other nodes

    private func say(_ entries: [BusEntry]) {
        outgoing.withLock { outgoing in
            guard outgoing.count + entries.count <= Bounds.outgoing else {
                outgoing = [.look]
                return
            }
            outgoing += entries
        }
        bell.ring()
    }

    private func speak() async {
        while !Task.isCancelled {
            await bell.wait()
            let entries = outgoing.withLock { outgoing in
                defer { outgoing = [] }
                return outgoing
            }
            for parcel in BusParcel.pack(entries, from: node) {
                do throws(CoordinationError) {
                    try await bus.publish(parcel.encoded, to: Bounds.busTopic)
                } catch {
                    // Whoever carries the bus has told of it; the other nodes find messages when they next look.
                }
            }
        }
    }

    private func listen() async throws {
        try await bus.follow(Bounds.busTopic, clock: clock) { [self] event in
            switch event {
            case .missed:
                for feed in feeds.withLock({ Array($0.values) }) { feed.missed() }
                say([.hello])
            case .message(let bytes):
                guard let parcel = BusParcel(bytes), parcel.node != node else { return }
                hear(parcel)
            }
        }
    }

    private func hear(_ parcel: BusParcel) {
        let isNew = gathering.withLock { $0.seats.beat(of: parcel.node, at: clock.uptime()) }
        if isNew { tellEverything() }
        for entry in parcel.entries {
            switch entry {
            case .message(let key, let position, let json):
                feeds.withLock { $0[key] }?.heard(position, json.map { SharedFrame(json: [$0]) })
            case .look: for feed in feeds.withLock({ Array($0.values) }) { feed.missed() }
            case .signal(let key, let json): feeds.withLock { $0[key] }?.tell(SharedFrame(json: [json]))
            case .seats(let tenant, let seat, let count):
                gathering.withLock {
                    $0.seats.heard(count, of: SeatMachine.Holder(tenant: tenant, seat: seat), on: parcel.node)
                }
            case .member(let key, let member, let count):
                let change = gathering.withLock { $0.presence.set(count, of: member, in: key, on: parcel.node) }
                show(change.map { [$0] } ?? [])
            case .beat: break
            case .hello: tellEverything()
            }
        }
    }

    private func tellEverything() {
        let everything = gathering.withLock { gathering in
            _ = gathering.seats.takeUntold()
            return gathering.seats.all + gathering.presence.own
        }
        say([.beat] + everything)
    }

    // MARK: Running

    /// Delivers until the service group stops; afterwards nothing is delivered.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await self.desk.run() }
                    group.addTask { await self.deliver() }
                    group.addTask { await self.speak() }
                    group.addTask { try await self.listen() }
                    group.addTask { try await self.repeating(Bounds.beat) { self.beat() } }
                    group.addTask { try await self.repeating(Bounds.tell) { self.tellSeats() } }
                    group.addTask { try await self.repeating(Bounds.sweep) { self.sweep() } }
                    group.addTask { try await self.repeating(self.options.lookEvery) { await self.look() } }
                    try await group.waitForAll()
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }

    private func repeating(_ pause: Duration, _ body: () async -> Void) async throws {
        while true {
            try await clock.sleep(for: pause)
            await body()
        }
    }

    private func beat() {
        say([.beat])
        let changes = gathering.withLock { gathering in
            gathering.seats.bury(at: clock.uptime()).flatMap { gathering.presence.bury($0) }
        }
        show(changes)
    }

    private func tellSeats() {
        let entries = gathering.withLock { $0.seats.takeUntold() }
        if !entries.isEmpty { say(entries) }
    }

    private func sweep() {
        let isWelcome = welcome.withLock { $0 }
        for shard in shards.withLock({ Array($0.values) }) { shard.sweep(isWelcome: isWelcome) }
    }

    /// Compares what this node knows with the logs' heads, and forgets topics that nobody listens to any more.
    func look() async {
        let now = clock.uptime()
        let known = feeds.withLock { Array($0.values) }
        var open: [TopicKey: TopicFeed] = [:]
        for feed in known {
            if feed.retireIfQuiet(at: now) {
                feeds.withLock { if $0[feed.key] === feed { $0[feed.key] = nil } }
            } else {
                open[feed.key] = feed
            }
        }
        let keys = Array(open.keys)
        for start in stride(from: 0, to: keys.count, by: TopicStore.Bounds.heads) {
            let part = Array(keys[start..<min(start + TopicStore.Bounds.heads, keys.count)])
            do throws(StorageError) {
                for (key, head) in try await store.heads(of: part) { open[key]?.heard(head: head) }
            } catch {
                events.record(.topicReadFailed, ["code": .text(error.code.rawValue)])
            }
        }
    }

    // MARK: Delivering

    /// Brings what this node's transactions have published to everybody.
    private func deliver() async {
        while !Task.isCancelled {
            let news = await courier.next()
            if news.mustLook {
                say([.look])
                for feed in feeds.withLock({ Array($0.values) }) { feed.missed() }
            }
            let published = Array(news.counts)
            for start in stride(from: 0, to: published.count, by: Bounds.readers) {
                await withTaskGroup(of: Void.self) { group in
                    for (key, count) in published[start..<min(start + Bounds.readers, published.count)] {
                        group.addTask { await self.deliver(key, count) }
                    }
                }
            }
        }
    }

    private func deliver(_ key: TopicKey, _ count: Int) async {
        guard let kind = declared.first(where: { $0.pattern.match(key.name) != nil }) else { return }
        let mark = sent.withLock { $0[key] }
        do throws(StorageError) {
            // What this node sent last tells where to go on; without it the newest ones are what was published.
            let snapshot = try await store.read(key, kind.history, after: mark?.offset, newest: mark == nil ? count : nil)
            guard let head = snapshot.head else { return }
            let isOtherLife = mark.map { $0.epoch != head.epoch } ?? false
            if isOtherLife || snapshot.messages.isEmpty {
                say([.message(key, head, json: nil)])
                feeds.withLock { $0[key] }?.heard(head, nil)
            }
            for message in snapshot.messages where !isOtherLife {
                let position = TopicPosition(epoch: head.epoch, offset: message.offset)
                feeds.withLock { $0[key] }?.heard(position, message.frame)
                say([.message(key, position, json: message.frame.json)])
            }
            delivered.add(snapshot.messages.count, ordering: .relaxed)
            sent.withLock { $0[key] = head }
            // Twice as many as the history holds are kept at most, so that not each message removes one.
            let surplus = Int64(kind.history.count)
            if head.offset > surplus, head.offset / surplus != (mark?.offset ?? head.offset - 1) / surplus {
                try await store.trim(key, upTo: head.offset - surplus)
            }
        } catch {
            events.record(.topicReadFailed, ["code": .text(error.code.rawValue)])
            // What was not read now is found by the next look.
        }
    }

    // MARK: How it does

    /// How this node does.
    public var status: RealtimeStatus {
        let connections = gathering.withLock { $0.seats.ownCount }
        return RealtimeStatus(
            connections: connections, topics: feeds.withLock { $0.count }, delivered: delivered.load(ordering: .relaxed),
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
