import Web

/// The operator's console as JSON; its pages show the same reports.
struct ConsoleRoutes {
    let report: ConsoleReport
    let flags: FeatureFlags

    struct FlagLine: Output {
        var key: String
        var summary: String
        var isOnByDefault: Bool
        var isEnabled: Bool?
        var percentage: Int?

        static let shape = Shape.object([
            .body("key", .text), .body("summary", .text), .body("isOnByDefault", .boolean),
            .body("isEnabled", optional: .boolean), .body("percentage", optional: .integer(0...100)),
        ])
    }

    struct FlagChange: Input {
        var key: String
        var isEnabled: Bool
        var percentage: Int

        static let fields: [Field] = [
            .path("key", .text(1...64), "The flag's key."),
            .body("isEnabled", .boolean, "Whether the feature is on at all."),
            .body("percentage", optional: .integer(0...100), default: 100, "For how many of 100 users it is on."),
        ]
    }

    var routes: [Route] {
        let limit = RouteLimit.per(.person, "console", 120)
        func list<Line: Output>(
            _ path: PathTemplate, _ name: String, _ summary: String, _ lines: @escaping @Sendable () -> [Line]
        ) -> Route {
            Route(.get, path, name, summary, policy: .operator, limit: limit, budget: 0) { (_: Request<NoInput>) in
                lines()
            }
        }
        return [
            list("/api/console/routes", "console.listRoutes", "Lists what the routes have done.") { [report] in
                report.routes
            },
            list("/api/console/statements", "console.listStatements", "Lists the statements by name.") { [report] in
                report.statements
            },
            list("/api/console/caches", "console.listCaches", "Lists the caches.") { [report] in report.cacheLines },
            list("/api/console/limits", "console.listLimits", "Lists the limits.") { [report] in report.limitLines },
            list("/api/console/vendors", "console.listVendors", "Lists what is called outside.") { [report] in
                report.vendorLines
            },
            Route(
                .get, "/api/console/database", "console.showDatabase", "Shows the connections to the database.",
                policy: .operator, limit: limit, budget: 0
            ) { [report] (_: Request<NoInput>) in report.database },
            Route(
                .get, "/api/console/coordination", "console.showCoordination",
                "Shows what nodes share, and how it does.",
                policy: .operator, limit: limit, budget: 0
            ) { [report] (_: Request<NoInput>) in report.coordination },
            Route(
                .get, "/api/console/flags", "console.listFlags", "Lists the flags as this tenant has them.",
                policy: .role(.administrator), limit: limit, budget: 0
            ) { [flags] (request: Request<NoInput>) in
                flags.flags.map { flag in
                    let state = flags.state(of: flag, for: request.context.tenant)
                    return FlagLine(
                        key: flag.key, summary: flag.summary, isOnByDefault: flag.isOnByDefault,
                        isEnabled: state?.isEnabled, percentage: state?.percentage)
                }
            },
            Route(
                .put, "/api/console/flags/{key}", "console.setFlag", "Switches a flag in this tenant.",
                policy: .role(.administrator), limit: limit, budget: 1, status: 204,
                failures: [Failure("hosting.invalidFlag", 404, "No product declares a flag of this key.")]
            ) { [flags] (request: Request<FlagChange>) in
                let change = request.input
                try await flags.set(
                    change.key,
                    to: FlagState(isEnabled: change.isEnabled, percentage: change.percentage),
                    for: request.context.tenant)
                return NoContent()
            },
        ]
    }
}
