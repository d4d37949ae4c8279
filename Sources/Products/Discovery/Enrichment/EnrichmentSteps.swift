import Base
import Jobs
import Limits
import Storage
import Synchronization

/// Reads profiles and writes what they say.
struct EnrichmentSteps: Sendable {
    let storage: Storage
    let store: EnrichmentStore
    let creators: CreatorStore
    let searches: SearchStore
    let matches: MatchStore
    let credits: CreditDesk
    let vendor: VendorDesk
    let topics: SearchTopics
    let clock: any WallClock

    /// What the calls of a batch have brought.
    private struct Harvest {
        var read: [ReadProfile] = []
        var gone: [ID<Creator>] = []
        var failed: [ID<Creator>] = []
        var left: [ID<Creator>] = []
        /// How long the vendor has no time for the rest.
        var wait: Duration?
        var reason = ""

        var isEmpty: Bool { read.isEmpty && gone.isEmpty && failed.isEmpty }
    }

    /// Reads the profiles of a batch, as far as the vendor lets it, and commits what they say; the rest is another job.
    func enrich(_ batch: EnrichmentJobs.Batch, for tenant: Tenant, commit: SearchSteps.Commit) async throws {
        let known = try await creators.creators(
            batch.creators, through: storage.reader(for: tenant), in: tenant)
        let waiting = known.filter { $0.enrichment == .queued }.sorted { $0.id < $1.id }
        let harvest = try await harvest(waiting, batch, for: tenant)
        if harvest.isEmpty, let wait = harvest.wait { throw JobFailure.throttled(after: wait, harvest.reason) }
        let now = clock.now()
        let told = Told()
        try await commit { transaction in
            let written = try await store.write(harvest.read, at: now, through: transaction, in: tenant)
            try await store.end(harvest.gone, as: .gone, at: now, through: transaction, in: tenant)
            try await store.end(harvest.failed, as: .failed, at: now, through: transaction, in: tenant)
            let counted = try await store.count(
                harvest.read.map(\.id), at: now, through: transaction, in: tenant)
            if !harvest.left.isEmpty {
                var rest = EnrichmentJobs.Batch(
                    creators: harvest.left, person: batch.person, search: batch.search, reservation: batch.reservation,
                    until: batch.until)
                rest.tries = harvest.wait == nil ? batch.tries + 1 : batch.tries
                try transaction.enqueue(EnrichmentJobs.enrich, rest, after: harvest.wait ?? .seconds(5))
            }
            if let reservation = batch.reservation, harvest.left.isEmpty {
                try await credits.enrichments.settle(
                    reservation, used: harvest.read.count, for: tenant, in: transaction)
            }
            if let search = batch.search { try await finish(search, at: now, through: transaction, in: tenant) }
            for search in counted { transaction.afterCommit(.invalidate(tag: MatchDesk.Tag.search(search.id))) }
            // Nobody looks on at what is over; its pages show what was read late.
            let running = counted.filter { !$0.isOver }.map(\.id)
            let changed = Set(running + [batch.search].compactMap { $0 }).sorted()
            for search in changed { try topics.publish(patches: written, of: search, in: transaction) }
            told.set(changed)
        }
        for search in told.value { await topics.tellStatus(of: search, in: tenant) }
    }

    private func harvest(
        _ waiting: [Creator], _ batch: EnrichmentJobs.Batch, for tenant: Tenant
    ) async throws -> Harvest {
        var harvest = Harvest()
        for (place, creator) in waiting.enumerated() {
            do {
                let profile = try await vendor.profile(
                    DirectorySubject(
                        platform: creator.platform, externalID: creator.externalID, handle: creator.handle),
                    for: VendorDesk.Caller(
                        tenant: tenant, person: batch.person, urgency: batch.search == nil ? .awaited : .background))
                switch profile {
                case .found(let found, let posts, _):
                    harvest.read.append(ReadProfile(creator.id, found, posts: posts))
                case .gone: harvest.gone.append(creator.id)
                }
            } catch let refusal as VendorDesk.Refusal {
                switch refusal {
                case .later(let wait, let reason):
                    // Waiting is no attempt; but nobody waits for ever.
                    if let until = batch.until, clock.now() >= until {
                        harvest.failed += waiting[place...].map(\.id)
                    } else {
                        harvest.left += waiting[place...].map(\.id)
                        (harvest.wait, harvest.reason) = (wait, reason)
                    }
                    return harvest
                case .dailyLimit: harvest.failed.append(creator.id)
                case .failed(let failure):
                    if failure.isTransient, batch.tries + 1 < EnrichmentJobs.Bounds.tries {
                        harvest.left.append(creator.id)
                    } else {
                        harvest.failed.append(creator.id)
                    }
                }
            }
        }
        return harvest
    }

    /// Ends a search whose profiles have all been read or given up.
    private func finish(
        _ id: ID<Search>, at time: Timestamp, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws {
        guard var status = try await searches.locked(id, through: transaction, in: tenant),
            status.search.state == .enriching,
            try await !store.hasWaiting(of: id, through: transaction, in: tenant)
        else { return }
        let used = try await store.read(
            of: id, since: status.search.finishedAt ?? time, through: transaction, in: tenant)
        try await credits.enrichments.settle(
            status.search.reservationID, used: used, for: tenant, in: transaction)
        status.search.state = Search.verdict(of: status.keywords, wasCancelled: false)
        status.search.finishedAt = time
        try await searches.update(status.search, through: transaction, in: tenant)
        transaction.afterCommit(.invalidate(tag: MatchDesk.Tag.search(id)))
        try topics.publishChange(of: id, in: transaction)
    }
}

/// Which searches a transaction that may run twice has changed the last time.
private final class Told: Sendable {
    private let inner = Mutex<[ID<Search>]>([])

    var value: [ID<Search>] { inner.withLock { $0 } }

    func set(_ searches: [ID<Search>]) { inner.withLock { $0 = searches } }
}
