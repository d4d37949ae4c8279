import Base
import Coordination
import Foundation
import Jobs
import Logging
import Storage
import StoragePostgres
import StorageSQLite
import Synchronization
import Telemetry

/// Jobs that do nothing, end to end, beside Sidekiq, Celery and Procrastinate on the same machine; pick-up at a steady
/// rate; what a held transaction, an idle queue and a flood of another tenant cost.
enum JobsBenchmark: Benchmark {
    static let name = "jobs"
    private static let count = 60_000
    private static let rounds = 3

    static func run() async throws -> [(String, String)] {
        let only = CommandLine.arguments.firstIndex(of: "--only").map {
            CommandLine.arguments.dropFirst($0 + 1).first ?? ""
        }
        let parts: [(String, () async throws -> [(String, String)])] = [
            ("throughput", throughput), ("rest", rest), ("held", held), ("fairness", fairness),
        ]
        guard only == nil || parts.contains(where: { $0.0 == only }) else {
            throw Impossible("--only takes one of \(parts.map(\.0).joined(separator: ", "))")
        }
        var figures: [(String, String)] = []
        for (name, measure) in parts where only == nil || only == name { figures += try await measure() }
        return figures
    }

    private static func throughput() async throws -> [(String, String)] {
        let peers = try JobsPeers()
        var table = Table("Jobs that do nothing, enqueued in bulk and done", "jobs/s (median of \(rounds))", "ratio")
        var ours: [Double] = []
        var others: [String: [Double]] = [:]
        for _ in 0..<rounds {
            ours.append(try await postgres("bench_jobs") { try await $0.throughput(count) })
            others["Sidekiq, 25 threads", default: []].append(try peers.sidekiq(count: 20_000, concurrency: 25))
            others["Celery, prefork of 2", default: []].append(
                try peers.celery(count: 8_000, pool: "prefork", concurrency: 2))
            others["Celery, 8 threads", default: []].append(
                try peers.celery(count: 8_000, pool: "threads", concurrency: 8))
            others["Procrastinate, 20 at once", default: []].append(
                try peers.procrastinate(count: 4_000, concurrency: 20))
        }
        let sqlite = try await sqlite { try await $0.throughput(count) }
        let best = others.values.map(\.median).max() ?? 0
        table.row("Capstan on PostgreSQL", ours.median.shown(0), (ours.median / best).shown())
        table.row("Capstan on SQLite", sqlite.shown(0), (sqlite / best).shown())
        for (name, figures) in others.sorted(by: { $0.value.median > $1.value.median }) {
            table.row(name, figures.median.shown(0), (figures.median / best).shown())
        }
        table.show()
        return [
            ("ratio", (ours.median / best).shown()), ("postgres", ours.median.shown(0)), ("sqlite", sqlite.shown(0)),
            ("best_peer", best.shown(0)),
        ]
    }

    /// Pick-up at a steady rate, and what an idle queue costs.
    private static func rest() async throws -> [(String, String)] {
        let pickUp = try await postgres("bench_jobs") { try await $0.pickUp(perSecond: 500, seconds: 20) }
        let idle = try await postgres("bench_jobs") { try await $0.idle(seconds: 20) }
        var table = Table("A worker with little to do", "figure", "bar")
        table.row("p99 from commit to start at 500/s", (pickUp * 1_000).shown() + " ms", "20 ms")
        table.row("statements a second when idle", idle.shown(), "1")
        table.show()
        return [("p99_ms", (pickUp * 1_000).shown()), ("idle_per_second", idle.shown())]
    }

    private static func held() async throws -> [(String, String)] {
        let held = try CommandLine.number("--held", or: 60)
        let (free, kept) = try await postgres("bench_jobs") { bench in
            let free = try await bench.steady(seconds: min(held, 30))
            return (free, try await holding(bench.database) { try await bench.steady(seconds: held) })
        }
        var table = Table("While another session holds a transaction for \(held) s", "jobs/s", "ratio (bar: 0.9)")
        table.row("not held", free.shown(0), "1")
        table.row("held, its second half", kept.shown(0), (kept / free).shown())
        table.show()
        return [("held", (kept / free).shown())]
    }

