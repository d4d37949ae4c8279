import Base
import CoordinationRedis
import Foundation
import Synchronization
import Telemetry

/// GET and SET through our client of Redis, pipelined by itself, beside redis-benchmark with 16 commands in a flight.
enum RedisBenchmark: Benchmark {
    static let name = "redis"
    private static let rounds = 3
    private static let seconds = 3
    private static let tasks = 256
    private static let commands = 2_000_000
    private static let keys = 100_000

    static func run() async throws -> [(String, String)] {
        guard let url = ProcessInfo.processInfo.environment["CAPSTAN_TEST_REDIS"],
            let port = URLComponents(string: url)?.port
        else { throw Impossible("no Redis: start this through Scripts/bench") }
        var options = RedisOptions()
        options.commandTimeout = .seconds(10)
        let client = try RedisClient(
            RedisAddress(url), options: options, clock: SystemClock(), randomness: SystemRandomness(),
            events: .silent())
        _ = try await client.send(RedisCommand("PING"))
        var ours: [String: [Double]] = [:]
        var theirs: [String: [Double]] = [:]
        for _ in 0..<rounds {
            for verb in ["SET", "GET"] {
                theirs[verb, default: []].append(try peer(verb, port: port))
                ours[verb, default: []].append(try await drive(verb, client))
            }
        }
        await client.shutdown()
        var table = Table("Commands on \(keys) keys of 3 bytes", "commands/s (median of \(rounds))", "ratio")
        var figures: [(String, String)] = []
        for verb in ["GET", "SET"] {
            let (mine, base) = ((ours[verb] ?? []).median, (theirs[verb] ?? []).median)
            table.row("redis-benchmark -c 50 -P 16, \(verb)", base.shown(0), "1")
            table.row("our client, \(tasks) tasks, 1 connection, \(verb)", mine.shown(0), (mine / base).shown())
            figures.append((verb == "GET" ? "ratio" : "set_ratio", (mine / base).shown()))
            figures.append(("\(verb.lowercased())s_per_second", mine.shown(0)))
        }
        table.show()
        return figures
    }

    /// Commands a second of redis-benchmark.
    private static func peer(_ verb: String, port: Int) throws -> Double {
        let output = try Command.run(
            "redis-benchmark",
            [
                "-p", "\(port)", "-t", verb.lowercased(), "-c", "50", "-P", "16", "-n", "\(commands)", "-r", "\(keys)",
                "--csv",
            ])
        guard let line = output.split(separator: "\n").last(where: { $0.hasPrefix("\"\(verb)\"") }),
            let rate = Double(line.split(separator: ",")[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"")))
        else { throw Impossible("redis-benchmark said something else than expected: \(output)") }
        return rate
    }

    /// Commands a second of our client: each task sends one and waits for its reply.
    private static func drive(_ verb: String, _ client: RedisClient) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(seconds)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var count = 0
                    var key = task
                    while true {
                        key = (key &* 1_103_515_245 &+ 12_345) & 0x7FFF_FFFF
                        let name = "key:" + String(key % keys)
                        _ = try await client.send(
                            verb == "GET"
                                ? RedisCommand("GET", [.key(name)]) : RedisCommand("SET", [.key(name), .text("xxx")]))
                        count += 1
                        if count.isMultiple(of: 64), clock.now >= end { return count }
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / ((clock.now - start) / .seconds(1))
    }
}
