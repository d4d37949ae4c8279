import Base
import Coordination
import Jobs
import Storage
import StorageTestKit
import Synchronization

/// How much at once, and whose turn it is.
enum LimitingCases {
    static func concurrency(_ backend: Backend) async throws {
        let limit = JobLimit.concurrency("vendor", max: 3)
        let kind = JobKind<String>("test.call", limits: [limit])
        let second = JobKind<String>("test.question", limits: [limit, .concurrency("mine", max: 2, per: .tenant)])
        let diary = Diary()
        let others = Diary()
        let clock = SystemClock()
        @Sendable func call(_ key: String) async throws {
            (key == "a" ? diary : others).enter()
            try await clock.sleep(for: .milliseconds(4))
            (key == "a" ? diary : others).leave()
            (key == "a" ? diary : others).write(key)
        }
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { key, _ in try await call(key) }, second.handler { key, _ in try await call(key) },
            ])
        for key in ["a", "b"] {
            try await shop.storage.write(for: shop.tenant) { transaction in
                _ = try transaction.enqueue(kind, each: Array(repeating: key, count: 25), limitKey: { $0 })
                try transaction.enqueue(second, each: Array(repeating: key, count: 10), limitKey: { $0 })
            }
        }
        try await shop.working(try shop.otherWorker("two")) {
            try await shop.working {
                try await shop.eventually("all ran") { diary.count == 35 && others.count == 35 }
            }
        }
        try require(diary.presentMax <= 3, "\(diary.presentMax) jobs of a key ran at once, of 3")
        try require(others.presentMax <= 3, "\(others.presentMax) jobs of another key ran at once, of 3")
        try require(diary.presentMax >= 2, "no two jobs of a limit of 3 ran at once")
    }

    static func rate(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.paced", limits: [.rate("pace", GCRA(limit: 20, per: .seconds(1), burst: 2))])
        let clock = SystemClock()
        let times = Mutex<[Duration]>([])
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, _ in times.withLock { $0.append(clock.uptime()) } }])
        try await shop.storage.write(for: shop.tenant) { _ = try $0.enqueue(kind, each: 0..<12) }
        try await shop.working { try await shop.eventually("all ran") { times.withLock { $0.count } == 12 } }
        let all = times.withLock { $0.sorted() }
        // Two at once, the other ten 50 ms apart.
        try require(all[11] - all[0] >= .milliseconds(480), "12 jobs at 20 per second took \(all[11] - all[0])")
    }

    static func fairness(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let order = Mutex<[Tenant]>([])
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, context in order.withLock { $0.append(context.tenant) } }])
        for _ in 0..<3 {
            try await shop.storage.write(for: shop.tenant) { _ = try $0.enqueue(kind, each: 0..<10_000) }
        }
        try await shop.working {
            try await shop.eventually("the first tenant's run") { order.withLock { $0.count } > 1_000 }
            let before = order.withLock { $0.count }
            try await shop.storage.write(for: shop.other) { _ = try $0.enqueue(kind, each: 0..<10) }
            try await shop.eventually("the other's ran") {
                order.withLock { order in order.count(where: { $0 == shop.other }) } == 10
            }
            let (place, all) = order.withLock { order in
                ((order.lastIndex(of: shop.other) ?? 0) - before, order.count)
            }
            try require(place < 6_000 && all < 30_010, "another's ten jobs were done after \(place) of 30,000")
        }
    }

    static func pauses(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.bulk", lane: .bulk)
        let quick = JobKind<Int>("test.quick")
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, _ in }, quick.handler { _, _ in }])
        try await shop.jobs.pause(.bulk)
        try await shop.working {
            // Two beats are enough for the worker to hear of it.
            for _ in 0..<2 {
                let id = try await shop.enqueue(quick, 1, after: .milliseconds(150))
                try await shop.eventually(id, is: .done)
            }
            let bulk = try await shop.enqueue(kind, 1)
            let id = try await shop.enqueue(quick, 1, after: .milliseconds(150))
            try await shop.eventually(id, is: .done)
            let held = try await shop.jobs.status(of: bulk, for: shop.tenant)
            try require(held?.state == .waiting, "on a paused lane a job is \(String(reflecting: held))")
            let paused = try await shop.jobs.pausedLanes()
            try require(paused == [.bulk], "paused are \(paused)")
            try await shop.jobs.resume(.bulk)
            try await shop.eventually(bulk, is: .done)
        }
    }
}
