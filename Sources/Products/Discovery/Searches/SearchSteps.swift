import Base
import Foundation
import Jobs
import Storage
import Telemetry

/// What the jobs of searches do: fetch a page, look for further words, settle, end what is overdue.
///
/// Each ends in one transaction that carries the job's completion, so that a crash at any point repeats the whole step
/// and a repeated step finds nothing left to do.
struct SearchSteps: Sendable {
    enum Bounds {
        /// When a page is asked for again whose asking another search had begun and given up.
        static let again: Duration = .milliseconds(100)
    }

    /// Commits a step together with the completion of its job.
    typealias Commit = (@Sendable (WriteTransaction) async throws -> Void) async throws -> Void

    /// A step finds that somebody else has taken it: nothing is to be done.
    struct Superseded: Error {}

    let storage: Storage
    let searches: SearchStore
    let matches: MatchStore
    let creators: CreatorStore
    let enrichment: EnrichmentStore
    let credits: CreditDesk
    let vendor: VendorDesk
    let topics: SearchTopics
    let results: MatchDesk
    let brakes: BrakeKeeper
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    // MARK: A page

    /// Fetches a page of a keyword and commits what it found.
    func fetch(
        _ input: SearchJobs.Fetch, for tenant: Tenant, isLastAttempt: Bool, commit: Commit
    ) async throws {
        let reader = storage.reader(for: tenant)
        guard let status = try await searches.status(of: input.search, through: reader, in: tenant),
            status.search.state.isActive, status.search.round == input.round,
            let keyword = status.keywords.first(where: { $0.id == input.keyword }), !keyword.state.isOver,
            keyword.pages == input.page
        else { return }
        if keyword.state == .waiting { try await begin(keyword, of: status.search, in: tenant) }
        let page: DirectoryPage
        do {
            page = try await vendor.page(
                DirectoryQuery(
                    platform: keyword.platform, keyword: keyword.text, region: status.search.wish.region,
                    cursor: keyword.cursor),
                for: VendorDesk.Caller(
                    tenant: tenant, person: status.search.personID,
                    urgency: status.search.savedSearchID == nil ? .awaited : .background),
                mayCall: { try await mayCall(input.search, round: input.round, in: tenant) })
        } catch let refusal as VendorDesk.Refusal {
            return try await refused(refusal, keyword, of: status, in: tenant, isLastAttempt: isLastAttempt)
        } catch is CancellationError where !Task.isCancelled {
            // Stopped before the call. Another search that waited for this one's page asks for it by itself.
            guard try await mayCall(input.search, round: input.round, in: tenant) else { return }
            throw JobFailure.retry(after: Bounds.again, "stopped elsewhere")
        }
        try await land(page, of: keyword, in: status, for: tenant, commit: commit)
    }

    /// Whether a page may be asked for now: by what this node has heard, and by the database.
    func mayCall(_ search: ID<Search>, round: Int, in tenant: Tenant) async throws -> Bool {
        guard brakes.mayCall(for: search, round: round) else { return false }
        let isActive = try await searches.isActive(search, round: round, in: tenant)
        // While the database answered another node may have said so.
        return isActive && brakes.mayCall(for: search, round: round)
    }

