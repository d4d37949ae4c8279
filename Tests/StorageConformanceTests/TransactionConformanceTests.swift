import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@Suite(.databases) struct TransactionConformanceTests {
    private struct Stop: Error {}

    private let tenant = Specimens.tenant

    private func insert(_ id: Int, _ write: some Writing) async throws {
        try await write.execute(
            "parent.insert", "INSERT INTO parents VALUES (\(tenant), \(id), \(String(id)))")
    }

    @Test(arguments: Backend.all)
    func `a transaction happens all or not at all`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.write(for: tenant) { write in
            try await insert(1, write)
            try await insert(2, write)
        }
        await #expect(throws: Stop.self) {
            try await storage.write(for: tenant) { write in
                try await insert(3, write)
                throw Stop()
            }
        }
        #expect(try await storage.count("SELECT count(*) FROM parents") == 2)
    }

    @Test(arguments: Backend.all)
    func `a failed statement ends its transaction even when the error is caught`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let second = Mutex<StorageError.Code?>(nil)
        let error = await failure {
            try await storage.write(for: tenant) { write in
                try await insert(1, write)
                _ = await failure { try await insert(1, write) }
                let later = await failure { try await insert(2, write) }
                second.withLock { $0 = later?.code }
            }
        }
        #expect(error?.code == .uniqueViolation)
        #expect(second.withLock { $0 } == .transactionEnded)
        #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
        try await storage.write(for: tenant) { try await insert(1, $0) }
    }

    @Test(arguments: Backend.all)
    func `a transaction kept beyond its closure is of no use`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let kept = try await storage.write(for: tenant) { write in write }
        #expect(await failure { try await insert(1, kept) }?.code == .transactionEnded)
        let read = try await storage.read(for: tenant) { read in read }
        let error = await failure { _ = try await read.run("nothing", "SELECT 1", rowsMax: 1) }
        #expect(error?.code == .transactionEnded)
    }

    @Test(arguments: Backend.all)
    func `what is not committed is seen by nobody else, and a read sees one state`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.read(bypassingTenant: Specimens.system) { read in
            let before = try await read.one(Single<Int>.self, "parent.count", "SELECT count(*) FROM parents").value
            try await storage.write(for: tenant) { write in
                try await insert(1, write)
                #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
            }
            let after = try await read.one(Single<Int>.self, "parent.count", "SELECT count(*) FROM parents").value
            #expect(before == 0 && after == 0)
        }
        #expect(try await storage.count("SELECT count(*) FROM parents") == 1)
    }

    @Test(arguments: Backend.all)
    func `a read cannot write`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let insert: SQL = "INSERT INTO parents VALUES (\(tenant), 1, 'one')"
        let alone = await failure { _ = try await storage.reader(for: tenant).run("parent.sneak", insert, rowsMax: 0) }
        #expect(alone?.code == .readOnly)
        let inside = await failure {
            try await storage.read(for: tenant) { read in _ = try await read.run("parent.sneak", insert, rowsMax: 0) }
        }
        #expect(inside?.code == .readOnly)
        #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
    }

    @Test(arguments: Backend.all)
    func `concurrent transactions on one row lose no update`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.writer(bypassingTenant: Specimens.system).execute(
            "tally.insert", "INSERT INTO tallies VALUES ('a', 0)")
        try await withThrowingTaskGroup { group in
            for _ in 0..<60 {
                group.addTask {
                    try await storage.write(bypassingTenant: Specimens.system) { write in
                        try await write.execute("tally.add", "UPDATE tallies SET value = value + 1 WHERE name = 'a'")
                        let now = try await write.one(
                            Single<Int>.self, "tally.read", "SELECT value FROM tallies WHERE name = 'a'")
                        try await write.execute("tally.set", "UPDATE tallies SET value = \(now.value) WHERE name = 'a'")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await storage.count("SELECT value FROM tallies") == 60)
    }

    @Test(arguments: Backend.all.filter { $0.capabilities.contains(.concurrentWriters) })
    func `two transactions that wait for each other are ordered by running one again`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.writer(bypassingTenant: Specimens.system).execute(
            "tally.insert", "INSERT INTO tallies VALUES ('a', 0), ('b', 0)")
        let both = Meeting(2)
        let attempts = Counter()
        try await withThrowingTaskGroup { group in
            for (first, second) in [("a", "b"), ("b", "a")] {
                group.addTask {
                    // Runs again when the engine picks it to give way.
                    try await storage.write(bypassingTenant: Specimens.system) { write in
                        attempts.add()
                        try await write.execute(
                            "tally.add", "UPDATE tallies SET value = value + 1 WHERE name = \(first)")
                        await both.arrive()
                        try await write.execute(
                            "tally.add", "UPDATE tallies SET value = value + 1 WHERE name = \(second)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(attempts.value >= 3)
        #expect(try await storage.count("SELECT sum(value)::bigint FROM tallies") == 4)
    }

    @Test(arguments: Backend.all)
    func `effects happen after the commit and never without it`(backend: Backend) async throws {
        final class Observer: CommitObserver {
            let seen = Mutex<[String]>([])
            let count: @Sendable () async throws -> Int
            init(count: @escaping @Sendable () async throws -> Int) { self.count = count }
            func committed(_ effects: [CommitEffect], for tenant: Tenant?) async {
                // A count that cannot be read shows as -1 in the expectation.
                let rows = (try? await count()) ?? -1
                seen.withLock { $0 += effects.map { "\($0) \(rows)" } }
            }
        }
        let storage = try await backend.lease(modules: [Specimens.module])
        let observer = Observer { try await storage.count("SELECT count(*) FROM parents") }
        storage.addObserver(observer)
        _ = await failure {
            try await storage.write(for: tenant) { write in
                write.afterCommit(.invalidate(tag: "never"))
                try await insert(1, write)
                try await insert(1, write)
            }
        }
        try await storage.write(for: tenant) { write in
            write.afterCommit(.invalidate(tag: "parents"))
            try await insert(1, write)
        }
        #expect(observer.seen.withLock { $0 } == ["\(CommitEffect.invalidate(tag: "parents")) 1"])
    }

    @Test(arguments: Backend.all)
    func `a write beside the open write transaction of the same task is refused at once`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let codes = Mutex<[StorageError.Code?]>([])
        try await storage.write(for: tenant) { write in
            try await insert(1, write)
            let single = await failure { try await insert(2, storage.writer(for: tenant)) }
            let nested = await failure { try await storage.write(for: tenant) { try await insert(3, $0) } }
            codes.withLock { $0 = [single?.code, nested?.code] }
            // Reads beside it are fine, and do not see what is not committed.
            #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
        }
        #expect(codes.withLock { $0 } == [.invalidStatement, .invalidStatement])
        #expect(try await storage.count("SELECT count(*) FROM parents") == 1)
        try await insert(2, storage.writer(for: tenant))
    }

    @Test(arguments: Backend.all)
    func `reads with any freshness see what this process has committed`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [Specimens.module])
        let sql: SQL = "INSERT INTO tallies VALUES ('a', 1)"
        let request = StatementRequest(name: "tally.insert", sql: sql.rendered(for: driver.dialect), rowsMax: 0)
        let write = try await driver.begin(scope: .system(Specimens.system), access: .write, freshness: .primary)
        _ = try await write.run(request)
        let token = try await write.commit()
        let read: SQL = "SELECT value FROM tallies"
        for freshness in [Freshness.primary, .atLeast(token)] {
            let result = try await driver.run(
                StatementRequest(name: "tally.read", sql: read.rendered(for: driver.dialect), rowsMax: 1),
                scope: .system(Specimens.system), access: .read, freshness: freshness)
            #expect(result.rows.rowCount == 1)
            #expect(result.affected == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `after the shutdown everything is refused as closed`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        await storage.driver.shutdown()
        #expect(await failure { _ = try await storage.count("SELECT 1") }?.code == .closed)
        #expect(await failure { try await storage.write(for: tenant) { try await insert(1, $0) } }?.code == .closed)
        #expect(await failure { try await storage.read(for: tenant) { _ in } }?.code == .closed)
    }
}

/// Counts from any task.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add() { count.withLock { $0 += 1 } }
}

/// Holds those who arrive until all are there; later ones pass.
final class Meeting: Sendable {
    private let state: Mutex<(missing: Int, waiting: [CheckedContinuation<Void, Never>])>

    init(_ count: Int) { state = Mutex((count, [])) }

    func arrive() async {
        await withCheckedContinuation { continuation in
            let free = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.missing -= 1
                guard state.missing <= 0 else {
                    state.waiting.append(continuation)
                    return []
                }
                defer { state.waiting = [] }
                return state.waiting + [continuation]
            }
            for continuation in free { continuation.resume() }
        }
    }
}
