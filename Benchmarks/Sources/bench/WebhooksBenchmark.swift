import Foundation

/// Signed deliveries a second that are kept durably, and how long a vendor waits for its answer: with no bot at work, and
/// while the bot's model takes five seconds for each answer.
///
/// `--deliveries N` (60,000) bounds each of the runs.
enum WebhooksBenchmark: Benchmark {
    static let name = "webhooks"
    private static let seconds = 10
    private static let connections = 8

    static func run() async throws -> [(String, String)] {
        let count = try CommandLine.number("--deliveries", or: 60_000)
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
        let file = try hooks.deliveries(count, users: 5_000)
        let load = try hooks.deliver(file, seconds: seconds, connections: connections)
        let lag = try hooks.settle(within: 300)
        let (kept, messages) = (try hooks.receipts(), try hooks.messages())
        guard load.refused == 0, kept >= load.answers else {
            throw Impossible("\(load.answers) answers, \(load.refused) refusals, and \(kept) deliveries kept")
        }
        guard messages == kept else { throw Impossible("\(kept) deliveries have become \(messages) messages") }
        let faults = try hooks.faults()

        var table = Table("Deliveries while the model takes 5 s an answer", "figure")
        table.row("kept a second", load.perSecond.shown(0))
        table.row("answered within ms, median", load.p50.shown(1))
        table.row("answered within ms, 99th percentile", load.p99.shown(1))
        table.row("seconds until the last was in its thread", lag.shown(1))
        table.row("answers that the bot's model was asked for meanwhile", "\(try hooks.turns())")
        table.row("threads and cursors that differ from a recount", "\(faults)")
        table.show()
        return [
            ("ratio", (50 / load.p99).shown()), ("per_second", load.perSecond.shown(0)), ("p99_ms", load.p99.shown(1)),
            ("lag_s", lag.shown(1)), ("faults", "\(faults)"),
        ]
    }
}
