import Base
import Storage
import Web

/// The page of the company's figures.
struct DashboardPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show] }

    private enum Bounds {
        /// Ratings that are shown.
        static let ratings = 5
    }

    private struct Query: Input {
        static let fields: [Field] = [
            .query("days", optional: .integer(1...CountDesk.Bounds.days), default: 30, "How many days back.")
        ]

        let days: Int
    }

    private var show: Route {
        Route(
            .get, PathTemplate(Addresses.dashboard), "inbox.showDashboard", "Shows how well the company answers.",
            policy: .signedIn, limit: .per(.person, "inbox.dashboard", 50), budget: 4
        ) { [office] (request: Request<Query>) in
            let (days, tenant) = (request.input.days, request.tenant)
            let board = try await office.counts.dashboard(days: days, in: tenant)
            let ratings = try await office.ratings.store.page(after: nil, limit: Bounds.ratings, in: tenant).items
            let parts = DashboardPage.Parts(
                board: board, week: try await office.reports.week(days: days, in: tenant),
                agents: try await office.reports.report(.agents, days: days, in: tenant), ratings: ratings,
                names: try await office.names.names(of: ratings.compactMap(\.personID), in: tenant),
                now: office.clock.now())
            let frame = try await office.frames.frame(.dashboard, for: request.context)
            return InboxPages.page("Dashboard", "dashboard", DashboardPage(frame, parts), styles: ["work.css"])
        }
    }
}
