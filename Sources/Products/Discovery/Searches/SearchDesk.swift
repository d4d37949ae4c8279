import Base
import Caching
import Crypto
import Foundation
import Jobs
import Limits
import Storage
import Synchronization
import Telemetry

/// Starts, retries and cancels searches; each is one transaction.
final class SearchDesk: Sendable {
    enum Bounds {
        /// How long the key of a request is remembered.
        static let request: Duration = .seconds(86_400)
        static let startsPerHour = 20
    }

    let storage: Storage
    let store: SearchStore
    let matches: MatchStore
    private let credits: CreditDesk
    private let vendor: VendorDesk
    private let topics: SearchTopics
    private let brakes: BrakeKeeper
    private let starts: RateLimiter
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let suggestions: Cache<String, [String]>

    init(
        storage: Storage, caches: CacheRegistry, limits: LimitRegistry, credits: CreditDesk, vendor: VendorDesk,
        topics: SearchTopics, brakes: BrakeKeeper, clock: any WallClock, randomness: any Randomness, events: EventLog
    ) {
        self.storage = storage
        store = SearchStore(storage: storage)
        matches = MatchStore(storage: storage)
        self.credits = credits
        self.vendor = vendor
        self.topics = topics
        self.brakes = brakes
        self.clock = clock
        self.randomness = randomness
        self.events = events
        starts = limits.limiter(
            for: RateRule("discovery.searchStart", limit: Bounds.startsPerHour, per: .seconds(3_600)))
        suggestions = Cache("discovery.suggestions", CacheOptions(ttl: .seconds(600)), in: caches)
    }

    // MARK: Before a search

    /// Up to twelve keywords for a seed; words belong to no workspace.
    func suggestions(for seed: String) async throws -> [String] {
        let seed = Keyword.normalised(seed)
        return try await suggestions.valueBypassingTenant(for: "en/\(seed)") { Suggestion.keywords(for: seed) }
    }

    /// What a search is likely to take; reserves nothing.
    func estimate(_ wish: SearchWish, in tenant: Tenant) async throws -> Estimate {
        let now = clock.now()
        let held = try await matches.held(
            wish.keywords, leavingOut: wish.exclusions, at: now, in: tenant)
        return Estimate(wish, at: vendor.vendor, held: held.all, excluded: held.excluded)
    }

    // MARK: Starting

    /// What somebody wants to start.
    struct Order: Sendable {
        let wish: SearchWish
        let person: ID<Person>
        var title: String?
        var campaign: ID<Campaign>?
        var savedSearch: ID<SavedSearch>?
        /// The client's name for the request: sent again within a day it gives the first answer.
        var requestKey: String?
        /// Whether the search may wait for a vendor that does not answer.
        var queues = false
    }

    /// A search that is on its way.
    struct Started: Sendable {
        let search: Search
        /// Whether the same request had started it before.
        let isRepeat: Bool
    }

    /// Starts a search: credits, search, keywords and jobs in one transaction.
    ///
    /// - Throws: `discovery.tooManySearches`, `discovery.vendorUnavailable`, `discovery.creditsShort`,
    ///   `discovery.searchActive`, `discovery.requestReused`.
    func start(_ order: Order, in tenant: Tenant) async throws -> Started {
        try admit(order, in: tenant)
        if !order.queues {
            let calls = try await vendor.callsToday(in: tenant)
            if calls >= vendor.callsPerDay { throw Self.spent(vendor, clock.now()) }
        }
        let workspace = try await credits.workspace(in: tenant)
        let search = search(for: order)
        let request = try order.requestKey.map { SearchRequest(key: $0, digest: try Self.digest(of: order)) }
        let keywords = Keyword.each(
            order.wish.keywords, from: 0, of: search, isExpanded: false, at: search.createdAt, using: randomness)
        for _ in 0..<2 {
            let isInserted = try await storage.write(for: tenant) { transaction in
                guard try await store.insert(search, request: request, through: transaction, in: tenant) else {
                    return false
                }
                try await credits.reserve(
                    search.reserved, for: search.reservationID, note: search.title, under: workspace, in: tenant,
                    through: transaction)
                _ = try await store.insert(keywords, at: search.createdAt, through: transaction, in: tenant)
                try SearchSteps.enqueue(keywords, of: search, through: transaction)
                return true
            }
            if isInserted {
                events.record(
                    .searchStarted,
                    ["keywords": .number(keywords.count), "target": .number(order.wish.target), "round": 1])
                return Started(search: search, isRepeat: false)
            }
            if let known = try await standing(before: order, request: request, in: tenant) { return known }
        }
        throw DiscoveryError(.searchActive, "A search of yours has just been started.")
    }

