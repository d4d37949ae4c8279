import Foundation
public import Storage

/// Asks PostgreSQL how it would run statements that a test has recorded, and finds those that look at whole tables.
///
/// The tables must hold as many rows as in earnest, and be analysed: ``analyse(_:)``.
public struct PlanInspector: Sendable {
    /// A statement that would be slow.
    public struct Finding: Sendable, CustomStringConvertible {
        /// The statement's name.
        public let statement: String
        /// What is wrong with its plan.
        public let problem: String
        /// The plan, as the server drew it.
        public let plan: String

        /// Everything.
        public var description: String { "\(statement): \(problem)\n\(plan)" }
    }

    private let driver: any StorageDriver
    private let largeTables: Set<String>
    private let sortedRowsMax: Double

    /// Names the tables that are large in earnest.
    ///
    /// - Parameters:
    ///   - driver: PostgreSQL.
    ///   - largeTables: Tables of which no statement may read all rows.
    ///   - sortedRowsMax: How many rows a statement may sort.
    public init(driver: any StorageDriver, largeTables: Set<String>, sortedRowsMax: Int = 2_000) {
        self.driver = driver
        self.largeTables = largeTables
        self.sortedRowsMax = Double(sortedRowsMax)
    }

    /// Has the server count what its planner must know.
    public static func analyse(_ driver: any StorageDriver) async throws {
        try await driver.withSchemaSession { try await $0.execute("ANALYZE") }
    }

    /// What is wrong with the plans of recorded statements, each name and text once.
    public func findings(in recorded: RecordedStatements) async throws -> [Finding] {
        var findings: [Finding] = []
        for entry in recorded.distinct { findings += try await inspect(entry) }
        return findings
    }

    /// The steps of a recorded statement's plan as SQLite tells them.
    public static func steps(
        of entry: RecordedStatements.Entry, on driver: any StorageDriver
    ) async throws -> [String] {
        let result = try await plan(of: entry, on: driver, as: .sqlite)
        return (0..<result.rows.rowCount).map { row in
            var text: [UInt8] = []
            _ = result.rows.appendText(row: row, column: 3, to: &text)
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Asks for a statement's plan: that of a write with the right to write, and it is not carried out.
    private static func plan(
        of entry: RecordedStatements.Entry, on driver: any StorageDriver, as dialect: Dialect
    ) async throws -> StatementResult {
        let request = StatementRequest(
            name: "plan." + entry.request.name, sql: entry.request.sql.explained(for: dialect), rowsMax: 1_000)
        let open = try await driver.begin(scope: entry.scope, access: .write, freshness: .primary)
        do {
            let result = try await open.run(request)
            await open.rollback()
            return result
        } catch {
            await open.rollback()
            throw error
        }
    }

    private func inspect(_ entry: RecordedStatements.Entry) async throws -> [Finding] {
        guard driver.dialect == .postgres else {
            throw StorageError(.setup, "plans are inspected on PostgreSQL: its planner knows how large tables are")
        }
        let result = try await Self.plan(of: entry, on: driver, as: .postgres)
        var text: [UInt8] = []
        for row in 0..<result.rows.rowCount { _ = result.rows.appendText(row: row, column: 0, to: &text) }
        guard let plans = try JSONSerialization.jsonObject(with: Data(text)) as? [[String: Any]],
            let root = plans.first?["Plan"] as? [String: Any]
        else { throw StorageError(.rowMismatch, "the plan of \(entry.request.name) is no JSON that is understood") }
        let drawing = draw(root, depth: 0)
        return problems(root).map { Finding(statement: entry.request.name, problem: $0, plan: drawing) }
    }

    private func problems(_ node: [String: Any]) -> [String] {
        var problems: [String] = []
        let type = node["Node Type"] as? String ?? ""
        let rows = (node["Plan Rows"] as? NSNumber)?.doubleValue ?? 0
        if type == "Seq Scan", let table = node["Relation Name"] as? String, largeTables.contains(table) {
            problems.append("reads all of \(table): an index is missing or does not fit")
        }
        if type == "Sort", rows > sortedRowsMax {
            problems.append("sorts \(Int(rows)) rows: no index has that order")
        }
        for child in node["Plans"] as? [[String: Any]] ?? [] { problems += self.problems(child) }
        return problems
    }

    private func draw(_ node: [String: Any], depth: Int) -> String {
        var line = String(repeating: "  ", count: depth) + (node["Node Type"] as? String ?? "?")
        for key in ["Relation Name", "Index Name", "Index Cond", "Filter", "Sort Key", "Plan Rows"] {
            if let value = node[key] { line += " [\(key): \(value)]" }
        }
        return ([line] + (node["Plans"] as? [[String: Any]] ?? []).map { draw($0, depth: depth + 1) })
            .joined(separator: "\n")
    }
}
