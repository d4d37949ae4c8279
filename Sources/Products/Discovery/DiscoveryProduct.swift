import Accounts
import Base
public import Hosting
import Telemetry
import Web

/// Discovery: find creators by keyword, shortlist them with the team, contact each one once, export everything.
public struct DiscoveryProduct: Product {
    /// What the product needs to exist.
    public static let plan = ProductPlan(
        name: "discovery", title: "Discovery",
        summary: "Teams find creators by keyword on three networks, shortlist them and contact each one once.",
        schema: DiscoverySchema.module, events: Event.discovery)

    private let services: ProductServices
    private let bureau: Bureau

    /// Makes the product from the services it may use.
    public init(_ services: ProductServices) async throws {
        self.services = services
        bureau = Bureau(
            storage: services.storage, caches: services.caches, clock: services.clock,
            randomness: services.randomness, logger: services.logger, events: services.events)
    }

    /// What the product gives to the host.
    public var manifest: ProductManifest {
        ProductManifest(routes: [], pages: DiscoveryPages.bundle, navigation: DiscoveryPages.navigation)
    }
}
