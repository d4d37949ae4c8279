public import Base
import Crypto

/// Brings a database to the state that the code expects, and refuses to touch one with another history.
///
/// Each migration is recorded in `capstan_migrations` with a checksum of its text and how many of its steps are done,
/// in the same transaction as the steps. Indexes on large tables are built outside of transactions where the engine can
/// do so without locking out writers; one that was left broken by a crash is dropped and built again. On PostgreSQL
/// every tenant table is given row-level security.
public struct Migrator: Sendable {
    private enum Bounds {
        /// How often a step is tried that could not get its lock.
        static let attempts = 10
    }

    private let driver: any StorageDriver
    private let modules: [SchemaModule]
    private let clock: any WallClock

    /// Names what the code expects.
    public init(driver: any StorageDriver, modules: [SchemaModule], clock: any WallClock) {
        self.driver = driver
        self.modules = modules
        self.clock = clock
    }

    /// What would be done, without doing it.
    ///
    /// - Throws: `storage.migration` when the history differs from the code's.
    public func pending() async throws -> [MigrationName] {
        try checkDeclarations()
        return try await driver.withSchemaSession { session in
            try await plan(history(session)).map(\.name)
        }
    }

    /// Does what is pending, in order, and returns what was done.
    ///
    /// Only one process migrates at a time; another one waits, then finds nothing to do.
    ///
    /// - Throws: `storage.migration` when the history differs from the code's or the declarations break a rule of
    ///   ``MigrationLint``; the error of a step that failed, which names it.
    @discardableResult
    public func run() async throws -> [MigrationName] {
        try checkDeclarations()
        return try await driver.withSchemaSession { session in
            try await session.execute(Self.historyTable)
            let plan = try plan(await history(session))
            for work in plan { try await perform(work, session) }
            if driver.dialect == .postgres { try await TenantWall(modules: modules).raise(on: session) }
            return plan.map(\.name)
        }
    }

    private func checkDeclarations() throws(StorageError) {
        let findings = MigrationLint.findings(in: modules)
        guard findings.isEmpty else {
            throw StorageError(
                .migration, "the declared migrations cannot run: " + findings.map(\.description).joined(separator: "; ")
            )
        }
    }

    // MARK: History

    private static let historyTable = """
        CREATE TABLE IF NOT EXISTS capstan_migrations (
            module text NOT NULL, number bigint NOT NULL, name text NOT NULL, checksum text NOT NULL,
            steps_done bigint NOT NULL, applied_at timestamptz NOT NULL,
            PRIMARY KEY (module, number))
        """

    private struct Record {
        var checksum: String
        var stepsDone: Int
    }

    private struct Work {
        var name: MigrationName
        var migration: Migration
        var firstStep: Int
    }

    /// What has been applied, by module and number; empty where nothing ever was.
    private func history(_ session: any SchemaSession) async throws -> [String: [Int: Record]] {
        let exists =
            driver.dialect == .postgres
            ? "SELECT 1 WHERE to_regclass('capstan_migrations') IS NOT NULL"
            : "SELECT 1 FROM sqlite_master WHERE name = 'capstan_migrations'"
        guard try await session.query(exists).rowCount > 0 else { return [:] }
        let rows = try await session.query(
            "SELECT module, number, checksum, steps_done FROM capstan_migrations ORDER BY module, number")
        var history: [String: [Int: Record]] = [:]
        for index in 0..<rows.rowCount {
            let row = SQLRow(source: rows, index: index)
            history[try row.value(at: 0), default: [:]][try row.value(at: 1)] = Record(
                checksum: try row.value(at: 2), stepsDone: try row.value(at: 3))
        }
        return history
    }

    private func plan(_ history: [String: [Int: Record]]) throws(StorageError) -> [Work] {
        var plan: [Work] = []
        for module in modules {
            let applied = history[module.name] ?? [:]
            if let ahead = applied.keys.max(), ahead > module.migrations.count {
                throw StorageError(
                    .migration,
                    "the database has migration \(ahead) of \(module.name), the code knows \(module.migrations.count): "
                        + "a newer version has migrated it; run that one")
            }
            var isBehind = false
            for migration in module.migrations {
                let name = MigrationName(module: module.name, number: migration.number, name: migration.name)
                guard let record = applied[migration.number] else {
                    isBehind = true
                    plan.append(Work(name: name, migration: migration, firstStep: 0))
                    continue
                }
                guard !isBehind else {
                    throw StorageError(.migration, "\(name) was applied, but one before it was not: restore a backup")
                }
                guard record.checksum == migration.checksum else {
                    throw StorageError(
                        .migration,
                        "\(name) was changed after it had been applied: put it back as it was and add a new one")
                }
                if record.stepsDone < migration.steps.count {
                    isBehind = true
                    plan.append(Work(name: name, migration: migration, firstStep: record.stepsDone))
                }
            }
        }
        return plan
    }

    // MARK: Steps

