import Base
import Storage
import StoragePostgres
import Testing

@Suite(.sharedServer) struct StatementTests {
    @Test(arguments: TestServer.Route.allCases)
    func `256 tasks share connections and one failure fails no neighbour`(route: TestServer.Route) async throws {
        let driver = try TestServer.driver(route)
        let outcomes = await withTaskGroup(of: (Int, Result<Int64?, StorageError>).self) { group in
            for number in 0..<256 {
                group.addTask {
                    do {
                        let text = number == 100 ? "SELECT 1 / ($1::bigint - 100)" : "SELECT $1::bigint * 2"
                        let rows = try await driver.read(text, [.integer(Int64(number))])
                        return (number, .success(Int64.decode(rows.firstValue)))
                    } catch {
                        return (number, .failure(error as? StorageError ?? StorageError(.setup, "\(error)")))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for number in 0..<256 {
            switch outcomes[number] {
            case .success(let value): #expect(number != 100 && value == Int64(number * 2))
            case .failure(let error):
                #expect(number == 100)
                #expect(error.code == .invalidValue)
                #expect(error.context["sqlstate"] == "22012")
            case nil: Issue.record("statement \(number) has no outcome")
            }
        }
        #expect(driver.statistics().connectionsOpen <= 4)
        await driver.shutdown()
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a write is durable when its caller resumes and tells how many rows it changed`(
        route: TestServer.Route
    ) async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY, note text", route: route) { driver, table async throws in
            let result = try await driver.write(
                "INSERT INTO \(table) SELECT n, 'x' FROM generate_series(1, $1::bigint) n", [.integer(3)])
            #expect(result.affected == 3)
            let other = try TestServer.driver()
            #expect(try await other.count(table) == 3)
            await other.shutdown()
            let returned = try await driver.write("DELETE FROM \(table) WHERE id > 1 RETURNING id", rowsMax: 2)
            #expect(returned.affected == 2)
            #expect(returned.rows.rowCount == 2)
            #expect(try await driver.read("SELECT id FROM \(table)").firstValue == .integer(1))
        }
    }

    @Test(arguments: TestServer.Route.allCases)
    func `too many rows are an error and a write that gives them is undone`(route: TestServer.Route) async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY", route: route) { driver, table async throws in
            let insert = "INSERT INTO \(table) SELECT generate_series(1, $1::bigint) RETURNING id"
            let refusal = await storageError { try await driver.write(insert, [.integer(3)], rowsMax: 2) }
            #expect(refusal?.code == .tooLarge)
            #expect(try await driver.count(table) == 0)
            #expect(try await driver.write(insert, [.integer(2)], rowsMax: 2).affected == 2)
            let read = await storageError { try await driver.read("SELECT id FROM \(table)", rowsMax: 1) }
            #expect(read?.code == .tooLarge)
        }
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a read cannot write`(route: TestServer.Route) async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY", route: route) { driver, table async throws in
            let refusal = await storageError { try await driver.read("INSERT INTO \(table) VALUES (1) RETURNING id") }
            #expect(refusal?.code == .readOnly)
            #expect(try await driver.count(table) == 0)
        }
    }

    @Test func `errors are told by kind, and the constraint by name`() async throws {
        try await TestServer.withTable(
            """
            id bigint CONSTRAINT only_one PRIMARY KEY, parent bigint CONSTRAINT has_parent REFERENCES pg_temp.none,
            size int CONSTRAINT small CHECK (size < 10), name text NOT NULL
            """.replacing("REFERENCES pg_temp.none", with: "CHECK (parent IS DISTINCT FROM 0)")
        ) { driver, table async throws in
            let insert = "INSERT INTO \(table) (id, size, name, parent) VALUES ($1, $2, $3, $4)"
            try await driver.write(insert, [.integer(1), .integer(1), .text("a"), .integer(1)])
            let unique = await storageError {
                try await driver.write(insert, [.integer(1), .integer(1), .text("private"), .integer(1)])
            }
            #expect(unique?.code == .uniqueViolation)
            #expect(unique?.context["constraint"] == "only_one")
            let check = await storageError {
                try await driver.write(insert, [.integer(2), .integer(11), .text("private"), .integer(1)])
            }
            #expect(check?.code == .checkViolation)
            let null = await storageError {
                try await driver.write(insert, [.integer(2), .integer(1), .null(.text), .integer(1)])
            }
            #expect(null?.code == .checkViolation)
            for error in [unique, check, null] { #expect(error?.description.contains("private") == false) }
            let syntax = await storageError { try await driver.read("SELEC 1") }
            #expect(syntax?.code == .invalidStatement)
            let unknown = await storageError { try await driver.write("DELETE FROM nowhere") }
            #expect(unknown?.code == .invalidStatement)
            let value = await storageError { try await driver.read("SELECT $1::text::bigint", [.text("private")]) }
            #expect(value?.code == .invalidValue)
            #expect(value?.description.contains("private") == false)
            #expect(value?.debugDescription.contains("private") == true)
        }
    }

    @Test func `a constraint that is checked at commit still fails its own write only`() async throws {
        try await TestServer.withTable(
            "id bigint PRIMARY KEY, next bigint, UNIQUE (next) DEFERRABLE INITIALLY DEFERRED"
        ) { driver, table async throws in
            let insert = "INSERT INTO \(table) VALUES ($1, $2)"
            try await driver.write(insert, [.integer(1), .integer(1)])
            async let bad = storageError { try await driver.write(insert, [.integer(2), .integer(1)]) }
            async let good = driver.write(insert, [.integer(3), .integer(3)])
            #expect(await bad?.code == .uniqueViolation)
            #expect(try await good.affected == 1)
            #expect(try await driver.count(table) == 2)
        }
    }

    @Test(arguments: TestServer.Route.allCases)
    func `a write that fails leaves its connection to the next`(route: TestServer.Route) async throws {
        var options = PostgresOptions()
        options.writeConnections = 1
        options.statementTimeout = .seconds(1)
        try await TestServer.withTable("id bigint PRIMARY KEY", route: route, options: options) {
            driver, table async throws in
            let insert = "INSERT INTO \(table) VALUES ($1) RETURNING id"
            for round in 0..<3 {
                try await driver.write(insert, [.integer(Int64(round))])
                for _ in 0..<3 {
                    let refusal = await storageError { try await driver.write(insert, [.integer(Int64(round))]) }
                    #expect(refusal?.code == .uniqueViolation)
                }
            }
            #expect(try await driver.count(table) == 3)
            #expect(driver.statistics().reconnects == 0)
        }
    }

    @Test func `a statement whose columns changed under it is prepared anew`() async throws {
        try await TestServer.withTable("id bigint PRIMARY KEY") { driver, table async throws in
            try await driver.write("INSERT INTO \(table) VALUES (7)")
            #expect(try await driver.read("SELECT * FROM \(table)").columnNames == ["id"])
            try await driver.withSchemaSession { session in
                try await session.execute("ALTER TABLE \(table) ADD COLUMN note text DEFAULT 'new'")
            }
            let rows = try await driver.read("SELECT * FROM \(table)")
            #expect(rows.columnNames == ["id", "note"])
            #expect(rows.value(row: 0, column: 1) == .text("new"))
        }
    }

    @Test func `more statements than a connection keeps are still answered`() async throws {
        var options = PostgresOptions()
        options.preparedStatementsMax = 8
        options.readConnections = 1
        let driver = try TestServer.driver(options: options)
        for round in 0..<3 {
            for number in 0..<30 {
                let rows = try await driver.read("SELECT \(number) + $1::bigint", [.integer(Int64(round))])
                #expect(rows.firstValue == .integer(Int64(number + round)))
            }
        }
        let kept = try await driver.read(
            "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 's%' AND name <> 'scope'")
        #expect(Int64.decode(kept.firstValue).map { $0 <= 9 } == true)
        await driver.shutdown()
    }

    @Test func `after shutdown nothing is sent`() async throws {
        let driver = try TestServer.driver()
        try await driver.read("SELECT 1")
        await driver.shutdown()
        #expect(await storageError { try await driver.read("SELECT 1") }?.code == .closed)
        #expect(await storageError { try await driver.write("SELECT 1") }?.code == .closed)
        let begin = await storageError {
            _ = try await driver.begin(scope: TestServer.system, access: .read, freshness: .primary)
        }
        #expect(begin?.code == .closed)
        await driver.shutdown()
    }
}
