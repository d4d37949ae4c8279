import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@Suite(.databases) struct BoundsConformanceTests {
    private let tenant = Specimens.tenant

    /// Counts for longer than any test waits.
    private static let endless: SQL = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000)
        SELECT count(*) FROM n WHERE i = 0
        """

    @Test(arguments: Backend.all)
    func `a statement that runs too long is stopped on the server, alone and in a transaction`(
        backend: Backend
    ) async throws {
        var options = Backend.Options()
        options.statementTimeout = .milliseconds(200)
        let storage = try await backend.lease(modules: [Specimens.module], options: options)
        let start = ContinuousClock.now
        let alone = await failure { _ = try await storage.count(Self.endless) }
        #expect(alone?.code == .statementTimeout)
        let inside = await failure {
            try await storage.read(bypassingTenant: Specimens.system) { read in
                _ = try await read.run("endless", Self.endless, rowsMax: 1)
            }
        }
        #expect(inside?.code == .statementTimeout)
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
    }

    @Test(arguments: Backend.all)
    func `a cancelled task stops its statement on the server and frees the connection`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let start = ContinuousClock.now
        // More times than there are connections: each of them must be free again.
        for _ in 0..<12 {
            await withTaskGroup(of: StorageError.Code?.self) { group in
                group.addTask { await failure { _ = try await storage.count(Self.endless) }?.code }
                while storage.driver.statistics().inFlight == 0 { await Task.yield() }
                group.cancelAll()
                for await code in group { #expect(code == .cancelled) }
            }
        }
        #expect(ContinuousClock.now - start < .seconds(25))
        #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
    }

    @Test(arguments: Backend.all)
    func `a transaction whose task is cancelled leaves nothing and frees the connection`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        await withTaskGroup(of: StorageError.Code?.self) { group in
            group.addTask {
                await failure {
                    try await storage.write(for: Specimens.tenant) { write in
                        try await write.execute(
                            "parent.insert", "INSERT INTO parents VALUES (\(Specimens.tenant), 1, 'one')")
                        _ = try await write.run("endless", Self.endless, rowsMax: 1)
                    }
                }?.code
            }
            while storage.driver.statistics().longestHolder != "endless" { await Task.yield() }
            group.cancelAll()
            for await code in group { #expect(code == .cancelled) }
        }
        #expect(try await storage.count("SELECT count(*) FROM parents") == 0)
        try await storage.writer(for: tenant).execute(
            "parent.insert", "INSERT INTO parents VALUES (\(tenant), 1, 'one')")
    }

    @Test(arguments: Backend.all)
    func `more rows than allowed are an error, and a write that returns too many is undone`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.insertEvents(10)
        let all: SQL = "SELECT id FROM events WHERE tenant_id = \(tenant)"
        #expect(try await storage.reader(for: tenant).run("event.all", all, rowsMax: 10).rows.rowCount == 10)
        let read = await failure { _ = try await storage.reader(for: tenant).run("event.all", all, rowsMax: 9) }
        #expect(read?.code == .tooLarge)
        let change: SQL = "UPDATE events SET kind = 'changed' WHERE tenant_id = \(tenant) RETURNING id"
        let alone = await failure {
            _ = try await storage.writer(for: tenant).returning(Single<Int>.self, "event.change", change, limit: 9)
        }
        #expect(alone?.code == .tooLarge)
        let inside = await failure {
            try await storage.write(for: tenant) { write in
                _ = try await write.returning(Single<Int>.self, "event.change", change, limit: 9)
            }
        }
        #expect(inside?.code == .tooLarge)
        #expect(try await storage.count("SELECT count(*) FROM events WHERE kind = 'changed'") == 0)
        let changed = try await storage.writer(for: tenant).returning(
            Single<Int>.self, "event.change", change, limit: 10)
        #expect(changed.count == 10)
    }

    @Test(arguments: Backend.all)
    func `one row means one row`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.insertEvents(2)
        let reader = storage.reader(for: tenant)
        let all: SQL = "SELECT id FROM events WHERE tenant_id = \(tenant)"
        #expect(await failure { _ = try await reader.one(Single<Int>.self, "event.one", all) }?.code == .notOne)
        let none: SQL = "SELECT id FROM events WHERE tenant_id = \(tenant) AND id > 5"
        #expect(await failure { _ = try await reader.one(Single<Int>.self, "event.none", none) }?.code == .notOne)
        #expect(try await reader.first(Single<Int>.self, "event.none", none) == nil)
        #expect(try await reader.list(Single<Int>.self, "event.list", all, limit: 1).count == 1)
    }

    @Test(arguments: Backend.all)
    func `a million rows stream through constant memory, at the reader's pace`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let text = String(repeating: "x", count: 200)
        let sum = Mutex((rows: 0, total: 0, chunks: 0, peak: 0))
        let before = Self.residentBytes()
        try await storage.read(bypassingTenant: Specimens.system) { read in
            try await read.stream(
                "million",
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
                SELECT i, \(text) AS filler FROM n
                """
            ) { chunk in
                #expect(chunk.rowCount <= ReadBounds.chunkRows)
                let last = try SQLRow(source: chunk, index: chunk.rowCount - 1).value(at: 0, as: Int.self)
                sum.withLock {
                    $0.rows += chunk.rowCount
                    $0.total = last
                    $0.chunks += 1
                    if $0.chunks % 50 == 0 { $0.peak = max($0.peak, Self.residentBytes()) }
                }
            }
        }
        let seen = sum.withLock { $0 }
        #expect(seen.rows == 1_000_000 && seen.total == 1_000_000)
        // All rows at once would be more than 200 MB; other tests run in this process meanwhile.
        #expect(seen.peak - before < 120 << 20, "memory grew by \((seen.peak - before) >> 20) MB")
    }

    private static func residentBytes() -> Int {
        // Where the kernel does not tell, the growth is 0 and this part of the test says nothing.
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? "0 0"
        return (Int(text.split(separator: " ")[1]) ?? 0) * 4_096
    }

    @Test(arguments: Backend.all)
    func `a stream that its reader leaves frees the connection, and other statements may run within it`(
        backend: Backend
    ) async throws {
        struct Enough: Error {}
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.insertEvents(300)
        let all: SQL = "SELECT id FROM events WHERE tenant_id = \(tenant) ORDER BY id"
        for _ in 0..<12 {
            await #expect(throws: Enough.self) {
                try await storage.read(for: tenant) { read in
                    try await read.stream("event.stream", all, chunkRows: 100) { _ in throw Enough() }
                }
            }
        }
        let rows = Mutex(0)
        try await storage.read(for: tenant) { read in
            try await read.stream("event.stream", all, chunkRows: 100) { chunk in rows.withLock { $0 += chunk.rowCount }
            }
            let count = try await read.one(
                Single<Int>.self, "event.count", "SELECT count(*) FROM events WHERE tenant_id = \(tenant)")
            #expect(count.value == 300)
        }
        #expect(rows.withLock { $0 } == 300)
    }

    @Test(arguments: Backend.all)
    func `a stream of exactly whole chunks and one of no rows end well`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.insertEvents(200)
        for (limit, expected) in [(0, 0), (100, 100), (200, 200)] {
            let rows = Mutex(0)
            try await storage.read(for: tenant) { read in
                try await read.stream(
                    "event.stream", "SELECT id FROM events WHERE tenant_id = \(tenant) AND id <= \(limit)",
                    chunkRows: 100
                ) { chunk in rows.withLock { $0 += chunk.rowCount } }
            }
            #expect(rows.withLock { $0 } == expected)
        }
    }
}