    /// Runs the steps that are left: those between two indexes in one transaction, with the note that they are done.
    private func perform(_ work: Work, _ session: any SchemaSession) async throws {
        let steps = work.migration.steps
        var next = work.firstStep
        repeat {
            var end = next
            var statements: [String] = []
            while end < steps.count, !steps[end].isIndex {
                if let text = steps[end].text(for: driver.dialect) { statements.append(text) }
                end += 1
            }
            if driver.dialect == .postgres {
                statements += TenantWall(modules: modules).statements(forTablesMadeBy: statements)
            }
            if end == next, next < steps.count {
                if case .index(let name, let table, let definition, let isUnique) = steps[next] {
                    let index = Index(name: name, table: table, definition: definition, isUnique: isUnique)
                    try await named(work.name) { () throws(StorageError) in try await build(index, session) }
                }
                end += 1
            }
            statements.append(note(work, stepsDone: end))
            if driver.dialect == .postgres { statements.insert("SET LOCAL lock_timeout = '2s'", at: 0) }
            try await named(work.name) { () throws(StorageError) in
                try await retried { () throws(StorageError) in try await session.transaction(statements) }
            }
            next = end
        } while next < steps.count
    }

    private func note(_ work: Work, stepsDone: Int) -> String {
        let now = clock.now()
        let time = driver.dialect == .postgres ? "'\(now)'" : String(now.microseconds)
        return """
            INSERT INTO capstan_migrations (module, number, name, checksum, steps_done, applied_at)
            VALUES (\(work.name.module.quoted), \(work.name.number), \(work.name.name.quoted),
                '\(work.migration.checksum)', \(stepsDone), \(time))
            ON CONFLICT (module, number) DO UPDATE
            SET steps_done = excluded.steps_done, applied_at = excluded.applied_at
            """
    }

    private struct Index {
        var name: String
        var table: String
        var definition: String
        var isUnique: Bool

        func statement(_ words: String) -> String {
            "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(words) \(name) ON \(table) \(definition)"
        }
    }

    /// Builds an index without locking writers out, where the engine can.
    ///
    /// May be repeated.
    private func build(_ index: Index, _ session: any SchemaSession) async throws(StorageError) {
        guard driver.dialect == .postgres else {
            return try await session.execute(index.statement("IF NOT EXISTS"))
        }
        try await retried { () throws(StorageError) in
            let found = try await session.query(
                """
                SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
                WHERE c.relname = \(index.name.quoted) AND c.relnamespace = current_schema()::regnamespace
                """)
            if found.rowCount == 1 {
                if found.value(row: 0, column: 0) == .bool(true) { return }
                // A crash or a violated key left it behind: it costs every write and serves no read.
                try await session.execute("DROP INDEX CONCURRENTLY IF EXISTS \(index.name)")
            }
            try await session.execute(index.statement("CONCURRENTLY"))
        }
    }

    /// Tries again while another transaction stands in the way, with growing pauses: 0.1 to 5 seconds.
    private func retried(_ work: () async throws(StorageError) -> Void) async throws(StorageError) {
        var attempt = 1
        while true {
            do throws(StorageError) {
                return try await work()
            } catch {
                let isWorthIt = error.isRetryable || error.code == .lockTimeout
                guard isWorthIt, attempt < Bounds.attempts else { throw error }
            }
            do {
                try await clock.sleep(for: .milliseconds(min(5_000, 100 << (attempt - 1))))
            } catch {
                throw StorageError(.cancelled, "the migration was cancelled", underlying: error)
            }
            attempt += 1
        }
    }

    private func named(
        _ name: MigrationName, _ work: () async throws(StorageError) -> Void
    ) async throws(StorageError) {
        do throws(StorageError) {
            try await work()
        } catch {
            var context = error.context
            context["migration"] = name.description
            throw StorageError(
                .migration, "\(name) failed and was undone: \(error.message)", context: context, underlying: error)
        }
    }
}

/// Which migration is meant.
public struct MigrationName: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The module.
    public let module: String
    /// The place in the module's history.
    public let number: Int
    /// What it does.
    public let name: String

    /// As in `tournament 3 (votes by clip)`.
    public var description: String { "\(module) \(number) (\(name))" }
}

extension Migration {
    /// SHA-256 over the name and all steps of both engines, in hexadecimal.
    var checksum: String {
        var text = name
        for step in steps {
            switch step {
            case .both(let statement): text += "\u{0}both\u{0}\(statement)"
            case .postgres(let statement): text += "\u{0}postgres\u{0}\(statement)"
            case .sqlite(let statement): text += "\u{0}sqlite\u{0}\(statement)"
            case .index(let name, let table, let definition, let isUnique):
                text += "\u{0}index\u{0}\(name)\u{0}\(table)\u{0}\(definition)\u{0}\(isUnique)"
            }
        }
        return SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

extension Migration.Step {
    var isIndex: Bool { if case .index = self { true } else { false } }

    /// The statement for an engine; `nil` when the step is not for it.
    func text(for dialect: Dialect) -> String? {
        switch self {
        case .both(let text): text
        case .postgres(let text): dialect == .postgres ? text : nil
        case .sqlite(let text): dialect == .sqlite ? text : nil
        case .index: nil
        }
    }
}

extension String {
    /// As a literal of SQL.
    var quoted: String { "'" + replacing("'", with: "''") + "'" }
}
