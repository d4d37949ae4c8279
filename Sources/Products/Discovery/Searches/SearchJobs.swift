import Base
import Jobs

/// The kinds of work of searches: names, lanes, attempts, and what runs at once.
enum SearchJobs {
    /// Calls at a vendor at once in the whole cluster, whichever kind makes them.
    static let calls = JobLimit.concurrency("discovery.vendor", max: 50, per: .installation)
    /// Of these, calls that nobody waits for: twenty are always left for those that somebody does.
    static let quietCalls = JobLimit.concurrency("discovery.vendorQuietly", max: 30, per: .installation)
    /// Pages that one process fetches at once, waiting for the vendor's rate included: the lane's other handlers are for
    /// what takes no minute.
    static let atOnce = 12

    struct Fetch: Codable, Sendable, Hashable {
        let keyword: ID<Keyword>
        let search: ID<Search>
        /// How many pages the keyword had when this one was asked for: with the keyword it names the page.
        let page: Int
        let round: Int
    }

    struct Round: Codable, Sendable, Hashable {
        let search: ID<Search>
        let round: Int
    }

    static let fetch = JobKind<Fetch>(
        "discovery.keyword.fetch", lane: .interactive, attemptsMax: Keyword.Bounds.attempts,
        backoff: .exponential(from: .seconds(2), to: .seconds(30)), timeout: .seconds(330),
        unique: .whilePendingOrRunning, limits: [calls], concurrency: .fixed(atOnce), isKept: false)

    /// The same for searches that the clock has started: nobody waits, and who does goes first.
    static let quietFetch = JobKind<Fetch>(
        "discovery.keyword.fetchQuietly", attemptsMax: Keyword.Bounds.attempts,
        backoff: .exponential(from: .seconds(2), to: .seconds(60)), timeout: .seconds(330),
        unique: .whilePendingOrRunning, limits: [calls, quietCalls], concurrency: .fixed(atOnce), isKept: false)

    static func fetch(for search: Search) -> JobKind<Fetch> { search.savedSearchID == nil ? fetch : quietFetch }

    static let expand = JobKind<Round>(
        "discovery.search.expand", lane: .interactive, attemptsMax: 3, unique: .whilePendingOrRunning)

    static let settle = JobKind<Round>(
        "discovery.search.settle", lane: .interactive, attemptsMax: 10,
        backoff: .exponential(from: .milliseconds(500), to: .seconds(60)), unique: .whilePendingOrRunning)

    static let deadlines = JobKind<NoJobInput>(
        "discovery.search.deadlines", attemptsMax: 3, unique: .whilePending, isKept: false)

    static func key(_ fetch: Fetch) -> String { "\(fetch.keyword)/\(fetch.round)/\(fetch.page)" }
    static func key(_ round: Round) -> String { "\(round.search)/\(round.round)" }

    /// How they are handled.
    static func handlers(_ steps: SearchSteps) -> [JobHandler] {
        [
            fetching(fetch, steps), fetching(quietFetch, steps),
            expand.handler { input, context in
                try await steps.expand(input, for: context.tenant) { body in try await context.complete(body) }
            },
            settle.handler { input, context in
                try await steps.settle(input, for: context.tenant) { body in try await context.complete(body) }
            },
            deadlines.handler { _, _ in try await steps.endOverdue() },
        ]
    }

    private static func fetching(_ kind: JobKind<Fetch>, _ steps: SearchSteps) -> JobHandler {
        kind.handler { input, context in
            try await steps.fetch(
                input, for: context.tenant, isLastAttempt: context.isLastAttempt
            ) { body in try await context.complete(body) }
        }
    }

    static func schedules(_ steps: SearchSteps) -> [JobSchedule] {
        [
            JobSchedule(
                "discovery.searchDeadlines", every: .seconds(60), deadlines, NoJobInput(), missed: .skip,
                onlyIf: { try await steps.isAnyOverdue() })
        ]
    }
}
