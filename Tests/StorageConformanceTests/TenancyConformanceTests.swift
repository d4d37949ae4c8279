import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct TenancyConformanceTests {
    @Test(arguments: Backend.all)
    func `a statement on a tenant table without the tenant is not sent`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let recorded = RecordedStatements()
        storage.setRecorder(recorded)
        let reader = storage.reader(for: Specimens.tenant)
        let bare = await failure { _ = try await reader.run("parent.all", "SELECT * FROM Parents", rowsMax: 10) }
        #expect(bare?.code == .tenantMissing)
        let foreign = await failure {
            _ = try await reader.run(
                "parent.other", "SELECT * FROM parents WHERE tenant_id = \(Specimens.other)", rowsMax: 10)
        }
        #expect(foreign?.code == .tenantMissing)
        #expect(recorded.names.isEmpty)
        _ = try await reader.run("nothing", "SELECT 1", rowsMax: 1)
        #expect(recorded.names == ["nothing"])
    }

    @Test(arguments: Backend.all)
    func `a right across tenants that no manifest lists is refused`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        _ = try await storage.count("SELECT count(*) FROM parents")
        #expect(storage.capabilitiesUsed == [Specimens.system])
        storage.restrict(to: [Retention.capability])
        let error = await failure { _ = try await storage.count("SELECT count(*) FROM parents") }
        #expect(error?.code == .tenantMissing)
    }

    @Test(arguments: Backend.all.filter { $0.capabilities.contains(.rowSecurity) })
    func `behind the gate the engine shows and takes a tenant's own rows only`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [Specimens.module])
        func run(_ sql: SQL, _ scope: Scope, _ access: Access) async throws -> StatementResult {
            try await driver.run(
                StatementRequest(name: "wall", sql: sql.rendered(for: driver.dialect), rowsMax: 10), scope: scope,
                access: access, freshness: .primary)
        }
        let (one, two) = (Specimens.tenant, Specimens.other)
        for tenant in [one, two] {
            _ = try await run("INSERT INTO parents VALUES (\(tenant), 1, 'one')", .tenant(tenant), .write)
        }
        let all: SQL = "SELECT tenant_id FROM parents"
        #expect(try await run(all, .tenant(one), .read).rows.rowCount == 1)
        #expect(try await run(all, .system(Specimens.system), .read).rows.rowCount == 2)
        await #expect(throws: StorageError.self) {
            _ = try await run("INSERT INTO parents VALUES (\(two), 2, 'two')", .tenant(one), .write)
        }
        #expect(try await run("UPDATE parents SET name = 'x'", .tenant(one), .write).affected == 1)
        #expect(try await run("DELETE FROM parents", .tenant(one), .write).affected == 1)
        #expect(try await run(all, .system(Specimens.system), .read).rows.rowCount == 1)
        // Inside a transaction the same wall stands.
        let open = try await driver.begin(scope: .tenant(one), access: .read, freshness: .primary)
        let rows = try await open.run(
            StatementRequest(name: "wall", sql: all.rendered(for: driver.dialect), rowsMax: 10))
        await open.rollback()
        #expect(rows.rows.rowCount == 0)
    }
}
