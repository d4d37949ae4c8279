import Accounts
import Base
public import Hosting
import InboxVendors
import Telemetry
import Web

/// Inbox: every customer conversation from Messenger, Instagram, Telegram and the site's own widget in one place.
public struct InboxProduct: Product {
    /// What the product needs to exist.
    public static let plan = ProductPlan(
        name: "inbox", title: "Inbox",
        summary: "Teams answer customers of all channels in one place; nothing is lost or answered twice.",
        schema: InboxSchema.module, capabilities: [ChannelStore.routing, CountStore.counting], events: Event.inbox)

    private let office: Office
    private let isDemo: Bool
    private let filling: DemoFilling
    private let crowd: DemoCrowdService

    /// Makes the product from the services it may use.
    public init(_ services: ProductServices) async throws {
        office = Office(
            Office.Parts(
                storage: services.storage, caches: services.caches, realtime: services.realtime,
                nameOf: PersonNames(storage: services.storage).name,
                adapters: Self.adapters(services), limits: services.limits, models: services.models,
                retrieval: services.retrieval, blobs: services.blobs, clock: services.clock,
                randomness: services.randomness,
                events: services.events))
        isDemo = services.isDemo
        filling = DemoFilling(office: office, clock: services.clock, randomness: services.randomness)
        crowd = DemoCrowdService(office: office, clock: services.clock)
    }

    private static func adapters(_ services: ProductServices) -> ChannelAdapters {
        func vendor(_ name: String) -> VendorClient {
            VendorClient(name, through: services.outbound, clock: services.clock)
        }
        let adapters: [any ChannelAdapter] = [
            MetaClient(.messenger, through: vendor("messenger")), MetaClient(.instagram, through: vendor("instagram")),
            TelegramClient(through: vendor("telegram")), WidgetClient(),
        ]
        // Accounts of the demo have no vendor.
        return ChannelAdapters(services.isDemo ? adapters.map { DemoAdapter(before: $0) } : adapters)
    }

    /// What the product gives to the host.
    public var manifest: ProductManifest {
        ProductManifest(
            routes: Self.api(office), services: isDemo ? [crowd] : [], jobs: InboxJobs.handlers(office),
            schedules: InboxJobs.schedules(office), topics: office.topics.kinds,
            personalData: AgentPersonSteps(storage: office.storage).personalData,
            demo: { [filling, crowd] stage in crowd.begin(try await filling.fill(stage)) })
    }

    /// All routes of the API.
    static func api(_ office: Office) -> [Route] {
        let routes =
            HookRoutes(office: office).routes + ConversationRoutes(office: office).routes
            + MessageRoutes(office: office).routes + ScheduledRoutes(office: office).routes
            + ChannelRoutes(office: office).routes + BotRoutes(office: office).routes
            + DashboardRoutes(office: office).routes + SearchRoutes(office: office).routes
            + ContactRoutes(office: office).routes + RuleRoutes(office: office).routes
        return routes.map { $0.mounted(under: PathTemplate(Addresses.api)) }
    }
}
