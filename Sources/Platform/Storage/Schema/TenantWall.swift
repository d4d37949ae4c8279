/// Row-level security on PostgreSQL: the second wall behind ``TenantGate``.
///
/// The driver tells the server in each transaction on whose behalf it runs; the policy shows and takes only that
/// tenant's rows, also from the table's owner.
struct TenantWall {
    private let tables: [String]

    init(modules: [SchemaModule]) {
        tables = modules.flatMap(\.tables).filter { $0.tenancy == .tenant }.map(\.name)
    }

    /// What protects the tenant tables that `statements` create.
    func statements(forTablesMadeBy statements: [String]) -> [String] {
        let made = Set(statements.compactMap { SchemaText($0).createdTable })
        return tables.filter(made.contains).flatMap(protection)
    }

    /// Protects every tenant table that is not protected yet: one that a later version declared as a tenant's.
    func raise(on session: any SchemaSession) async throws(StorageError) {
        guard !tables.isEmpty else { return }
        let names = tables.map(\.quoted).joined(separator: ", ")
        let bare = try await session.query(
            """
            SELECT c.relname::text FROM pg_class c
            WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname IN (\(names))
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
                SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_isolation'))
            """)
        for index in 0..<bare.rowCount {
            let table: String = try SQLRow(source: bare, index: index).value(at: 0)
            try await session.transaction(
                ["SET LOCAL lock_timeout = '2s'", "DROP POLICY IF EXISTS tenant_isolation ON \(table)"]
                    + protection(of: table))
        }
    }

    private func protection(of table: String) -> [String] {
        // Sub-selects are evaluated once per statement, not once per row.
        let condition = """
            tenant_id = (SELECT nullif(current_setting('capstan.tenant', true), '')::uuid)
                OR (SELECT current_setting('capstan.system', true)) = 'on'
            """
        return [
            "ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE \(table) FORCE ROW LEVEL SECURITY",
            "CREATE POLICY tenant_isolation ON \(table) USING (\(condition)) WITH CHECK (\(condition))",
        ]
    }
}
