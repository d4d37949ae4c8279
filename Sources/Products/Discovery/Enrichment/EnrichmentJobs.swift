import Base
import Jobs
import Storage

/// A few profiles that are read together: what their credits are reserved for when no search pays.
enum EnrichmentBatch {}

/// The kind of work that reads profiles.
enum EnrichmentJobs {
    enum Bounds {
        /// Profiles of one job.
        static let batch = 10
        /// How often a profile is asked for before it is given up; waiting for the vendor is not asking.
        static let tries = 3
        /// How long profiles wait for a vendor that has no time for them: less than their credits are reserved for.
        static let patience: Duration = .seconds(5 * 3_600)
        /// Batches that one process reads at once, waiting for the vendor's rate included.
        static let atOnce = 12
    }

    struct Batch: Codable, Sendable, Hashable {
        let creators: [ID<Creator>]
        let person: ID<Person>
        /// The search that asked for them; `nil` when a person did.
        let search: ID<Search>?
        /// What their credits are reserved for when no search pays.
        let reservation: ID<EnrichmentBatch>?
        /// When those that still wait are given up; `nil` in jobs of earlier versions.
        var until: Timestamp?
        /// How often they were tried before.
        var tries = 0
    }

    static let enrich = JobKind<Batch>(
        "discovery.creator.enrich", attemptsMax: 3, backoff: .exponential(from: .seconds(5), to: .seconds(60)),
        timeout: .seconds(660), limits: [SearchJobs.calls, SearchJobs.quietCalls], concurrency: .fixed(Bounds.atOnce),
        isKept: false)

    /// Has profiles read in batches, for a search.
    static func enqueue(
        _ creators: [ID<Creator>], for person: ID<Person>, of search: ID<Search>, at time: Timestamp,
        through transaction: WriteTransaction
    ) throws {
        for start in stride(from: 0, to: creators.count, by: Bounds.batch) {
            let part = Array(creators[start..<min(start + Bounds.batch, creators.count)])
            try transaction.enqueue(
                enrich,
                Batch(
                    creators: part, person: person, search: search, reservation: nil, until: time + Bounds.patience))
        }
    }

    static func handlers(_ steps: EnrichmentSteps) -> [JobHandler] {
        [
            enrich.handler { input, context in
                try await steps.enrich(input, for: context.tenant) { body in try await context.complete(body) }
            }
        ]
    }
}
