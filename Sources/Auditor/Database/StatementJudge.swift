import Foundation
import Storage
import StoragePostgres

/// Looks at the statements that cost most: their plans, and what an index would change about them.
struct StatementJudge {
    enum Bounds {
        static let planned = 100
        static let proposals = 40
        /// Below this many rows reading the whole table is what a good plan does.
        static let largeTableRows = 10_000.0
        /// An index is proposed when it takes at least this share off the plan's cost.
        static let gain = 0.3
        static let hotShare = 0.2
        static let manyRows = 1_000.0
        static let heavyUpdateBytes = 64_000.0
    }

    struct Result: Sendable {
        var findings: [Finding] = []
        var notJudged: [NotJudged] = []
        var planned = 0
    }

    let catalogue: Catalogue
    let book: RuleBook
    let inspection: PostgresInspection

    func judge() async -> Result {
        var result = Result()
        guard !catalogue.statements.isEmpty else { return result }
        let total = catalogue.statements.reduce(0) { $0 + $1.totalMilliseconds }
        var refused = 0
        var proposed: Set<String> = []
        for (index, statement) in catalogue.statements.enumerated() where Self.isPlanned(statement.text) {
            result.findings += counted(statement, total: total)
            guard index < Bounds.planned else { continue }
            do {
                let plan = try await explain(statement.text, number: index)
                result.planned += 1
                guard result.findings.count < 5_000, proposed.count < Bounds.proposals else { continue }
                result.findings += await propose(statement, plan, total: total, &proposed)
            } catch {
                // Parameters whose types the server cannot infer, and tables of other roles: counted, and said.
                refused += 1
            }
        }
        if refused > 0 {
            result.notJudged.append(
                NotJudged(
                    rule: "plans",
                    reason: "\(refused) hot statements could not be planned without their parameters' types",
                    remedy: "PostgreSQL 16 plans them; or look at them with EXPLAIN and real values"))
        }
        if !catalogue.extensions.contains("hypopg") {
            result.notJudged.append(
                NotJudged(
                    rule: "missing-index",
                    reason: "the extension hypopg is not installed, so no proposed index was tried against the planner",
                    remedy: "CREATE EXTENSION hypopg, in this database or in a copy of it"))
        }
        return result
    }

