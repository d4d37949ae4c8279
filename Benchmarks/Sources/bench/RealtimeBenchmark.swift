import Foundation

/// Memory of an idle socket that listens to a topic, and the way from a transaction to all sockets, beside the servers of
/// sockets of Node.js and Python, which send from memory and keep no log.
///
/// `--connections N` (10,000) and `--messages N` (20) change its size; one process may open 20,000 files.
enum RealtimeBenchmark: Benchmark {
    static let name = "realtime"

    private struct Figures: Decodable {
        var kilobytes: Double
        var opened: Double
        var p50: Double
        var p99: Double
        var perSecond: Double
    }

    static func run() async throws -> [(String, String)] {
        let connections = try CommandLine.number("--connections", or: 10_000)
        let messages = try CommandLine.number("--messages", or: 20)
        guard let python = ProcessInfo.processInfo.environment["CAPSTAN_TEST_WEBSOCKETS"] else {
            throw Impossible("no Python with websockets: start this through Scripts/bench")
        }
        let peers =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Peers").path
        let folder = try Command.temporaryFolder().path
        let own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("RealtimeServer").path
        func measure(_ program: String, _ arguments: [String], port: Int, topic: String?) async throws -> Figures {
            let path = topic == nil ? "http://127.0.0.1:\(port + 1)/" : "http://127.0.0.1:\(port)/api/realtime/socket"
            let log = try Command.temporaryFolder().appendingPathComponent("server.log").path
            // Where Debian puts modules: a Node.js that is not Debian's does not look there.
            let server = try Child(
                program, arguments, environment: ["NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs"], output: log)
            defer {
                kill(server.pid, SIGKILL)
                _ = server.wait()
            }
            // No answer yet is what is waited for; ours refuses a request that opens no socket.
            while (try? Command.run("curl", ["-s", "-o", "/dev/null", path])) == nil {
                guard server.poll() == nil else { throw Impossible("\(program) has ended; see \(log)") }
            }
            let output = try Command.run(
                python,
                ["\(peers)/realtime_driver.py", "\(port)", "\(server.pid)", "\(connections)", "\(messages)"]
                    + (topic.map { [$0] } ?? []))
            return try JSONDecoder().decode(Figures.self, from: Data(output.utf8))
        }
        let base = 21_000 + Int(ProcessInfo.processInfo.processIdentifier % 5_000) * 2
        let ours = try await measure(own, ["\(base)", folder], port: base, topic: "bench/room/a")
        let node = try await measure(
            Command.url(of: "node").path, ["\(peers)/realtime_ws.js", "\(base + 10)"], port: base + 10, topic: nil)
        let theirs = try await measure(
            python, ["\(peers)/realtime_websockets.py", "\(base + 20)"], port: base + 20, topic: nil)
        var table = Table("\(connections) sockets", "KB each", "opened/s", "p50 ms", "p99 ms", "messages/s")
        for (name, figures) in [
            ("ours, subscribed, from a transaction", ours), ("node-ws, from memory", node),
            ("Python websockets, from memory", theirs),
        ] {
            table.row(
                name, figures.kilobytes.shown(), figures.opened.shown(0), figures.p50.shown(), figures.p99.shown(),
                figures.perSecond.shown(0))
        }
        table.show()
        return [
            ("ratio", (ours.perSecond / node.perSecond).shown()), ("kilobytes", ours.kilobytes.shown()),
            ("p99_ms", ours.p99.shown()), ("messages_per_second", ours.perSecond.shown(0)),
        ]
    }
}
