import Base
import Blobs
import Caching
import Coordination
import Hosting
import Limits
import ServiceLifecycle
import Storage
import Telemetry
import Web

/// Everything that answers and runs, made from an installation and an open database.
struct RunningInstallation: Sendable {
    let host: Host
    let site: Site
    let server: WebServer
    let flags: FeatureFlags

    init(_ installation: Installation, driver: any StorageDriver, keys: InstallationKeys, isDemo: Bool) async throws {
        let (clock, randomness, logger) = (installation.clock, installation.randomness, installation.logger)
        let settings = installation.settings
        let storage = installation.openStorage(over: driver, keys: keys)
        let metrics = MetricRegistry()
        ProcessMetrics.declare(in: metrics)
        let ledger = CostLedger(clock: clock)
        ledger.declareMetrics(in: metrics)
        let events = EventLog(logger: logger, metrics: metrics, clock: clock)
        let caches = CacheRegistry(clock: clock, randomness: randomness, bus: InProcessBus())
        storage.addObserver(caches)
        let limits = LimitRegistry(clock: clock)
        flags = try FeatureFlags(
            installation.plans.plans.flatMap(\.flags), storage: storage, clock: clock, logger: logger)
        let blobs = try await DiskBlobs(
            root: installation.dataFolder + "/blobs", clock: clock, randomness: randomness, events: events)
        host = try await Host(
            installation.products,
            services: ProductServices(
                clock: clock, randomness: randomness,
                node: Node(
                    name: settings.text(PlatformSettings.nodeName) ?? "node-1",
                    lane: settings.integer(PlatformSettings.nodeLane)),
                storage: storage, caches: caches, limits: limits, blobs: blobs, flags: flags, settings: settings,
                metrics: metrics, logger: logger),
            ledger: ledger, metricsPolicy: isDemo ? .anyone : .operator)
        var siteSettings = SiteSettings()
        siteSettings.trustedHops = settings.integer(PlatformSettings.trustedHops)
        siteSettings.guardPerMinute = settings.integer(PlatformSettings.guardPerMinute)
        let sessions = await Sessions(keys: keys.web, clock: clock)
        let pages = try Pages(
            host.bundles,
            chrome: SiteChrome(
                name: "Capstan", home: host.navigation.first?.href ?? "/", navigation: host.navigation,
                footer: [.init(href: "/console", label: "Console"), .init(href: "/openapi.json", label: "API")]),
            clock: clock)
        site = try Site(
            routes: host.routes + [pages.assets.route],
            services: SiteServices(
                clock: clock, randomness: randomness, tenants: SingleTenant(Tenant(ID(high: 1, low: 1))),
                keys: keys.web, sessions: sessions, limits: limits, ledger: ledger,
                events: events),
            settings: siteSettings, pages: pages)
        server = WebServer(site, settings: installation.server, clock: clock, logger: logger)
    }
}
