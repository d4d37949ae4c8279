import Base
import Storage
import StoragePostgres
import Testing

@Suite(.sharedServer) struct TenancyTests {
    private static let columns = "tenant_id uuid NOT NULL, note text NOT NULL"

    private func raiseWall(_ driver: PostgresStorage, _ table: String) async throws {
        try await driver.withSchemaSession { session in
            try await session.transaction([
                "ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY", "ALTER TABLE \(table) FORCE ROW LEVEL SECURITY",
                """
                CREATE POLICY tenant ON \(table)
                USING (tenant_id = (SELECT nullif(current_setting('capstan.tenant', true), '')::uuid)
                OR (SELECT current_setting('capstan.system', true)) = 'on')
                """,
            ])
        }
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a statement without the tenant reaches no other tenant's rows`(route: TestServer.Route) async throws {
        var options = PostgresOptions()
        options.readConnections = 1
        options.writeConnections = 1
        try await TestServer.withTable(Self.columns, route: route, options: options) { driver, table async throws in
            try await raiseWall(driver, table)
            let ours = Scope.tenant(TestServer.tenant)
            let theirs = Scope.tenant(TestServer.otherTenant)
            let insert = "INSERT INTO \(table) VALUES ($1, $2)"
            try await driver.write(insert, [TestServer.tenant.id.sqlValue, .text("ours")], scope: ours)
            try await driver.write(insert, [TestServer.otherTenant.id.sqlValue, .text("theirs")], scope: theirs)
            let foreign = await storageError {
                try await driver.write(insert, [TestServer.otherTenant.id.sqlValue, .text("x")], scope: ours)
            }
            #expect(foreign?.code == .tenantMissing)

            // Mixed on one connection, in batches: each statement has its own tenant's eyes.
            let select = "SELECT note FROM \(table)"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<96 {
                    group.addTask {
                        let scope = [ours, theirs, TestServer.system][number % 3]
                        let rows = try await driver.read(select, scope: scope)
                        let notes = Set((0..<rows.rowCount).map { rows.value(row: $0, column: 0) })
                        #expect(
                            notes
                                == [[.text("ours")], [.text("theirs")], [.text("ours"), .text("theirs")]][number % 3])
                    }
                }
                try await group.waitForAll()
            }
            let open = try await driver.begin(scope: theirs, access: .write, freshness: .primary)
            #expect(try await open.run(StatementRequest("DELETE FROM \(table)")).affected == 1)
            await open.rollback()
            let reader = try await driver.begin(scope: ours, access: .read, freshness: .primary)
            #expect(try await reader.run(StatementRequest(select)).rows.firstValue == .text("ours"))
            await reader.rollback()
        }
    }
}
