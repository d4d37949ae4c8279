import Base
import Jobs
import Storage
import StorageTestKit

/// Cancelling.
enum CancellingCases {
    static func waiting(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number", limits: [.concurrency("gate", max: 5)])
        let diary = Diary()
        let shop = try await Workshop(on: backend, handlers: [kind.handler { number, _ in diary.write("\(number)") }])
        let ready = try await shop.enqueue(kind, 1, limitKey: "one")
        let delayed = try await shop.enqueue(kind, 2, after: .milliseconds(50), limitKey: "two")
        let kept = try await shop.enqueue(kind, 3, limitKey: "two")
        for id in [ready, delayed] { try await shop.jobs.cancel(id, for: shop.tenant) }
        try await shop.working {
            try await shop.eventually(kept, is: .done)
            let last = try await shop.enqueue(kind, 4, after: .milliseconds(100))
            try await shop.eventually(last, is: .done)
        }
        try require(diary.entries == ["3", "4"], "there ran \(diary.entries)")
        for id in [ready, delayed] {
            let status = try await shop.jobs.status(of: id, for: shop.tenant)
            try require(status?.state == .cancelled, "a cancelled job is \(String(reflecting: status))")
        }
        do {
            try await shop.jobs.cancel(kept, for: shop.tenant)
            throw WorkshopFailure("a job that was done was cancelled")
        } catch let error as JobsError {
            try require(error.code == .notFound, "cancelling it failed with \(error)")
        }
    }

    static func running(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.long", attemptsMax: 3)
        let door = Door()
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { _, context in
                    do {
                        try await door.pass()
                    } catch {
                        diary.write("\(context.isCancelled)")
                        throw error
                    }
                }
            ])
        let id = try await shop.enqueue(kind, 1)
        try await shop.working(try shop.otherWorker("far")) {
            try await shop.eventually("it runs") { door.arrived == 1 }
            // This node has no worker: the other one hears of it.
            try await shop.jobs.cancel(id, for: shop.tenant)
            try await shop.eventually(id, is: .cancelled)
        }
        try require(diary.entries == ["true"], "the handler saw \(diary.entries)")
    }

    static func interrupted(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.vain")
        let door = Door()
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in try await door.pass() }])
        let id = try await shop.enqueue(kind, 1)
        try await shop.working(try shop.otherWorker("far")) {
            try await shop.eventually("it runs") { door.arrived == 1 }
            let recorded = RecordedStatements()
            shop.storage.setRecorder(recorded)
            // A transaction carries no word of it, and none is needed.
            shop.jobs.interrupt(id, for: shop.tenant)
            try require(!recorded.names.contains { $0.hasPrefix("job.cancel") }, "word of it cost a statement")
            // This node has no worker to tell the other one: what it tells itself is told there.
            try await shop.working { try await shop.eventually(id, is: .cancelled) }
        }
    }

    static func children(_ backend: Backend) async throws {
        let parent = JobKind<Int>("test.parent", waitsForChildren: true)
        let child = JobKind<Int>("test.child")
        let door = Door()
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                parent.handler { _, context in
                    diary.write("\(context.children.done) \(context.children.failed) \(context.children.cancelled)")
                },
                child.handler { _, _ in try await door.pass() },
            ]
        ) { $0.concurrency = [.default: 5] }
        let id = try await shop.storage.write(for: shop.tenant) { transaction in
            let id = try transaction.enqueue(parent, 0)
            try transaction.enqueue(child, each: 0..<30, parent: id)
            try transaction.enqueue(child, 31, after: .seconds(600), parent: id)
            return id
        }
        try await shop.working {
            try await shop.eventually("children run") { door.arrived >= 4 }
            let count = try await shop.jobs.cancelChildren(of: id, for: shop.tenant)
            try await shop.eventually(id, is: .done)
            try require(count == 31, "\(count) children were cancelled")
        }
        try require(diary.entries == ["0 0 31"], "the parent saw \(diary.entries)")
    }
}
