import AIProviders
import Accounts
import Base
import Caching
import Coordination
import Hosting
import Jobs
import Limits
import Outbound
import Realtime
import Storage
import Telemetry

/// What products and pages stand on, made from an open database; nothing runs yet.
struct Ground: Sendable {
    /// What the process is for.
    enum Purpose {
        /// It serves or works, and shares with others that do.
        case serving
        /// It does one thing and ends; others find what it changed in the database.
        case tool
    }

    let storage: Storage
    let coordination: CoordinationServices
    let metrics = MetricRegistry()
    let ledger: CostLedger
    let events: EventLog
    let caches: CacheRegistry
    let limits: LimitRegistry
    let jobs: Jobs
    let realtime: Realtime
    let outbound: OutboundClient
    let models: AIModels
    let flags: FeatureFlags
    let accounts: HostedAccounts
    let costs: TenantCosts

    init(
        _ installation: Installation, driver: any StorageDriver, keys: InstallationKeys, for purpose: Purpose = .tool
    ) throws {
        let (clock, randomness) = (installation.clock, installation.randomness)
        storage = installation.openStorage(over: driver, keys: keys)
        ProcessMetrics.declare(in: metrics)
        ledger = CostLedger(clock: clock)
        ledger.declareMetrics(in: metrics)
        events = EventLog(
            logger: installation.logger, metrics: metrics, clock: clock,
            products: installation.plans.plans.flatMap(\.events))
        coordination =
            purpose == .serving ? try installation.openCoordination(over: storage, events: events) : .alone()
        metrics.sampled(
            "capstan_coordination_reachable",
            "1 while what nodes share is reached, 0 while this node decides for itself."
        ) { [status = coordination.status] in [.init(status().isReachable ? 1 : 0)] }
        caches = CacheRegistry(clock: clock, randomness: randomness, bus: coordination.bus, shared: coordination.cache)
        storage.addObserver(caches)
        limits = LimitRegistry(
            clock: clock, bank: coordination.bank, bus: coordination.bus, randomness: randomness)
        jobs = Jobs(
            storage: storage, clock: clock, randomness: randomness, bus: coordination.bus,
            bank: coordination.bank ?? InProcessTokenBank(clock: clock), events: events,
            options: installation.jobOptions)
        realtime = Realtime(
            storage: storage, bus: coordination.bus, clock: clock, randomness: randomness, events: events,
            options: installation.realtimeOptions)
        realtime.declareMetrics(in: metrics)
        let retention = RetentionJobs(
            Retention(
                storage: storage, modules: installation.plans.modules, clock: clock, logger: installation.logger))
        try jobs.declare(handlers: retention.handlers, schedules: RetentionJobs.schedules)
        outbound = OutboundClient(try installation.outboundOptions(), clock: clock, events: events)
        models = try ModelSettings.models(
            installation.settings, storage: storage, bus: coordination.bus, outbound: outbound, clock: clock,
            randomness: randomness, events: events)
        costs = TenantCosts(
            storage: storage, clock: clock, products: installation.plans.plans.map(\.name),
            caps: CostCaps(installation.settings), logger: installation.logger)
        flags = try FeatureFlags(
            installation.plans.plans.flatMap(\.flags), storage: storage, clock: clock,
            pace: coordination.pace(untold: .milliseconds(800)), bus: coordination.bus, logger: installation.logger)
        accounts = HostedAccounts(
            storage: storage, caches: caches, limits: limits, clock: clock, randomness: randomness, events: events,
            domain: installation.settings.text(PlatformSettings.baseDomain),
            kinds: installation.plans.plans.flatMap(\.notices),
            push: PushSetup(
                identity: PushIdentity(secret: keys.push, contact: installation.pushContact), outbound: outbound),
            coordination: coordination)
    }
}
