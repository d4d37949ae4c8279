import Accounts
import Base
public import Hosting
import Outbound
import Telemetry
import Web

/// Discovery: find creators by keyword, shortlist them with the team, contact each one once, export everything.
public struct DiscoveryProduct: Product {
    /// What the product needs to exist.
    public static let plan = ProductPlan(
        name: "discovery", title: "Discovery",
        summary: "Teams find creators by keyword on three networks, shortlist them and contact each one once.",
        schema: DiscoverySchema.module, settings: DiscoverySettings.Key.all,
        capabilities: [SearchStore.sweep] + WorkroomDesk.capabilities,
        events: Event.discovery, notices: [.exportReady])

    private let services: ProductServices
    private let bureau: Bureau

    /// Makes the product from the services it may use.
    public init(_ services: ProductServices) async throws {
        self.services = services
        let settings = try DiscoverySettings(services.settings)
        bureau = Bureau(
            Bureau.Parts(
                storage: services.storage, caches: services.caches, limits: services.limits, blobs: services.blobs,
                bus: services.bus, bank: services.bank,
                realtime: services.realtime,
                directory: try Self.directory(settings, services), settings: settings,
                notifications: services.notifications, nameOf: PersonNames(storage: services.storage).name,
                clock: services.clock,
                randomness: services.randomness, logger: services.logger, events: services.events))
    }

    /// The vendor when there is a key for it, else the built-in directory.
    private static func directory(
        _ settings: DiscoverySettings, _ services: ProductServices
    ) throws -> any CreatorDirectory {
        guard let key = settings.vendorKey else { return DemoDirectoryService(clock: services.clock) }
        guard let address = OutboundAddress(settings.vendorAddress) else {
            throw HostingError(
                .invalidSetting, "\(DiscoverySettings.Key.vendorAddress.key) must be an address, as in https://host/")
        }
        return ScrapeCreatorsClient(
            at: address, key: key, callCost: settings.callCost, through: services.outbound, clock: services.clock,
            randomness: services.randomness, in: services.limits)
    }

    /// What the product gives to the host.
    public var manifest: ProductManifest {
        ProductManifest(
            routes: Self.api(bureau) + bureau.room.routes + Self.pages(bureau), services: bureau.services,
            jobs: bureau.jobs,
            schedules: bureau.schedules, topics: bureau.topics, pages: DiscoveryPages.bundle,
            navigation: DiscoveryPages.navigation,
            personalData: bureau.personalData,
            demo: { [bureau] stage in
                for (tenant, people) in try await DemoFilling(parts: bureau.parts).fill(stage) {
                    try await WorkroomFilling(room: bureau.room).fill(people, in: tenant)
                }
            })
    }

    /// All routes of the API.
    static func api(_ bureau: Bureau) -> [Route] {
        let routes =
            SearchRoutes(bureau: bureau).routes + CreatorRoutes(bureau: bureau).routes
            + UsageRoutes(bureau: bureau).routes + WebhookRoutes(bureau: bureau).routes
        return routes.map { $0.mounted(under: PathTemplate(Addresses.api)) }
    }

    /// All pages and forms.
    static func pages(_ bureau: Bureau) -> [Route] {
        SearchPageRoutes(bureau: bureau).routes + CreatorPageRoutes(bureau: bureau).routes
            + UsagePageRoutes(bureau: bureau).routes + bureau.room.pages
    }
}
