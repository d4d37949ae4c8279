public import AIProviders
public import Accounts
public import Base
public import Blobs
public import Caching
public import Coordination
public import Jobs
public import Limits
public import Logging
public import Outbound
public import Realtime
public import Retrieval
public import Storage
public import Telemetry

/// Everything that a product may use of the outside, on one page; there is no other way out.
public struct ProductServices: Sendable {
    /// The time.
    public let clock: any WallClock
    /// Chance.
    public let randomness: any Randomness
    /// This process among the others.
    public let node: Node
    /// The tenant that is served where no other is: the first of the installation, and the one of demos.
    public let home: Tenant
    /// The database.
    public let storage: Storage
    /// Where caches are entered.
    public let caches: CacheRegistry
    /// Rates, quotas and budgets.
    public let limits: LimitRegistry
    /// Durable work: what is enqueued, and what becomes of it.
    public let jobs: Jobs
    /// What is told to whoever listens; messages are published in a transaction.
    public let realtime: Realtime
    /// Carries hints to all nodes.
    public let bus: any Bus
    /// Where nodes take their part of common rates, such as a vendor's.
    public let bank: any TokenBank
    /// Files.
    public let blobs: any BlobStore
    /// What addresses of files are signed by.
    public let fileKey: Secret<[UInt8]>
    /// Seals tokens and secrets of other services at rest.
    public let secrets: SecretBox
    /// The public base address of files that never change, as in `https://cdn.example.com`; `nil` for this server.
    public let filesBase: String?
    /// Tells people, within a transaction of the product's.
    public let notifications: Notifications
    /// The way to the outside world; a vendor's client is a `Limits.Dependency` on it.
    public let outbound: OutboundClient
    /// Language models, with budgets; a stand-in that says so where the installation has none.
    public let models: AIModels
    /// Documents of tenants, found by meaning and by words.
    public let retrieval: Retrieval
    /// What is switched on, for whom.
    public let flags: FeatureFlags
    /// The values of the product's settings.
    public let settings: Settings
    /// Where what happens is told, the product's own events included.
    public let events: EventLog
    /// Whether this process serves demo data, where vendors' test keys are allowed.
    public let isDemo: Bool
    /// The password of people whom demos appoint; `nil` where others could reach the server.
    public let demoPassword: Secret<String>?
    /// Counters, gauges and histograms.
    public let metrics: MetricRegistry
    /// Where the product's services report.
    public let logger: Logger

    /// Gathers the services.
    ///
    /// Without `jobs`, `realtime`, `bus` and `bank` these are this process's alone, and without `models` a stand-in answers,
    /// which suits a test of one process. Without `secrets` they are sealed by a key that follows from `fileKey`.
    public init(
        clock: any WallClock, randomness: any Randomness, node: Node, home: Tenant, storage: Storage,
        caches: CacheRegistry, limits: LimitRegistry, blobs: any BlobStore, fileKey: Secret<[UInt8]>,
        filesBase: String? = nil, outbound: OutboundClient, flags: FeatureFlags, settings: Settings, events: EventLog,
        isDemo: Bool = false, metrics: MetricRegistry, logger: Logger, jobs: Jobs? = nil, bus: (any Bus)? = nil,
        bank: (any TokenBank)? = nil, realtime: Realtime? = nil, models: AIModels? = nil,
        demoPassword: Secret<String>? = nil, secrets: SecretBox? = nil
    ) {
        self.secrets = secrets ?? SecretBox(SecretBox.Key(name: "k1", secret: fileKey))
        self.demoPassword = demoPassword
        let (bus, bank) = (bus ?? InProcessBus(), bank ?? InProcessTokenBank(clock: clock))
        self.bus = bus
        self.bank = bank
        self.clock = clock
        self.randomness = randomness
        self.node = node
        self.home = home
        self.storage = storage
        self.caches = caches
        self.limits = limits
        self.blobs = blobs
        self.jobs =
            jobs
            ?? Jobs(
                storage: storage, clock: clock, randomness: randomness, bus: bus, bank: bank, events: events)
        self.realtime =
            realtime
            ?? Realtime(
                storage: storage, bus: bus, clock: clock, randomness: SystemRandomness(), events: events)
        self.fileKey = fileKey
        self.filesBase = filesBase
        self.outbound = outbound
        let models =
            models
            ?? .standIn(storage: storage, bus: bus, clock: clock, randomness: randomness, events: events)
        self.models = models
        retrieval = Retrieval(storage: storage, models: models, clock: clock, randomness: randomness)
        notifications = Notifications(storage: storage, clock: clock, randomness: randomness)
        self.flags = flags
        self.settings = settings
        self.events = events
        self.isDemo = isDemo
        self.metrics = metrics
        self.logger = logger
    }
}

/// One process of an installation.
public struct Node: Sendable, Hashable {
    /// Its name in logs, as in `web-1`.
    public let name: String
    /// Its lane in counters that several nodes raise at once, 0 to 15.
    ///
    /// Nodes may share one; they then wait for each other's rows.
    public let lane: Int

    /// Names a process.
    public init(name: String, lane: Int) {
        precondition((0..<16).contains(lane), "there is no lane \(lane): give 0 to 15")
        self.name = name
        self.lane = lane
    }
}