    private static func isPlanned(_ text: String) -> Bool {
        let word = text.drop { $0.isWhitespace || $0 == "(" }.prefix { $0.isLetter }.uppercased()
        return ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].contains(word) && !text.contains("pg_stat_statements")
    }

    // MARK: Counters

    private func counted(_ statement: Catalogue.Statement, total: Double) -> [Finding] {
        var findings: [Finding] = []
        let shape = StatementShape(statement.text)
        let table = shape.flatMap { catalogue.table($0.table) }
        let fingerprint = SQLTree.fingerprint(statement.text) ?? Fingerprint.of(statement.text)
        let share = total > 0 ? statement.totalMilliseconds / total : 0
        if share >= Bounds.hotShare, statement.calls >= 10, let rule = book.rules["hot-statement"] {
            findings.append(
                make(
                    rule, statement, fingerprint, table?.key, severity: share >= 0.5 ? .high : .medium,
                    "one statement takes \(Figures.text(share * 100)) % of the time of all statements"))
        }
        let rows = statement.calls > 0 ? statement.rows / statement.calls : 0
        if shape?.verb == "select", rows >= Bounds.manyRows, let rule = book.rules["unbounded-result"] {
            findings.append(
                make(
                    rule, statement, fingerprint, table?.key, severity: rows >= 10_000 ? .high : .medium,
                    "a call gives \(Figures.text(rows)) rows on average"))
        }
        let logged = statement.walBytes / max(1, statement.calls)
        if shape?.verb == "update", logged >= Bounds.heavyUpdateBytes, statement.calls >= 5,
            let rule = book.rules["unbounded-json"]
        {
            findings.append(
                make(
                    rule, statement, fingerprint, table?.key, severity: logged >= 1_000_000 ? .high : .medium,
                    "an update writes \(Figures.text(logged / 1_000)) kB of log on average: it rewrites large values"))
        }
        let perSecond = statement.calls / max(1, catalogue.counterSeconds)
        if shape?.verb == "select", let table, table.rows < 100, table.writes < statement.calls / 100, perSecond >= 1,
            let rule = book.rules["uncached-flag"]
        {
            findings.append(
                make(
                    rule, statement, fingerprint, table.key, severity: .medium,
                    "a table of \(Figures.text(table.rows)) rows, hardly ever written, is asked \(Figures.text(perSecond)) times a second"
                ))
        }
        return findings
    }

    private func make(
        _ rule: AuditRule, _ statement: Catalogue.Statement, _ fingerprint: String, _ table: String?,
        severity: Severity,
        _ summary: String, fix: Finding.Fix? = nil, trial: Finding.Trial? = nil, projection: Projection? = nil
    ) -> Finding {
        DatabaseFinding(rule: rule, window: catalogue.window).make(
            object: table ?? "statement", fingerprint: fingerprint, severity: severity, summary: summary,
            numbers: [
                Finding.Quantity(name: "calls", value: statement.calls, unit: "calls"),
                Finding.Quantity(name: "mean", value: statement.meanMilliseconds, unit: "ms"),
                Finding.Quantity(name: "total", value: statement.totalMilliseconds, unit: "ms"),
                Finding.Quantity(name: "rows a call", value: statement.rows / max(1, statement.calls), unit: "rows"),
            ],
            command:
                "SELECT calls, mean_exec_time, rows FROM pg_stat_statements WHERE query LIKE '\(Self.start(statement.text))%'",
            table: table, statement: String(statement.text.prefix(2_000)), projection: projection, fix: fix,
            trial: trial)
    }

    private static func start(_ text: String) -> String {
        String(text.prefix(40)).replacing("'", with: "''").replacing("\n", with: " ")
    }

    // MARK: Plans

    struct Plan {
        var cost: Double
        /// Tables that are read whole with a filter, each with the rows that remain.
        var filtered: [(table: String, rows: Double)]
    }

    private func explain(_ text: String, number: Int) async throws(StorageError) -> Plan {
        let statement = text.trimmed.hasSuffix(";") ? String(text.trimmed.dropLast()) : text
        if catalogue.version >= 160_000 {
            let answer = try await inspection.look(["EXPLAIN (GENERIC_PLAN, FORMAT JSON) \(statement)"])
            return Self.plan(answer.last?.first?.first.flatMap { $0 } ?? "")
        }
        let name = "capstan_audit_\(number)"
        let count = Self.parameters(of: statement)
        let nulls = count > 0 ? "(" + Array(repeating: "NULL", count: count).joined(separator: ", ") + ")" : ""
        do {
            let answers = try await inspection.look(
                [
                    "PREPARE \(name) AS \(statement)", "EXPLAIN (FORMAT JSON) EXECUTE \(name)\(nulls)",
                    "DEALLOCATE \(name)",
                ],
                settings: ["plan_cache_mode": "force_generic_plan"])
            return Self.plan(answers[1].first?.first.flatMap { $0 } ?? "")
        } catch {
            // A prepared statement outlives its transaction; when there is none, the server says so, which is as good.
            _ = try? await inspection.look(["DEALLOCATE \(name)"])
            throw error
        }
    }

    /// The largest `$n` of a statement.
    static func parameters(of text: String) -> Int {
        text.split(separator: "$").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }.max() ?? 0
    }

    static func plan(_ json: String) -> Plan {
        // The server's own output; what cannot be read is a plan without a finding.
        guard let list = try? JSONSerialization.jsonObject(with: Data(json.utf8)),
            let top = SQLNode(list).list.first?["Plan"]
        else { return Plan(cost: 0, filtered: []) }
        var plan = Plan(cost: (top["Total Cost"]?.value as? NSNumber)?.doubleValue ?? 0, filtered: [])
        read(top, into: &plan)
        return plan
    }

    private static func read(_ node: SQLNode, into plan: inout Plan) {
        if node["Node Type"]?.string == "Seq Scan", node["Filter"] != nil, let table = node["Relation Name"]?.string {
            plan.filtered.append((table, (node["Plan Rows"]?.value as? NSNumber)?.doubleValue ?? 0))
        }
        for child in node["Plans"]?.list ?? [] { read(child, into: &plan) }
    }

    // MARK: Proposals

    private func propose(
        _ statement: Catalogue.Statement, _ plan: Plan, total: Double, _ proposed: inout Set<String>
    ) async -> [Finding] {
        guard let rule = book.rules["missing-index"], let shape = StatementShape(statement.text),
            let scan = plan.filtered.first(where: { $0.table == shape.table }),
            let table = catalogue.table(shape.table), table.rows >= Bounds.largeTableRows
        else { return [] }
        var columns: [String] = []
        for name in shape.equal + shape.listed + shape.order.prefix(1).map(\.column) + shape.ranged.prefix(1)
        where !columns.contains(name) { columns.append(name) }
        columns = Array(columns.prefix(3))
        guard !columns.isEmpty, proposed.insert("\(table.key)(\(columns))").inserted else { return [] }
        let on = "\(SchemaPass.quoted(table.schema)).\(SchemaPass.quoted(table.name))"
        let definition = "CREATE INDEX ON \(on) (\(columns.map(SchemaPass.quoted).joined(separator: ", ")))"
        let tried = await tryIndex(definition, for: statement.text, before: plan.cost)
        // An index that the planner would not use is not proposed.
        if let tried, tried.after > plan.cost * (1 - Bounds.gain) { return [] }
        let share = total > 0 ? statement.totalMilliseconds / total : 0
        let trial = tried.map { tried in
            Finding.Trial(
                method: "hypothetical index (hypopg) and a generic plan",
                result:
                    "about \(Figures.text(tried.bytes / 1_000_000)) MB; \(Figures.text(table.writes)) writes of the table would "
                    + "keep it, over \(catalogue.window)",
                costBefore: plan.cost, costAfter: tried.after)
        }
        return [
            make(
                rule, statement, SQLTree.fingerprint(statement.text) ?? Fingerprint.of(statement.text), table.key,
                severity: share >= 0.2 ? .critical : share >= 0.05 ? .high : .medium,
                "\(table.key) of \(Figures.text(table.rows)) rows is read whole for about \(Figures.text(scan.rows)) of them",
                fix: Finding.Fix(
                    summary: rule.fix,
                    code: definition.replacing("CREATE INDEX", with: "CREATE INDEX CONCURRENTLY") + ";",
                    undo: "DROP INDEX CONCURRENTLY of the name it was given"), trial: trial,
                projection: .measured(
                    .linear, with: "rows of \(table.key)", exhausting: "time of the statement",
                    over: Projection.Measured(low: 0, high: table.rows, unit: "rows"),
                    cost: statement.meanMilliseconds...max(statement.meanMilliseconds, statement.maxMilliseconds),
                    unit: "ms",
                    at: [table.rows, table.rows * 2, table.rows * 10]))
        ]
    }

    private func tryIndex(
        _ definition: String, for text: String, before: Double
    ) async -> (after: Double, bytes: Double)? {
        guard catalogue.extensions.contains("hypopg") else { return nil }
        let quoted = definition.replacing("'", with: "''")
        let create = "SELECT indexrelid, hypopg_relation_size(indexrelid)::float8 FROM hypopg_create_index('\(quoted)')"
        // A trial that fails is no trial: the finding then says that nothing was tried.
        guard let made = try? await inspection.look([create]) else { return nil }
        let bytes = made[0].first?[1].flatMap(Double.init) ?? 0
        let after = try? await explain(text, number: 9_999)  // The same.
        // Hypothetical indexes are memory of this session; the next trial must not see this one.
        // A session that ended has forgotten them too.
        _ = try? await inspection.look(["SELECT hypopg_reset()"])
        return after.map { ($0.cost, bytes) }
    }
}
