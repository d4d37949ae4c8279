public import Base
public import Limits
public import Telemetry

/// Everything that a site needs from the outside: every effect on one page.
public struct SiteServices: Sendable {
    /// The time.
    public var clock: any WallClock
    /// Chance, for device keys and trace ids.
    public var randomness: any Randomness
    /// Which tenant a host belongs to.
    public var tenants: any TenantResolver
    /// Signs and verifies sessions.
    public var sessions: Sessions
    /// Mints and verifies device keys.
    public var devices: DeviceKeys
    /// The secrets behind form tokens.
    public var keys: SigningKeys
    /// Whether sessions are still good.
    public var revocation: any SessionRevocation
    /// Which API keys there are.
    public var apiKeys: any APIKeyVerifier
    /// Where requests are counted.
    public var limits: LimitRegistry
    /// Where each route's costs are added up.
    public var ledger: CostLedger
    /// Where what happens is told.
    public var events: EventLog
    /// Who adds up what tenants cost.
    public var costs: (any TenantCostSink)?
    /// Who else is told of each finished request.
    public var observer: (any RequestObserver)?

    /// Gathers the services; what is not given does nothing.
    public init(
        clock: any WallClock, randomness: any Randomness, tenants: any TenantResolver, keys: SigningKeys,
        sessions: Sessions, revocation: any SessionRevocation = NoRevocation(),
        apiKeys: any APIKeyVerifier = NoAPIKeys(), limits: LimitRegistry? = nil,
        ledger: CostLedger? = nil, costs: (any TenantCostSink)? = nil, events: EventLog? = nil,
        observer: (any RequestObserver)? = nil
    ) {
        self.clock = clock
        self.randomness = randomness
        self.tenants = tenants
        self.keys = keys
        self.sessions = sessions
        devices = DeviceKeys(keys: keys, randomness: randomness, clock: clock)
        self.revocation = revocation
        self.apiKeys = apiKeys
        self.limits = limits ?? LimitRegistry(clock: clock)
        self.ledger = ledger ?? CostLedger(clock: clock)
        self.costs = costs
        self.events = events ?? .silent(clock: clock)
        self.observer = observer
    }
}

/// What a site can be told; every option has a unit, a default and a range.
public struct SiteSettings: Sendable {
    /// How many proxies of ours stand before this server.
    ///
    /// Defaults to 0, which believes no forwarded header; 0 to 8.
    public var trustedHops = 0
    /// The longest address that is read.
    ///
    /// Defaults to 8 KiB; 1 KiB to 16 KiB.
    public var addressBytesMax = 8_192
    /// Requests per minute and address group over all routes.
    ///
    /// Defaults to 0, which is no guard; a public server behind no proxy that limits wants 6,000 or so.
    public var guardPerMinute = 0
    /// The origin of a delivery network from which pages show pictures and films beside this server's own.
    ///
    /// Defaults to none. As in `https://cdn.example.com`.
    public var filesOrigin: String?
    /// The origin of a store to which pages send uploads past this server.
    ///
    /// Defaults to none. As in `https://store.example.com`.
    public var uploadOrigin: String?
    /// The title of the description of the API.
    ///
    /// Defaults to `Capstan`.
    public var title = "Capstan"

    /// The defaults.
    public init() {}
}

/// One finished request, as the console, metrics and logs want it.
public struct RequestRecord: Sendable {
    /// The operation's name; `nil` when no route was found.
    public let operation: String?
    /// The method as it was sent.
    public let method: String
    /// The status that was answered.
    public let status: Int
    /// The problem's code, for a problem.
    public let problem: String?
    /// From the head's arrival until the answer was ready (for a stream: was sent).
    public let duration: Duration
    /// What it has cost.
    public let cost: Cost
    /// How many statements its route allows; `nil` without a route.
    public let budget: Int?
    /// Whether it sent more.
    public let isOverBudget: Bool
    /// The request's place in a trace.
    public let trace: TraceContext
}

/// Is told of each finished request; must return at once.
public protocol RequestObserver: Sendable {
    /// Takes note of a finished request.
    func requestFinished(_ record: RequestRecord)
}
