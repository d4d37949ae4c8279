import Web

/// The console as pages: the reports that its JSON routes give, for people who run the installation.
struct ConsolePages {
    let report: ConsoleReport
    let flags: FeatureFlags

    struct Section: Sendable {
        let label: String
        let href: String
        let isCurrent: Bool

        static let all = [
            ("Overview", ""), ("Routes", "/routes"), ("Statements", "/statements"), ("Caches", "/caches"),
            ("Limits", "/limits"), ("Vendors", "/vendors"), ("Costs", "/costs"), ("Queues", "/queues"),
            ("Database", "/database"), ("Flags", "/flags"),
        ]

        static func list(current: String) -> [Section] {
            all.map { Section(label: $0.0, href: "/console" + $0.1, isCurrent: $0.0 == current) }
        }
    }

    struct Figure: Sendable {
        let label: String
        let value: String
        var unit: String?
        var note: String?
    }

    struct Overview: Sendable {
        let sections = Section.list(current: "Overview")
        let health: String
        let isHealthy: Bool
        let stats: [Figure]
        let parts: ConsoleTable
        let slowest: ConsoleTable
        let heaviest: ConsoleTable

        init(_ report: ConsoleReport) {
            let (routes, statements, database) = (report.routes, report.statements, report.database)
            let coordination = report.coordination
            isHealthy = database.isAvailable && coordination.isReachable
            health =
                isHealthy
                ? "Everything answers"
                : database.isAvailable ? "This node decides for itself" : "The database does not answer"
            parts = .parts(database, coordination)
            let requests = routes.reduce(0) { $0 + $1.count }
            let errors = routes.reduce(0) { $0 + $1.errors }
            let sent = statements.reduce(0) { $0 + $1.count }
            let caches = report.cacheLines
            let (hits, misses) = (caches.reduce(0) { $0 + $1.hits }, caches.reduce(0) { $0 + $1.misses })
            let over = routes.reduce(0) { $0 + $1.overBudget }
            stats = [
                Figure(label: "Requests", value: Figures.number(requests)),
                Figure(label: "Server errors", value: Figures.number(errors)),
                Figure(
                    label: "Statements", value: Figures.number(sent),
                    note: requests == 0
                        ? nil : Figures.decimal(Double(sent) / Double(requests), places: 2) + " per request"),
                Figure(label: "Over budget", value: Figures.number(over), unit: over == 1 ? "request" : "requests"),
                Figure(
                    label: "Served from memory",
                    value: hits + misses == 0
                        ? "–" : Figures.decimal(100 * Double(hits) / Double(hits + misses), places: 1), unit: "%"),
                Figure(
                    label: "Refused by limits", value: Figures.number(report.limitLines.reduce(0) { $0 + $1.refused })),
            ]
            slowest = .slowest(routes)
            heaviest = .heaviest(statements)
        }
    }

    struct List: Sendable {
        let heading: String
        let lead: String
        let sections: [Section]
        let table: ConsoleTable

        init(_ heading: String, _ lead: String, _ table: ConsoleTable) {
            self.heading = heading
            self.lead = lead
            self.table = table
            sections = Section.list(current: heading)
        }
    }

    struct Database: Sendable {
        let sections = Section.list(current: "Database")
        let lead: String
        let health: String
        let isHealthy: Bool
        let stats: [Figure]
        let facts: [Figure]

        init(_ line: ConsoleReport.DatabaseLine) {
            lead = line.engine == "postgres" ? "PostgreSQL, by pipelined connections." : "SQLite, one file, one writer."
            isHealthy = line.isAvailable
            health = isHealthy ? "Answers" : "Does not answer"
            stats = [
                Figure(label: "Connections open", value: Figures.number(line.connectionsOpen)),
                Figure(label: "Held by transactions", value: Figures.number(line.connectionsHeld)),
                Figure(label: "Callers waiting", value: Figures.number(line.waiting)),
                Figure(label: "Statements in flight", value: Figures.number(line.inFlight)),
                Figure(label: "Reconnects", value: Figures.number(line.reconnects)),
            ]
            facts = [
                Figure(label: "For", value: Figures.milliseconds(Double(line.longestHeldMilliseconds))),
                Figure(
                    label: "Last statement", value: line.longestHolder.isEmpty ? "none is held" : line.longestHolder),
            ]
        }
    }

