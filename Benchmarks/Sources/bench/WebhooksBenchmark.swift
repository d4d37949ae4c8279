import Foundation

/// Signed deliveries a second that are kept durably, and how long a vendor waits for its answer, while the bot's model takes
/// five seconds for each of its own: as many as go in, and a hundred a second; then the same while a hundred thousand
/// contacts are deleted.
///
/// `--deliveries N` (60,000) bounds each of the runs, `--contacts N` (100,000) what is deleted.
enum WebhooksBenchmark: Benchmark {
    static let name = "webhooks"
    private static let seconds = 10
    private static let connections = 8
    /// Between two deliveries of a connection, for a hundred a second.
    private static let pause = 80

    /// What was delivered in some seconds.
    private struct Round {
        var load: Load
        /// The 99th percentile of the time from a delivery to its message in the thread, in milliseconds.
        var seen: Double
        /// Seconds until the last message was there, after the last delivery.
        var lag: Double
    }

    static func run() async throws -> [(String, String)] {
        let port = Server.freePort()
        let model = try await Server(Server.built("PlainServer"), ["\(port)"], port: port, path: "/item")
        defer { model.stop() }
        let workspace = try await Workspace(
            "bench_webhooks", api: "/api/inbox",
            settings: [
                "CAPSTAN_AI_CHAT": "compatible:slow", "CAPSTAN_AI_COMPATIBLE_ADDRESS": model.address + "/v1",
                "CAPSTAN_OUTBOUND_ALLOW": "127.0.0.1",
            ])
        defer { workspace.capstan.server.stop() }
        let hooks = try InboxHooks(workspace)
        let flood = try round("flood", hooks)
        let steady = try round("steady", hooks, pause: pause)
        let rows = try InboxRows(workspace)
        try rows.fill(to: try rows.count() + CommandLine.number("--contacts", or: 100_000))
        try rows.erase()
        let start = try rows.left()
        let steadyBeside = try round("steady beside", hooks, pause: pause)
        let middle = try rows.left()
        let floodBeside = try round("flood beside", hooks)
        let left = try rows.left()
        guard left > 0 else { throw Impossible("the deletion was over before the deliveries: take more contacts") }
        let faults = try hooks.faults()

        var table = Table(
            "Deliveries while the model takes 5 s an answer", "all that go", "beside the deletion", "100 a second",
            "beside the deletion")
        let rounds = [flood, floodBeside, steady, steadyBeside]
        func row(_ name: String, _ digits: Int, _ figure: (Round) -> Double) {
            let cells = rounds.map { figure($0).shown(digits) }
            table.row(name, cells[0], cells[1], cells[2], cells[3])
        }
        row("kept a second", 0) { $0.load.perSecond }
        row("answered within ms, median", 1) { $0.load.p50 }
        row("answered within ms, 99th percentile", 1) { $0.load.p99 }
        row("in its thread within ms, 99th percentile", 0) { $0.seen }
        row("seconds until the last was in its thread", 1) { $0.lag }
        table.show()
        print(
            """
            The model was asked for \(try hooks.turns()) answers. Contacts deleted beside a hundred deliveries a second: \
            \(start - middle); beside all that go: \(middle - left); \(left) were left.
            """)
        print("\(faults) threads and cursors differ from a recount.\n")
        return [
            ("ratio", (50 / flood.load.p99).shown()), ("per_second", flood.load.perSecond.shown(0)),
            ("p99_ms", flood.load.p99.shown(1)), ("steady_p99_ms", steady.load.p99.shown(1)),
            ("steady_seen_ms", steady.seen.shown(0)), ("lag_s", flood.lag.shown(1)),
            ("beside_deletion", (steadyBeside.load.p99 / steady.load.p99).shown()),
            ("flood_beside_deletion", (floodBeside.load.p99 / flood.load.p99).shown()), ("faults", "\(faults)"),
        ]
    }

    /// Delivers for some seconds, waits until all is in its thread, and holds what was kept against what was answered.
    private static func round(_ name: String, _ hooks: InboxHooks, pause: Int = 0) throws -> Round {
        let file = try hooks.deliveries(try CommandLine.number("--deliveries", or: 60_000), users: 5_000, named: name)
        let (kept, messages, start) = (try hooks.receipts(), try hooks.messages(), try hooks.now())
        let load = try hooks.deliver(file, seconds: seconds, connections: connections, pause: pause)
        let lag = try hooks.settle(within: 300)
        let (newKept, newMessages) = (try hooks.receipts() - kept, try hooks.messages() - messages)
        guard load.refused == 0, newKept >= load.answers else {
            throw Impossible("\(load.answers) answers, \(load.refused) refusals, and \(newKept) deliveries kept")
        }
        guard newMessages == newKept else {
            throw Impossible("\(newKept) deliveries have become \(newMessages) messages")
        }
        return Round(load: load, seen: try hooks.seen(since: start), lag: lag)
    }
}
