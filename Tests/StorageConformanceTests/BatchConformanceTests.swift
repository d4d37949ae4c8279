import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@Suite(.databases) struct BatchConformanceTests {
    private let tenant = Specimens.tenant

    @Test(arguments: Backend.all)
    func `tables of none, one and the most rows are taken whole`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        for count in [0, 1, 2, SQLRows.Bounds.rows] {
            let rows = SQLRows(0..<count) { $0 }
            let found = try await storage.reader(for: tenant).one(
                Single<Int>.self, "rows.count", "WITH input(id) AS (\(rows: rows)) SELECT count(*) FROM input")
            #expect(found.value == count)
            let inside = try await storage.reader(for: tenant).one(
                Single<Bool>.self, "rows.contains", "SELECT \(count - 1) IN (\(rows: rows))")
            #expect(inside.value == (count > 0))
        }
    }

    struct Line: Sendable, Equatable, RowDecodable {
        var id: Int
        var bool: Bool?
        var double: Double?
        var text: String?
        var bytes: [UInt8]?
        var json: String?
        var time: Timestamp?
        var uuid: ID<Line>?

        init(row: SQLRow) throws(StorageError) {
            id = try row.value("id")
            bool = try row.optional("a_bool")
            double = try row.optional("a_double")
            text = try row.optional("a_text")
            bytes = try row.optional("some_bytes")
            json = try row.optional("a_json")
            time = try row.optional("a_time")
            uuid = try row.optional("a_uuid")
        }

        init(_ id: Int) {
            self.id = id
            guard id % 2 == 0 else { return }
            bool = id % 4 == 0
            double = Double(id) / 4
            text = "{\"a\", \\b\\, NULL} \(id)"
            bytes = [UInt8(id & 255), 0, 92]
            json = "\"text\""
            time = Timestamp(microseconds: Int64(id))
            uuid = ID(high: 7, low: UInt64(id))
        }
    }

    @Test(arguments: Backend.all)
    func `all types travel in tables of values, with nulls among them`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let lines = (1...500).map(Line.init)
        let rows = SQLRows(
            lines, { $0.id }, { $0.bool }, { $0.double }, { $0.text }, { $0.bytes }, { JSON($0.json) }, { $0.time },
            { $0.uuid })
        let written = try await storage.writer(for: tenant).execute(
            "specimen.insertMany",
            """
            WITH input(id, a_bool, a_double, a_text, some_bytes, a_json, a_time, a_uuid) AS (\(rows: rows))
            INSERT INTO specimens (tenant_id, id, a_bool, a_double, a_text, some_bytes, a_json, a_time, a_uuid)
            SELECT \(tenant), id, a_bool, a_double, a_text, some_bytes, a_json, a_time, a_uuid FROM input
            """)
        #expect(written == 500)
        let back = try await storage.reader(for: tenant).list(
            Line.self, "specimen.list", "SELECT * FROM specimens WHERE tenant_id = \(tenant) ORDER BY id", limit: 1_000)
        #expect(back == lines)
    }

    /// Binds text as a JSON document.
    private struct JSON: SQLEncodable {
        static var sqlType: SQLType { .json }
        var sqlValue: SQLValue

        init(_ text: String?) { sqlValue = text.map(SQLValue.json) ?? .null(.json) }
    }

    struct Tally: RowDecodable {
        var name: String
        var value: Int

        init(row: SQLRow) throws(StorageError) {
            name = try row.value("name")
            value = try row.value("value")
        }
    }

    @Test(arguments: Backend.all)
    func `one statement inserts or adds and returns what stands`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        func add(_ names: [String]) async throws -> [String: Int] {
            let rows = SQLRows(names, { $0 }, { _ in 1 })
            let tallies = try await storage.writer(bypassingTenant: Specimens.system).returning(
                Tally.self, "tally.add",
                """
                WITH input(name, value) AS (\(rows: rows))
                INSERT INTO tallies (name, value) SELECT name, value FROM input WHERE true
                ON CONFLICT (name) DO UPDATE SET value = tallies.value + excluded.value RETURNING name, value
                """, limit: names.count)
            return Dictionary(uniqueKeysWithValues: tallies.map { ($0.name, $0.value) })
        }
        #expect(try await add(["a", "b"]) == ["a": 1, "b": 1])
        #expect(try await add(["b", "c"]) == ["b": 2, "c": 1])
        #expect(try await add([]) == [:])
    }

    private struct Child: Sendable {
        var id: Int
        var parent: Int
    }

    @Test(arguments: Backend.all)
    func `a combiner on a real table gives each row its own outcome`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let tenant = tenant
        try await storage.writer(for: tenant).execute(
            "parent.insert", "INSERT INTO parents VALUES (\(tenant), 1, 'one')")
        let combiner = WriteCombiner<Child, Bool>(
            name: "child.insert", settings: CombinerSettings(for: storage.dialect), key: { $0.id }
        ) { tenant, children in
            let rows = SQLRows(children, { $0.id }, { $0.parent })
            let stored = try await storage.writer(for: tenant).returning(
                Single<Int>.self, "child.insertMany",
                """
                WITH input(id, parent_id) AS (\(rows: rows))
                INSERT INTO children (tenant_id, id, parent_id) SELECT \(tenant), id, parent_id FROM input WHERE true
                ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id
                """, limit: children.count)
            let new = Set(stored.map(\.value))
            return children.map { .success(new.contains($0.id)) }
        }
        let outcomes = await withTaskGroup(of: (Int, Result<Bool, StorageError>).self) { group in
            // Each id twice; those that a hundred divides name a parent that does not exist.
            for number in 0..<1_000 {
                let child = Child(id: number % 500, parent: number % 100 == 0 ? 9 : 1)
                group.addTask {
                    do throws(StorageError) {
                        return (child.id, .success(try await combiner.submit(child, for: tenant)))
                    } catch {
                        return (child.id, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [Int: [Result<Bool, StorageError>]]()) {
                $0[$1.0, default: []].append($1.1)
            }
        }
        for (id, results) in outcomes {
            if id % 100 == 0 {
                for result in results {
                    #expect(throws: StorageError.self) { try result.get() }
                    if case .failure(let error) = result { #expect(error.code == .foreignKeyViolation) }
                }
            } else {
                #expect(try results.map { try $0.get() }.count(where: { $0 }) == 1, "child \(id)")
            }
        }
        #expect(try await storage.count("SELECT count(*) FROM children") == 495)
        #expect(combiner.statistics.inputs == 1_000)
        #expect(combiner.statistics.groups < 500)
    }

    @Test(arguments: Backend.all)
    func `rows beyond their age are deleted in batches, younger ones stay`(backend: Backend) async throws {
        let clock = SimClock()
        let storage = try await backend.lease(modules: [Specimens.module], clock: clock)
        try await storage.insertEvents(250, time: clock.now() - .seconds(3_700))
        try await storage.insertEvents(40, tenant: Specimens.other, time: clock.now() - .seconds(3_700))
        try await storage.insertEvents(30, from: 1_000, time: clock.now() - .seconds(3_500))
        var settings = Retention.Settings()
        settings.batchRows = 100
        settings.pause = .zero
        let retention = Retention(
            storage: storage, modules: [Specimens.module], clock: clock, settings: settings,
            logger: Logger(label: "test"))
        let recorded = RecordedStatements()
        storage.setRecorder(recorded)
        #expect(try await retention.sweep() == 290)
        #expect(recorded.names.count(where: { $0 == "storage.retention" }) == 3)
        #expect(try await storage.count("SELECT count(*) FROM events") == 30)
        #expect(retention.deletedRows == ["events": 290])
        clock.advance(by: .seconds(200))
        #expect(try await retention.sweep() == 30)
    }

    @Test(arguments: Backend.all)
    func `the cost of statements and rows is recorded`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let (_, cost) = try await Cost.measure {
            try await storage.insertEvents(7)
            _ = try await storage.reader(for: tenant).list(
                Single<Int>.self, "event.list", "SELECT id FROM events WHERE tenant_id = \(tenant)", limit: 5)
        }
        #expect(cost[.statements] == 2)
        #expect(cost[.rowsRead] == 5)
        #expect(cost[.rowsWritten] == 7)
        #expect(Set(storage.statistics.all.map(\.name)).isSuperset(of: ["event.list", "event.insertMany"]))
    }
}
