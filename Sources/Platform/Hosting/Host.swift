import Accounts
import Caching
public import Coordination
public import Jobs
import Limits
import Realtime
public import ServiceLifecycle
public import Storage
public import Telemetry
public import Web

/// Products mounted on the platform: what answers and what runs, in order.
public struct Host: Sendable {
    /// All routes: the platform's own, then the products'.
    public let routes: [Route]
    /// What runs beside requests, in order of start; stopped in reverse.
    public let services: [any Service]
    /// The folders of templates and assets: the platform's own, then the products'.
    public let bundles: [PageBundle]
    /// The main navigation, the products' links in order.
    public let navigation: [SiteChrome.Link]
    /// The products' demo data, one after the other.
    public let demos: [@Sendable () async throws -> Void]
    /// What works on jobs, where this process is to work.
    public let worker: JobWorker
    /// What balancers are told.
    public let readiness: Readiness

    /// Makes the products and gathers what they give.
    ///
    /// - Parameters:
    ///   - products: what is mounted, checked before by ``ProductPlans``.
    ///   - services: what the products may use.
    ///   - accounts: who there is.
    ///   - coordination: what nodes share. Defaults to what one process shares with itself.
    ///   - nodes: how many processes share limits at least. Defaults to 1.
    ///   - ledger: where each route's costs are added up.
    ///   - costs: where tenants' costs are added up; `nil` where they are not.
    ///   - metricsPolicy: who may read `/metrics`.
    /// - Throws: what a product throws when it cannot be made.
    public init(
        _ products: [any Product.Type], services: ProductServices, accounts: HostedAccounts,
        coordination: CoordinationServices = .alone(), nodes: Int = 1, ledger: CostLedger, costs: TenantCosts? = nil,
        metricsPolicy: AccessPolicy
    ) async throws {
        readiness = Readiness(storage: services.storage, coordination: coordination)
        let report = ConsoleReport(
            ledger: ledger, storage: services.storage, caches: services.caches, limits: services.limits,
            coordination: coordination)
        var routes =
            HealthRoutes(readiness: readiness, metrics: services.metrics, metricsPolicy: metricsPolicy).routes
            + ConsoleRoutes(report: report, flags: services.flags).routes
            + ConsolePages(report: report, flags: services.flags).routes
            + QueueRoutes(jobs: services.jobs).routes + QueuePages(jobs: services.jobs).routes
            + accounts.routes
        if let costs {
            routes +=
                CostRoutes(costs: costs) { [directory = accounts.directory] in directory.record(of: $0)?.name }.routes
        }
        var running: [any Service] =
            [SharingService(coordination, nodes: nodes, for: services), services.realtime] + accounts.services + [
                services.flags
            ]
            + (costs.map { [$0] } ?? [])
        var personal: [PersonalData] = []
        var bundles = [PageBundle.web, .console, AccountsRoutes.bundle]
        var navigation: [SiteChrome.Link] = []
        var demos: [@Sendable () async throws -> Void] = []
        for product in products {
            let manifest = try await product.init(services).manifest
            routes += manifest.routes
            try Self.declare(manifest, of: product.plan.name, in: services.jobs)
            try Self.declare(manifest.topics, of: product.plan.name, in: services.realtime)
            running += manifest.services
            if let pages = manifest.pages { bundles.append(pages) }
            navigation += manifest.navigation
            if let data = manifest.personalData { personal.append(data) }
            if let demo = manifest.demo {
                let stage = DemoStage(
                    home: services.home, accounts: accounts, password: services.demoPassword)
                demos.append { try await demo(stage) }
            }
        }
        let desk = accounts.personalData(personal)
        routes += accounts.routes(of: desk)
        let work = accounts.jobs(of: desk)
        try services.jobs.declare(handlers: work.handlers, schedules: work.schedules)
        let credits = CreditJobs(CreditSweeper(storage: services.storage, clock: services.clock))
        try services.jobs.declare(handlers: credits.handlers, schedules: credits.schedules)
        // Without topics there is nothing to listen to.
        if !services.realtime.declared.isEmpty { routes += RealtimeRoutes(realtime: services.realtime).routes }
        if !routes.contains(where: { $0.path.description == "/" }) {
            routes.append(Self.entrance(to: navigation.first?.href ?? "/console"))
        }
        self.routes = routes + [DescriptionRoute.route(describing: routes)]
        self.bundles = bundles
        self.navigation = navigation
        self.services = running
        self.demos = demos
        worker = JobWorker(services.jobs, name: services.node.name, home: services.home) {
            [directory = accounts.directory] in try await directory.active(after: $0, limit: $1)
        }
    }
}

extension Host {
    /// Takes a product's kinds of jobs and schedules, whose names begin with its own.
    private static func declare(
        _ manifest: ProductManifest, of product: String, in jobs: Jobs
    ) throws {
        for name in manifest.jobs.map(\.rule.name) + manifest.schedules.map(\.name)
        where !name.hasPrefix(product + ".") {
            throw HostingError(
                .invalidManifest, "the job or schedule \(name) of \(product) must begin with \(product).")
        }
        try jobs.declare(handlers: manifest.jobs, schedules: manifest.schedules)
    }

    /// Takes a product's kinds of topics, whose names begin with its own.
    private static func declare(_ topics: [TopicKind], of product: String, in realtime: Realtime) throws {
        for kind in topics where kind.pattern.product != product {
            throw HostingError(
                .invalidManifest, "the topics \(kind.pattern) of \(product) must begin with \(product)/")
        }
        try realtime.declare(topics)
    }

    /// Leads from `/`, where no product has a page, to the first page of the navigation.
    private static func entrance(to path: String) -> Route {
        Route(
            .get, "/", "hosting.goHome", "Leads to the first page.", policy: .anyone,
            limit: .exempt(because: "The answer is a constant."), budget: 0, status: 303
        ) { (_: Request<NoInput>) in Redirect(to: path) }
    }
}

extension ProductPlans {
    /// The tables of the platform's module Hosting.
    public static var hostingSchema: SchemaModule { FlagStore.schema }
}
