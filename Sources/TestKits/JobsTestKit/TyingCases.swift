import Base
import Jobs
import Storage
import StorageTestKit

/// Jobs that belong together.
enum TyingCases {
    static func batches(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.many", attemptsMax: 1)
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.batchHandler(max: 50) { numbers, contexts in
                    diary.write("\(numbers.count)")
                    guard numbers.count == contexts.count else { throw JobFailure.permanent("contexts are missing") }
                    return numbers.map { number in
                        number % 10 == 0 ? .failure(JobFailure.permanent("tenth")) : .success(())
                    }
                }
            ])
        let ids = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(kind, each: 0..<200) }
        try await shop.working {
            for (number, id) in ids.enumerated() {
                try await shop.eventually(id, is: number % 10 == 0 ? .failed : .done)
            }
        }
        let sizes = diary.entries.compactMap { Int($0) }
        try require(sizes.reduce(0, +) == 200 && sizes.count <= 12, "200 jobs were handled in runs of \(sizes)")
        try require((sizes.max() ?? 0) <= 50, "a run had \(sizes.max() ?? 0) jobs")
    }

    static func parents(_ backend: Backend) async throws {
        let parent = JobKind<Int>("test.parent", waitsForChildren: true)
        let child = JobKind<Int>("test.child", attemptsMax: 1)
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                parent.handler { number, context in
                    let counts = context.children
                    diary.write("\(number): \(counts.total) \(counts.done) \(counts.failed)")
                },
                child.handler { number, _ in
                    if number % 7 == 0 { throw JobFailure.permanent("seventh") }
                },
            ])
        let (first, second) = try await shop.storage.write(for: shop.tenant) { transaction in
            let first = try transaction.enqueue(parent, 1)
            try transaction.enqueue(child, each: 1...100, parent: first)
            // Children may come before their parent.
            let second: ID<Job> = transaction.makeID()
            try transaction.enqueue(child, each: 1...3, parent: second)
            try transaction.enqueue(parent, 2, id: second)
            return (first, second)
        }
        let blocked = try await shop.jobs.status(of: first, for: shop.tenant)
        try require(blocked?.state == .blocked, "a parent is \(String(reflecting: blocked))")
        try await shop.working(try shop.otherWorker("two")) {
            try await shop.working {
                try await shop.eventually(first, is: .done)
                try await shop.eventually(second, is: .done)
            }
        }
        try require(Set(diary.entries) == ["1: 100 86 14", "2: 3 3 0"], "the parents saw \(diary.entries)")
        try require(diary.count == 2, "the parents ran \(diary.count) times")
    }

    static func childless(_ backend: Backend) async throws {
        let parent = JobKind<Int>("test.parent", waitsForChildren: true)
        let shop = try await Workshop(on: backend, handlers: [parent.handler { _, _ in }])
        let id = try await shop.enqueue(parent, 1)
        try await shop.working {
            let later = try await shop.enqueue(parent, 2)
            try await shop.eventually(later, is: .done)
            try await shop.eventually(id, is: .done)
        }
    }

    static func chains(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.step", attemptsMax: 1)
        let diary = Diary()
        let isMended = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, _ in
                    if number == 3, isMended.count == 0 { throw JobFailure.permanent("broken") }
                    diary.write("\(number)")
                }
            ])
        let ids = try await shop.storage.write(for: shop.tenant) { transaction in
            var ids = [try transaction.enqueue(kind, 0), try transaction.enqueue(kind, 1)]
            ids.append(try transaction.enqueue(kind, 2, following: ids))
            ids.append(try transaction.enqueue(kind, 3, following: [ids[2]]))
            ids.append(try transaction.enqueue(kind, 4, following: [ids[0], ids[3]]))
            return ids
        }
        try await shop.working {
            try await shop.eventually(ids[3], is: .failed)
            let held = try await shop.jobs.status(of: ids[4], for: shop.tenant)
            try require(held?.state == .blocked, "behind a dead letter a job is \(String(reflecting: held))")
            isMended.write("mended")
            try await shop.jobs.retry(ids[3], for: shop.tenant)
            try await shop.eventually(ids[4], is: .done)
        }
        try require(
            Set(diary.entries.prefix(2)) == ["0", "1"] && diary.entries.suffix(3) == ["2", "3", "4"],
            "the order was \(diary.entries)")
        do {
            _ = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(kind, 5, following: [ids[0]]) }
            throw WorkshopFailure("a job comes after one of another transaction")
        } catch let error as StorageError {
            try require(error.code == .invalidValue, "it was refused with \(error)")
        }
    }

    static func cancelledChain(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.step", attemptsMax: 1)
        let shop = try await Workshop(
            on: backend,
            handlers: [kind.handler { number, _ in if number == 1 { throw JobFailure.permanent("broken") } }])
        let ids = try await shop.storage.write(for: shop.tenant) { transaction in
            var ids = [try transaction.enqueue(kind, 0, after: .seconds(600))]
            for number in 2..<5 { ids.append(try transaction.enqueue(kind, number, following: [ids[ids.count - 1]])) }
            let bad = try transaction.enqueue(kind, 1)
            return ids + [bad, try transaction.enqueue(kind, 6, following: [bad])]
        }
        try await shop.working {
            try await shop.jobs.cancel(ids[0], for: shop.tenant)
            for id in ids.prefix(4) { try await shop.eventually(id, is: .cancelled) }
            try await shop.eventually(ids[4], is: .failed)
            try await shop.jobs.discard(ids[4], for: shop.tenant)
            try await shop.eventually(ids[5], is: .cancelled)
        }
    }
}
