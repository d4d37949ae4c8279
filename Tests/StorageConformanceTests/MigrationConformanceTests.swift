import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct MigrationConformanceTests {
    static func module(_ migrations: [Migration]) -> SchemaModule {
        SchemaModule(name: "notes", tables: [TableDeclaration("notes")], migrations: migrations)
    }

    static let first = Migration(
        1, "notes",
        [
            .both(
                "CREATE TABLE notes (tenant_id uuid NOT NULL, id uuid NOT NULL, body text NOT NULL, "
                    + "PRIMARY KEY (tenant_id, id))"),
            .both("CREATE INDEX notes_by_body ON notes (tenant_id, body)"),
        ])
    static let second = Migration(
        2, "a column and an index",
        [
            .both("ALTER TABLE notes ADD COLUMN size bigint NOT NULL DEFAULT 0"),
            .index(name: "notes_by_size", on: "notes", definition: "(tenant_id, size)"),
            .both("ALTER TABLE notes ADD COLUMN colour text"),
        ])

    private func migrator(_ driver: any StorageDriver, _ migrations: [Migration]) -> Migrator {
        Migrator(driver: driver, modules: [Self.module(migrations)], clock: SystemClock())
    }

    @Test(arguments: Backend.all)
    func `a fresh database gets all migrations in order, a second run finds nothing to do`(
        backend: Backend
    ) async throws {
        let driver = try await backend.leaseDriver(modules: [])
        let migrator = migrator(driver, [Self.first, Self.second])
        #expect(try await migrator.pending().map(\.number) == [1, 2])
        #expect(try await migrator.run().map(\.number) == [1, 2])
        #expect(try await migrator.pending().isEmpty)
        #expect(try await migrator.run().isEmpty)
        let rows = try await driver.withSchemaSession { session in
            try await session.query("SELECT size, colour FROM notes").rowCount
        }
        #expect(rows == 0)
    }

    @Test(arguments: Backend.all)
    func `a migration that was changed after it was applied is refused`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [])
        try await migrator(driver, [Self.first]).run()
        let changed = Migration(1, "notes", Self.first.steps.dropLast())
        for work in [
            { try await migrator(driver, [changed]).pending() }, { try await migrator(driver, [changed]).run() },
        ] {
            let error = try await #require(throws: StorageError.self) { _ = try await work() }
            #expect(error.code == .migration)
            #expect(error.message.contains("notes 1"))
        }
    }

    @Test(arguments: Backend.all)
    func `a database of a newer version is refused`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [])
        try await migrator(driver, [Self.first, Self.second]).run()
        let error = try await #require(throws: StorageError.self) { try await migrator(driver, [Self.first]).run() }
        #expect(error.code == .migration)
        #expect(error.message.contains("newer"))
    }

    @Test(arguments: Backend.all)
    func `a gap in the numbers is refused before anything runs`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [])
        let gap = Migration(3, "late", [.both("ALTER TABLE notes ADD COLUMN late text")])
        let error = try await #require(throws: StorageError.self) {
            try await migrator(driver, [Self.first, gap]).run()
        }
        #expect(error.code == .migration)
        #expect(try await migrator(driver, [Self.first]).pending().count == 1)
    }

    @Test(arguments: Backend.all)
    func `a migration that fails leaves nothing and can be tried again`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [])
        let broken = Migration(1, "notes", Self.first.steps + [.both("INSERT INTO nowhere VALUES (1)")])
        let error = try await #require(throws: StorageError.self) { try await migrator(driver, [broken]).run() }
        #expect(error.code == .migration)
        #expect(error.context["migration"] == "notes 1 (notes)")
        try await migrator(driver, [Self.first]).run()
    }

    @Test(arguments: Backend.all)
    func `a unique index that the rows violate is built once they do not`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Self.module([Self.first])])
        let tenant = Tenant(ID(high: 1, low: 1))
        for low in 1...2 {
            try await storage.writer(for: tenant).execute(
                "note.insert",
                "INSERT INTO notes VALUES (\(tenant), \(ID<Tenant>(high: 2, low: UInt64(low))), \("same"))")
        }
        let unique = Migration(
            2, "unique", [.index(name: "notes_unique", on: "notes", definition: "(tenant_id, body)", isUnique: true)])
        let error = try await #require(throws: StorageError.self) {
            try await migrator(storage.driver, [Self.first, unique]).run()
        }
        #expect((error.underlying as? StorageError)?.code == .uniqueViolation)
        try await storage.writer(for: tenant).execute(
            "note.delete",
            "DELETE FROM notes WHERE tenant_id = \(tenant) AND id = \(ID<Tenant>(high: 2, low: 2))")
        #expect(try await migrator(storage.driver, [Self.first, unique]).run().map(\.number) == [2])
    }

    @Test(arguments: Backend.all)
    func `migrators at the same time do the work once`(backend: Backend) async throws {
        let driver = try await backend.leaseDriver(modules: [])
        let migrator = migrator(driver, [Self.first, Self.second])
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try await migrator.run().count } }
            return try await group.reduce(0, +)
        }
        #expect(done == 2)
    }
}
