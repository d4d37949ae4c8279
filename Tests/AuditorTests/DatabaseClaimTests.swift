import Base
import Foundation
import StoragePostgres
import Testing

@testable import Auditor

/// What only a real server can show: trials, locks, and that printed statements run.
@Suite struct DatabaseClaimTests {
    private static let shop = """
        CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE);
        CREATE TABLE orders (
            id serial PRIMARY KEY, user_id bigint REFERENCES users(id), status text NOT NULL, body text,
            created_at timestamptz NOT NULL
        );
        CREATE TABLE "webhookEvents" (id bigint PRIMARY KEY, payload text, "createdAt" timestamptz NOT NULL);
        INSERT INTO users (email) SELECT 'c' || n FROM generate_series(1, 100) n;
        INSERT INTO orders (user_id, status, body, created_at)
            SELECT 1 + n % 100, 'open', repeat('x', 100) || n, '2026-01-01'::timestamptz + n * interval '1 minute'
            FROM generate_series(1, 60000) n;
        CREATE INDEX orders_status ON orders (status);
        CREATE INDEX orders_status_created ON orders (status, created_at);
        ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
        CREATE SCHEMA auth;
        CREATE FUNCTION auth.uid() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1::bigint';
        CREATE POLICY own ON orders USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
        DELETE FROM orders WHERE id % 3 = 0;
        INSERT INTO "webhookEvents" SELECT n, 'x', now() FROM generate_series(1, 2000) n;
        ANALYZE;

        """

    private static let hot = String(repeating: "SELECT id FROM orders WHERE body = 'y';\n", count: 30)

