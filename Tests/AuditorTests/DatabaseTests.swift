import Base
import Foundation
import Programs
import Storage
import StoragePostgres
import Testing

@testable import Auditor

/// A database of PostgreSQL that lives as long as a test.
struct ShopDatabase {
    static let bounds = BoundedProgram.Bounds(deadline: .seconds(120), processorSeconds: 60, outputBytes: 1 << 20)

    var url: String
    /// As whom extensions are made.
    var adminURL: String

    /// Makes it, runs `setup` in it, and drops it after `body`.
    static func with(_ setup: String, _ body: (ShopDatabase) async throws -> Void) async throws {
        let environment = ProcessInfo.processInfo.environment
        let owner = try #require(environment["CAPSTAN_TEST_POSTGRES"], "run the tests through Scripts/servers")
        let admin = try #require(environment["CAPSTAN_TEST_POSTGRES_ADMIN"], "run the tests through Scripts/servers")
        let name = "capstan_audit_\(SystemRandomness().next())"
        let database = ShopDatabase(url: owner.named(name), adminURL: admin.named(name))
        try await run("CREATE DATABASE \(name)", at: owner)
        do {
            try await run(setup, at: database.url)
            try await body(database)
        } catch {
            try await run("DROP DATABASE \(name) WITH (FORCE)", at: admin)
            throw error
        }
        // As who may end the server's own workers, which look at a database that was just filled.
        try await run("DROP DATABASE \(name) WITH (FORCE)", at: admin)
    }

    static func run(_ statements: String, at url: String) async throws {
        try await Searching.inFolder { folder in
            let file = folder.appending(path: "statements.sql")
            try Data(statements.utf8).write(to: file)
            try await BoundedProgram(name: "psql", clock: SystemClock()).run(
                ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", file.path], in: folder, within: bounds)
        }
    }

    /// Whether a proposed index can be tried here, and if so, made possible.
    func allowTrials() async throws -> Bool { try await allow("hypopg") }

    /// Makes an extension, where the server has it.
    func allow(_ name: String) async throws -> Bool {
        let inspection = try await PostgresInspection.open(Secret(url))
        let known = try await inspection.look(["SELECT 1 FROM pg_available_extensions WHERE name = '\(name)'"])[0]
        await inspection.close()
        guard !known.isEmpty else { return false }
        try await Self.run("CREATE EXTENSION \(name)", at: adminURL)
        return true
    }

    func audit(_ folder: URL? = nil, functions: Bool = false) async throws -> Report {
        let options = AuditOptions(
            database: folder == nil ? nil : Secret(url), astGrep: Searching.astGrep, checksFunctions: functions)
        return try await Audit(target: folder?.path ?? url, options: options, clock: SystemClock()).run()
    }

    /// A copy of it, which is gone after `body`.
    func withCopy(_ body: (String) async throws -> Void) async throws {
        let name = String(url.split(separator: "/").last?.prefix { $0 != "?" } ?? "")
        let copy = "\(name)_copy"
        try await Self.run("CREATE DATABASE \(copy) TEMPLATE \(name)", at: adminURL.named("postgres"))
        do {
            try await body(adminURL.named(copy))
        } catch {
            try await Self.run("DROP DATABASE \(copy) WITH (FORCE)", at: adminURL.named("postgres"))
            throw error
        }
        try await Self.run("DROP DATABASE \(copy) WITH (FORCE)", at: adminURL.named("postgres"))
    }
}

extension String {
    /// The address with another database.
    fileprivate func named(_ database: String) -> String {
        guard let end = lastIndex(of: "/") else { return self }
        let rest = self[end...].firstIndex(of: "?").map { self[$0...] } ?? ""
        return self[...end] + database + rest
    }
}

private let shop = """
    CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE);
    CREATE TABLE orders (
        id serial PRIMARY KEY, customer_id bigint REFERENCES customers(id), status text NOT NULL, body text,
        created_at timestamptz NOT NULL
    );
    CREATE TABLE lines (id bigint PRIMARY KEY, order_id int REFERENCES orders(id), product_id int);
    CREATE INDEX lines_order ON lines (order_id, product_id);
    CREATE TABLE flags (key text PRIMARY KEY, value boolean);
    INSERT INTO customers (email) SELECT 'c' || n FROM generate_series(1, 100) n;
    INSERT INTO orders (customer_id, status, body, created_at)
        SELECT CASE WHEN n % 2 = 0 THEN 1 ELSE 1 + n % 100 END, 'open', repeat('x', 100) || n, '2026-01-01'::timestamptz + n * interval '1 minute'
        FROM generate_series(1, 60000) n;
    INSERT INTO flags VALUES ('captcha', true), ('multi', false);
    CREATE INDEX orders_status ON orders (status);
    CREATE INDEX orders_status_created ON orders (status, created_at);
    SELECT setval('orders_id_seq', 2000000000);
    CREATE SCHEMA auth;
    CREATE FUNCTION auth.uid() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1::bigint';
    CREATE POLICY own ON orders USING (auth.uid() = customer_id);
    CREATE POLICY wrapped ON lines USING ((SELECT auth.uid()) = product_id);
    VACUUM ANALYZE;

    """

@Suite struct DatabaseTests {
    @Test func `a database says what is wrong with it, with numbers and the command that repeats them`() async throws {
        try await ShopDatabase.with(shop) { database in
            let report = try await database.audit()
            #expect(report.contradictions == [])
            let keys = report.findings.filter { $0.rule == "missing-index" && $0.location.table == "orders" }
            let key = try #require(keys.first)
            #expect(key.observation.numbers.first { $0.name == "rows" }?.value == 60_000)
            #expect(key.fix.code?.contains("CREATE INDEX CONCURRENTLY") == true)
            #expect(key.projection.refused == [600_000])
            #expect(!report.findings.contains { $0.rule == "missing-index" && $0.location.table == "lines" })
            let duplicates = report.findings.filter { $0.rule == "duplicate-index" }
            #expect(duplicates.map(\.id).allSatisfy { $0.contains("orders_status@") } && duplicates.count == 1)
            #expect(duplicates.first?.fix.undo?.contains("CREATE INDEX orders_status") == true)
            let ends = report.findings.filter { $0.rule == "sequence-end" }
            #expect(ends.count == 1 && ends.first?.severity == .critical && ends.first?.location.table == "orders")
            #expect(!report.notJudged.contains { $0.rule == "sequences" })
            #expect(report.findings.filter { $0.rule == "rls-per-row" }.map(\.location.table) == ["orders"])
            #expect(report.findings.allSatisfy { $0.confidence == .measured && !$0.observation.command.isEmpty })
        }
    }