    private func admit(_ order: Order, in tenant: Tenant) throws {
        if let paused = vendor.paused, !order.queues {
            throw DiscoveryError(
                .vendorUnavailable, "The source of creators does not answer just now: \(paused.reason.rawValue).",
                retryAfter: VendorPause.Bounds.probe)
        }
        if case .refused(let refusal) = starts.admit(LimitKey(tenant, order.person)) {
            throw DiscoveryError(
                .tooManySearches, "\(Bounds.startsPerHour) searches an hour may be started.",
                retryAfter: refusal.retryAfter)
        }
    }

    private static func spent(_ vendor: VendorDesk, _ now: Timestamp) -> DiscoveryError {
        let midnight = CalendarDay(of: now, in: .gmt).next.start(in: .gmt)
        return DiscoveryError(
            .dailyLimit, "The workspace has made all of today's calls to the source of creators.",
            retryAfter: midnight - now, context: ["limit": "\(vendor.callsPerDay)"])
    }

    private func search(for order: Order) -> Search {
        let now = clock.now()
        return Search(
            id: ID(at: now, using: randomness), personID: order.person, campaignID: order.campaign,
            savedSearchID: order.savedSearch, wish: order.wish, title: order.title ?? order.wish.title, state: .queued,
            round: 1, expandedRounds: 0, emptyRounds: 0, foundBefore: 0, found: 0, excluded: 0, enriched: 0,
            reserved: order.wish.target, settled: 0, reservationID: ID(at: now, using: randomness), createdAt: now,
            deadlineAt: now + Search.Bounds.deadline, finishedAt: nil, version: 1)
    }

    /// The search that stood in the way: the answer to a repeated request, or a refusal; `nil` when it has just ended.
    private func standing(
        before order: Order, request: SearchRequest?, in tenant: Tenant
    ) async throws -> Started? {
        let standing = try await store.standing(of: order.person, request: request?.key, in: tenant)
        if let request, let same = standing.first(where: { $0.requestKey == request.key }) {
            guard same.createdAt > clock.now() - Bounds.request else {
                try await store.forgetRequest(
                    request.key, of: order.person, before: clock.now() - Bounds.request, in: tenant)
                return nil
            }
            guard same.requestDigest == request.digest else {
                throw DiscoveryError(
                    .requestReused, "This idempotency key was used for another search; use a new one.",
                    context: ["searchId": same.id.description])
            }
            guard
                let status = try await store.status(of: same.id, through: storage.reader(for: tenant), in: tenant)
            else { return nil }
            return Started(search: status.search, isRepeat: true)
        }
        guard let active = standing.first(where: \.state.isActive) else { return nil }
        throw Self.active(active.id)
    }

    private static func active(_ id: ID<Search>) -> DiscoveryError {
        DiscoveryError(
            .searchActive, "A search of yours is running; wait for it or cancel it.",
            context: ["searchId": id.description])
    }

    private static func digest(of order: Order) throws -> [UInt8] {
        let text = try StoredJSON.text(order.wish)
        let campaign = order.campaign?.description ?? ""
        return Array(SHA256.hash(data: Data("\(text)\u{0}\(campaign)\u{0}\(order.title ?? "")".utf8)))
    }

    // MARK: Later

