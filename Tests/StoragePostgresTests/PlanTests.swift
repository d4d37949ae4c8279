import Base
import Foundation
import StoragePostgres
import StoragePostgresTestKit
import Testing

@testable import Storage

@Suite(.sharedServer) struct PlanTests {
    @Test func `a scan and a sort of a big table are found with their plan, a use of the index is not`() async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY, note text") { driver, table async throws in
            try await driver.write("INSERT INTO \(table) SELECT n, 'n' || n FROM generate_series(1, 20000) n")
            try await driver.withSchemaSession { try await $0.execute("ANALYZE \(table)") }
            let plans = PostgresPlans()
            func note(_ name: String, _ text: String, _ parameters: [SQLValue] = []) {
                plans.willSend(StatementRequest(text, parameters, name: name), scope: TestServer.system)
            }
            note("good.byID", "SELECT note FROM \(table) WHERE id = $1", [.integer(1)])
            note(
                "good.page", "SELECT id FROM \(table) WHERE id > $1 ORDER BY id LIMIT $2", [.integer(1), .integer(10)])
            note("good.write", "INSERT INTO \(table) VALUES ($1, $2)", [.integer(1), .text("")])
            note("bad.scan", "SELECT id FROM \(table) WHERE note = $1", [.text("n7")])
            note("bad.sort", "SELECT id FROM \(table) ORDER BY note LIMIT 10")
            note("known.scan", "SELECT count(*) FROM \(table) WHERE note LIKE $1", [.text("%7")])
            let findings = try await plans.findings(on: driver, exceptions: ["known.scan": "a report"])
            #expect(findings.map(\.statement) == ["bad.scan", "bad.sort", "bad.sort"])
            #expect(findings.first?.problem == "scans all of \(table)")
            #expect(findings.last?.problem.hasPrefix("sorts some") == true)
            #expect(findings.first?.description.contains("Seq Scan on \(table)") == true)
            #expect(plans.names.count == 6)
        }
    }

    @Test func `on an empty database plans prove nothing and say so`() async throws {
        let driver = try TestServer.driver()
        let refusal = await storageError { _ = try await PostgresPlans().findings(on: driver, rowsMin: 1 << 40) }
        #expect(refusal?.code == .notOne)
        await driver.shutdown()
    }

    @Test func `a role that row-level security does not bind is refused`() async throws {
        let driver = try TestServer.driver()
        try await driver.check()
        await driver.shutdown()
        let url = try #require(
            ProcessInfo.processInfo.environment["CAPSTAN_TEST_POSTGRES_ADMIN"],
            "set CAPSTAN_TEST_POSTGRES_ADMIN, or run the tests through Scripts/test")
        let admin = try PostgresStorage(
            url: Secret(url), clock: SystemClock(), randomness: SystemRandomness(), logger: TestServer.logger)
        #expect(await storageError { try await admin.check() }?.code == .setup)
        await admin.shutdown()
    }
}
