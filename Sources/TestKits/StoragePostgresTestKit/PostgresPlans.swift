import Foundation
public import Storage
public import StoragePostgres
import Synchronization

/// Remembers every statement that is sent, once each, and has PostgreSQL explain how it would run them.
///
/// ```swift
/// let plans = PostgresPlans()
/// storage.setRecorder(plans)
/// … the code under test, on a database filled with a large data set and analysed …
/// #expect(try await plans.findings(on: driver).isEmpty)
/// ```
///
/// At most 4,096 statements.
public final class PostgresPlans: StatementRecorder {
    /// A statement whose cost grows with a table.
    public struct Finding: Sendable, CustomStringConvertible {
        /// The statement's name.
        public let statement: String
        /// What its plan does.
        public let problem: String
        /// The text that was explained.
        public let text: String
        /// The plan, one line per node.
        public let plan: String

        /// Name, problem, text and plan.
        public var description: String { "\(statement) \(problem)\n\(text)\n\(plan)" }
    }

    private let statements = Mutex<[String: StatementRequest]>([:])

    /// Remembers nothing yet.
    public init() {}

    /// Takes note of a statement.
    public func willSend(_ request: StatementRequest, scope: Scope) {
        statements.withLock { statements in
            guard statements[request.sql.text] == nil else { return }
            precondition(statements.count < 4_096, "a test sends more than 4,096 different statements to its plans")
            statements[request.sql.text] = request
        }
    }

    /// The names of the statements, in order of the alphabet.
    public var names: [String] { statements.withLock { Set($0.values.map(\.name)).sorted() } }

    /// Explains all statements and looks for those that scan or sort a big table.
    ///
    /// - Parameters:
    ///   - driver: On the filled database, after `ANALYZE`.
    ///   - rowsMin: From how many rows on a table or a sort is big.
    ///   - exceptions: Names of statements that may, each with the reason.
    /// - Returns: What was found, in order of the statements' names; empty when all is well.
    /// - Throws: `storage.notOne` when no table is big, as nothing would be proved then.
    public func findings(
        on driver: PostgresStorage, rowsMin: Int = 10_000, exceptions: [String: String] = [:]
    ) async throws -> [Finding] {
        let tables = try await Self.bigTables(driver, rowsMin: rowsMin)
        guard !tables.isEmpty else {
            throw StorageError(.notOne, "no table has \(rowsMin) rows or more: fill and analyse the database first")
        }
        var findings: [Finding] = []
        for request in statements.withLock({ $0.values.sorted { ($0.name, $0.sql.text) < ($1.name, $1.sql.text) } })
        where exceptions[request.name] == nil {
            let plan = try await PlanNode.read(driver.explain(name: request.name, sql: request.sql))
            for problem in plan.problems(tables: tables, rowsMin: Double(rowsMin)) {
                findings.append(
                    Finding(statement: request.name, problem: problem, text: request.sql.text, plan: plan.shown()))
            }
        }
        return findings
    }

    private static func bigTables(_ driver: PostgresStorage, rowsMin: Int) async throws -> Set<String> {
        let sql: SQL = """
            SELECT c.relname::text FROM pg_catalog.pg_class c
            WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace <> 'pg_catalog'::regnamespace
            AND c.reltuples >= \(rowsMin)
            """
        let rows = try await driver.run(
            StatementRequest(name: "plans.bigTables", sql: sql.rendered(for: .postgres), rowsMax: 10_000),
            scope: .system(SystemCapability(name: "test.plans", reason: "reads the catalogue")), access: .read,
            freshness: .primary
        ).rows
        return Set((0..<rows.rowCount).compactMap { String.decode(rows.value(row: $0, column: 0)) })
    }
}

/// A node of a plan, as `EXPLAIN (FORMAT JSON)` tells it.
struct PlanNode {
    let type: String
    let relation: String?
    let index: String?
    let rows: Double
    let condition: String?
    let children: [PlanNode]

    /// Reads the whole plan.
    static func read(_ json: String) throws -> PlanNode {
        guard let list = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]],
            let plan = list.first?["Plan"] as? [String: Any]
        else { throw StorageError(.rowMismatch, "a plan is not in the form of EXPLAIN (FORMAT JSON)") }
        return PlanNode(plan)
    }

    private init(_ node: [String: Any]) {
        type = node["Node Type"] as? String ?? ""
        relation = node["Relation Name"] as? String
        index = node["Index Name"] as? String
        rows = (node["Plan Rows"] as? NSNumber)?.doubleValue ?? 0
        condition = ["Index Cond", "Filter", "Sort Key"].compactMap { key in
            node[key].map { value in "\(key): \((value as? [String])?.joined(separator: ", ") ?? "\(value)")" }
        }.joined(separator: "; ")
        children = (node["Plans"] as? [[String: Any]] ?? []).map(PlanNode.init)
    }

    /// What the plan does that grows with a big table.
    func problems(tables: Set<String>, rowsMin: Double) -> [String] {
        var problems = children.flatMap { $0.problems(tables: tables, rowsMin: rowsMin) }
        if type == "Seq Scan", let relation, tables.contains(relation) { problems.append("scans all of \(relation)") }
        if type == "Sort", let input = children.first, input.rows >= rowsMin {
            problems.append("sorts some \(Int(input.rows)) rows")
        }
        return problems
    }

    /// One line per node, children further right.
    func shown(depth: Int = 0) -> String {
        let place = [relation.map { " on \($0)" }, index.map { " by \($0)" }].compactMap { $0 }.joined()
        let own = String(repeating: "  ", count: depth) + "\(type)\(place), \(Int(rows)) rows  \(condition ?? "")"
        return ([own] + children.map { $0.shown(depth: depth + 1) }).joined(separator: "\n")
    }
}