    @Test func `indexes without scans are not judged while their counters are young`() async throws {
        try await ShopDatabase.with(shop) { database in
            let report = try await database.audit()
            #expect(!report.findings.contains { $0.rule == "unused-index" })
            #expect(report.notJudged.contains { $0.rule == "unused-index" })
        }
    }

    @Test func `an index for a hot statement is tried before it is proposed`() async throws {
        let hot = String(
            repeating: "SELECT id FROM orders WHERE body = 'y';\n", count: 30)
        try await ShopDatabase.with(shop + hot) { database in
            let canTry = try await database.allowTrials()
            let report = try await database.audit()
            let proposals = report.findings.filter { $0.rule == "missing-index" && $0.location.statement != nil }
            let proposal = try #require(proposals.first, "\(report.notJudged) \(report.examined)")
            #expect(proposal.fix.code?.contains("(body)") == true)
            #expect(proposal.observation.numbers.first { $0.name == "calls" }?.value == 30)
            if canTry {
                let trial = try #require(proposal.trial)
                let before = try #require(trial.costBefore)
                #expect(try #require(trial.costAfter) < before * 0.1)
            } else {
                #expect(proposal.trial == nil)
                #expect(report.notJudged.contains { $0.reason.contains("hypopg") })
            }
        }
    }

    @Test func `a statement that gives many rows a call is found by its counters`() async throws {
        let reads = String(repeating: "SELECT id, status FROM orders;\n", count: 12)
        try await ShopDatabase.with(shop + reads) { database in
            let found = try await database.audit().findings.filter { $0.rule == "unbounded-result" }
            #expect(found.contains { $0.observation.summary.contains("60,000 rows") && $0.severity == .high })
        }
    }

    @Test func `an update that writes a large value anew each time is found by its log`() async throws {
        let appends = String(
            repeating:
                "UPDATE chats SET messages = messages || (SELECT to_jsonb(string_agg(md5(random()::text), '')) FROM generate_series(1, 40)) WHERE id = 1;\n",
            count: 200)
        let setup =
            "CREATE TABLE chats (id int PRIMARY KEY, messages jsonb); INSERT INTO chats VALUES (1, '[]');\n"
        try await ShopDatabase.with(setup + appends) { database in
            let found = try await database.audit().findings.filter { $0.rule == "unbounded-json" }
            #expect(found.map(\.location.table) == ["chats"])
        }
    }

