import Foundation

/// The queues that others have, each driven as its makers advise for many small jobs: pushed in bulk, several at once,
/// nothing kept.
struct JobsPeers {
    private let tools: String
    private let folder: String
    private let redis: String

    init() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let tools = environment["CAPSTAN_BENCH_PEERS"], let redis = environment["CAPSTAN_TEST_REDIS"] else {
            throw Impossible("no peers: start this through Scripts/bench")
        }
        self.tools = tools
        self.redis = redis
        folder =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Peers").path
    }

    /// Procrastinate on PostgreSQL, one process of asyncio.
    func procrastinate(count: Int, concurrency: Int) throws -> Double {
        let database = try BenchDatabase("bench_procrastinate")
        return try number(
            Command.run(
                "\(tools)/bin/python", ["\(folder)/procrastinate_noop.py", "\(count)", "\(concurrency)"],
                environment: ["BENCH_DATABASE": database.url]))
    }

    /// Celery on Redis; `pool` is `prefork` or `threads`.
    func celery(count: Int, pool: String, concurrency: Int) throws -> Double {
        let environment = ["BENCH_REDIS": redis + "/1", "PYTHONPATH": folder]
        try Command.run("redis-cli", ["-u", redis + "/1", "FLUSHDB"])
        let log = try Command.temporaryFolder().appendingPathComponent("celery.log").path
        let worker = try Child(
            "\(tools)/bin/celery",
            [
                "-A", "celery_noop", "worker", "--pool", pool, "-c", "\(concurrency)", "--without-heartbeat",
                "--without-gossip", "--without-mingle", "-l", "ERROR",
            ], environment: environment, output: log)
        defer {
            kill(worker.pid, SIGTERM)
            _ = worker.wait()
        }
        return try number(
            Command.run(
                "\(tools)/bin/python", ["\(folder)/celery_noop.py", "\(count)", "\(concurrency)"],
                environment: environment))
    }

    /// Sidekiq on Redis, one process of threads.
    func sidekiq(count: Int, concurrency: Int) throws -> Double {
        let environment = ["BENCH_REDIS": redis + "/2"]
        try Command.run("redis-cli", ["-u", redis + "/2", "FLUSHDB"])
        let log = try Command.temporaryFolder().appendingPathComponent("sidekiq.log").path
        let worker = try Child(
            Command.url(of: "sidekiq").path,
            ["-r", "\(folder)/sidekiq_noop.rb", "-c", "\(concurrency)", "-q", "bench", "-e", "production"],
            environment: environment, output: log)
        defer {
            kill(worker.pid, SIGTERM)
            _ = worker.wait()
        }
        return try number(
            Command.run("ruby", ["\(folder)/sidekiq_noop.rb", "\(count)"], environment: environment))
    }

    private func number(_ text: String) throws -> Double {
        guard let line = text.split(separator: "\n").last, let number = Double(line) else {
            throw Impossible("a peer printed no number: \(text.suffix(400))")
        }
        return number
    }
}
