import Foundation

/// The list of 25, a thread and the dashboard with 1,000 and with 1,000,000 conversations of one company.
///
/// `--conversations N` takes another number for the second size; each has ten messages.
enum InboxBenchmark: Benchmark {
    static let name = "inbox"
    private static let times = 90
    /// People are bound to a hundred reads a minute, so many read: some under load, others alone.
    private static let (readers, others) = (100, 40)

    static func run() async throws -> [(String, String)] {
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
        for (title, path) in Place.all {
            let (left, right) = (few.alone[path]?.median ?? 0, large.alone[path]?.median ?? 0)
            table.row(title, left.shown(0), right.shown(0), (right / left).shown())
        }
        table.row("lists a second, four at once", few.load.perSecond.shown(0), large.load.perSecond.shown(0), "")
        table.row(
            "of these the 99th percentile", (few.load.p99 * 1_000).shown(0), (large.load.p99 * 1_000).shown(0), "")
        table.show()
        print("A list of 25 sends \(statements.shown()) statements (bar: 1).\n")
        let list = (few.alone["/conversations"]?.median ?? 0, large.alone["/conversations"]?.median ?? 0)
        let times = large.alone["/conversations"] ?? []
        return [
            ("ratio", (list.1 / list.0).shown()), ("statements", statements.shown()),
            ("p95_ms", ((times.dropFirst(times.count * 95 / 100).first ?? 0) / 1_000).shown()),
            ("p99_loaded_ms", large.load.p99.shown()), ("lists_per_second", large.load.perSecond.shown(0)),
        ]
    }

    private enum Place {
        static let all = [
            ("list of 25", "/conversations"), ("list of 25, unassigned", "/conversations?view=unassigned"),
            ("thread, newest 50", "thread"), ("dashboard", "/dashboard"),
        ]
    }

    private struct Figures {
        var alone: [String: [Double]] = [:]
        var load: Load
    }

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
        for (_, path) in Place.all {
            let address = path == "thread" ? "/conversations/\(rows.conversation(900))/messages" : path
            // The first ones warm the caches.
            _ = try workspace.times(address, count: 20, by: Array(agents.suffix(others)))
            figures.alone[path] = try workspace.times(address, count: times, by: Array(agents.suffix(others)))
        }
        return figures
    }
}
