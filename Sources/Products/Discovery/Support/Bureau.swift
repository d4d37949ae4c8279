import Accounts
import Base
import Blobs
import Caching
import Coordination
import Jobs
import Limits
import Logging
import Realtime
import ServiceLifecycle
import Storage
import Telemetry

/// The product at work: everything that routes, pages, jobs and the demo use.
final class Bureau: Sendable {
    /// What the product is made from.
    struct Parts: Sendable {
        var storage: Storage
        var caches: CacheRegistry
        var limits: LimitRegistry
        var blobs: any BlobStore
        var bus: any Bus
        var bank: any TokenBank
        var realtime: Realtime
        var directory: any CreatorDirectory
        var settings: DiscoverySettings
        var notifications: Notifications
        var nameOf: PersonNaming
        var clock: any WallClock
        var randomness: any Randomness
        var logger: Logger
        var events: EventLog
    }

    let storage: Storage
    let clock: any WallClock
    let randomness: any Randomness
    let logger: Logger
    let events: EventLog
    let settings: DiscoverySettings
    let credits: CreditDesk
    let vendor: VendorDesk
    let searches: SearchDesk
    /// What is told of searches as they run.
    let live: SearchTopics
    let results: MatchDesk
    private let brakes: BrakeKeeper
    let creators: CreatorDesk
    let pictures: PictureDesk
    let webhooks: WebhookDesk
    let usage: UsageDesk
    /// Lists, boards, contacts, campaigns, saved searches and exports.
    let room: WorkroomDesk
    let steps: SearchSteps
    let enrichment: EnrichmentSteps

    /// What it was made from, for the demo's past.
    let parts: Parts

    init(_ parts: Parts) {
        self.parts = parts
        let (storage, clock, events) = (parts.storage, parts.clock, parts.events)
        self.storage = storage
        self.clock = clock
        self.events = events
        randomness = parts.randomness
        logger = parts.logger
        settings = parts.settings
        credits = CreditDesk(
            storage: storage, caches: parts.caches, limits: parts.limits, clock: clock, first: parts.settings.plan)
        vendor = VendorDesk(
            parts.directory, storage: storage, caches: parts.caches, bank: parts.bank,
            board: parts.limits.pauses, callsPerDay: parts.settings.callsPerDay, clock: clock, events: events)
        let topics = SearchTopics(realtime: parts.realtime, storage: storage, clock: clock, events: events)
        live = topics
        brakes = BrakeKeeper(bus: parts.bus, clock: clock)
        searches = SearchDesk(
            storage: storage, caches: parts.caches, limits: parts.limits, credits: credits, vendor: vendor,
            topics: topics, brakes: brakes, clock: clock, randomness: randomness, events: events)
        results = MatchDesk(storage: storage, caches: parts.caches)
        let creatorStore = CreatorStore(storage: storage)
        let enrichmentStore = EnrichmentStore(storage: storage)
        creators = CreatorDesk(
            storage: storage, store: creatorStore, enrichment: enrichmentStore,
            identities: IdentityStore(storage: storage), credits: credits, clock: clock, randomness: randomness)
        pictures = PictureDesk(storage: storage, vendor: vendor, blobs: parts.blobs)
        webhooks = WebhookDesk(
            storage: storage, settings: parts.settings, clock: clock, randomness: randomness, events: events)
        usage = UsageDesk(
            credits: credits, vendor: vendor, days: VendorDayStore(storage: storage), clock: clock)
        room = WorkroomDesk(
            storage: storage, caches: parts.caches, blobs: parts.blobs, realtime: parts.realtime,
            notifications: parts.notifications,
            clock: clock, randomness: randomness, nameOf: parts.nameOf
        ) { [searches] wish, saved, tenant in
            var order = SearchDesk.Order(wish: wish, person: saved.personID)
            order.title = saved.name
            order.savedSearch = saved.id
            order.queues = true
            return try await searches.start(order, in: tenant).search.id
        }
        steps = SearchSteps(
            storage: storage, searches: searches.store, matches: results.store, creators: creatorStore,
            enrichment: enrichmentStore, credits: credits, vendor: vendor, topics: topics, results: results,
            brakes: brakes, clock: clock, randomness: randomness, events: events)
        enrichment = EnrichmentSteps(
            storage: storage, store: enrichmentStore, creators: creatorStore, searches: searches.store,
            matches: results.store, credits: credits, vendor: vendor, topics: topics, clock: clock)
    }

    /// What runs beside requests, in order of start.
    var services: [any Service] { vendor.services + [brakes] }

    /// How the kinds of jobs are handled.
    var jobs: [JobHandler] {
        SearchJobs.handlers(steps) + EnrichmentJobs.handlers(enrichment) + WebhookJobs.handlers(webhooks)
            + room.jobs
    }

    /// What is answered for people who want their data, or leave.
    var personalData: PersonalData {
        let steps = PersonSteps(storage: storage, searches: searches)
        return PersonalData(
            product: "discovery",
            export: { person, tenant, emit in try await steps.export(person, in: tenant, emit) },
            erase: { leaver, tenant in try await steps.erase(leaver, in: tenant) })
    }

    /// What is told to whoever listens.
    var topics: [TopicKind] { [room.live.kind, live.kind] }

    /// What is enqueued by the clock.
    var schedules: [JobSchedule] { SearchJobs.schedules(steps) + WorkroomDesk.schedules }
}
