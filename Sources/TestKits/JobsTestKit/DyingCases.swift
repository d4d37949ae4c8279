import Base
import Jobs
import Storage
import StorageTestKit
import Synchronization

/// Workers that die, stop or are taken to be dead.
enum DyingCases {
    static func recovers(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.long")
        let door = Door()
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, context in
                    if context.attempt == 1 { try await door.pass() }
                    diary.write("\(number) \(context.attempt)")
                }
            ]
        ) { $0.concurrency = [.default: 5] }
        let ids = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(kind, each: 0..<10) }
        try await shop.workingUntilCrash(try shop.otherWorker("dying")) {
            try await shop.eventually("five run") { door.arrived == 5 }
        }
        let running = try await shop.jobs.list(.running, limit: 50)
        try require(running.count >= 5, "a crash left \(running.count) jobs running")
        door.open()
        try await shop.working { for id in ids { try await shop.eventually(id, is: .done) } }
        try require(diary.count == 10, "there ran \(diary.entries)")
        try require(diary.entries.filter { $0.hasSuffix(" 2") }.count >= 5, "the lost attempts do not count")
    }

    static func poison(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.poison", attemptsMax: 2)
        let door = Door()
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in try await door.pass() }])
        let id = try await shop.enqueue(kind, 1)
        for round in 1...2 {
            try await shop.workingUntilCrash(try shop.otherWorker("dying \(round)")) {
                try await shop.eventually("it runs") { door.arrived == round }
            }
        }
        try await shop.working { try await shop.eventually(id, is: .failed) }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(
            status?.reason == "its worker died at the last attempt", "the dead letter is \(String(reflecting: status))")
    }

    private static let takeover = SystemCapability(name: "test.takeover", reason: "plays the part of another worker")

    static func zombie(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.zombie")
        let other = JobKind<Int>("test.other")
        let door = Door()
        let error = Mutex<String?>(nil)
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, context in
                    try await door.pass()
                    guard number == 1 else { return }
                    do {
                        try await context.complete { try $0.enqueue(other, 1) }
                    } catch let lost as JobsError {
                        error.withLock { $0 = lost.code.rawValue }
                        throw lost
                    }
                }
            ])
        let ids = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(kind, each: [1, 2]) }
        try await shop.working {
            try await shop.eventually("both run") { door.arrived == 2 }
            try await giveToAnother(shop)
            door.open()
            try await shop.eventually("the handler was refused") { error.withLock { $0 } != nil }
        }
        try require(error.withLock { $0 } == "jobs.leaseLost", "it failed with \(error.withLock { $0 } ?? "nothing")")
        for id in ids {
            let status = try await shop.jobs.status(of: id, for: shop.tenant)
            try require(status?.state == .running, "a job that a zombie ended is \(String(reflecting: status))")
        }
        let effects = try await shop.jobs.list(.waiting, limit: 10)
        try require(effects.isEmpty, "a zombie's effect was committed")
    }

    /// Lets another worker have all jobs that run.
    private static func giveToAnother(_ shop: Workshop) async throws {
        let other = ID<Workshop>(high: 1, low: 1)
        try await shop.storage.writer(bypassingTenant: takeover).execute(
            "test.takeover", "UPDATE job_runs SET worker_id = \(other)")
    }

    static func holds(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.step")
        let effect = JobKind<Int>("test.other")
        let door = Door()
        let errors = Mutex<[String]>([])
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, context in
                    func write(_ step: Int) async throws {
                        try await context.storage.write(for: context.tenant) { transaction in
                            try await context.hold(in: transaction)
                            try transaction.enqueue(effect, step, after: .seconds(600))
                        }
                    }
                    try await write(1)
                    try await door.pass()
                    do {
                        try await write(2)
                    } catch let lost as JobsError {
                        errors.withLock { $0.append(lost.code.rawValue) }
                        throw lost
                    }
                }
            ])
        try await shop.enqueue(kind, 1)
        try await shop.working {
            try await shop.eventually("it runs") { door.arrived == 1 }
            try await giveToAnother(shop)
            door.open()
            try await shop.eventually("the handler was refused") { !errors.withLock(\.isEmpty) }
        }
        try require(errors.withLock { $0 } == ["jobs.leaseLost"], "it failed with \(errors.withLock { $0 })")
        let effects = try await shop.jobs.list(.scheduled, limit: 10)
        try require(effects.map(\.input) == ["1"], "the effects are \(effects.map(\.input))")
    }

    static func effects(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.effect", attemptsMax: 2, backoff: .steady(.milliseconds(5)))
        let effect = JobKind<Int>("test.other")
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { _, context in
                    try await context.complete(result: #""own""#) { transaction in
                        try transaction.enqueue(effect, context.attempt, after: .seconds(600))
                        if context.attempt == 1 { throw JobFailure.retry(after: .milliseconds(1), "undone") }
                    }
                    // What happens after the completion changes nothing.
                    throw JobFailure.permanent("too late")
                }
            ])
        let id = try await shop.enqueue(kind, 1)
        try await shop.working { try await shop.eventually(id, is: .done) }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(status?.result == #""own""#, "the completed job is \(String(reflecting: status))")
        let effects = try await shop.jobs.list(.scheduled, limit: 10)
        try require(effects.map(\.input) == ["2"], "the effects are \(effects.map(\.input))")
    }

    static func drains(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.long")
        let door = Door()
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, _ in try await door.pass() }]
        ) { $0.concurrency = [.default: 3] }
        try await shop.storage.write(for: shop.tenant) { _ = try $0.enqueue(kind, each: 0..<10) }
        let worker = shop.worker()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            try await shop.eventually("three run") { door.arrived == 3 }
            worker.stop()
            try await shop.eventually("the others wait") { try await shop.jobs.list(.waiting, limit: 50).count == 7 }
            door.open()
            try await group.waitForAll()
        }
        let done = try await shop.jobs.list(.done, limit: 50).count
        let running = try await shop.jobs.list(.running, limit: 50).count
        try require(done == 3 && running == 0, "after the end \(done) are done and \(running) run")
    }

    static func interrupts(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.long")
        let door = Door()
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { _, context in
                    try await door.pass()
                    diary.write("\(context.attempt)")
                }
            ]
        ) { $0.drain = .milliseconds(50) }
        let id = try await shop.enqueue(kind, 1)
        try await shop.working { try await shop.eventually("it runs") { door.arrived == 1 } }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(status?.state == .waiting, "a job that was interrupted is \(String(reflecting: status))")
        door.open()
        try await shop.working { try await shop.eventually(id, is: .done) }
        try require(diary.entries == ["1"], "the interrupted attempt counts: \(diary.entries)")
    }
}
