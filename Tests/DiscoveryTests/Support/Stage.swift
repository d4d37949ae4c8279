import Accounts
import Base
import BaseTestKit
import Blobs
import Caching
import Coordination
import Hosting
import Jobs
import Limits
import Logging
import Realtime
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Discovery

/// A database with the product's tables, a clock that stands still, and the product over a directory that a test plays.
final class Stage: Sendable {
    let storage: Storage
    let clock: SimClock
    let chance: SeededRandomness
    let caches: CacheRegistry
    let limits: LimitRegistry
    let bus = InProcessBus()
    let bureau: Bureau
    let directory: PlayedDirectory
    let statements = RecordedStatements()
    let tenant = Tenant(ID(high: 0x1111, low: 0x2222))

    static let modules = [
        DiscoverySchema.module, AccountsSchema.module, ProductPlans.hostingSchema, LimitsSchema.module,
        JobsSchema.module, RealtimeSchema.module,
    ]

    private init(driver: any StorageDriver, seed: UInt64, settings: DiscoverySettings) {
        clock = SimClock()
        chance = SeededRandomness(seed: seed)
        storage = Storage(
            driver: driver, modules: Self.modules, cursorKey: Backend.cursorKey,
            clock: ImpatientClock(simulated: clock), randomness: chance)
        caches = CacheRegistry(clock: clock, randomness: chance)
        storage.addObserver(caches)
        directory = PlayedDirectory(clock: clock)
        limits = LimitRegistry(clock: clock, bus: bus, randomness: chance)
        bureau = Self.bureau(
            storage: storage, caches: caches, limits: limits, bus: bus, directory: directory, settings: settings,
            clock: clock, chance: chance)
    }

    /// Another node on the same database and bus, with a view of the vendor and caches of its own.
    func peer(
        bank: any TokenBank = OpenBank(), shared: (any SharedCache)? = nil
    ) -> (bureau: Bureau, limits: LimitRegistry) {
        let limits = LimitRegistry(clock: clock, bus: bus, randomness: chance)
        let caches = CacheRegistry(clock: clock, randomness: chance, bus: bus, shared: shared)
        let bureau = Self.bureau(
            storage: storage, caches: caches, limits: limits, bus: bus, directory: directory,
            settings: DiscoverySettings(), clock: clock, chance: chance, bank: bank)
        return (bureau, limits)
    }

    private static func bureau(
        storage: Storage, caches: CacheRegistry, limits: LimitRegistry, bus: any Bus,
        directory: any CreatorDirectory, settings: DiscoverySettings, clock: SimClock, chance: SeededRandomness,
        bank: any TokenBank = OpenBank()
    ) -> Bureau {
        Bureau(
            Bureau.Parts(
                storage: storage, caches: caches, limits: limits, blobs: NoBlobs(), bus: bus, bank: bank,
                realtime: Realtime(
                    storage: storage, bus: bus, clock: clock, randomness: SystemRandomness(),
                    events: .silent(clock: clock)),
                directory: directory, settings: settings,
                notifications: Notifications(storage: storage, clock: clock, randomness: chance),
                nameOf: { _, _ in "Mara" }, clock: clock, randomness: chance,
                logger: Logger(label: "test"), events: .silent(clock: clock, products: Event.discovery)))
    }

    /// Opens a new database, runs `body` and removes it.
    static func with(
        _ backend: Backend, seed: UInt64 = 1, settings: DiscoverySettings = DiscoverySettings(),
        _ body: (Stage) async throws -> Void
    ) async throws {
        try await DatabaseScope.within {
            let driver = try await backend.leaseDriver(modules: modules)
            try await body(Stage(driver: driver, seed: seed, settings: settings))
        }
    }

    func person(_ number: Int) -> ID<Person> { ID(high: 55, low: UInt64(number)) }

    // MARK: Requests

    /// The product's API at this stage.
    func site() async throws -> TestSite {
        let tenant = tenant
        return try await TestSite(DiscoveryProduct.api(bureau) + bureau.room.routes, clock: clock) { services in
            services.tenants = SingleTenant(tenant)
        }
    }

