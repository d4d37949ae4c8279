import Foundation

/// A server of Redis of one test's own, without persistence.
final class RedisProcess {
    let port: UInt16
    private let folder: TemporaryFolder
    private var program: Program?

    init() throws {
        folder = try TemporaryFolder()
        port = try HTTPConnection.freePort()
        try start()
    }

    deinit { kill() }

    var url: String { "redis://127.0.0.1:\(port)" }

    /// Starts it, empty, and waits until it answers.
    func start() throws {
        program = try Program(
            [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", folder.path,
            ], log: folder.path + "/log")
        try eventually("Redis to answer") {
            try Program.outcome(["redis-cli", "-p", "\(port)", "PING"]).output.contains("PONG")
        }
    }

    func kill() {
        program?.signal(SIGKILL)
        // A process that was killed ends; how long that takes is no concern of the test.
        _ = try? program?.end(within: .seconds(10))
        program = nil
    }

    func freeze() { program?.signal(SIGSTOP) }
    func thaw() { program?.signal(SIGCONT) }

    /// How many channels somebody listens to.
    func channels() throws -> Int {
        try Program.run(["redis-cli", "-p", "\(port)", "PUBSUB", "CHANNELS"]).split(separator: "\n").count
    }
}