    struct Flags: Sendable {
        struct Line: Sendable {
            let key: String
            let summary: String
            let badge: String
            let badgeKind: String
            let next: String
            let action: String
        }

        let sections = Section.list(current: "Flags")
        let flags: [Line]
        let isEmpty: Bool
    }

    struct FlagSwitch: Input {
        var key: String
        var isEnabled: Bool

        static let fields: [Field] = [
            .body("key", .text(1...64), "The flag's key."), .body("isEnabled", .boolean, "Whether it is on."),
        ]
    }

    /// A page with one table.
    static func listPage(_ heading: String, _ lead: String, _ table: ConsoleTable) -> HTMLPage {
        page(heading, "list", List(heading, lead, table))
    }

    private static func page(_ title: String, _ template: String, _ model: any Sendable) -> HTMLPage {
        HTMLPage(
            "\(title) · Console", template: "console/" + template, model: model, stylesheets: ["console/console.css"])
    }

    private func list(
        _ path: PathTemplate, _ name: String, _ heading: String, _ lead: String,
        _ table: @escaping @Sendable () -> ConsoleTable
    ) -> Route {
        Route(
            .get, path, name, "Shows the console's page “\(heading)”.", policy: .operator, limit: Self.limit, budget: 0
        ) { (_: Request<NoInput>) in Self.listPage(heading, lead, table()) }
    }

    private static let limit = RouteLimit.per(.person, "console", 120)

    var routes: [Route] {
        [
            Route(
                .get, "/console", "console.showOverview", "Shows the state of the process.", policy: .operator,
                limit: Self.limit, budget: 0
            ) { [self] (_: Request<NoInput>) in Self.page("Overview", "overview", Overview(report)) },
            list(
                "/console/routes", "console.showRoutes", "Routes",
                "What each route has answered since this process started, and what it cost."
            ) { [report] in .routes(report.routes) },
            list(
                "/console/statements", "console.showStatements", "Statements",
                "The statements by name, those that took the most time first."
            ) { [report] in .statements(report.statements) },
            list(
                "/console/caches", "console.showCaches", "Caches",
                "What is served from memory, and from the layer that the nodes share."
            ) { [report] in .caches(report.cacheLines, report.sharedLine) },
            list(
                "/console/limits", "console.showLimits", "Limits", "What was granted and refused, refusals first."
            ) { [report] in .limits(report.limitLines, report.leaseLine) },
            list(
                "/console/vendors", "console.showVendors", "Vendors",
                "What is called outside: how it answers, and how many calls at once it bears."
            ) { [report] in .vendors(report.vendorLines, report.pauseLine) },
            Route(
                .get, "/console/database", "console.showDatabasePage", "Shows the connections to the database.",
                policy: .operator, limit: Self.limit, budget: 0
            ) { [self] (_: Request<NoInput>) in Self.page("Database", "database", Database(report.database)) },
        ] + flagRoutes
    }

    private var flagRoutes: [Route] {
        [
            Route(
                .get, "/console/flags", "console.showFlags", "Shows the flags of this tenant.",
                policy: .role(.administrator), limit: Self.limit, budget: 0
            ) { [self] (request: Request<NoInput>) in
                let lines = flags.flags.map { flag in
                    let state = flags.state(of: flag, for: request.context.tenant)
                    let isOn = state?.isEnabled ?? flag.isOnByDefault
                    let share = state.map { $0.percentage < 100 && isOn ? " for \($0.percentage) of 100" : "" } ?? ""
                    return Flags.Line(
                        key: flag.key, summary: flag.summary, badge: (isOn ? "on" : "off") + share,
                        badgeKind: isOn ? "good" : "", next: isOn ? "false" : "true",
                        action: isOn ? "Switch off" : "Switch on")
                }
                return Self.page("Flags", "flags", Flags(flags: lines, isEmpty: lines.isEmpty))
            },
            Route(
                .post, "/console/flags", "console.switchFlag", "Switches a flag by form.",
                policy: .role(.administrator), limit: Self.limit, budget: 1, accepts: .form, status: 303,
                failures: [Failure("hosting.invalidFlag", 404, "No product declares a flag of this key.")]
            ) { [flags] (request: Request<FlagSwitch>) in
                try await flags.set(
                    request.input.key, to: FlagState(isEnabled: request.input.isEnabled, percentage: 100),
                    for: request.context.tenant)
                return Redirect(to: "/console/flags")
            },
        ]
    }
}
