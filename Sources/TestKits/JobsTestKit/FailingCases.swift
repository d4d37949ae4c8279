import Base
import Jobs
import Storage
import StorageTestKit

/// Failing, trying again and giving up.
enum FailingCases {
    private static let soon = Backoff.exponential(from: .milliseconds(5), to: .milliseconds(20))

    static func retries(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.failing", attemptsMax: 3, backoff: soon)
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, context in
                    diary.write("\(number) \(context.attempt) \(context.isLastAttempt)")
                    if number == 1, context.attempt == 3 { return }
                    throw JobFailure.retry(after: .milliseconds(5), "not yet")
                }
            ])
        let good = try await shop.enqueue(kind, 1)
        let bad = try await shop.enqueue(kind, 2)
        try await shop.working {
            try await shop.eventually(good, is: .done)
            try await shop.eventually(bad, is: .failed)
        }
        for number in [1, 2] {
            let own = diary.entries.filter { $0.hasPrefix("\(number) ") }
            try require(
                own == ["\(number) 1 false", "\(number) 2 false", "\(number) 3 true"], "the attempts were \(own)")
        }
        let status = try await shop.jobs.status(of: bad, for: shop.tenant)
        try require(
            status?.reason == "not yet" && status?.attempts == 3, "the dead letter is \(String(reflecting: status))")
    }

    static func permanent(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.failing")
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { _, _ in
                    diary.write("run")
                    throw JobFailure.permanent("no such page")
                }
            ])
        let id = try await shop.enqueue(kind, 1)
        try await shop.working { try await shop.eventually(id, is: .failed) }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(
            status?.reason == "no such page" && diary.count == 1, "the dead letter is \(String(reflecting: status))")
    }

    static func throttling(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.throttled", attemptsMax: 2, backoff: soon)
        let diary = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { _, context in
                    diary.write("\(context.attempt)")
                    if diary.count < 5 { throw JobFailure.throttled(after: .milliseconds(5)) }
                }
            ])
        let id = try await shop.enqueue(kind, 1)
        let worker = shop.worker()
        try await shop.working(worker) { try await shop.eventually(id, is: .done) }
        try require(diary.entries == ["1", "1", "1", "1", "1"], "the attempts were \(diary.entries)")
        let known = worker.statistics[kind.name]
        try require(known?.postponed == 4 && known?.retried == 0, "waiting is counted as \(String(reflecting: known))")
    }

    static func deadLetters(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.failing")
        let isMended = Diary()
        let shop = try await Workshop(
            on: backend,
            handlers: [kind.handler { _, _ in if isMended.count == 0 { throw JobFailure.permanent("broken") } }])
        let ids = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(kind, each: 0..<20) }
        try await shop.working {
            try await shop.eventually("all are dead letters") {
                try await shop.jobs.list(.failed, limit: 100).count == 20
            }
            let page = try await shop.jobs.failures(after: nil, limit: 15)
            let rest = try await shop.jobs.failures(after: page.next, limit: 15)
            try require(
                Set((page.items + rest.items).map(\.id)) == Set(ids) && rest.next == nil, "pages do not show all")
            try await shop.jobs.discard(ids[0], for: shop.tenant)
            isMended.write("mended")
            try await shop.jobs.retry(ids[1], for: shop.tenant)
            try await shop.eventually(ids[1], is: .done)
            let others = try await shop.jobs.retryAll(kind: "test.other")
            let count = try await shop.jobs.retryAll(kind: "test.failing")
            try require(others == 0 && count == 18, "\(others) and \(count) dead letters were retried")
            for id in ids.dropFirst() { try await shop.eventually(id, is: .done) }
        }
        let discarded = try await shop.jobs.status(of: ids[0], for: shop.tenant)
        try require(discarded?.state == .cancelled, "a discarded job is \(String(reflecting: discarded))")
        do {
            try await shop.jobs.retry(ids[0], for: shop.tenant)
            throw WorkshopFailure("a discarded job was retried")
        } catch let error as JobsError {
            try require(error.code == .notFound, "retrying it failed with \(error)")
        }
    }

    static func timeouts(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.slow", attemptsMax: 1, timeout: .milliseconds(50))
        let door = Door()
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in try await door.pass() }])
        let id = try await shop.enqueue(kind, 1)
        try await shop.working { try await shop.eventually(id, is: .failed) }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(status?.reason == "timed out after 0.05 s", "the dead letter is \(String(reflecting: status))")
    }

    static func unreadable(_ backend: Backend) async throws {
        let old = JobKind<String>("test.changed")
        let kind = JobKind<Int>("test.changed")
        let shop = try await Workshop(on: backend, handlers: [kind.handler { _, _ in }])
        let id = try await shop.enqueue(old, "text")
        try await shop.working { try await shop.eventually(id, is: .failed) }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(status?.attempts == 1, "the dead letter is \(String(reflecting: status))")
    }
}
