import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct PlanInspectorTests {
    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `a statement that reads or sorts a large table is found, one that uses an index is not`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let tenant = Specimens.tenant
        for batch in 0..<10 { try await storage.insertEvents(4_000, from: 1 + batch * 4_000) }
        try await PlanInspector.analyse(storage.driver)
        let recorded = RecordedStatements()
        storage.setRecorder(recorded)
        let reader = storage.reader(for: tenant)
        _ = try await reader.list(
            Single<Int>.self, "event.byTime",
            "SELECT id FROM events WHERE tenant_id = \(tenant) ORDER BY made_at, id", limit: 10)
        _ = try await reader.list(
            Single<Int>.self, "event.byKind", "SELECT id FROM events WHERE tenant_id = \(tenant) AND kind = 'x'",
            limit: 10)
        _ = try await reader.list(
            Single<Int>.self, "event.sorted",
            "SELECT id FROM events WHERE tenant_id = \(tenant) ORDER BY kind DESC, made_at", limit: 10)
        try await storage.writer(for: tenant).execute(
            "event.touch", "UPDATE events SET kind = 'y' WHERE tenant_id = \(tenant) AND id = \(7)")
        storage.setRecorder(nil)
        let inspector = PlanInspector(driver: storage.driver, largeTables: ["events"])
        let findings = try await inspector.findings(in: recorded)
        #expect(Set(findings.map(\.statement)) == ["event.byKind", "event.sorted"], "\(findings)")
        // Asking for the plan of a write does not carry it out again.
        #expect(try await storage.count("SELECT count(*) FROM events WHERE kind = 'y'") == 1)
    }
}
