import Accounts
import Base
import Caching
import Coordination
import Foundation
import Hosting
import Jobs
import Limits
import Storage
import Telemetry

/// Fills the demo's workspaces, each once: the searches of a month are really run, against the built-in directory and a
/// clock that is set back, so that nothing in it contradicts anything else.
struct DemoFilling: Sendable {
    /// The product's parts as they run; the past has a clock and chance of its own.
    let parts: Bureau.Parts

    private var storage: Storage { parts.storage }

    /// Fills what is empty; returns the workspaces that were filled now, with their people.
    func fill(_ stage: DemoStage) async throws -> [(tenant: Tenant, people: [ID<Person>])] {
        let northlight = try await stage.tenant(slug: "northlight", named: "Northlight Studio")
        let fern = try await stage.tenant(slug: "bolt-and-fern", named: "Bolt & Fern")
        var filled: [(tenant: Tenant, people: [ID<Person>])] = []
        for (tenant, plan) in [(northlight, DemoPlan.northlight), (fern, .boltAndFern), (stage.home, .home)] {
            if try await DemoStore(storage: storage).hasSearches(in: tenant) { continue }
            var people: [ID<Person>] = []
            let chance = DemoChance(seed: plan.seed)
            // At home the demo's own people work with it, so that whoever signs in finds what is theirs.
            let hosts = tenant == stage.home ? try await stage.people(in: tenant, limit: DemoPlan.people.count) : []
            for (place, person) in DemoPlan.people.enumerated() {
                let known =
                    tenant == northlight
                    ? try await stage.appoint(
                        person.email, named: person.name, as: person.seat.role, in: tenant)
                    : hosts.dropFirst(place).first
                people.append(known ?? ID(at: parts.clock.now(), using: chance))
            }
            try await fill(tenant, with: plan, people: people, chance: chance)
            filled.append((tenant, people))
        }
        if !filled.isEmpty, storage.dialect == .postgres {
            // Until then PostgreSQL plans as if the tables were empty.
            try await storage.writer(bypassingTenant: SearchStore.sweep).execute("demo.analyse", "ANALYZE")
        }
        return filled
    }

    /// Runs a plan's searches at their times.
    func fill(
        _ tenant: Tenant, with plan: DemoPlan, people: [ID<Person>], chance: DemoChance
    ) async throws {
        let now = parts.clock.now()
        let clock = DemoClock(at: now)
        let past = bureau(of: clock, chance)
        // So that the month of the plan is half over.
        let start = now - .seconds(47 * 86_400)
        try await WorkspaceStore(storage: storage).begin(
            Workspace(plan: .medium, startedAt: start, zone: "UTC", subscription: nil, isActive: true), in: tenant)
        for run in plan.runs {
            clock.set(now - .seconds(Int64(run.daysAgo) * 86_400 + Int64(chance.below(36_000)) + 600))
            try await perform(run, by: people[run.by % people.count], on: past, clock, in: tenant)
        }
        clock.set(now)
        try await DemoStore(storage: storage).writeHistory(
            days: plan.historyDays, until: CalendarDay(of: now, in: .gmt), in: tenant)
        if let keywords = plan.running, let person = people.last {
            let wish = try SearchWish(keywords: keywords, platforms: [.tiktok], target: 1_000)
            _ = try await past.searches.start(SearchDesk.Order(wish: wish, person: person), in: tenant)
        }
    }

    private func bureau(of clock: DemoClock, _ chance: DemoChance) -> Bureau {
        var past = parts
        past.clock = clock
        past.randomness = chance
        // Loads are timed by the machine's clock: sleeping on the other one takes no time.
        past.caches = CacheRegistry(clock: parts.clock, randomness: chance)
        past.limits = LimitRegistry(clock: clock)
        past.bus = InProcessBus()
        past.bank = InProcessTokenBank(clock: clock)
        past.directory = DemoDirectoryService(clock: clock, tempo: 0)
        past.events = .silent(clock: clock, products: Event.discovery)
        return Bureau(past)
    }

    private func perform(
        _ run: DemoPlan.Run, by person: ID<Person>, on past: Bureau, _ clock: DemoClock, in tenant: Tenant
    ) async throws {
        let wish = try SearchWish(
            keywords: run.keywords, platforms: run.platforms, target: run.target,
            enrich: run.fate == .completed ? 60 : 20)
        let search = try await past.searches.start(SearchDesk.Order(wish: wish, person: person), in: tenant).search
        let driver = DemoDriver(bureau: past, clock: clock, storage: storage, tenant: tenant)
        switch run.fate {
        case .cancelled:
            try await driver.fetchOnce(search.id)
            _ = try await past.searches.cancel(search.id, in: tenant)
        case .completed, .partial, .failed: try await driver.finish(search.id, for: person)
        }
    }
}

/// Takes the searches of the past to their end without the queue around the steps.
struct DemoDriver: Sendable {
    let bureau: Bureau
    let clock: DemoClock
    let storage: Storage
    let tenant: Tenant

    private func commit(_ body: @Sendable (WriteTransaction) async throws -> Void) async throws {
        try await storage.write(for: tenant) { try await body($0) }
    }

    private func fetch(_ keyword: Keyword) async throws {
        let input = SearchJobs.Fetch(
            keyword: keyword.id, search: keyword.searchID, page: keyword.pages, round: keyword.round)
        clock.pass(.milliseconds(900))
        do {
            try await bureau.steps.fetch(input, for: tenant, isLastAttempt: true) { try await commit($0) }
        } catch is JobFailure {
            // The keyword was given up, as the demo wants it.
        }
    }

    /// Fetches one page of each keyword.
    func fetchOnce(_ search: ID<Search>) async throws {
        for keyword in try await bureau.searches.status(of: search, in: tenant).keywords { try await fetch(keyword) }
    }

    /// Takes turns between the keywords until the search is over, profiles included.
    func finish(_ search: ID<Search>, for person: ID<Person>) async throws {
        for _ in 0..<400 {
            let status = try await bureau.searches.status(of: search, in: tenant)
            let running = status.keywords.filter { !$0.state.isOver }
            if status.search.state == .enriching { return try await readProfiles(of: search, for: person) }
            guard status.search.state.isActive else { return }
            guard !running.isEmpty else {
                let round = SearchJobs.Round(search: search, round: status.search.round)
                try await bureau.steps.settle(round, for: tenant) { try await commit($0) }
                continue
            }
            for keyword in running { try await fetch(keyword) }
        }
    }

    private func readProfiles(of search: ID<Search>, for person: ID<Person>) async throws {
        let waiting = try await bureau.enrichment.store.waiting(
            of: search, first: SearchWish.Bounds.enrich, through: storage.reader(for: tenant), in: tenant)
        for start in stride(from: 0, to: waiting.count, by: EnrichmentJobs.Bounds.batch) {
            clock.pass(.seconds(2))
            let batch = EnrichmentJobs.Batch(
                creators: Array(waiting[start..<min(start + EnrichmentJobs.Bounds.batch, waiting.count)]),
                person: person, search: search, reservation: nil)
            try await bureau.enrichment.enrich(batch, for: tenant) { try await commit($0) }
        }
    }
}
