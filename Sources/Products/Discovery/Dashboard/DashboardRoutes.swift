import Base
import Web

/// What one sees first, over HTTP.
struct DashboardRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [show] }

    private struct DashboardOutput: Output {
        private struct Starred: Encodable {
            let id: ID<CreatorList>
            let name: String
            let entries: Int
            let followers: Int64
        }

        private struct Pinned: Encodable {
            let creatorId: ID<Creator>
            let name: String
            let handle: String
            let platform: String
            let followers: Int64?
            let listId: ID<CreatorList>
            let bucket: String
        }

        static let shape = Shape.object([
            .body(
                "starred",
                .list(
                    .object([
                        .body("id", .id), .body("name", .text), .body("entries", .integer),
                        .body("followers", .integer),
                    ]))),
            .body(
                "pinned",
                .list(
                    .object([
                        .body("creatorId", .id), .body("name", .text), .body("handle", .text), .body("platform", .text),
                        .body("followers", optional: .integer), .body("listId", .id), .body("bucket", .text),
                    ]))),
        ])

        private let starred: [Starred]
        private let pinned: [Pinned]

        init(_ dashboard: Dashboard) {
            starred = dashboard.starred.map {
                Starred(id: $0.id, name: $0.name, entries: $0.entries, followers: $0.followers)
            }
            pinned = dashboard.pinned.map {
                Pinned(
                    creatorId: $0.id, name: $0.name, handle: $0.handle, platform: $0.platform, followers: $0.followers,
                    listId: $0.list, bucket: $0.bucket)
            }
        }
    }

    private var show: Route {
        Route(
            .get, "/dashboard", "discovery.getDashboard", "Shows my lists with a star and the creators I have pinned.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [room] (request: Request<NoInput>) in
            DashboardOutput(try await room.dashboards.dashboard(of: try request.asker(), in: request.tenant))
        }
    }
}
