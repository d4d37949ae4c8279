import Foundation

/// The list of 25, a thread and the dashboard with 1,000 and with 1,000,000 conversations of one company; what the bot takes on
/// the widget; and unread against a recount.
///
/// `--only list`, `--only bot` or `--only unread` takes one part. `--conversations N` takes another number for the list's
/// second size; each has ten messages.
enum InboxBenchmark: Benchmark {
    static let name = "inbox"
    private static let times = 90
    /// People are bound to a hundred reads a minute, so many read: some under load, others alone.
    private static let (readers, others) = (100, 40)

    static func run() async throws -> [(String, String)] {
        let only = CommandLine.arguments.firstIndex(of: "--only").map {
            CommandLine.arguments.dropFirst($0 + 1).first ?? ""
        }
        let parts: [(String, () async throws -> [(String, String)])] = [
            ("list", list), ("bot", InboxBot.run), ("unread", InboxUnread.run),
        ]
        guard only == nil || parts.contains(where: { $0.0 == only }) else {
            throw Impossible("--only takes one of \(parts.map(\.0).joined(separator: ", "))")
        }
        var figures: [(String, String)] = []
        for (name, measure) in parts where only == nil || only == name { figures += try await measure() }
        return figures
    }

    private static func list() async throws -> [(String, String)] {
        let many = try CommandLine.number("--conversations", or: 1_000_000)
        let workspace = try await Workspace("bench_inbox", api: "/api/inbox")
        defer { workspace.capstan.server.stop() }
        let rows = try InboxRows(workspace)
        try rows.fill(to: 1_000)
        let agents = try rows.agents(readers + others)
        let few = try measure(workspace, rows, agents)
        try rows.fill(to: many)
        let large = try measure(workspace, rows, agents)
        let statements = try workspace.statements("/conversations", times: 20, about: "inbox_")

        var table = Table("Inbox, microseconds a request", "1,000 conversations", "\(many) conversations", "ratio")
        for place in Place.allCases {
            let (left, right) = (few.alone[place]?.median ?? 0, large.alone[place]?.median ?? 0)
            table.row(place.rawValue, left.shown(0), right.shown(0), (right / left).shown())
        }
        table.row("lists a second, four at once", few.load.perSecond.shown(0), large.load.perSecond.shown(0), "")
        table.row(
            "of these the 99th percentile", (few.load.p99 * 1_000).shown(0), (large.load.p99 * 1_000).shown(0), "")
        table.show()
        print(
            "A list of 25 sends \(statements.shown()) statements (bar: 1). "
                + "Far down is \(few.depth) and \(large.depth) rows down.\n")
        func ratio(_ place: Place) -> String {
            ((large.alone[place]?.median ?? 0) / (few.alone[place]?.median ?? 0)).shown()
        }
        let times = large.alone[.list] ?? []
        return [
            ("ratio", ratio(.list)), ("statements", statements.shown()),
            ("p95_ms", ((times.dropFirst(times.count * 95 / 100).first ?? 0) / 1_000).shown()),
            ("p99_loaded_ms", large.load.p99.shown()), ("lists_per_second", large.load.perSecond.shown(0)),
            ("tag_ratio", ratio(.tag)), ("mentions_ratio", ratio(.mentions)), ("deep_ratio", ratio(.deep)),
        ]
    }

    private enum Place: String, CaseIterable {
        case list = "list of 25"
        case unassigned = "list of 25, unassigned"
        case tag = "list of a tag that two old ones have"
        case mentions = "list of mentions, in two old ones"
        case deep = "list of 25, far down"
        case thread = "thread, newest 50"
        case dashboard = "dashboard"
    }

    private struct Figures {
        var alone: [Place: [Double]] = [:]
        var load: Load
        /// Rows before the page that is far down.
        var depth = 0
    }

    /// How far down the deep page begins, at most.
    private static let depth = 40_000

    private static func measure(_ workspace: Workspace, _ rows: InboxRows, _ agents: [Workspace.Visitor]) throws
        -> Figures
    {
        let list = agents.prefix(readers).map { "{\"\($0.cookie)\", \"\($0.address)\"}" }.joined(separator: ",")
        let load = try Wrk.run(
            workspace.capstan.server.address + "/api/inbox/conversations", seconds: 2, connections: 4,
            script: """
                local agents = {\(list)}
                local turn = 0
                request = function()
                    turn = turn + 1
                    local agent = agents[turn % #agents + 1]
                    wrk.headers["Cookie"] = agent[1]
                    wrk.headers["X-Forwarded-For"] = agent[2]
                    return wrk.format("GET")
                end
                """)
        guard load.refused == 0 else { throw Impossible("\(load.refused) of \(load.answers) lists were refused") }
        var figures = Figures(load: load)
        let tag = try rows.markOldest(for: readers + others)
        let deep = try rows.cursor(rowsDown: min(depth, try rows.count() - 100), by: Array(agents.prefix(readers)))
        figures.depth = deep.rows
        for place in Place.allCases {
            let address =
                switch place {
                case .list: "/conversations"
                case .unassigned: "/conversations?view=unassigned"
                case .tag: "/conversations?tagId=\(tag)"
                case .mentions: "/conversations?view=mentions"
                case .deep: "/conversations?after=\(deep.cursor)"
                case .thread: "/conversations/\(rows.conversation(900))/messages"
                case .dashboard: "/dashboard"
                }
            // The first ones warm the caches.
            _ = try workspace.times(address, count: 20, by: Array(agents.suffix(others)))
            figures.alone[place] = try workspace.times(address, count: times, by: Array(agents.suffix(others)))
        }
        return figures
    }
}
