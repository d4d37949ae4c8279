import Base
import Jobs
import Storage
import StorageTestKit

/// One of a key.
enum UniqueCases {
    static func whilePending(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.pending", unique: .whilePending)
        let door = Door()
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, _ in
                    diary.write("\(number)")
                    try await door.pass()
                }
            ])
        let first = try await shop.enqueue(kind, 1, key: "k")
        let second = try await shop.enqueue(kind, 2, key: "k")
        let elsewhere = try await shop.enqueue(kind, 3, key: "k", for: shop.other)
        let none = try await shop.jobs.status(of: second, for: shop.tenant)
        try require(none == nil, "a second job of a key waits")
        try await shop.working {
            try await shop.eventually("both run") { door.arrived == 2 }
            // Together: a worker takes the first of them as soon as it is there, and its key is free again.
            let further = try await shop.storage.write(for: shop.tenant) { transaction in
                [try transaction.enqueue(kind, 4, key: "k"), try transaction.enqueue(kind, 5, key: "k")]
            }
            let refused = try await shop.jobs.status(of: further[1], for: shop.tenant)
            try require(refused == nil, "a second job of a key waits beside one that runs")
            door.open()
            for id in [first, further[0]] { try await shop.eventually(id, is: .done) }
            try await shop.eventually(elsewhere, is: .done, for: shop.other)
        }
        try require(Set(diary.entries) == ["1", "3", "4"], "there ran \(diary.entries)")
    }

    static func whileRunning(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.running", attemptsMax: 1, unique: .whilePendingOrRunning)
        let door = Door()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, _ in
                    try await door.pass()
                    if number == 3 { throw JobFailure.permanent("no") }
                }
            ])
        let ids = try await shop.storage.write(for: shop.tenant) { transaction in
            [try transaction.enqueue(kind, 1, key: "k"), try transaction.enqueue(kind, 2, key: "k")]
        }
        try await shop.working {
            try await shop.eventually("it runs") { door.arrived == 1 }
            let third = try await shop.enqueue(kind, 3, key: "k")
            let refused = try await shop.jobs.status(of: third, for: shop.tenant)
            try require(refused == nil, "a second job of a key waits while the first runs")
            door.open()
            try await shop.eventually(ids[0], is: .done)
            let fourth = try await shop.enqueue(kind, 3, key: "k")
            try await shop.eventually(fourth, is: .failed)
            let fifth = try await shop.enqueue(kind, 5, key: "k")
            try await shop.eventually(fifth, is: .done)
        }
        let twin = try await shop.jobs.status(of: ids[1], for: shop.tenant)
        try require(twin == nil, "two of a key came of one transaction")
    }

    static func within(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.window", unique: .within(.milliseconds(600)))
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in }])
        let clock = SystemClock()
        let start = clock.uptime()
        let first = try await shop.enqueue(kind, 1, key: "k")
        try await shop.working {
            try await shop.eventually(first, is: .done)
            let second = try await shop.enqueue(kind, 1, key: "k")
            let refused = try await shop.jobs.status(of: second, for: shop.tenant)
            let isEarly = clock.uptime() - start < .milliseconds(600)
            try require(refused == nil || !isEarly, "a second job came within the time")
            try await shop.eventually("the time is over") {
                let id = try await shop.enqueue(kind, 1, key: "k")
                return try await shop.jobs.status(of: id, for: shop.tenant) != nil
            }
            try require(clock.uptime() - start >= .milliseconds(600), "the key was free before its time")
        }
    }
}
