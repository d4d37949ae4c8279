import Base
import Web

/// The first page.
struct DashboardPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [show] }

    private struct Query: Input {
        let said: String?

        static let fields: [Field] = [.query("said", optional: .text(1...40))]
    }

    private var show: Route {
        Route(
            .get, "/discovery", "discovery.showDashboard", "Shows what one works on.", policy: .signedIn,
            limit: Rates.reading, budget: 1
        ) { [room] (request: Request<Query>) in
            let dashboard = try await room.dashboards.dashboard(of: try request.asker(), in: request.tenant)
            return DiscoveryPages.listPage(
                "Dashboard", "dashboard", DashboardPage(dashboard, at: room.clock.now()), said: request.input.said)
        }
    }
}
