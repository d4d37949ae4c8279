import Base
import Testing

@testable import Storage

@Suite struct MigrationLintTests {
    private static let table = "CREATE TABLE clips (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id))"

    private func findings(_ later: Migration.Step...) -> [String] {
        MigrationLint.findings(in: [
            SchemaModule(
                name: "clips", tables: [TableDeclaration("clips")],
                migrations: [Migration(1, "clips", [.both(Self.table)]), Migration(2, "later", later)])
        ]).map(\.message)
    }

    @Test(arguments: [
        "CREATE INDEX a ON clips (tenant_id)", "create unique index a on clips (id)",
        "ALTER TABLE clips ADD COLUMN a bigint NOT NULL",
        "ALTER TABLE clips ADD COLUMN a uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE clips ADD COLUMN a double precision DEFAULT random()",
        "ALTER TABLE clips ADD COLUMN a bigint UNIQUE", "ALTER TABLE clips ALTER COLUMN id TYPE text",
        "ALTER TABLE clips ALTER COLUMN id SET NOT NULL", "ALTER TABLE clips ADD CONSTRAINT a UNIQUE (id)",
        "ALTER TABLE clips ADD CONSTRAINT a CHECK (id IS NOT NULL)",
        "ALTER TABLE ONLY clips ADD FOREIGN KEY (id) REFERENCES other (id)",
        "ALTER TABLE clips RENAME COLUMN id TO key",
        "UPDATE clips SET id = id", "DELETE FROM clips", "LOCK TABLE clips", "VACUUM FULL clips", "CLUSTER clips",
    ])
    func `a statement that stops a running server is found`(text: String) { #expect(findings(.both(text)).count == 1) }

    @Test(arguments: [
        "ALTER TABLE clips ADD COLUMN a bigint", "ALTER TABLE clips ADD COLUMN a bigint NOT NULL DEFAULT 0",
        "ALTER TABLE clips ADD COLUMN a timestamptz DEFAULT now()",
        "ALTER TABLE clips ADD CONSTRAINT a CHECK (id IS NOT NULL) NOT VALID", "ALTER TABLE clips DROP COLUMN id",
        "-- UPDATE clips\nALTER TABLE clips ADD COLUMN a text DEFAULT 'not null; unique'", "DROP INDEX a",
    ])
    func `a statement that does not is fine`(text: String) { #expect(findings(.both(text)).isEmpty) }

    @Test func `an index by its own step is fine, and so is anything on a table that the migration makes`() {
        #expect(findings(.index(name: "a", on: "clips", definition: "(id)")).isEmpty)
        let fresh = MigrationLint.findings(in: [
            SchemaModule(
                name: "clips", tables: [TableDeclaration("clips")],
                migrations: [
                    Migration(
                        1, "clips",
                        [.both(Self.table), .both("CREATE INDEX a ON clips (id)"), .both("UPDATE clips SET id = id")])
                ])
        ])
        #expect(fresh.isEmpty)
    }

    @Test(arguments: [
        ("CREATE TABLE clips (id uuid PRIMARY KEY)", 1),
        ("CREATE TABLE clips (id uuid, PRIMARY KEY (id, tenant_id))", 1),
        ("CREATE TABLE clips (tenant_id uuid)", 1), ("CREATE TABLE clips (tenant_id uuid PRIMARY KEY, a bigint)", 0),
        ("CREATE TABLE IF NOT EXISTS \"clips\" (a numeric(3, 2), tenant_id uuid, PRIMARY KEY (tenant_id, a))", 0),
        ("CREATE TABLE other (id uuid PRIMARY KEY)", 2),
    ])
    func `a tenant table begins its key with the tenant, and declarations and tables agree`(text: String, count: Int) {
        let module = SchemaModule(
            name: "clips", tables: [TableDeclaration("clips")], migrations: [Migration(1, "clips", [.both(text)])])
        #expect(MigrationLint.findings(in: [module]).count == count)
    }

    @Test func `numbers, names and owners are unique and in order`() {
        let gap = SchemaModule(name: "a", tables: [], migrations: [Migration(1, "a", []), Migration(3, "b", [])])
        #expect(MigrationLint.findings(in: [gap]).map(\.migration) == [3])
        let one = SchemaModule(
            name: "one", tables: [TableDeclaration("clips")], migrations: [Migration(1, "a", [.both(Self.table)])])
        #expect(MigrationLint.findings(in: [one, one]).count == 2)
    }

    @Test func `a checksum changes with anything that runs`() {
        let base = Migration(1, "a", [.both("x"), .index(name: "i", on: "t", definition: "(a)")])
        let others = [
            Migration(1, "b", base.steps), Migration(1, "a", [.both("y"), base.steps[1]]),
            Migration(1, "a", [.postgres("x"), base.steps[1]]), Migration(1, "a", [.both("x")]),
            Migration(1, "a", [.both("x"), .index(name: "i", on: "t", definition: "(a)", isUnique: true)]),
        ]
        #expect(Set(others.map(\.checksum) + [base.checksum]).count == 6)
        #expect(base.checksum.count == 64)
    }

    @Test func `row-level security is raised with the table, in the same transaction`() {
        let module = SchemaModule(
            name: "clips", tables: [TableDeclaration("clips"), TableDeclaration("settings", .system)], migrations: [])
        let wall = TenantWall(modules: [module])
        let statements = wall.statements(forTablesMadeBy: [Self.table, "CREATE TABLE settings (a text PRIMARY KEY)"])
        #expect(statements.count == 3)
        #expect(statements.allSatisfy { $0.contains("clips") })
        #expect(wall.statements(forTablesMadeBy: ["CREATE INDEX a ON clips (id)"]).isEmpty)
    }
}