    private static func fairness() async throws -> [(String, String)] {
        let backlog = try CommandLine.number("--backlog", or: 1_000_000)
        let (alone, flooded) = try await postgres("bench_jobs") { try await $0.fairness(backlog: backlog) }
        var table = Table("Ten jobs of a tenant", "ms", "ratio (bar: 2)")
        table.row("alone", (alone * 1_000).shown(), "1")
        table.row("behind another's \(backlog)", (flooded * 1_000).shown(), (flooded / alone).shown())
        table.show()
        return [("fairness", (flooded / alone).shown())]
    }

    private static func postgres<Result>(
        _ name: String, _ body: (JobsYard) async throws -> Result
    ) async throws -> Result {
        let database = try BenchDatabase(name)
        let driver = try PostgresStorage(
            url: Secret(database.url), clock: SystemClock(), randomness: SystemRandomness(),
            logger: Logger(label: "bench"))
        let result = try await body(try await JobsYard(driver, database: database))
        await driver.shutdown()
        return result
    }

    private static func sqlite<Result>(_ body: (JobsYard) async throws -> Result) async throws -> Result {
        let folder = try Command.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }  // What stays in the temporary folder does no harm.
        let driver = try SQLiteStorage(path: folder.appendingPathComponent("jobs.sqlite").path)
        let result = try await body(try await JobsYard(driver, database: nil))
        await driver.shutdown()
        return result
    }

    /// Runs work while another session holds a snapshot, so that no dead row may be removed.
    private static func holding<Result>(
        _ database: BenchDatabase?, _ body: () async throws -> Result
    ) async throws -> Result {
        guard let database else { throw Impossible("SQLite has no snapshot to hold") }
        let log = try Command.temporaryFolder().appendingPathComponent("held.log").path
        let holder = try Child(
            Command.url(of: "psql").path,
            [
                "-qX", database.url, "-c",
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class; SELECT pg_sleep(86400)",
            ], environment: [:], output: log)
        defer {
            kill(holder.pid, SIGKILL)
            _ = holder.wait()
        }
        try await Task.sleep(for: .seconds(1))
        return try await body()
    }
}

/// Storage, jobs and a worker in this process.
final class JobsYard: Sendable {
    private static let kind = JobKind<NoJobInput>("bench.noop")
    private static let stamped = JobKind<Double>("bench.stamped", lane: .interactive)

    let database: BenchDatabase?
    private let storage: Storage
    private let jobs: Jobs
    private let tenant = Tenant(ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    private let other = Tenant(ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0002))
    private let done: Tally
    private let clock = SystemClock()

    /// Counts, by tenant, and keeps what was measured.
    private final class Tally: Sendable {
        let counts = Mutex<[Tenant: Int]>([:])
        let waits = Mutex<[Double]>([])
    }

    init(_ driver: any StorageDriver, database: BenchDatabase?) async throws {
        self.database = database
        let clock = SystemClock()
        try await Migrator(driver: driver, modules: [JobsSchema.module], clock: clock).run()
        storage = Storage(
            driver: driver, modules: [JobsSchema.module], cursorKey: Secret(Array(repeating: 7, count: 32)),
            clock: clock, randomness: SystemRandomness())
        jobs = Jobs(
            storage: storage, clock: clock, randomness: SystemRandomness(), bus: InProcessBus(),
            bank: InProcessTokenBank(clock: clock), events: .silent())
        let tally = Tally()
        done = tally
        try jobs.declare(handlers: [
            Self.kind.handler { _, context in tally.counts.withLock { $0[context.tenant, default: 0] += 1 } },
            Self.stamped.handler { committed, _ in
                tally.waits.withLock { $0.append(clock.uptime().inSeconds - committed) }
            },
        ])
    }

