import Accounts
import Base
public import Hosting
import InboxVendors
import Storage
import Telemetry
import Web

/// Inbox: every customer conversation from Messenger, Instagram, Telegram and the site's own widget in one place.
public struct InboxProduct: Product {
    /// What the product needs to exist.
    public static let plan = ProductPlan(
        name: "inbox", title: "Inbox",
        summary: "Teams answer customers of all channels in one place; nothing is lost or answered twice.",
        schema: InboxSchema.module, settings: InboxSettings.Key.all,
        capabilities: [ChannelStore.routing, CountStore.counting, SlaStore.watching, BackfillStore.mending],
        events: Event.inbox,
        notices: NoticeKind.inbox)

    private let office: Office
    private let filling: DemoFilling
    /// Customers who go on writing, where demo data is served.
    private let crowd: DemoCrowdService?

    /// Makes the product from the services it may use.
    public init(_ services: ProductServices) async throws {
        let settings = try InboxSettings(services.settings)
        office = Office(
            Office.Parts(
                storage: services.storage, caches: services.caches, realtime: services.realtime,
                nameOf: PersonNames(storage: services.storage).name,
                adapters: Self.adapters(services, settings), limits: services.limits, models: services.models,
                retrieval: services.retrieval, blobs: services.blobs, clock: services.clock,
                randomness: services.randomness,
                events: services.events, companiesOf: Self.companies(services.storage), bus: services.bus,
                reach: Reach(
                    outbound: services.outbound, box: services.secrets, visitorKeys: [services.fileKey],
                    publicAddress: settings.publicAddress, isDemo: services.isDemo)))
        filling = DemoFilling(office: office, clock: services.clock, randomness: services.randomness)
        crowd = services.isDemo ? DemoCrowdService(office: office, clock: services.clock) : nil
    }

    private static func companies(_ storage: Storage) -> CompanyListing {
        let companies = PersonCompanies(storage: storage)
        return { person in
            try await companies.companies(of: person).map {
                CompanyPlace(tenant: $0.tenant, slug: $0.slug, host: $0.host, name: $0.name)
            }
        }
    }

    private static func adapters(_ services: ProductServices, _ settings: InboxSettings) -> ChannelAdapters {
        func vendor(_ name: String) -> VendorClient {
            VendorClient(name, through: services.outbound, clock: services.clock)
        }
        let adapters: [any ChannelAdapter] = [
            MetaClient(.messenger, through: vendor("messenger")), MetaClient(.instagram, through: vendor("instagram")),
            TelegramClient(through: vendor("telegram"), at: settings.telegramAddress),
        ]
        // Accounts of the demo exist nowhere else: only where demo data is served are they taken for real.
        return ChannelAdapters(
            (services.isDemo ? adapters.map { DemoAdapter(before: $0) } : adapters) + [WidgetClient()])
    }

    /// What the product gives to the host.
    public var manifest: ProductManifest {
        ProductManifest(
            routes: Self.api(office) + PageRoutes.all(office),
            services: [office.badges, office.health] + (crowd.map { [$0] } ?? []), jobs: InboxJobs.handlers(office),
            schedules: InboxJobs.schedules(office), topics: office.topics.kinds, pages: InboxPages.bundle,
            navigation: InboxPages.navigation,
            personalData: AgentPersonSteps(storage: office.storage).personalData,
            demo: { [filling, crowd] stage in
                let places = try await filling.fill(stage)
                crowd?.begin(places)
            })
    }

    /// All routes of the API.
    static func api(_ office: Office) -> [Route] {
        let routes =
            HookRoutes(office: office).routes + ConversationRoutes(office: office).routes
            + MessageRoutes(office: office).routes + ScheduledRoutes(office: office).routes
            + ChannelRoutes(office: office).routes + BotRoutes(office: office).routes
            + DashboardRoutes(office: office).routes + SearchRoutes(office: office).routes
            + ContactRoutes(office: office).routes + RuleRoutes(office: office).routes + team(office)
            + WidgetRoutes(office: office).routes + FileRoutes(office: office).routes
            + OutgoingRoutes(office: office).routes + SourceRoutes(office: office).routes
            + ChannelChangeRoutes(office: office).routes
            + VisibilityRoutes(office: office).routes + ErasureRoutes(office: office).routes
            + ExportRoutes(office: office).routes + RetentionRoutes(office: office).routes
        return routes.map { $0.mounted(under: PathTemplate(Addresses.api)) }
    }

    /// How a company works, over HTTP.
    private static func team(_ office: Office) -> [Route] {
        TeamRoutes(office: office).routes + HoursRoutes(office: office).routes
            + CannedReplyRoutes(office: office).routes + ServiceLevelRoutes(office: office).routes
            + RatingRoutes(office: office).routes + ReportRoutes(office: office).routes
    }
}
