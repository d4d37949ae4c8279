import Accounts
import Base
import Foundation
public import Hosting
import Telemetry
import Web

/// Tournament: a film made by its audience, clip by clip.
public struct TournamentProduct: Product {
    /// What the product needs to exist.
    public static let plan = ProductPlan(
        name: "tournament", title: "Tournament",
        summary: "Creators upload short clips, viewers vote, one clip wins each slot; the winners are the film.",
        schema: TournamentSchema.module, settings: MediaSettings.all + CaptchaSettings.Key.all,
        flags: Playhouse.Flags.all,
        capabilities: [
            SlotStore.sweep, ReminderStore.watcher, ReplyStore.watcher, MediaTaskStore.sweep, PersonStore.folding,
            ArchiveStore.sweep,
        ]
            + Fairness.capabilities,
        events: Event.tournament, notices: NoticeKind.tournament)

    private let services: ProductServices
    private let house: Playhouse
    private let studio: Studio
    private let films: DemoFilmsService
    private let bot: DemoBotService

    /// Makes the product from the services it may use.
    public init(_ services: ProductServices) async throws {
        self.services = services
        house = Playhouse(
            storage: services.storage, caches: services.caches, clock: services.clock, randomness: services.randomness,
            lane: services.node.lane, logger: services.logger, events: services.events,
            captcha: try CaptchaKind(
                CaptchaSettings(services.settings, isDemo: services.isDemo).way, through: services.outbound,
                events: services.events),
            filesBase: services.filesBase, bus: services.bus,
            isOn: { [flags = services.flags] flag, tenant in flags.isOn(flag, for: tenant) },
            nameOf: PersonNames(storage: services.storage).name)
        let tools = MediaSettings.tools(services.settings, clock: services.clock)
        studio = Studio(
            house: house, blobs: services.blobs, fileKey: services.fileKey, tools: tools,
            tasks: MediaSettings.tasks(services.settings), metrics: services.metrics, jobs: services.jobs)
        films = DemoFilmsService(
            films: [], blobs: services.blobs,
            folder: FileManager.default.temporaryDirectory.appending(
                path: "capstan-films-\(ProcessInfo.processInfo.processIdentifier)"), program: tools.ffmpeg)
        bot = DemoBotService(house: house)
    }

    /// What the product gives to the host.
    public var manifest: ProductManifest {
        let (house, studio, films, bot) = (house, studio, films, bot)
        return ProductManifest(
            routes: Self.api(house, flags: services.flags) + PageRoutes(house: house).routes
                + studio.routes + FairnessRoutes(house: house).pages
                + FlagPageRoutes(house: house, flags: services.flags).routes
                + DemoRoutes(films: films, blobs: services.blobs).routes,
            services: house.services + [films, bot],
            jobs: house.jobs + studio.handlers, schedules: house.schedules + studio.schedules,
            pages: TournamentPages.bundle,
            navigation: TournamentPages.navigation, personalData: house.personalData,
            demo: { stage in
                let filling = DemoFilling(storage: house.storage, clock: house.clock, lane: house.votes.lane)
                try await filling.fill(stage)
                for (tenant, plan) in try await DemoFilling.tenants(on: stage) {
                    await films.plan((0..<plan.clips).map { (tenant, plan.firstScene + $0) })
                }
                bot.start(in: stage.home)
            })
    }

    /// All routes of the API.
    static func api(_ house: Playhouse, flags: FeatureFlags) -> [Route] {
        let seasons = SeasonRoutes(house: house) { key, isEnabled, tenant in
            try await flags.set(key, to: FlagState(isEnabled: isEnabled), for: tenant)
        }
        let routes =
            FeedRoutes(house: house).routes + VoteRoutes(house: house).routes + BoardRoutes(house: house).routes
            + ClipRoutes(house: house).routes + SlotRoutes(house: house).routes + ResultRoutes(house: house).routes
            + seasons.routes + SocialRoutes(house: house).routes + FairnessRoutes(house: house).api
        return routes.map { $0.mounted(under: PathTemplate(Addresses.api)) }
    }
}