    private func working<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        // A worker that was stopped has ended: each measurement has one of its own.
        let worker = JobWorker(jobs, name: "bench", home: tenant) { [tenant] after, _ in after == nil ? [tenant] : [] }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            let result = try await body()
            worker.stop()
            try await group.waitForAll()
            return result
        }
    }

    private func enqueue(_ count: Int, for tenant: Tenant) async throws {
        for start in stride(from: 0, to: count, by: 2_500) {
            let inputs = Array(repeating: NoJobInput(), count: min(2_500, count - start))
            try await storage.write(for: tenant) { _ = try $0.enqueue(Self.kind, each: inputs) }
        }
    }

    private func count(of tenant: Tenant) -> Int { done.counts.withLock { $0[tenant] ?? 0 } }

    private func wait(for count: Int, of tenant: Tenant) async throws {
        while self.count(of: tenant) < count { try await clock.sleep(for: .milliseconds(1)) }
    }

    /// Jobs per second, from the first that is enqueued to the last whose end is written.
    func throughput(_ count: Int) async throws -> Double {
        try await working {
            try await self.enqueue(2_000, for: self.tenant)
            try await self.wait(for: 2_000, of: self.tenant)
            let start = self.clock.uptime()
            try await self.enqueue(count, for: self.tenant)
            try await self.wait(for: count + 2_000, of: self.tenant)
            while try await self.jobs.list(.running, limit: 1).isEmpty == false {
                try await self.clock.sleep(for: .milliseconds(1))
            }
            return Double(count) / (self.clock.uptime() - start).inSeconds
        }
    }

    /// Jobs per second with a queue that is filled as fast as it is emptied, over the last half of a time.
    func steady(seconds: Int) async throws -> Double {
        try await working {
            let start = self.clock.uptime()
            var enqueued = self.count(of: self.tenant)
            var middle: (time: Duration, count: Int)?
            while self.clock.uptime() - start < .seconds(Int64(seconds)) {
                if middle == nil, self.clock.uptime() - start > .seconds(Int64(seconds)) / 2 {
                    middle = (self.clock.uptime(), self.count(of: self.tenant))
                }
                if enqueued - self.count(of: self.tenant) < 10_000 {
                    try await self.enqueue(2_500, for: self.tenant)
                    enqueued += 2_500
                } else {
                    try await self.clock.sleep(for: .milliseconds(1))
                }
            }
            let (time, count) = middle ?? (start, 0)
            let rate =
                Double(self.count(of: self.tenant) - count) / (self.clock.uptime() - time).inSeconds
            try await self.wait(for: enqueued, of: self.tenant)
            return rate
        }
    }

    /// Seconds that 99 of 100 jobs wait from before their commit to their start, at a steady rate.
    func pickUp(perSecond: Int, seconds: Int) async throws -> Double {
        try await working {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let start = self.clock.uptime()
                for number in 0..<(perSecond * seconds) {
                    let due = start + .seconds(1) * number / perSecond
                    try await self.clock.sleep(for: due - self.clock.uptime())
                    group.addTask {
                        try await self.jobs.enqueue(Self.stamped, self.clock.uptime().inSeconds, for: self.tenant)
                    }
                }
                try await group.waitForAll()
            }
            while self.done.waits.withLock({ $0.count }) < perSecond * seconds {
                try await self.clock.sleep(for: .milliseconds(5))
            }
            let sorted = self.done.waits.withLock { $0.sorted() }
            return sorted[sorted.count * 99 / 100]
        }
    }

    private final class Recorder: StatementRecorder {
        let count = Mutex(0)
        func willSend(_ request: StatementRequest, scope: Scope) { count.withLock { $0 += 1 } }
    }

    /// Statements per second when there is nothing to do.
    func idle(seconds: Int) async throws -> Double {
        try await working {
            try await self.clock.sleep(for: .seconds(20))
            let recorder = Recorder()
            self.storage.setRecorder(recorder)
            try await self.clock.sleep(for: .seconds(Int64(seconds)))
            self.storage.setRecorder(nil)
            return Double(recorder.count.withLock { $0 }) / Double(seconds)
        }
    }

    /// Seconds that ten jobs take alone, and behind another tenant's backlog; medians of twenty.
    func fairness(backlog: Int) async throws -> (alone: Double, flooded: Double) {
        try await working {
            let alone = try await self.tens()
            try await self.enqueue(backlog, for: self.tenant)
            let flooded = try await self.tens()
            guard self.count(of: self.tenant) < backlog else {
                throw Impossible("the backlog of \(backlog) was done before the measurement: give a larger --backlog")
            }
            return (alone, flooded)
        }
    }

    private func tens() async throws -> Double {
        var times: [Double] = []
        for _ in 0..<20 {
            let before = count(of: other)
            let start = clock.uptime()
            try await enqueue(10, for: other)
            while count(of: other) < before + 10 { try await clock.sleep(for: .microseconds(200)) }
            times.append((clock.uptime() - start).inSeconds)
            try await clock.sleep(for: .milliseconds(20))
        }
        return times.median
    }
}