    @Test func `a scan of rows whose JSON lies elsewhere is not said to be slow`() async throws {
        // 10,000 jobs with large values: the rows themselves are under a megabyte.
        let setup = """
            CREATE TABLE jobs (id bigint PRIMARY KEY);
            CREATE TABLE results (id bigint PRIMARY KEY, job_id bigint REFERENCES jobs(id), creators text);
            ALTER TABLE results ALTER COLUMN creators SET STORAGE EXTERNAL;
            INSERT INTO jobs SELECT generate_series(1, 10000);
            INSERT INTO results SELECT n, n, repeat(md5(n::text), 100) FROM generate_series(1, 10000) n;
            ANALYZE;
            """
        try await ShopDatabase.with(setup) { database in
            let report = try await database.audit()
            let key = try #require(
                report.findings.first { $0.rule == "missing-index" && $0.location.table == "results" })
            #expect(key.severity == .low)
            let pages = try #require(
                key.observation.numbers.first { $0.name == "pages that a scan reads" }?.value)
            #expect(pages < 200)
            #expect(!key.observation.summary.contains("time"))
        }
    }

    @Test func `as many indexes are counted as there are`() async throws {
        try await ShopDatabase.with(Self.shop) { database in
            let report = try await database.audit()
            let inspection = try await PostgresInspection.open(Secret(database.url))
            let rows = try await inspection.look([
                "SELECT count(*) FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ])[0]
            await inspection.close()
            #expect(report.examined.first { $0.name == "indexes" }?.value == Double(rows[0][0] ?? ""))
        }
    }

    @Test func `each printed statement runs on a copy, and so does what takes it back`() async throws {
        try await ShopDatabase.with(Self.shop + Self.hot) { database in
            _ = try await database.allowTrials()
            let report = try await database.audit()
            let printed = report.findings.filter { $0.fix.code != nil && !($0.fix.isShape ?? false) }
            for rule in ["missing-index", "duplicate-index", "rls-per-row", "table-bloat"] {
                #expect(printed.contains { $0.rule == rule }, "\(rule) prints nothing")
            }
            for finding in printed {
                try await database.withCopy { copy in
                    try await ShopDatabase.run(finding.fix.code ?? "", at: copy)
                    if let undo = finding.fix.undo { try await ShopDatabase.run(undo, at: copy) }
                }
            }
        }
    }

    @Test func `each printed statement of a fixture with migrations runs on a database that they made`() async throws {
        for fixture in [Fixture.videoVotes, .citations] {
            let migrations = SourceTree(fixture.folder).files(.sql)
            let tree = SourceTree(fixture.folder)
            let setup = """
                CREATE SCHEMA auth; CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid';

                """ + migrations.compactMap { tree.text($0) }.joined(separator: "\n")
            let printed = try await fixture.audit().findings.filter { finding in
                !(finding.fix.isShape ?? false) && ["missing-index", "no-retention"].contains(finding.rule)
            }
            #expect(printed.count >= 3)
            try await ShopDatabase.with(setup) { database in
                for finding in printed {
                    try await ShopDatabase.run(finding.fix.code ?? "", at: database.url)
                    if let undo = finding.fix.undo { try await ShopDatabase.run(undo, at: database.url) }
                }
            }
        }
    }

    @Test func `a key's index is tried before it is proposed`() async throws {
        try await ShopDatabase.with(Self.shop) { database in
            guard try await database.allowTrials() else { return }
            let report = try await database.audit()
            let key = try #require(report.findings.first { $0.id.hasPrefix("missing-index:orders(user_id)") })
            let trial = try #require(key.trial)
            #expect(try #require(trial.costAfter) < (try #require(trial.costBefore)))
            #expect(trial.result.contains("MB") && trial.result.contains("times a second"))
        }
    }

    @Test func `an audit holds no lock but a reader's, and changes no row`() async throws {
        let changes = String(
            repeating: "UPDATE orders SET status = 'done' WHERE body = 'y';\nDELETE FROM orders WHERE body = 'z';\n",
            count: 20)
        let locked = String(repeating: "SELECT id FROM orders WHERE body = 'y' FOR UPDATE;\n", count: 20)
        try await ShopDatabase.with(Self.shop + Self.hot + changes + locked) { database in
            _ = try await database.allowTrials()
            let sums = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
            let inspection = try await PostgresInspection.open(Secret(database.url))
            _ = try await inspection.look(["SELECT pg_stat_force_next_flush()"])
            let before = try await inspection.look([sums])[0]
            let report = try await database.audit()
            let after = try await inspection.look([sums])[0]
            await inspection.close()
            #expect(before == after)
            let locks = try #require(report.examined.first { $0.name == "locks above ACCESS SHARE" })
            #expect(locks.value == 0, "\(locks.unit)")
            // The update is planned too, as the reading of its rows.
            #expect(
                report.findings.contains {
                    $0.rule == "missing-index" && ($0.location.statement ?? "").hasPrefix("UPDATE orders")
                } || report.findings.contains { ($0.fix.code ?? "").contains("(body)") })
        }
    }

    @Test func `an inspection tells which locks it held`() async throws {
        try await ShopDatabase.with("CREATE TABLE t (id int);") { database in
            let inspection = try await PostgresInspection.open(Secret(database.url))
            _ = try await inspection.look(["SELECT id FROM t"])
            #expect(await inspection.strongLocks() == [])
            _ = try await inspection.look(["EXPLAIN UPDATE t SET id = 1"])
            #expect(await inspection.strongLocks() == ["RowExclusiveLock"])
            await inspection.close()
        }
    }

    @Test func `a row that all change is found`() async throws {
        let setup = """
            CREATE TABLE totals (name text PRIMARY KEY, value bigint); INSERT INTO totals VALUES ('votes', 0);
            CREATE TABLE people (id int PRIMARY KEY, seen int); INSERT INTO people SELECT n, 0 FROM generate_series(1, 500) n;
            ANALYZE;

            """
        let adds = String(repeating: "UPDATE totals SET value = value + 1 WHERE name = 'votes';\n", count: 400)
        let spread = (1...400).map { "UPDATE people SET seen = seen + 1 WHERE id = \($0);\n" }.joined()
        try await ShopDatabase.with(setup + adds + spread) { database in
            let found = try await database.audit().findings.filter { $0.rule == "hot-row" }
            #expect(found.map(\.location.table) == ["totals"])
        }
    }

    @Test func `a function that fails when it is called is found before it is`() async throws {
        let setup = """
            CREATE TABLE conversations (id int PRIMARY KEY, unread int);
            CREATE TABLE messages (id int PRIMARY KEY, "conversationId" int);
            CREATE FUNCTION count_unread() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              UPDATE conversations SET unread = unread + 1 WHERE id = NEW.conversationId;
              RETURN NEW;
            END $$;
            CREATE TRIGGER counted AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION count_unread();
            """
        try await ShopDatabase.with(setup) { database in
            guard try await database.allow("plpgsql_check") else { return }
            let silent = try await database.audit()
            #expect(silent.notJudged.contains { $0.rule == "functions" && $0.remedy.contains("--functions") })
            let report = try await database.audit(functions: true)
            let fault = try #require(report.findings.first { $0.rule == "plpgsql-fault" })
            #expect(fault.observation.summary.contains("42703") && fault.observation.summary.contains("line 3"))
        }
    }

    @Test func `a table that lies outside of its rows and changes is found`() async throws {
        let setup = """
            CREATE TABLE chats (id int PRIMARY KEY, body text); ALTER TABLE chats ALTER COLUMN body SET STORAGE EXTERNAL;
            INSERT INTO chats SELECT n, repeat('x', 20000) FROM generate_series(1, 1100) n;
            UPDATE chats SET body = body || 'y';
            ANALYZE; SELECT pg_stat_force_next_flush();

            """
        try await ShopDatabase.with(setup) { database in
            let found = try await database.audit().findings.filter { $0.rule == "toast-growth" }
            #expect(found.map(\.location.table) == ["chats"])
        }
    }
}
