import Dispatch
import Foundation

/// A crowd of sockets on several nodes: what an idle one weighs, how late a message is for all of them, and how they come
/// back when every node that they are on is killed, while messages go on being published through another.
///
/// `--connections N` (100,000), `--nodes N` (6) and `--opens N` (12,000 a minute on each node) change its size. One process
/// may open 20,000 files, so nodes and crowds have at most as many sockets.
enum SocketsBenchmark: Benchmark {
    static let name = "sockets"
    private static let messages = 20

    static func run() async throws -> [(String, String)] {
        let connections = try CommandLine.number("--connections", or: 100_000)
        let count = try CommandLine.number("--nodes", or: 6)
        let opens = try CommandLine.number("--opens", or: 12_000)
        let database = try BenchDatabase("bench_sockets")
        let base = 23_000 + Int(ProcessInfo.processInfo.processIdentifier % 3_000) * 8
        func start(_ number: Int) async throws -> Server {
            try await Server(
                Server.built("RealtimeServer"),
                ["\(base + number)", "-", database.url, "\(opens)"], port: base + number, path: "/sessions?count=1"
            )
        }
        // The first one serves nobody: messages go through it while the others are dead.
        let publisher = try await start(0)
        var nodes: [Server] = []
        for number in 1...count { nodes.append(try await start(number)) }
        let crowds = try (1...count).map { try SocketCrowd(port: base + $0, count: connections / count) }

        let before = nodes.map(\.residentBytes).reduce(0, +)
        let opened = try await told(crowds, "open")
        try await Task.sleep(for: .seconds(10))
        let kilobytes = Double(nodes.map(\.residentBytes).reduce(0, +) - before) / 1_024 / Double(connections)
        try publish(1, through: publisher)
        _ = try await told(crowds, "wait 1")
        for _ in 0..<messages {
            try publish(1, through: publisher)
            try await Task.sleep(for: .seconds(2))
        }
        let late = try await told(crowds, "wait \(messages + 1)")

        for node in nodes { node.kill() }
        try publish(messages, through: publisher)
        nodes = []
        for number in 1...count { nodes.append(try await start(number)) }
        try publish(messages, through: publisher)
        let back = try await told(crowds, "back")
        let missed = try await told(crowds, "wait \(3 * messages + 1)")

        // The first minute's worth may come at once.
        let allowed = max(1, Double(connections / count - opens) / Double(opens) * 60)
        var table = Table("\(connections) sockets on \(count) nodes", "figure")
        table.row("KB of an idle one, signed in and subscribed", kilobytes.shown())
        table.row("opened within s", opened.seconds.shown())
        table.row("from publishing to the reader, p50 ms", late.late.median.shown(0))
        table.row("from publishing to the reader, p99 ms", late.late[late.late.count * 99 / 100].shown(0))
        table.row("all back after the kill within s", back.seconds.shown())
        table.row("fewest s that \(opens) a minute and node allow", allowed.shown())
        table.row("refused on the way back, asked to wait", "\(back.refused - late.refused)")
        table.row("gaps, second copies, told to reload", "\(missed.gaps), \(missed.doubles), \(missed.unrecovered)")
        table.show()
        guard opened.complete, late.complete, back.complete, missed.complete else {
            throw Impossible("not all sockets were opened, told or back in time")
        }
        return [
            ("ratio", (allowed / back.seconds).shown()),
            ("kilobytes", kilobytes.shown()), ("p99_ms", late.late[late.late.count * 99 / 100].shown(0)),
            ("back_s", back.seconds.shown()), ("missed", "\(missed.gaps + missed.doubles + missed.unrecovered)"),
        ]
    }

    private static func publish(_ count: Int, through server: Server) throws {
        for _ in 0..<count {
            // The clock of the crowd's programs.
            let now = monotonicNanoseconds()
            try Command.run(
                "curl",
                ["-sf", "-H", "Content-Type: application/json", "-d", "{\"at\":\(now)}", server.address + "/publish"])
        }
    }

    private static func monotonicNanoseconds() -> Int {
        Int(DispatchTime.now().uptimeNanoseconds)
    }

    /// What a crowd answers; together, the sums, and the slowest's seconds.
    private struct Answer: Decodable {
        var seconds: Double
        var complete: Bool
        var gaps: Int
        var doubles: Int
        var unrecovered: Int
        var refused: Int
        /// Milliseconds once they are together; nanoseconds as the crowd tells them.
        var late: [Double]
    }

    private static func told(_ crowds: [SocketCrowd], _ command: String) async throws -> Answer {
        for crowd in crowds { crowd.tell(command) }
        let answers = try crowds.map { try JSONDecoder().decode(Answer.self, from: try $0.answer()) }
        return Answer(
            seconds: answers.map(\.seconds).max() ?? 0, complete: answers.allSatisfy(\.complete),
            gaps: answers.map(\.gaps).reduce(0, +), doubles: answers.map(\.doubles).reduce(0, +),
            unrecovered: answers.map(\.unrecovered).reduce(0, +), refused: answers.map(\.refused).reduce(0, +),
            late: answers.flatMap(\.late).map { $0 / 1e6 }.sorted())
    }

    /// A process that holds some of the sockets.
    private final class SocketCrowd {
        private let process = Process()
        private let (input, output) = (Pipe(), Pipe())
        private var rest = Data()

        init(port: Int, count: Int) throws {
            process.executableURL = try Command.url(of: "python3")
            process.arguments = [
                URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .deletingLastPathComponent().appendingPathComponent("Peers/realtime_crowd.py").path,
                "\(port)", "\(count)",
            ]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        deinit { process.terminate() }

        func tell(_ command: String) { input.fileHandleForWriting.write(Data("\(command)\n".utf8)) }

        func answer() throws -> Data {
            while true {
                if let end = rest.firstIndex(of: 10) {
                    defer { rest = Data(rest[rest.index(after: end)...]) }
                    return rest[..<end]
                }
                let more = output.fileHandleForReading.availableData
                guard !more.isEmpty else { throw Impossible("a crowd has ended") }
                rest.append(more)
            }
        }
    }
}