    /// The header that carries a session of a person at this stage.
    func session(
        _ person: ID<Person>, _ seat: Seat = .editor, on site: TestSite
    ) async throws -> (name: String, value: String) {
        let token = try await site.services.sessions.sign(person, in: tenant, role: seat.role, version: 1)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    // MARK: Searching

    func start(
        _ keywords: [String], target: Int = 100, platforms: [Platform] = [.tiktok], by number: Int = 1,
        exclusions: Exclusions = Exclusions(), expansion: Int = 0, enrich: Int = 0
    ) async throws -> Search {
        let wish = try SearchWish(
            keywords: keywords, platforms: platforms, target: target, exclusions: exclusions, expansion: expansion,
            enrich: enrich)
        return try await bureau.searches.start(
            SearchDesk.Order(wish: wish, person: person(number)), in: tenant
        ).search
    }

    func status(_ search: Search) async throws -> SearchStatus {
        try await bureau.searches.status(of: search.id, in: tenant)
    }

    /// Commits as a job does, without the queue around it.
    func commit(_ body: @Sendable (WriteTransaction) async throws -> Void) async throws {
        try await storage.write(for: tenant) { try await body($0) }
    }

    /// Runs one attempt of a keyword's next page.
    func fetch(_ keyword: Keyword, isLastAttempt: Bool = false) async throws {
        let input = SearchJobs.Fetch(
            keyword: keyword.id, search: keyword.searchID, page: keyword.pages, round: keyword.round)
        try await bureau.steps.fetch(input, for: tenant, isLastAttempt: isLastAttempt) { try await self.commit($0) }
    }

    func settle(_ search: Search) async throws {
        let round = SearchJobs.Round(search: search.id, round: try await status(search).search.round)
        try await bureau.steps.settle(round, for: tenant) { try await self.commit($0) }
    }

    /// Takes a search to its end: pages in the order of the keywords, further words, profiles.
    func finish(_ search: Search) async throws -> SearchStatus {
        for _ in 0..<2_000 {
            let status = try await status(search)
            if status.search.state == .enriching {
                try await enrich(for: search.id)
                continue
            }
            guard status.search.state.isActive else { return status }
            guard let keyword = status.keywords.first(where: { !$0.state.isOver }) else {
                let round = SearchJobs.Round(search: search.id, round: status.search.round)
                if status.mayExpand {
                    try await bureau.steps.expand(round, for: tenant) { try await self.commit($0) }
                    if try await self.status(search).running > 0 { continue }
                }
                try await settle(search)
                continue
            }
            do {
                try await fetch(keyword, isLastAttempt: true)
            } catch is JobFailure {
                // The keyword was given up.
            }
            clock.advance(by: .milliseconds(200))
        }
        Issue.record("the search does not end")
        return try await status(search)
    }

    /// Reads all profiles that wait; for a search, or for the newest that reads profiles.
    func enrich(for wanted: ID<Search>? = nil) async throws {
        let reader = storage.reader(for: tenant)
        let waiting = try await reader.list(
            WaitingRow.self, "test.waiting",
            "SELECT c.id FROM creators c WHERE c.tenant_id = \(tenant) AND c.enrichment = 'queued'", limit: 500)
        let searches = try await bureau.searches.store.page(of: .workspace, after: nil, limit: 50, in: tenant)
        let search = wanted ?? searches.items.first { $0.state == .enriching }?.id
        for start in stride(from: 0, to: waiting.count, by: 10) {
            let batch = EnrichmentJobs.Batch(
                creators: waiting[start..<min(start + 10, waiting.count)].map(\.id), person: person(1),
                search: search, reservation: nil)
            try await bureau.enrichment.enrich(batch, for: tenant) { try await self.commit($0) }
        }
    }

    func matches(_ search: Search) async throws -> [FoundMatch] {
        try await bureau.results.store.since(0, of: search.id, limit: 2_000, in: tenant)
    }

    /// What must hold after every commit: counters are what a recount of the rows says.
    func checkCounts(_ search: Search, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let status = try await status(search)
        let counts = try await bureau.results.store.counts(
            of: search.id, through: storage.reader(for: tenant), in: tenant)
        #expect(status.found == counts.all, "found", sourceLocation: sourceLocation)
        #expect(status.enriched == counts.enriched, "enriched", sourceLocation: sourceLocation)
        let sequences = try await matches(search).map(\.match.sequence)
        #expect(sequences == Array(1...Int64(max(1, counts.all))).prefix(counts.all).map { $0 })
    }
}

private struct WaitingRow: RowDecodable {
    let id: ID<Creator>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

/// A common rate that is never used up.
struct OpenBank: TokenBank {
    func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch {
        TokenBatch(amount: amount, retryAfter: nil)
    }

    func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError) {}
}