    @Test func `a hot statement is shown with the place in the source that sends it`() async throws {
        let reads = String(repeating: "SELECT id, status FROM orders WHERE customer_id = 1;\n", count: 12)
        try await ShopDatabase.with(shop + reads) { database in
            try await Searching.inFolder { folder in
                let source = """
                    export const orders = (id: number) =>
                      pool.query('SELECT id, status FROM orders WHERE customer_id = $1', [id]);
                    """
                try Data(source.utf8).write(to: folder.appending(path: "orders.ts"))
                let report = try await database.audit(folder)
                let statements = report.findings.filter {
                    $0.rule == "unbounded-result" && $0.location.statement != nil
                }
                #expect(statements.contains { $0.location.file == "orders.ts" && $0.confidence == .measured })
            }
        }
    }

    @Test func `calls in the source are ranked by the rows of their largest key`() async throws {
        try await ShopDatabase.with(shop) { database in
            try await Searching.inFolder { folder in
                let source = """
                    export const all = (customerId: number) => prisma.order.findMany({ where: { customerId } });
                    export const flags = () => prisma.flag.findMany();
                    """
                let schema = """
                    model Order {
                      id         Int    @id
                      customerId Int    @map("customer_id")
                      @@map("orders")
                    }
                    model Flag {
                      key String @id
                      @@map("flags")
                    }
                    """
                try Data(source.utf8).write(to: folder.appending(path: "queries.ts"))
                try Data(schema.utf8).write(to: folder.appending(path: "schema.prisma"))
                let report = try await database.audit(folder)
                let found = report.findings.filter { $0.rule == "unbounded-result" && $0.location.file != nil }
                let orders = try #require(found.first { $0.location.table == "orders" })
                let rows = try #require(
                    orders.observation.numbers.first { $0.name == "rows of the largest key" }?.value)
                // The truth is 30,000: every second order. The statistics are of a sample.
                #expect(abs(rows - 30_000) < 1_500)
                #expect(orders.severity == .high && orders.confidence == .measured)
                #expect(orders.observation.command.contains("pg_stats"))
                #expect(found.first { $0.location.table == "flags" }?.severity == .low)
            }
        }
    }

    @Test func `a database that is away is said to be, without its password`() async throws {
        let audit = try Audit(
            target: "postgres://reader:hidden@127.0.0.1:1/none", options: AuditOptions(), clock: SystemClock())
        let error = await #expect(throws: AuditError.self) { try await audit.run() }
        #expect(error?.code == .database)
        #expect(error?.debugDescription.contains("hidden") == false)
    }
}

@Suite struct PostgresInspectionTests {
    @Test(arguments: [
        "INSERT INTO flags VALUES ('x', true)", "DELETE FROM flags", "DROP TABLE flags", "SET a.b = 'c'", "BEGIN",
        "COMMIT",
        "EXPLAIN ANALYZE SELECT 1", "EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1", "VACUUM", "", "LOCK TABLE flags",
    ]) func `a statement that does not begin as a reading one is refused before it is sent`(_ text: String) async throws
    {
        try await ShopDatabase.with("CREATE TABLE flags (key text, value boolean);") { database in
            let inspection = try await PostgresInspection.open(Secret(database.url))
            await #expect(throws: StorageError.self) { try await inspection.look([text]) }
            await inspection.close()
        }
    }

    @Test(arguments: [
        "WITH gone AS (DELETE FROM flags RETURNING key) SELECT key FROM gone", "SELECT setval('s', 5)",
        "SELECT 1; DELETE FROM flags",
    ]) func `a statement that reads and writes is refused by the server`(_ text: String) async throws {
        let setup = "CREATE TABLE flags (key text); INSERT INTO flags VALUES ('a'); CREATE SEQUENCE s;"
        try await ShopDatabase.with(setup) { database in
            let inspection = try await PostgresInspection.open(Secret(database.url))
            await #expect(throws: StorageError.self) { try await inspection.look([text]) }
            let rows = try await inspection.look(["SELECT count(*) FROM flags", "SELECT last_value FROM s"])
            #expect(rows == [[["1"]], [["1"]]])
            await inspection.close()
        }
    }

    @Test func `a statement that takes too long ends, and the session goes on`() async throws {
        try await ShopDatabase.with("SELECT 1;") { database in
            let inspection = try await PostgresInspection.open(
                Secret(database.url), bounds: PostgresInspection.Bounds(statement: .milliseconds(50)))
            await #expect(throws: StorageError.self) { try await inspection.look(["SELECT pg_sleep(20)"]) }
            #expect(try await inspection.look(["SELECT 1"]) == [[["1"]]])
            await inspection.close()
        }
    }
}
