import Foundation

/// Signed deliveries a second that are kept durably, and how long a vendor waits for its answer, while the bot's model takes
/// five seconds for each of its own; then the same while a hundred thousand contacts are deleted.
///
/// `--deliveries N` (60,000) bounds each of the runs, `--contacts N` (100,000) what is deleted.
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
        let first = try hooks.deliveries(count, users: 5_000, named: "first")
        let load = try hooks.deliver(first, seconds: seconds, connections: connections)
        let lag = try hooks.settle(within: 300)
        let (kept, messages) = (try hooks.receipts(), try hooks.messages())
        guard load.refused == 0, kept >= load.answers else {
            throw Impossible("\(load.answers) answers, \(load.refused) refusals, and \(kept) deliveries kept")
        }
        guard messages == kept else { throw Impossible("\(kept) deliveries have become \(messages) messages") }
        let rows = try InboxRows(workspace)
        try rows.fill(to: try rows.count() + CommandLine.number("--contacts", or: 100_000))
        let second = try hooks.deliveries(count, users: 5_000, named: "second")
        try rows.erase()
        let before = try rows.left()
        let beside = try hooks.deliver(second, seconds: seconds, connections: connections)
        let left = try rows.left()
        guard left > 0 else { throw Impossible("the deletion was over before the deliveries: take more contacts") }
        let secondLag = try hooks.settle(within: 300)
        let faults = try hooks.faults()

        var table = Table("Deliveries while the model takes 5 s an answer", "alone", "beside the deletion")
        table.row("kept a second", load.perSecond.shown(0), beside.perSecond.shown(0))
        table.row("answered within ms, median", load.p50.shown(1), beside.p50.shown(1))
        table.row("answered within ms, 99th percentile", load.p99.shown(1), beside.p99.shown(1))
        table.row("seconds until the last was in its thread", lag.shown(1), secondLag.shown(1))
        table.show()
        print(
            """
            The model was asked for \(try hooks.turns()) answers; \(before - left) contacts were deleted beside the \
            deliveries, and \(left) were left.
            """)
        print("\(faults) threads and cursors differ from a recount.\n")
        return [
            ("ratio", (50 / load.p99).shown()), ("per_second", load.perSecond.shown(0)), ("p99_ms", load.p99.shown(1)),
            ("lag_s", lag.shown(1)), ("beside_deletion", (beside.p99 / load.p99).shown()), ("faults", "\(faults)"),
        ]
    }
}
