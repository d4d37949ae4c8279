import Base
import Foundation
import Logging
import Storage
import StoragePostgres
import Synchronization

/// Reads by primary key through the PostgreSQL driver, beside pgbench on the same server and socket.
enum DriverBenchmark: Benchmark {
    static let name = "driver"
    private static let rounds = 3
    private static let seconds = 5
    private static let tasks = 256
    private static let rows = 1_000_000
    private static let everything = SystemCapability(
        name: "bench.driver", reason: "pgbench's table belongs to no tenant")

    static func run() async throws -> [(String, String)] {
        let url = try prepare()
        let driver = try driver(url)
        let storage = Storage(
            driver: driver, modules: [], cursorKey: Secret(Array(repeating: 7, count: 32)), clock: SystemClock(),
            randomness: SystemRandomness())
        _ = try await drive(driver)  // connects and prepares
        var ours: [Double] = []
        var facade: [Double] = []
        var few: [Double] = []
        var many: [Double] = []
        for _ in 0..<rounds {
            few.append(try pgbench(url, clients: 4, threads: 1))
            ours.append(try await drive(driver))
            many.append(try pgbench(url, clients: 64, threads: 2))
            facade.append(try await drive(storage))
        }
        await driver.shutdown()
        let base = few.median
        var table = Table("Reads by primary key of 1,000,000 rows", "reads/s (median of \(rounds))", "ratio")
        table.row("pgbench -S -M prepared -c4 -j1", base.shown(0), "1")
        table.row("pgbench -S -M prepared -c64 -j2", many.median.shown(0), (many.median / base).shown())
        table.row("driver, \(tasks) tasks, 4 connections", ours.median.shown(0), (ours.median / base).shown())
        table.row("the same through Storage", facade.median.shown(0), (facade.median / base).shown())
        table.show()
        return [
            ("ratio", (ours.median / base).shown()), ("reads_per_second", ours.median.shown(0)),
            ("pgbench_c4", base.shown(0)), ("pgbench_c64", many.median.shown(0)),
            ("through_storage", facade.median.shown(0)),
        ]
    }

    /// Has pgbench fill its table; returns the address on the server's socket, where all sides connect.
    private static func prepare() throws -> String {
        let database = try BenchDatabase("bench_driver")
        guard let data = ProcessInfo.processInfo.environment["CAPSTAN_TEST_POSTGRES_DATA"],
            let port = URLComponents(string: database.url)?.port
        else { throw Impossible("no PostgreSQL: start this through Scripts/bench") }
        let folder = URL(fileURLWithPath: data).deletingLastPathComponent().path
        let url = "postgres://capstan@/bench_driver?host=\(folder)&port=\(port)"
        try Command.run("pgbench", ["-i", "-q", "-s", "\(rows / 100_000)", url])
        try database.sql("CHECKPOINT")
        return url
    }

    private static func driver(_ url: String) throws -> PostgresStorage {
        var options = PostgresOptions()
        options.readConnections = 4
        return try PostgresStorage(
            url: Secret(url), options: options, clock: SystemClock(), randomness: SystemRandomness(),
            logger: Logger(label: "bench"))
    }

    private static func pgbench(_ url: String, clients: Int, threads: Int) throws -> Double {
        let text = try Command.run(
            "pgbench",
            ["-n", "-S", "-M", "prepared", "-c", "\(clients)", "-j", "\(threads)", "-T", "\(seconds)", url])
        let line = text.split(separator: "\n").first { $0.hasPrefix("tps = ") } ?? ""
        guard let rate = line.split(separator: " ").compactMap({ Double($0) }).first else {
            throw Impossible("pgbench told no rate")
        }
        return rate
    }

    private static func drive(_ driver: PostgresStorage) async throws -> Double {
        try await rate { account in
            let sql: SQL = "SELECT abalance FROM pgbench_accounts WHERE aid = \(account)"
            let request = StatementRequest(name: "bench.read", sql: sql.rendered(for: .postgres), rowsMax: 1)
            let result = try await driver.run(
                request, scope: .system(everything), access: .read, freshness: .primary)
            guard result.rows.rowCount == 1, result.rows.value(row: 0, column: 0) == .integer(0) else {
                throw Impossible("account \(account) was not read")
            }
        }
    }

    private struct Balance: RowDecodable {
        let amount: Int

        init(row: SQLRow) throws(StorageError) { amount = try row.value(at: 0) }
    }

    private static func drive(_ storage: Storage) async throws -> Double {
        let reader = storage.reader(bypassingTenant: everything)
        return try await rate { account in
            let balance = try await reader.one(
                Balance.self, "bench.balance", "SELECT abalance FROM pgbench_accounts WHERE aid = \(account)")
            guard balance.amount == 0 else { throw Impossible("account \(account) holds \(balance.amount)") }
        }
    }

    /// How often per second many tasks get through `read`, each time with another account.
    private static func rate(_ read: @escaping @Sendable (Int) async throws -> Void) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(seconds)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    // Knuth's multiplicative generator: a draw must cost nothing beside a read.
                    var state = UInt64(task) &* 0x9E37_79B9_7F4A_7C15 | 1
                    var count = 0
                    while clock.now < end {
                        for _ in 0..<16 {
                            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                            try await read(Int((state >> 33) % UInt64(rows)) + 1)
                        }
                        count += 16
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let duration = start.duration(to: clock.now)
        return Double(count) / (Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
    }
}
