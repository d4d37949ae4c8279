import Accounts
import Base
import Caching
import Coordination
import Hosting
import Jobs
import Limits
import Outbound
import Storage
import Telemetry

/// What products and pages stand on, made from an open database; nothing runs yet.
struct Ground: Sendable {
    let storage: Storage
    let metrics = MetricRegistry()
    let ledger: CostLedger
    let events: EventLog
    let caches: CacheRegistry
    let limits: LimitRegistry
    let jobs: Jobs
    let bus: any Bus
    let bank: any TokenBank
    let outbound: OutboundClient
    let flags: FeatureFlags
    let accounts: HostedAccounts

    init(_ installation: Installation, driver: any StorageDriver, keys: InstallationKeys) throws {
        let (clock, randomness) = (installation.clock, installation.randomness)
        storage = installation.openStorage(over: driver, keys: keys)
        ProcessMetrics.declare(in: metrics)
        ledger = CostLedger(clock: clock)
        ledger.declareMetrics(in: metrics)
        events = EventLog(
            logger: installation.logger, metrics: metrics, clock: clock,
            products: installation.plans.plans.flatMap(\.events))
        bus = InProcessBus()
        bank = InProcessTokenBank(clock: clock)
        caches = CacheRegistry(clock: clock, randomness: randomness, bus: bus)
        storage.addObserver(caches)
        limits = LimitRegistry(clock: clock)
        jobs = Jobs(
            storage: storage, clock: clock, randomness: randomness, bus: bus, bank: bank, events: events,
            options: installation.jobOptions)
        outbound = OutboundClient(try installation.outboundOptions(), clock: clock, events: events)
        flags = try FeatureFlags(
            installation.plans.plans.flatMap(\.flags), storage: storage, clock: clock, logger: installation.logger)
        accounts = HostedAccounts(
            storage: storage, caches: caches, limits: limits, clock: clock, randomness: randomness, events: events,
            domain: installation.settings.text(PlatformSettings.baseDomain),
            kinds: installation.plans.plans.flatMap(\.notices),
            push: PushSetup(
                identity: PushIdentity(secret: keys.push, contact: installation.pushContact), outbound: outbound))
    }
}