    func status(of id: ID<Search>, in tenant: Tenant) async throws -> SearchStatus {
        guard let status = try await store.status(of: id, through: storage.reader(for: tenant), in: tenant) else {
            throw DiscoveryError.missing("search")
        }
        return status
    }

    /// Tries failed keywords again in a new round.
    ///
    /// - Throws: `discovery.notFound`, `discovery.nothingToRetry`, `discovery.searchActive`, `discovery.creditsShort`.
    func retry(
        _ id: ID<Search>, only keywords: [ID<Keyword>]?, in tenant: Tenant
    ) async throws -> SearchStatus {
        let workspace = try await credits.workspace(in: tenant)
        let now = clock.now()
        do {
            try await storage.write(for: tenant) { transaction in
                guard var status = try await store.locked(id, through: transaction, in: tenant) else {
                    throw DiscoveryError.missing("search")
                }
                if status.search.state.isActive { throw Self.active(id) }
                let failed = status.failed.filter { keywords?.contains($0.id) ?? true }
                guard !failed.isEmpty else {
                    throw DiscoveryError(.nothingToRetry, "No keyword of this search has failed.")
                }
                guard try await store.reactivate(status.search, through: transaction, in: tenant) else {
                    throw DiscoveryError(.searchActive, "Another search of yours is running; wait for it or cancel it.")
                }
                status.search.state = .searching
                status.search.round += 1
                status.search.reserved = max(0, status.search.wish.target - status.found)
                status.search.reservationID = ID(at: now, using: randomness)
                status.search.deadlineAt = now + Search.Bounds.deadline
                status.search.finishedAt = nil
                try await credits.reserve(
                    status.search.reserved, for: status.search.reservationID, note: status.search.title,
                    under: workspace, in: tenant, through: transaction)
                try await store.reset(
                    failed.map(\.id), to: status.search.round, at: now, through: transaction, in: tenant)
                try await store.update(status.search, through: transaction, in: tenant)
                try SearchSteps.enqueue(failed, of: status.search, through: transaction)
                transaction.afterCommit(.invalidate(tag: MatchDesk.Tag.search(id)))
            }
        } catch let error as StorageError where error.code == .uniqueViolation {
            throw DiscoveryError(.searchActive, "Another search of yours is running; wait for it or cancel it.")
        }
        await topics.tellStatus(of: id, in: tenant)
        return try await status(of: id, in: tenant)
    }

    /// Stops a search: what was found stays, the rest of its credits is given back, and no call begins any more on any
    /// node.
    ///
    /// - Throws: `discovery.notFound`, `discovery.searchEnded`.
    func cancel(_ id: ID<Search>, in tenant: Tenant) async throws -> SearchStatus {
        let now = clock.now()
        let stopped = Mutex<Int?>(nil)
        do {
            try await storage.write(for: tenant) { transaction in
                guard var status = try await store.locked(id, through: transaction, in: tenant) else {
                    throw DiscoveryError.missing("search")
                }
                guard status.search.state.isActive else {
                    throw DiscoveryError(
                        .searchEnded, "The search had ended already.",
                        context: ["state": status.search.state.rawValue])
                }
                let round = status.search.round
                stopped.withLock { $0 = round }
                brakes.stop(id, round: round)
                _ = try await store.end(
                    keywordsOf: id, as: .cancelled, because: .cancelled, at: now, through: transaction, in: tenant)
                try await credits.creators.settle(
                    status.search.reservationID, used: status.charged - status.search.settled, for: tenant,
                    in: transaction)
                status.search.settled = status.charged
                status.search.found = status.found
                status.search.excluded = status.excluded
                status.search.state = .cancelled
                status.search.finishedAt = now
                try await store.update(status.search, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: MatchDesk.Tag.search(id)))
                try topics.publishChange(of: id, in: transaction)
            }
        } catch {
            if let round = stopped.withLock({ $0 }) { brakes.release(id, round: round) }
            throw error
        }
        if let round = stopped.withLock({ $0 }) { await brakes.tell(id, round: round) }
        await topics.tellStatus(of: id, in: tenant)
        return try await status(of: id, in: tenant)
    }
}
