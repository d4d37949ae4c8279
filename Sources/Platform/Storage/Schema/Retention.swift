public import Base
public import Logging
import Synchronization

/// Deletes rows that are older than their table's declaration allows, in small batches.
///
/// Several nodes may do it at the same time. A table that fails is logged and tried again at the next sweep.
public final class Retention: Sendable {
    /// Bounds of a sweep.
    public struct Settings: Sendable {
        /// Rows in one statement.
        ///
        /// Defaults to 500; 1 to 10,000.
        public var batchRows = 500
        /// Pause after each full batch, in which others write.
        ///
        /// Defaults to 20 milliseconds; 0 to 1 minute.
        public var pause: Duration = .milliseconds(20)
        /// Batches of one table in a sweep; the next sweep goes on.
        ///
        /// Defaults to 2,000; 1 to 1,000,000.
        public var batchesMax = 2_000

        /// The defaults.
        public init() {}

        func check() {
            precondition((1...10_000).contains(batchRows), "batches of \(batchRows) rows: 1 to 10,000 are possible")
            precondition(
                (.zero ... .seconds(60)).contains(pause), "a pause of \(pause): 0 to 1 minute are possible")
            precondition((1...1_000_000).contains(batchesMax), "\(batchesMax) batches: 1 to 1,000,000 are possible")
        }
    }

    /// The right by which it works.
    public static let capability = SystemCapability(
        name: "storage.retention", reason: "deletes what is too old, whoever owns it")

    private struct Rule {
        var table: String
        var column: String
        var age: Duration
    }

    private let storage: Storage
    private let rules: [Rule]
    private let clock: any WallClock
    private let settings: Settings
    private let logger: Logger
    private let deleted = Mutex<[String: Int]>([:])

    /// Takes the rules from the tables' declarations.
    public init(
        storage: Storage, modules: [SchemaModule], clock: any WallClock, settings: Settings = Settings(), logger: Logger
    ) {
        settings.check()
        self.storage = storage
        self.clock = clock
        self.settings = settings
        self.logger = logger
        rules = modules.flatMap(\.tables).compactMap { table in
            guard case .after(let column, let age) = table.retention else { return nil }
            return Rule(table: table.name, column: column, age: age)
        }
    }

    /// How many rows have been deleted since the start, by table.
    public var deletedRows: [String: Int] { deleted.withLock { $0 } }

    /// Sweeps all tables once and returns how many rows were deleted.
    ///
    /// A table that cannot be swept holds no other up; the first failure is thrown at the end.
    @discardableResult
    public func sweep() async throws -> Int {
        var total = 0
        var failure: (any Error)?
        for rule in rules {
            do {
                total += try await sweep(rule)
            } catch let error as StorageError where error.code != .cancelled {
                logger.error(
                    "retention.failed", metadata: ["table": .string(rule.table), "error": .string(error.description)])
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return total
    }

    private func sweep(_ rule: Rule) async throws -> Int {
        let statement = try await statement(for: rule)
        let writer = storage.writer(bypassingTenant: Self.capability)
        var total = 0
        for _ in 0..<settings.batchesMax {
            let rows = try await writer.execute("storage.retention", statement)
            total += rows
            deleted.withLock { $0[rule.table, default: 0] += rows }
            if rows < settings.batchRows { break }
            try await clock.sleep(for: settings.pause)
        }
        return total
    }

    /// Deletes one batch, found by whatever the engine uses to name a row.
    private func statement(for rule: Rule) async throws -> SQL {
        let due = SQL(parts: [
            .text(" FROM \(rule.table) WHERE \(rule.column) < "), .bind((clock.now() - rule.age).sqlValue),
            .text(" LIMIT \(settings.batchRows)"),
        ])
        if storage.dialect == .postgres {
            return SQL(parts: [.text("DELETE FROM \(rule.table) WHERE ctid = ANY(ARRAY(SELECT ctid")])
                .appending(due).appending(SQL(parts: [.text(" FOR UPDATE SKIP LOCKED))")]))
        }
        let columns = try await storage.reader(bypassingTenant: Self.capability).run(
            "storage.retentionKey",
            "SELECT name FROM pragma_table_info(\(rule.table)) WHERE pk > 0 ORDER BY pk", rowsMax: 32)
        var key: [String] = []
        for index in 0..<columns.rows.rowCount {
            key.append(try SQLRow(source: columns.rows, index: index).value(at: 0))
        }
        guard !key.isEmpty else {
            throw StorageError(.setup, "the table \(rule.table) has no primary key, by which its rows could be deleted")
        }
        let names = key.joined(separator: ", ")
        return SQL(parts: [.text("DELETE FROM \(rule.table) WHERE (\(names)) IN (SELECT \(names)")])
            .appending(due).appending(SQL(parts: [.text(")")]))
    }
}
