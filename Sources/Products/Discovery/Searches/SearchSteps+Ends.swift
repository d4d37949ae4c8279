import Base
import Jobs
import Limits
import Storage
import Synchronization
import Telemetry

/// How searches go on when no keyword is left, and how they end.
extension SearchSteps {
    // MARK: More words

    /// Adds words that the creators found so far use themselves; without new ones the search ends.
    func expand(_ input: SearchJobs.Round, for tenant: Tenant, commit: Commit) async throws {
        let bios = try await creators.bios(of: input.search, in: tenant)
        let now = clock.now()
        try await commit { transaction in
            guard var status = try await searches.locked(input.search, through: transaction, in: tenant),
                status.search.state.isActive, status.search.round == input.round, status.running == 0
            else { return }
            let round = SearchJobs.Round(search: input.search, round: input.round)
            let known = Set(status.keywords.map(\.text))
            let room = SearchWish.Bounds.keywords - status.texts
            let words =
                status.mayExpand
                ? Suggestion.words(from: bios, leavingOut: known).prefix(min(room, SearchWish.Bounds.wordsPerRound))
                : []
            guard !words.isEmpty else {
                try transaction.enqueue(SearchJobs.settle, round, key: SearchJobs.key(round))
                return
            }
            let isEmpty = status.search.expandedRounds > 0 && status.found == status.search.foundBefore
            status.search.expandedRounds += 1
            status.search.emptyRounds = isEmpty ? status.search.emptyRounds + 1 : 0
            status.search.foundBefore = status.found
            let keywords = Keyword.each(
                Array(words), from: status.texts, of: status.search, isExpanded: true, at: now, using: randomness)
            _ = try await searches.insert(keywords, at: now, through: transaction, in: tenant)
            try await searches.update(status.search, through: transaction, in: tenant)
            try Self.enqueue(keywords, of: status.search, through: transaction)
        }
        await topics.tellStatus(of: input.search, in: tenant)
    }

    /// Has the first page of each keyword fetched; the first ones before those that others wait behind.
    static func enqueue(_ keywords: [Keyword], of search: Search, through transaction: WriteTransaction) throws {
        for keyword in keywords {
            let fetch = SearchJobs.Fetch(
                keyword: keyword.id, search: keyword.searchID, page: keyword.pages, round: search.round)
            try transaction.enqueue(SearchJobs.fetch(for: search), fetch, key: SearchJobs.key(fetch))
        }
    }

    // MARK: The end

