import Accounts
import Base
import Blobs
import Coordination
import Hosting
import Realtime
import Telemetry
import Web

/// Everything that answers and runs, on its ground.
struct RunningInstallation: Sendable {
    let host: Host
    let site: Site
    let server: WebServer

    /// Makes products, pages and the server.
    ///
    /// `home` is the tenant that is served where no other is.
    init(
        _ installation: Installation, on ground: Ground, home: Tenant, keys: InstallationKeys,
        metricsPolicy: AccessPolicy, isDemo: Bool = false
    ) async throws {
        let (clock, randomness, logger) = (installation.clock, installation.randomness, installation.logger)
        let settings = installation.settings
        let blobs = try await installation.openBlobs(on: ground)
        let filesBase = try installation.filesBase()
        host = try await Host(
            installation.products,
            services: ProductServices(
                clock: clock, randomness: randomness,
                node: Node(
                    name: settings.text(PlatformSettings.nodeName) ?? "node-1",
                    lane: settings.integer(PlatformSettings.nodeLane)),
                home: home, storage: ground.storage, caches: ground.caches, limits: ground.limits, blobs: blobs,
                fileKey: InstallationKeys.derived(keys.root, for: "files"), filesBase: filesBase?.text,
                outbound: ground.outbound,
                flags: ground.flags, settings: settings, events: ground.events, isDemo: isDemo, metrics: ground.metrics,
                logger: logger, jobs: ground.jobs, bus: ground.coordination.bus, bank: ground.coordination.bank,
                realtime: ground.realtime,
                models: ground.models,
                demoPassword: isDemo && installation.isLocal ? Secret(DemoPeople.password) : nil),
            accounts: ground.accounts, coordination: ground.coordination,
            nodes: settings.integer(PlatformSettings.nodeCount), ledger: ground.ledger, costs: ground.costs,
            metricsPolicy: metricsPolicy)
        ground.realtime.onLook { [epochs = ground.accounts.epochs] visitor in
            guard let person = visitor.person else { return true }
            return epochs.isCurrent(person, version: visitor.sessionVersion, in: visitor.tenant)
        }
        var siteSettings = SiteSettings()
        siteSettings.trustedHops = settings.integer(PlatformSettings.trustedHops)
        siteSettings.guardPerMinute = settings.integer(PlatformSettings.guardPerMinute)
        siteSettings.filesOrigin = filesBase?.origin
        siteSettings.uploadOrigin = blobs.directOrigin
        let pages = try Pages(
            host.bundles,
            chrome: SiteChrome(
                name: "Capstan", nameOf: { [directory = ground.accounts.directory] in directory.record(of: $0)?.name },
                home: host.navigation.first?.href ?? "/", navigation: host.navigation,
                footer: [.init(href: "/console", label: "Console"), .init(href: "/openapi.json", label: "API")],
                signInPath: "/sign-in"),
            clock: clock)
        site = try Site(
            routes: host.routes + [pages.assets.route],
            services: SiteServices(
                clock: clock, randomness: randomness, tenants: ground.accounts.directory, keys: keys.web,
                sessions: await Sessions(keys: keys.web, clock: clock), revocation: ground.accounts.epochs,
                apiKeys: ground.accounts.keys, limits: ground.limits, ledger: ground.ledger, costs: ground.costs,
                events: ground.events),
            settings: siteSettings, pages: pages)
        server = WebServer(site, settings: installation.server, clock: clock, logger: logger)
    }
}
