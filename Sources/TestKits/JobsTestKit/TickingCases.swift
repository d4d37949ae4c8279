import Base
import Jobs
import Storage
import StorageTestKit
import Synchronization

/// What is done by the clock.
enum TickingCases {
    static func once(_ backend: Backend) async throws {
        let kind = JobKind<String>("test.tick")
        let diary = Diary()
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { word, _ in diary.write(word) }],
            schedules: [JobSchedule("test.second", every: .seconds(1), kind, "tick")])
        let clock = SystemClock()
        let start = clock.now()
        try await shop.working(try shop.otherWorker("two")) {
            try await shop.working(try shop.otherWorker("three")) {
                try await shop.working {
                    try await shop.eventually("three ticks were fired") { diary.count >= 3 }
                }
            }
        }
        let seconds = clock.now().seconds - start.seconds
        try require(diary.count <= seconds, "\(diary.count) ticks were fired in \(seconds) seconds")
    }

    static func unwanted(_ backend: Backend) async throws {
        let kind = JobKind<String>("test.tick")
        let diary = Diary()
        let wish = Mutex((isWanted: false, questions: 0))
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { word, _ in diary.write(word) }],
            schedules: [
                JobSchedule(
                    "test.second", every: .seconds(1), kind, "tick",
                    onlyIf: {
                        try wish.withLock { wish in
                            wish.questions += 1
                            // A question that fails holds nothing back.
                            if wish.questions > 3 { throw WorkshopFailure("no answer") }
                            return wish.isWanted
                        }
                    })
            ])
        let recorded = RecordedStatements()
        try await shop.working {
            try await shop.eventually("it was asked") { wish.withLock { $0.questions } >= 1 }
            shop.storage.setRecorder(recorded)
            try await shop.eventually("it was asked again") { wish.withLock { $0.questions } >= 3 }
            try require(!recorded.names.contains("job.fire"), "a tick that nobody wanted was fired")
            try require(diary.count == 0, "a job of a tick that nobody wanted ran")
            try await shop.eventually("a tick was fired") { diary.count >= 1 }
        }
    }

    static func tenants(_ backend: Backend) async throws {
        let kind = JobKind<String>("test.tick")
        let seen = Mutex<[Tenant]>([])
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, context in seen.withLock { $0.append(context.tenant) } }],
            schedules: [JobSchedule("test.all", every: .seconds(1), kind, "tick", audience: .eachTenant)])
        try await shop.working {
            try await shop.eventually("a tick was fired") { seen.withLock { $0.count } >= 2 }
        }
        let first = Set(seen.withLock { $0.prefix(2) })
        try require(first == [shop.tenant, shop.other], "a tick was fired for \(first.count) tenants of 2")
    }

    static func forgets(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let unkept = JobKind<Int>("test.unkept", isKept: false)
        let clock = SystemClock()
        let shop = try await Workshop(
            on: backend, handlers: [kind.handler { _, _ in }, unkept.handler { _, _ in }]
        ) { $0.retention = .seconds(3) }
        let id = try await shop.enqueue(kind, 1)
        let never = try await shop.enqueue(unkept, 1)
        // It ends no earlier, however late that is seen.
        let begun = clock.uptime()
        try await shop.working {
            try await shop.eventually(id, is: .done)
            try await shop.eventually("an unkept job is gone") {
                try await shop.jobs.status(of: never, for: shop.tenant) == nil
            }
        }
        // Keeping house is the first thing that a worker does.
        try await shop.eventually("a job is forgotten") {
            try await shop.working { try await clock.sleep(for: .milliseconds(50)) }
            return try await shop.jobs.status(of: id, for: shop.tenant) == nil
        }
        try require(clock.uptime() - begun >= .seconds(2.9), "a job was forgotten after \(clock.uptime() - begun)")
    }
}
