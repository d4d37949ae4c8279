import Base
import Jobs
import Storage
import StorageTestKit
import Synchronization

/// Coming to be, and being taken in order.
enum EnqueuingCases {
    private struct Undone: Error {}

    static func commits(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in }])
        let undone = Mutex<ID<Job>?>(nil)
        do {
            try await shop.storage.write(for: shop.tenant) { transaction in
                let id = try transaction.enqueue(kind, 1)
                undone.withLock { $0 = id }
                throw Undone()
            }
        } catch is Undone {}
        let committed = try await shop.enqueue(kind, 2)
        guard let lost = undone.withLock({ $0 }) else { throw WorkshopFailure("no id was given") }
        let none = try await shop.jobs.status(of: lost, for: shop.tenant)
        try require(none == nil, "a job of an undone transaction is there")
        let status = try await shop.jobs.status(of: committed, for: shop.tenant)
        try require(
            status?.state == .waiting && status?.input == "2", "a committed job is \(String(reflecting: status))")
        let elsewhere = try await shop.jobs.status(of: committed, for: shop.other)
        try require(elsewhere == nil, "another tenant sees the job")
    }

    private final class Counter: StatementRecorder {
        let names = Mutex<[String]>([])
        func willSend(_ request: StatementRequest, scope: Scope) { names.withLock { $0.append(request.name) } }
    }

    static func costsOneStatement(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let unique = JobKind<Int>("test.unique", unique: .whilePending)
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in }, unique.handler { _, _ in }])
        let counter = Counter()
        shop.storage.setRecorder(counter)
        try await shop.storage.write(for: shop.tenant) { transaction in
            for number in 0..<3 { try transaction.enqueue(kind, number) }
            _ = try transaction.enqueue(kind, each: 3..<100)
        }
        let plain = counter.names.withLock { $0 }
        try require(plain.count == 1, "a hundred jobs took the statements \(plain)")
        counter.names.withLock { $0 = [] }
        try await shop.storage.write(for: shop.tenant) { transaction in
            let parent: ID<Job> = transaction.makeID()
            let first = try transaction.enqueue(unique, 1, parent: parent)
            try transaction.enqueue(kind, 1, after: .seconds(60))
            try transaction.enqueue(kind, 2, following: [first])
            _ = try transaction.enqueue(kind, 3)
        }
        let names = counter.names.withLock { $0 }
        // SQLite has no statements within statements: one for each table.
        let expected = shop.storage.dialect == .postgres ? 1 : 5
        try require(names.count == expected, "jobs of all sorts took the statements \(names)")
        shop.storage.setRecorder(nil)
    }

    static func runsOnce(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let diary = Diary()
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { number, _ in diary.write("\(number)") }])
        try await shop.storage.write(for: shop.tenant) { transaction in
            _ = try transaction.enqueue(kind, each: 0..<3_000)
        }
        let second = try shop.otherWorker("two")
        try await shop.working {
            try await shop.working(second) {
                for number in 3_000..<3_050 { try await shop.enqueue(kind, number) }
                try await shop.eventually("all jobs ran") { diary.count >= 3_050 }
            }
        }
        let entries = diary.entries
        try require(entries.count == 3_050 && Set(entries).count == 3_050, "\(entries.count) runs of 3,050 jobs")
        let left = try await shop.jobs.reports().reduce(0) { $0 + $1.waiting + $1.running + $1.scheduled + $1.failed }
        try require(left == 0, "\(left) jobs are left")
    }

    static func delays(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let clock = SystemClock()
        let ran = Mutex<Duration?>(nil)
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, _ in ran.withLock { $0 = clock.uptime() } }])
        let start = clock.uptime()
        let id = try await shop.enqueue(kind, 1, after: .milliseconds(400))
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(status?.state == .scheduled && status?.at != nil, "a delayed job is \(String(reflecting: status))")
        try await shop.working { try await shop.eventually(id, is: .done) }
        let waited = (ran.withLock { $0 } ?? .zero) - start
        try require(waited >= .milliseconds(400), "a job delayed by 400 ms ran after \(waited)")
    }

    static func priorities(_ backend: Backend) async throws {
        let kind = JobKind<String>("test.word")
        let diary = Diary()
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { word, _ in diary.write(word) }]
        ) { $0.concurrency = [.default: 1] }
        for (word, priority) in [("low", JobPriority.low), ("normal", .normal), ("high", .high)] {
            for _ in 0..<2 { try await shop.enqueue(kind, word, priority: priority) }
        }
        try await shop.working { try await shop.eventually("all ran") { diary.count == 6 } }
        try require(
            diary.entries == ["high", "high", "normal", "normal", "low", "low"], "the order was \(diary.entries)")
    }

    static func lanes(_ backend: Backend) async throws {
        let bulk = JobKind<Int>("test.bulk", lane: .bulk)
        let quick = JobKind<Int>("test.quick", lane: .interactive)
        let door = Door()
        let shop = try await Workshop(
            on: backend, handlers: [bulk.handler { _, _ in try await door.pass() }, quick.handler { _, _ in }]
        ) { $0.concurrency = [.bulk: 2, .interactive: 2] }
        _ = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(bulk, each: 0..<100) }
        try await shop.working {
            try await shop.eventually("bulk jobs run") { door.arrived == 2 }
            let id = try await shop.enqueue(quick, 1)
            try await shop.eventually(id, is: .done)
            door.open()
        }
    }
}
