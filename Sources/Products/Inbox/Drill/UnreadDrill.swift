import AIProviders
import Accounts
public import Base
import Blobs
import Caching
import Coordination
import Crypto
import Hosting
import InboxVendors
import Jobs
import Limits
import Outbound
import Realtime
import Retrieval
public import Storage
import Synchronization
import Telemetry

/// Plays a company's working day at full speed, then counts anew what agents have not read.
///
/// Deliveries with repeats and late ones, cursors that move forward and back, answers, notes, closings and merges, many at
/// once, each by the step that does it in earnest.
///
/// A benchmark runs it with a million events, a test with some hundred. Nothing leaves the process: nobody works off the
/// jobs that it enqueues but what comes in, which it works off itself, conversation by conversation.
public struct UnreadDrill: Sendable {
    /// How much is played.
    public struct Plan: Sendable {
        /// Everything that happens, 1 or more: each message that is delivered is an event.
        public var events: Int
        /// Customers, each with a conversation of their own.
        ///
        /// Defaults to 20,000.
        public var customers: Int
        /// Agents, of whom some join while it runs.
        ///
        /// Defaults to 40.
        public var agents: Int
        /// How many play at once.
        ///
        /// Defaults to 8.
        public var players: Int
        /// What chance begins with; the same seed gives the same players the same wishes.
        public var seed: UInt64

        /// Plans a run.
        public init(events: Int, customers: Int = 20_000, agents: Int = 40, players: Int = 8, seed: UInt64 = 1) {
            precondition(
                events > 0 && customers > 1 && agents > 0 && players > 0,
                "\(events) events of \(customers) customers and \(agents) agents by \(players) players are no day")
            self.events = events
            self.customers = customers
            self.agents = agents
            self.players = players
            self.seed = seed
        }
    }

    /// What has happened.
    public struct Outcome: Sendable, Hashable {
        /// Messages that were delivered, repeats included.
        public var delivered = 0
        /// Of these, what had been delivered before.
        public var repeated = 0
        /// Of these, what was said long before it came.
        public var late = 0
        /// Cursors that went forward.
        public var forward = 0
        /// Cursors that were put back.
        public var back = 0
        /// Answers and notes of agents.
        public var written = 0
        /// Closings.
        public var closed = 0
        /// Contacts that were taken into others, and given back.
        public var merged = 0
        /// What was turned away as it must be, such as a second closing.
        public var refused = 0
        /// How long it took.
        public var took = Duration.zero

        /// Messages that were delivered at all, each of which must be stored once.
        public var said: Int { delivered - repeated }
        /// Everything.
        public var events: Int { delivered + forward + back + written + closed + merged + refused }

        mutating func add(_ other: Outcome) {
            delivered += other.delivered
            repeated += other.repeated
            late += other.late
            forward += other.forward
            back += other.back
            written += other.written
            closed += other.closed
            merged += other.merged
            refused += other.refused
        }
    }

    /// The schemas that its database must have.
    public static let modules = [
        InboxSchema.module, AccountsSchema.module, ProductPlans.hostingSchema, JobsSchema.module,
        RealtimeSchema.module, LimitsSchema.module, AIProvidersSchema.module, RetrievalSchema.module,
    ]

    let office: Office

    init(office: Office) { self.office = office }