    private func begin(_ keyword: Keyword, of search: Search, in tenant: Tenant) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            try await searches.begin(keyword, of: search, at: now, through: transaction, in: tenant)
        }
        await topics.tellStatus(of: search.id, in: tenant)
    }

    /// Commits a page: four statements, and one for the jobs that follow.
    private func land(
        _ page: DirectoryPage, of keyword: Keyword, in status: SearchStatus, for tenant: Tenant, commit: Commit
    ) async throws {
        let now = clock.now()
        let listed = Self.each(page.creators)
        let ids = listed.map { _ in ID<Creator>(at: now, using: randomness) }
        let store = PageStore(storage: storage)
        let search = status.search
        do {
            try await commit { transaction in
                let creators = try await store.upsert(
                    listed, ids: ids, on: keyword.platform, of: search.id, at: now, through: transaction, in: tenant)
                try await store.note(
                    creators, on: CalendarDay(of: now, in: .gmt), through: transaction, in: tenant)
                let rows = try await store.match(
                    creators.map(\.id), by: keyword, of: search, at: now, through: transaction, in: tenant)
                let new = rows.filter(\.isNew)
                let total = max(Int(rows.map(\.sequence).max() ?? 0), status.found)
                var step = PageStep(
                    next: keyword.step(
                        results: listed.count, next: page.next, isTargetReached: total >= search.wish.target))
                step.results = listed.count
                step.found = new.count
                step.charged = new.count { $0.isCharged }
                step.excluded = creators.count - rows.count
                step.reused = new.count { $0.enrichedAt != nil }
                guard
                    let others = try await store.advance(
                        step, of: keyword, at: now, through: transaction, in: tenant)
                else { throw Superseded() }
                try follow(step.next, of: keyword, others: others, in: status, found: total, through: transaction)
                try topics.publish(
                    Self.found(creators, new, of: search, at: now), of: search.id, in: transaction)
            }
        } catch is Superseded {
            return
        }
        await topics.tellStatus(of: search.id, in: tenant)
    }

    private func follow(
        _ next: KeywordStep, of keyword: Keyword, others: Int, in status: SearchStatus, found: Int,
        through transaction: WriteTransaction
    ) throws {
        let search = status.search
        switch next {
        case .next:
            let fetch = SearchJobs.Fetch(
                keyword: keyword.id, search: search.id, page: keyword.pages + 1, round: search.round)
            try transaction.enqueue(SearchJobs.fetch(for: search), fetch, key: SearchJobs.key(fetch))
        case .end where others == 0:
            try enqueueEnd(of: status, found: found, through: transaction)
        case .end: break
        }
    }

    /// What follows when no keyword is left: more words, or the end.
    private func enqueueEnd(of status: SearchStatus, found: Int, through transaction: WriteTransaction) throws {
        let round = SearchJobs.Round(search: status.search.id, round: status.search.round)
        if found < status.search.wish.target, status.mayExpand {
            let key = "\(SearchJobs.key(round))/\(status.search.expandedRounds)"
            try transaction.enqueue(SearchJobs.expand, round, key: key)
        } else {
            try transaction.enqueue(SearchJobs.settle, round, key: SearchJobs.key(round))
        }
    }

    /// Each creator of a page once, as a vendor may name one twice.
    private static func each(_ listed: [ListedCreator]) -> [ListedCreator] {
        var seen: Set<String> = []
        return listed.filter { seen.insert($0.externalID).inserted }
    }

    private static func found(
        _ creators: [Creator], _ rows: [MatchRow], of search: Search, at time: Timestamp
    ) -> [FoundMatch] {
        let byID = Dictionary(creators.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return rows.sorted { $0.sequence < $1.sequence }.compactMap { row in
            byID[row.creatorID].map { creator in
                FoundMatch(
                    match: Match(
                        searchID: search.id, creatorID: row.creatorID, sequence: row.sequence, keywords: row.keywords,
                        isCharged: row.isCharged, foundAt: time, enrichedAt: row.enrichedAt), creator: creator)
            }
        }
    }

    // MARK: What goes wrong

    private func refused(
        _ refusal: VendorDesk.Refusal, _ keyword: Keyword, of status: SearchStatus, in tenant: Tenant,
        isLastAttempt: Bool
    ) async throws {
        switch refusal {
        case .later(let wait, let reason): throw JobFailure.throttled(after: wait, reason)
        case .dailyLimit:
            try await fail(keyword, of: status, because: .dailyLimit, in: tenant)
        case .failed(let failure):
            guard isLastAttempt else {
                if let wait = failure.wait { throw JobFailure.retry(after: wait, failure.word) }
                throw failure
            }
            let reason: Keyword.Reason = failure.isTransient ? .vendorFailed : .unreadable
            try await fail(keyword, of: status, because: reason, in: tenant)
            // The keyword is marked; the job stays among the dead letters for the operator.
            throw JobFailure.permanent(failure.word)
        }
    }

    /// Gives a keyword up, and ends the search when it was the last.
    func fail(
        _ keyword: Keyword, of status: SearchStatus, because reason: Keyword.Reason, in tenant: Tenant
    ) async throws {
        let now = clock.now()
        let isFailed = try await storage.write(for: tenant) { transaction in
            guard
                let others = try await searches.fail(
                    keyword, because: reason, at: now, through: transaction, in: tenant)
            else { return false }
            if others == 0 { try enqueueEnd(of: status, found: status.found, through: transaction) }
            return true
        }
        guard isFailed else { return }
        events.record(
            .keywordFailed, ["platform": .text(keyword.platform.rawValue), "reason": .text(reason.rawValue)])
        await topics.tellStatus(of: keyword.searchID, in: tenant)
    }
}
