import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Limits

@Suite(.databases) struct CreditPlanTests {
    @Test func `every statement of a ledger stands on an index, and each verb is one statement`() async throws {
        guard Backend.all.contains(where: { $0.name == "postgres" }) else { return }
        let bench = try await CreditBench(.postgres)
        let now = bench.clock.now()
        try await bench.storage.write(for: bench.tenant) { transaction in
            try await transaction.execute(
                "test.reservations",
                """
                INSERT INTO credit_reservations (tenant_id, ledger, id, holder, starts_at, amount, used, freed, state,
                    was, revision, note, made_at, expires_at, finished_at)
                SELECT \(bench.tenant), 'credits', gen_random_uuid(), '', \(now), 1, 0, 0, 'settled', 'open', 2, '',
                    \(now), \(now), \(now) FROM generate_series(1, 50000)
                """)
            try await transaction.execute(
                "test.entries",
                """
                INSERT INTO credit_entries
                    (tenant_id, ledger, reservation_id, holder, revision, kind, held, used, note, made_at)
                SELECT \(bench.tenant), 'credits', gen_random_uuid(), '', 1, 'reserve', 1, 0, '', \(now)
                FROM generate_series(1, 50000)
                """)
            try await transaction.execute(
                "test.accounts",
                """
                INSERT INTO credit_accounts (tenant_id, ledger, holder, starts_at, ends_at, used, held)
                SELECT \(bench.tenant), 'credits', 'name:' || g, \(now), \(now), 0, 0 FROM generate_series(1, 50000) g
                """)
        }
        try await PlanInspector.analyse(bench.storage.driver)
        let recorded = RecordedStatements()
        bench.storage.setRecorder(recorded)
        _ = try await bench.ledger.reserve(bench.id(1), bench.claim(5))
        try await bench.ledger.release(bench.id(1), amount: 1, for: bench.tenant)
        try await bench.ledger.settle(bench.id(1), used: 3, for: bench.tenant)
        #expect(recorded.names == ["limits.credit.reserve", "limits.credit.finish", "limits.credit.finish"])
        _ = try await bench.ledger.reserve(bench.id(2), bench.claim(5), ttl: .seconds(1))
        _ = try await bench.ledger.renew(bench.id(2), ttl: .seconds(1), for: bench.tenant)
        _ = try await bench.usage()
        _ = try await bench.ledger.entries(of: bench.tenant)
        _ = try await bench.ledger.entries(of: bench.id(2), in: bench.tenant)
        bench.clock.advance(by: .seconds(2))
        try await CreditSweeper(storage: bench.storage, clock: bench.clock).sweep()
        bench.storage.setRecorder(nil)
        let inspector = PlanInspector(
            driver: bench.storage.driver, largeTables: ["credit_accounts", "credit_reservations", "credit_entries"])
        #expect(try await inspector.findings(in: recorded).isEmpty)
    }
}
