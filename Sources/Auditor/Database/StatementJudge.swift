import Foundation

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
        /// Wider values are hardly compared whole, and the widest do not fit into a page of an index.
        static let indexedWidth = 500.0
        /// So many changes of one row in the window make it hot.
        static let hotChanges = 200.0
    }

    struct Result: Sendable {
        var findings: [Finding] = []
        var notJudged: [NotJudged] = []
        var planned = 0
    }

    let catalogue: Catalogue
    let book: RuleBook
    let planner: Planner

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
                guard let plan = try await planner.plan(statement.text, number: index) else { continue }
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
        if !planner.canTry {
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
        return findings + hotRow(statement, shape, table, fingerprint, perSecond: perSecond)
    }

    /// An UPDATE that adds to a column of a row that its key names, on a table of few rows.
    private func hotRow(
        _ statement: Catalogue.Statement, _ shape: StatementShape?, _ table: Catalogue.Table?, _ fingerprint: String,
        perSecond: Double
    ) -> [Finding] {
        guard let rule = book.rules["hot-row"], let shape, let table, shape.verb == "update", shape.adds, !shape.isOpen,
            statement.calls >= Bounds.hotChanges, statement.calls >= Bounds.hotChanges * max(1, table.rows),
            catalogue.indexes.contains(where: { index in
                index.table == table.name && index.isUnique && Set(index.columns).isSubset(of: Set(shape.equal))
            })
        else { return [] }
        let waits = statement.maxMilliseconds / max(0.001, statement.meanMilliseconds)
        return [
            make(
                rule, statement, fingerprint, table.key,
                severity: perSecond >= 50 || waits >= 1_000 ? .high : perSecond >= 5 ? .medium : .low,
                "\(Figures.text(statement.calls)) changes fell on \(Figures.text(max(1, table.rows))) rows of \(table.key); "
                    + "the longest took \(Figures.text(waits)) times the mean",
                projection: .measured(
                    .little, with: "changes of that row a second", exhausting: rule.resource,
                    over: Projection.Measured(low: 0, high: max(perSecond, 1e-6), unit: "changes a second"),
                    cost: (statement.meanMilliseconds * perSecond / 1_000)...(statement.maxMilliseconds * perSecond
                        / 1_000), unit: "transactions at once on one lock", at: [perSecond, perSecond * 2]))
        ]
    }

    /// Values of a column that are wide do not fit into an index.
    private func isNarrow(_ column: String, in table: Catalogue.Table) -> Bool {
        let width = catalogue.statistics.first { $0.table == table.key && $0.column == column }?.width ?? 0
        return width <= Bounds.indexedWidth
    }

    func make(
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

    // MARK: Proposals

    private func propose(
        _ statement: Catalogue.Statement, _ plan: Planner.Plan, total: Double, _ proposed: inout Set<String>
    ) async -> [Finding] {
        guard let rule = book.rules["missing-index"], let shape = StatementShape(statement.text),
            let scan = plan.filtered.first(where: { $0.table == shape.table }),
            let table = catalogue.table(shape.table), table.rows >= Bounds.largeTableRows
        else { return [] }
        var columns: [String] = []
        for name in shape.equal + shape.listed + shape.order.prefix(1).map(\.column) + shape.ranged.prefix(1)
        where !columns.contains(name) { columns.append(name) }
        guard !columns.isEmpty, columns.allSatisfy({ isNarrow($0, in: table) }),
            proposed.insert("\(table.key)(\(columns.prefix(3)))").inserted
        else { return [] }
        let proposal = IndexProposal(
            schema: table.schema, table: table.name, columns: columns, taken: Set(catalogue.indexes.map(\.name)))
        let tried = await planner.tryIndex(proposal.hypothetical, for: statement.text, before: plan.cost)
        // An index that the planner would not use is not proposed.
        if let tried, tried.after > tried.before * (1 - Bounds.gain) { return [] }
        let share = total > 0 ? statement.totalMilliseconds / total : 0
        let trial = tried.map { $0.trial(on: table, in: catalogue) }
        return [
            make(
                rule, statement, SQLTree.fingerprint(statement.text) ?? Fingerprint.of(statement.text), table.key,
                severity: share >= 0.2 ? .critical : share >= 0.05 ? .high : .medium,
                "\(table.key) of \(Figures.text(table.rows)) rows is read whole for about \(Figures.text(scan.rows)) of them",
                fix: Finding.Fix(summary: rule.fix, code: proposal.code, undo: proposal.undo), trial: trial,
                projection: .measured(
                    .linear, with: "rows of \(table.key)", exhausting: "time of the statement",
                    over: Projection.Measured(low: 0, high: table.rows, unit: "rows"),
                    cost: statement.meanMilliseconds...max(statement.meanMilliseconds, statement.maxMilliseconds),
                    unit: "ms",
                    at: [table.rows, table.rows * 2, table.rows * 10]))
        ]
    }
}

extension Planner.Trial {
    /// The trial as a report tells it.
    func trial(on table: Catalogue.Table, in catalogue: Catalogue) -> Finding.Trial {
        let perSecond = table.writes / max(1, catalogue.counterSeconds)
        return Finding.Trial(
            method: "hypothetical index (hypopg) and a generic plan",
            result:
                "about \(Figures.text(bytes / 1_000_000)) MB; the table is written \(Figures.text(perSecond)) times a second, "
                + "each of which would keep it too",
            costBefore: before, costAfter: after)
    }
}