    /// Ends a round: counters are held against the rows, credits settled, profiles asked for.
    func settle(_ input: SearchJobs.Round, for tenant: Tenant, commit: Commit) async throws {
        let workspace = try await credits.workspace(in: tenant)
        let ended = Ended()
        try await commit { transaction in
            ended.set(nil)
            guard var status = try await searches.locked(input.search, through: transaction, in: tenant),
                status.search.state.isActive, status.search.round == input.round, status.running == 0
            else { return }
            try await recount(&status, through: transaction, in: tenant)
            let charged = status.charged - status.search.settled
            try await credits.creators.settle(
                status.search.reservationID, used: charged, for: tenant, in: transaction)
            status.search.settled = status.charged
            status.search.found = status.found
            status.search.excluded = status.excluded
            let verdict = Search.verdict(of: status.keywords, wasCancelled: false)
            let queued = try await askForProfiles(status, under: workspace, through: transaction, in: tenant)
            status.search.state = queued > 0 ? .enriching : verdict
            status.search.finishedAt = clock.now()
            try await searches.update(status.search, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: MatchDesk.Tag.search(input.search)))
            try topics.publishChange(of: input.search, in: transaction)
            ended.set(status)
        }
        guard let status = ended.value else { return }
        events.record(
            .searchEnded, took: clock.now() - status.search.createdAt,
            [
                "state": .text(status.search.state.rawValue), "found": .number(status.found),
                "took": .time(clock.now() - status.search.createdAt),
            ])
        if status.search.state.isSettled { try await results.warm(status.search.id, in: tenant) }
        await topics.tellStatus(of: input.search, in: tenant)
    }

    /// Holds the counters against the rows; what differs is told and set right.
    private func recount(
        _ status: inout SearchStatus, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws {
        let counts = try await matches.counts(of: status.search.id, through: transaction, in: tenant)
        if counts.all != status.found, !status.keywords.isEmpty {
            differ("found", stored: status.found, counted: counts.all)
            // The first keyword with room for the difference takes it.
            let change = counts.all - status.found
            let place = status.keywords.firstIndex { $0.found + change >= 0 } ?? 0
            status.keywords[place].found += change
            try await searches.repair(
                found: status.keywords[place].found, keyword: status.keywords[place].id, through: transaction,
                in: tenant)
        }
        if counts.enriched != status.enriched {
            differ("enriched", stored: status.enriched, counted: counts.enriched)
        }
        try await searches.settle(enriched: counts.enriched, of: status.search.id, through: transaction, in: tenant)
        status.search.enriched = counts.enriched
        for place in status.keywords.indices { status.keywords[place].reused = 0 }
    }

    private func differ(_ counter: String, stored: Int, counted: Int) {
        events.record(
            .countDiffered,
            ["counter": .text(counter), "stored": .number(stored), "counted": .number(counted)])
    }

    /// Has the profiles of the first creators read, as many as the month has left; returns how many.
    private func askForProfiles(
        _ status: SearchStatus, under workspace: Workspace, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws -> Int {
        let waiting = try await enrichment.waiting(
            of: status.search.id, first: status.search.wish.enrich, through: transaction, in: tenant)
        guard !waiting.isEmpty else { return 0 }
        let affordable = try await credits.reserveProfiles(
            upTo: waiting.count, for: status.search.reservationID, under: workspace, in: tenant, through: transaction)
        let queued = try await enrichment.queue(
            Array(waiting.prefix(affordable)), before: clock.now() - Creator.Bounds.freshness, through: transaction,
            in: tenant)
        guard !queued.isEmpty else {
            if affordable > 0 {
                try await credits.enrichments.release(status.search.reservationID, for: tenant, in: transaction)
            }
            return 0
        }
        try EnrichmentJobs.enqueue(
            queued, for: status.search.personID, of: status.search.id, at: clock.now(), through: transaction)
        return queued.count
    }

    // MARK: The hour

    /// Whether any search is past its hour.
    func isAnyOverdue() async throws -> Bool { try await !searches.due(at: clock.now()).isEmpty }

    /// Gives up the keywords of all searches that are past their hour.
    func endOverdue() async throws {
        for due in try await searches.due(at: clock.now()) {
            let now = clock.now()
            try await storage.write(for: due.tenant) { transaction in
                guard let status = try await searches.locked(due.id, through: transaction, in: due.tenant),
                    status.search.state.isActive, status.search.deadlineAt <= now
                else { return }
                _ = try await searches.end(
                    keywordsOf: due.id, as: .failed, because: .deadline, at: now, through: transaction, in: due.tenant)
                let round = SearchJobs.Round(search: due.id, round: due.round)
                try transaction.enqueue(SearchJobs.settle, round, key: SearchJobs.key(round))
            }
            await topics.tellStatus(of: due.id, in: due.tenant)
        }
    }
}

extension Keyword {
    /// A keyword for each text and platform of a search, with ordinals from `first` on.
    static func each(
        _ texts: [String], from first: Int, of search: Search, isExpanded: Bool, at time: Timestamp,
        using randomness: any Randomness
    ) -> [Keyword] {
        texts.enumerated().flatMap { offset, text in
            search.wish.platforms.map { platform in
                Keyword(
                    id: ID(at: time, using: randomness), searchID: search.id, platform: platform, text: text,
                    ordinal: first + offset, isExpanded: isExpanded, round: search.round, state: .waiting, reason: nil,
                    cursor: "", trail: CursorTrail(), pages: 0, empties: 0, attempts: 0, found: 0, charged: 0,
                    excluded: 0, reused: 0)
            }
        }
    }
}

/// What a transaction that may run twice has ended the last time.
private final class Ended: Sendable {
    private let inner = Mutex<SearchStatus?>(nil)

    var value: SearchStatus? { inner.withLock { $0 } }

    func set(_ status: SearchStatus?) { inner.withLock { $0 = status } }
}
