import Base
import BaseTestKit
import Foundation
import Storage
import Testing

@testable import StorageSQLite

@Suite struct SQLiteStorageTests {
    @Test func `a note is written and read with its types`() async throws {
        let scratch = try await Scratch()
        let id = ID<Note>(high: 3, low: 4)
        let time = Timestamp(microseconds: 1_700_000_000_123_456)
        try await scratch.storage.writer(for: tenant).execute(
            "note.insert", "INSERT INTO notes VALUES (\(tenant), \(id), \("hä"), \(time), \(true))")
        let result = try await scratch.storage.reader(for: tenant).run(
            "note.read", "SELECT * FROM notes WHERE tenant_id = \(tenant)", rowsMax: 10)
        #expect(result.rows.rowCount == 1)
        #expect(result.rows.value(row: 0, column: 1) == id.sqlValue)
        #expect(result.rows.value(row: 0, column: 2) == .text("hä"))
        #expect(result.rows.value(row: 0, column: 3) == .timestamp(time))
        #expect(result.rows.value(row: 0, column: 4) == .bool(true))
        await scratch.driver.shutdown()
    }

    @Test func `many concurrent writes are each acknowledged and counted once`() async throws {
        let scratch = try await Scratch()
        let storage = scratch.storage
        try await storage.writer(bypassingTenant: system).execute(
            "counter.insert", "INSERT INTO counters VALUES ('a', 0)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<300 {
                group.addTask {
                    try await storage.writer(bypassingTenant: system).execute(
                        "counter.add", "UPDATE counters SET value = value + 1 WHERE name = 'a'")
                }
            }
            try await group.waitForAll()
        }
        let count = try await storage.reader(bypassingTenant: system).one(
            Number.self, "counter.read", "SELECT value FROM counters")
        #expect(count.value == 300)
        await scratch.driver.shutdown()
    }

    @Test func `a transaction that throws leaves nothing`() async throws {
        struct Stop: Error {}
        let scratch = try await Scratch()
        await #expect(throws: Stop.self) {
            try await scratch.storage.write(bypassingTenant: system) { write in
                try await write.execute("counter.insert", "INSERT INTO counters VALUES ('a', 1)")
                throw Stop()
            }
        }
        let count = try await scratch.storage.reader(bypassingTenant: system).one(
            Number.self, "counter.count", "SELECT count(*) FROM counters")
        #expect(count.value == 0)
        await scratch.driver.shutdown()
    }

    @Test func `the log is written ahead, commits are synchronised in full, foreign keys are on`() async throws {
        let scratch = try await Scratch()
        var found: [String] = []
        for pragma in ["journal_mode", "synchronous", "foreign_keys"] {
            let rows = try await scratch.driver.withSchemaSession { try await $0.query("PRAGMA \(pragma)") }
            var text: [UInt8] = []
            _ = rows.appendText(row: 0, column: 0, to: &text)
            found.append(String(decoding: text, as: UTF8.self))
        }
        #expect(found == ["wal", "2", "1"])
        await scratch.driver.shutdown()
    }

    @Test func `statements that are the driver's affair, or are two, are refused`() async throws {
        let scratch = try await Scratch()
        let writer = scratch.storage.writer(bypassingTenant: system)
        let refused: [SQL] = [
            "BEGIN", " commit", "ROLLBACK", "SAVEPOINT a", "PRAGMA synchronous = 0", "ATTACH 'a' AS a", "VACUUM", "",
            "SELECT 1; SELECT 2", "SELECT ?2",
        ]
        for sql in refused {
            let error = await failure { _ = try await writer.run("refused", sql, rowsMax: 1) }
            #expect(error?.code == .invalidStatement)
        }
        _ = try await writer.run("fine", "SELECT 1 ; ", rowsMax: 1)
        await scratch.driver.shutdown()
    }

    @Test func `a file that is no database is told as such`() async throws {
        let scratch = try await Scratch()
        let path = scratch.folder.appendingPathComponent("picture.sqlite").path
        try Data(repeating: 0x42, count: 8_192).write(to: URL(fileURLWithPath: path))
        let error = await failure { _ = try SQLiteStorage(path: path) }
        #expect(error?.code == .unavailable)
        await scratch.driver.shutdown()
    }

    @Test func `a full disk is told as such and breaks nothing`() async throws {
        let scratch = try await Scratch()
        let pages = try await scratch.driver.withSchemaSession { try await $0.query("PRAGMA page_count") }
        let count = try SQLRow(source: pages, index: 0).value(at: 0, as: Int.self)
        _ = try await scratch.driver.withSchemaSession { try await $0.query("PRAGMA max_page_count = \(count + 20)") }
        let writer = scratch.storage.writer(for: tenant)
        func insert(_ low: UInt64, bytes: Int) async throws {
            try await writer.execute(
                "note.insert",
                """
                INSERT INTO notes (tenant_id, id, body)
                VALUES (\(tenant), \(ID<Note>(high: 0, low: low)), \(String(repeating: "x", count: bytes)))
                """)
        }
        #expect(await failure { try await insert(1, bytes: 1_000_000) }?.code == .diskFull)
        // Together with small ones, the large one alone fails.
        let codes = await withTaskGroup(of: (UInt64, StorageError.Code?).self) { group in
            for low in 2...9 as ClosedRange<UInt64> {
                group.addTask {
                    (low, await failure { try await insert(low, bytes: low == 5 ? 1_000_000 : 10) }?.code)
                }
            }
            return await group.reduce(into: [UInt64: StorageError.Code]()) { $0[$1.0] = $1.1 }
        }
        #expect(codes == [5: .diskFull])
        let transaction = await failure {
            _ = try await scratch.storage.write(for: tenant) { write in
                try await write.execute(
                    "note.insert",
                    """
                    INSERT INTO notes (tenant_id, id, body)
                    VALUES (\(tenant), \(ID<Note>(high: 9, low: 9)), \(String(repeating: "x", count: 1_000_000)))
                    """)
            }
        }
        #expect(transaction?.code == .diskFull)
        let rows = try await scratch.storage.reader(bypassingTenant: system).one(
            Number.self, "note.count", "SELECT count(*) FROM notes")
        #expect(rows.value == 7)
        await scratch.driver.shutdown()
    }

    @Test func `two drivers on one file never see busy`() async throws {
        let scratch = try await Scratch()
        let other = try SQLiteStorage(path: scratch.driver.path)
        let drivers: [any StorageDriver] = [scratch.driver, other]
        let sql: SQL = "INSERT INTO counters VALUES ('a', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
        let request = StatementRequest(name: "counter.add", sql: sql.rendered(for: .sqlite), rowsMax: 0)
        try await withThrowingTaskGroup { group in
            for number in 0..<400 {
                group.addTask {
                    _ = try await drivers[number % 2].run(
                        request, scope: .system(system), access: .write, freshness: .primary)
                }
            }
            try await group.waitForAll()
        }
        let count = try await scratch.storage.reader(bypassingTenant: system).one(
            Number.self, "counter.read", "SELECT value FROM counters")
        #expect(count.value == 400)
        await other.shutdown()
        await scratch.driver.shutdown()
    }

    @Test func `the log stays bounded while readers overlap without a gap`() async throws {
        var settings = SQLiteSettings()
        settings.journalBytes = .mebibytes(1)
        let scratch = try await Scratch(settings)
        let storage = scratch.storage
        let body = String(repeating: "x", count: 20_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    while !Task.isCancelled {
                        try await storage.read(bypassingTenant: system) { read in
                            for _ in 0..<5 {
                                _ = try await read.run("note.count", "SELECT count(*) FROM notes", rowsMax: 1)
                            }
                        }
                    }
                }
            }
            for low in 0..<1_000 as Range<UInt64> {
                _ = try await storage.writer(for: tenant).execute(
                    "note.insert",
                    "INSERT INTO notes (tenant_id, id, body) VALUES (\(tenant), \(ID<Note>(high: 1, low: low)), \(body))"
                )
            }
            group.cancelAll()
            do { try await group.waitForAll() } catch let error as StorageError where error.code == .cancelled {
                // The readers were stopped.
            }
        }
        // 20 MB went through a log of 1 MiB; what a checkpoint of every 1,000 pages leaves is the slack.
        #expect(scratch.driver.pagesInLog < 3_000)
        await scratch.driver.shutdown()
    }

    @Test func `a shutdown waits for open transactions, but not for ever`() async throws {
        var settings = SQLiteSettings()
        settings.shutdownPatience = .milliseconds(50)
        let scratch = try await Scratch(settings)
        let open = try await scratch.driver.begin(scope: .system(system), access: .write, freshness: .primary)
        let reading = try await scratch.driver.begin(scope: .system(system), access: .read, freshness: .primary)
        await scratch.driver.shutdown()
        #expect(await failure { _ = try await open.commit() } != nil)
        await reading.rollback()
        #expect(scratch.driver.statistics().isAvailable == false)
    }
}