    /// Opens an office of its own in a database.
    ///
    /// - Parameters:
    ///   - storage: a database with ``modules``.
    ///   - folder: where files would be, of which it makes none.
    ///   - clock: the time.
    ///   - randomness: makes ids.
    /// - Throws: errors of the folder.
    public init(
        storage: Storage, folder: String, clock: any WallClock, randomness: any Randomness
    ) async throws {
        let (bus, events) = (InProcessBus(), EventLog.silent(clock: clock, products: Event.inbox))
        let caches = CacheRegistry(clock: clock, randomness: randomness)
        storage.addObserver(caches)
        let models = try AIModels(
            [LocalModel()], chat: [ModelName(provider: "local", model: "words")],
            embedding: ModelName(provider: "local", model: "words"), storage: storage, bus: bus, clock: clock,
            randomness: randomness, events: events)
        let realtime = Realtime(storage: storage, bus: bus, clock: clock, randomness: randomness, events: events)
        let outbound = OutboundClient(clock: clock, events: events)
        let meta = DemoAdapter(
            before: MetaClient(.messenger, through: VendorClient("messenger", through: outbound, clock: clock)))
        let box = SecretBox(SecretBox.Key(name: "drill", secret: Secret(randomness.bytes(32))))
        office = Office(
            Office.Parts(
                storage: storage, caches: caches, realtime: realtime, nameOf: { _, _ in "Agent" },
                adapters: ChannelAdapters([meta]),
                limits: LimitRegistry(clock: clock, bus: bus, randomness: randomness), models: models,
                retrieval: Retrieval(storage: storage, models: models, clock: clock, randomness: randomness),
                blobs: try await DiskBlobs(root: folder, clock: clock, randomness: randomness, events: events),
                clock: clock, randomness: randomness, events: events,
                reach: Reach(outbound: nil, box: box, visitorKeys: [Secret(randomness.bytes(32))], publicAddress: nil)))
    }

    /// Plays a day in a company.
    ///
    /// - Returns: what has happened; every event was carried out or refused.
    /// - Throws: errors of storage, which nobody expects here.
    public func run(_ plan: Plan, in tenant: Tenant) async throws -> Outcome {
        let secret = Secret("what the drill signs its deliveries with")
        let account = DemoAdapter.prefix + "drill-\(plan.seed)"
        let channel = try await office.channels.connect(
            ChannelDesk.Draft(
                kind: .messenger, externalAccount: account, name: "Drill",
                keys: ChannelKeys(secrets: ChannelSecrets(signing: [secret]))), in: tenant)
        let adapter = try await office.channels.channel(channel.id, in: tenant).adapter
        let state = DrillState(plan, tenant: tenant, channel: channel, secret: secret, adapter: adapter)
        let start = office.clock.uptime()
        let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
            for number in 0..<plan.players {
                group.addTask { [office] in
                    var player = DrillPlayer(number, office: office, state: state)
                    return try await player.play()
                }
            }
            var all: [Outcome] = []
            for try await outcome in group { all.append(outcome) }
            return all
        }
        var total = Outcome()
        for outcome in outcomes { total.add(outcome) }
        total.took = office.clock.uptime() - start
        return total
    }
}

/// What the players of a drill share.
final class DrillState: Sendable {
    let plan: UnreadDrill.Plan
    let tenant: Tenant
    let channel: Channel
    let secret: Secret<String>
    let adapter: any ChannelAdapter
    private let done = Mutex(0)
    private let heads = Mutex<[ID<Conversation>: ID<Contact>]>([:])
    private let order = Mutex<[ID<Conversation>]>([])
    private let merges = Mutex<[ID<Merge>]>([])

    init(
        _ plan: UnreadDrill.Plan, tenant: Tenant, channel: Channel, secret: Secret<String>, adapter: any ChannelAdapter
    ) {
        self.adapter = adapter
        self.plan = plan
        self.tenant = tenant
        self.channel = channel
        self.secret = secret
    }

    /// Events that are left to be played, of at most so many at once.
    func take(_ count: Int) -> Int {
        done.withLock { done in
            let some = min(count, plan.events - done)
            done += some
            return some
        }
    }

    /// The agents who have joined by now: half of them are there from the beginning.
    var agents: Int {
        let share = done.withLock { Double($0) } / Double(plan.events)
        return max(1, min(plan.agents, Int(Double(plan.agents) * (0.5 + share))))
    }

    func note(_ some: [Conversation]) {
        for head in some {
            let isNew = heads.withLock { heads in heads.updateValue(head.contactID, forKey: head.id) == nil }
            if isNew { order.withLock { $0.append(head.id) } }
        }
    }

    func conversation(_ number: Int) -> ID<Conversation>? {
        order.withLock { order in order.isEmpty ? nil : order[number % order.count] }
    }

    func contact(of id: ID<Conversation>) -> ID<Contact>? { heads.withLock { $0[id] } }

    func note(_ merge: ID<Merge>) { merges.withLock { $0.append(merge) } }

    func lastMerge() -> ID<Merge>? { merges.withLock { $0.popLast() } }
}
