import Base
import Limits
import Storage
import Web

/// The page of usage.
struct UsagePageRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] { [show] }

    private struct Query: Input {
        static let fields: [Field] = [.query("after", optional: .cursor)]

        let after: Cursor?
    }

    private var show: Route {
        Route(
            .get, "/discovery/usage", "discovery.showUsage", "Shows plan, credits and the vendor's calls.",
            policy: .signedIn, limit: Rates.reading, budget: 5, failures: [Failures.cursor]
        ) { [bureau] (request: Request<Query>) in
            try await refusing {
                let usage = try await bureau.usage.usage(in: request.tenant)
                let journal = try await bureau.usage.journal(after: request.input.after, in: request.tenant)
                let names = try await bureau.room.names.names(of: usage.people.map(\.personID), in: request.tenant)
                let lines = journal.items.map {
                    UsageLine(madeAt: $0.madeAt, kind: $0.kind.rawValue, held: $0.held, used: $0.used, note: $0.note)
                }
                return DiscoveryPages.page(
                    "Usage", "usage",
                    UsagePage(
                        usage, entries: lines, next: journal.next?.description, names: names,
                        isOwner: request.principal.has(Seat.owner.role), at: bureau.clock.now()))
            }
        }
    }
}
