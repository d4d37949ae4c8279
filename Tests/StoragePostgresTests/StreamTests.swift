import Base
import Foundation
import Storage
import StoragePostgres
import Testing

@Suite(.serialized, .sharedServer) struct StreamTests {
    private func residentKilobytes() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return try #require(Int(pages)) * 4
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a million rows stream through constant memory`(route: TestServer.Route) async throws {
        let driver = try TestServer.driver(route)
        let open = try await driver.begin(
            scope: .tenant(TestServer.tenant), access: .read, freshness: .primary)
        var rows = 0
        var sum: Int64 = 0
        var bytes = 0
        var text: [UInt8] = []
        var start = 0
        let request = StatementRequest(
            "SELECT n, 'note ' || n AS note, now() FROM generate_series(1, $1::bigint) n", [.integer(1_000_000)])
        try await open.stream(request, chunkRows: 2_000) { chunk in
            #expect(chunk.rowCount <= 2_000)
            for row in 0..<chunk.rowCount {
                sum += Int64.decode(chunk.value(row: row, column: 0)) ?? 0
                for column in 0..<3 { _ = chunk.appendText(row: row, column: column, to: &text) }
            }
            bytes += text.count
            text.removeAll(keepingCapacity: true)
            rows += chunk.rowCount
            if rows == 20_000 { start = try residentKilobytes() }
        }
        let growth = try residentKilobytes() - start
        await open.rollback()
        #expect(rows == 1_000_000)
        #expect(sum == 500_000_500_000)
        #expect(bytes > 40_000_000)
        // Other suites run beside this one; all rows would be some 80 MB.
        #expect(growth < 40_000)
        await driver.shutdown()
    }

    @Test func `streams of no rows, of less than a chunk and of exactly two chunks end`() async throws {
        let driver = try TestServer.driver()
        let open = try await driver.begin(
            scope: .tenant(TestServer.tenant), access: .read, freshness: .primary)
        for count in [0, 3, 20] {
            var chunks: [Int] = []
            let request = StatementRequest("SELECT generate_series(1, $1::bigint)", [.integer(Int64(count))])
            try await open.stream(request, chunkRows: 10) { chunks.append($0.rowCount) }
            #expect(chunks == (count == 0 ? [] : count == 3 ? [3] : [10, 10]))
        }
        #expect(try await open.run(StatementRequest("SELECT 1::bigint")).rows.firstValue == .integer(1))
        await open.rollback()
        await driver.shutdown()
    }

    @Test func `an error in the middle of a stream reaches its reader`() async throws {
        let driver = try TestServer.driver()
        let open = try await driver.begin(
            scope: .tenant(TestServer.tenant), access: .read, freshness: .primary)
        var rows = 0
        let refusal = await storageError {
            try await open.stream(
                StatementRequest("SELECT 1 / (5000 - n) FROM generate_series(1, 10000) n"), chunkRows: 1_000
            ) { rows += $0.rowCount }
        }
        #expect(refusal?.code == .invalidValue)
        #expect(rows == 4_000)
        await open.rollback()
        await driver.shutdown()
    }

    @Test func `a consumer that gives up ends the stream`() async throws {
        struct Enough: Error {}
        let driver = try TestServer.driver()
        let open = try await driver.begin(
            scope: .tenant(TestServer.tenant), access: .read, freshness: .primary)
        await #expect(throws: Enough.self) {
            try await open.stream(StatementRequest("SELECT generate_series(1, 100000)"), chunkRows: 100) { _ in
                throw Enough()
            }
        }
        await open.rollback()
        // Nobody waits for a reader's end; the connection comes back by itself.
        while driver.statistics().connectionsHeld > 0 { await Task.yield() }
        await driver.shutdown()
    }
}
