/// Puts a call in the source beside what the database knows of its table: then its rows are a number, not a guess.
struct JoinedPass {
    let source: SourcePass.Result
    let database: DatabasePass.Result

    private var catalogue: Catalogue { database.catalogue }

    /// What could not be joined.
    var notJudged: [NotJudged] {
        let known = source.sites.filter { table(of: $0.query) != nil }.count
        guard known < source.sites.count else { return [] }
        return [
            NotJudged(
                rule: "join",
                reason:
                    "\(source.sites.count - known) of \(source.sites.count) calls name no table that this database has",
                remedy: "give the database that belongs to this source")
        ]
    }

    private func table(of query: QueryText) -> Catalogue.Table? {
        catalogue.table(source.schema.table(query.table)?.name ?? query.table)
    }

    /// The finding with rows, bytes and calls where they are known, ranked by them.
    func measured(_ finding: Finding) -> Finding {
        guard
            ["unbounded-result", "n-plus-one", "over-fetching", "in-memory-export", "app-side-aggregate"].contains(
                finding.rule),
            let file = finding.location.file,
            let site = source.sites.filter({ $0.file == file }).min(by: { left, right in
                abs(left.line - (finding.location.line ?? 0)) < abs(right.line - (finding.location.line ?? 0))
            }), abs(site.line - (finding.location.line ?? 0)) <= 1,
            let table = table(of: site.query)
        else { return finding }
        let rows = rowsPerKey(site.query, table)
        let bytes = rows.largest * width(of: table)
        var copy = finding
        copy.confidence = .measured
        copy.location.table = table.key
        copy.observation.window = "the table's statistics"
        copy.observation.numbers += [
            Finding.Quantity(name: "rows of the table", value: table.rows, unit: "rows"),
            Finding.Quantity(name: "rows of the largest key", value: rows.largest, unit: "rows"),
            Finding.Quantity(name: "bytes of its answer", value: bytes, unit: "bytes"),
        ]
        if let statement = statement(of: site.query, table) {
            copy.location.statement = statement.text
            copy.observation.numbers.append(Finding.Quantity(name: "calls", value: statement.calls, unit: "calls"))
            copy.observation.numbers.append(
                Finding.Quantity(name: "rows a call", value: statement.rows / max(1, statement.calls), unit: "rows"))
        }
        copy.observation.command =
            "SELECT n_distinct, most_common_freqs[1] FROM pg_stats WHERE tablename = '\(table.name)'"
            + (rows.column.map { " AND attname = '\($0)'" } ?? "")
        if finding.rule == "unbounded-result" {
            copy.severity = Self.severity(rows: rows.largest)
            copy.projection = .measured(
                .linear, with: "rows of \(table.key)\(rows.column.map { " with one \($0)" } ?? "")",
                exhausting: finding.projection.firstResource,
                over: Projection.Measured(low: 0, high: max(1, rows.largest), unit: "rows"), cost: bytes...bytes,
                unit: "bytes",
                at: [rows.largest, rows.largest * 2, rows.largest * 10])
        }
        return copy
    }

    /// A finding about a statement, with the place in the source that sends it.
    func located(_ finding: Finding) -> Finding {
        guard finding.location.file == nil, let text = finding.location.statement, let shape = StatementShape(text)
        else {
            return finding
        }
        let fingerprint = SQLTree.fingerprint(text)
        let places = source.sites.filter { site in
            if let own = site.query.statement { return SQLTree.fingerprint(own) == fingerprint }
            guard let table = table(of: site.query), table.name == shape.table,
                site.query.isRead == (shape.verb == "select")
            else { return false }
            let columns = source.schema.table(site.query.table)
            return Set(site.query.equal.map { columns?.column($0)?.name ?? $0 }) == Set(shape.equal)
        }
        guard let first = places.first else { return finding }
        var copy = finding
        copy.location.file = first.file
        copy.location.line = first.line
        copy.location.route = Route.of(first.file)
        copy.observation.summary += "; it is sent at \(first.file):\(first.line)"
        copy.observation.numbers.append(
            Finding.Quantity(name: "calls in the source that may send it", value: Double(places.count), unit: "places"))
        return copy
    }

    /// By the rows that one call gives at worst.
    static func severity(rows: Double) -> Severity {
        switch rows {
        case ..<200: .low
        case ..<2_000: .medium
        case ..<100_000: .high
        default: .critical
        }
    }

    /// The rows of the most frequent value: the planner's own statistics say what share of the table it has.
    private func rowsPerKey(_ query: QueryText, _ table: Catalogue.Table) -> (largest: Double, column: String?) {
        let shape = source.schema.table(query.table)
        var best: (Double, String?) = (table.rows, nil)
        for name in query.equal {
            let column = shape?.column(name)?.name ?? name
            guard let statistic = catalogue.statistics.first(where: { $0.table == table.key && $0.column == column })
            else {
                continue
            }
            let rows: Double
            if let fraction = statistic.largestFraction {
                rows = table.rows * fraction
            } else {
                // No value is frequent: distinct counts are numbers, or shares of the rows when negative.
                let distinct = statistic.distinct < 0 ? -statistic.distinct * table.rows : statistic.distinct
                rows = distinct > 0 ? table.rows / distinct : table.rows
            }
            if rows < best.0 { best = (rows.rounded(), column) }
        }
        return best
    }

    private func width(of table: Catalogue.Table) -> Double {
        let columns = catalogue.statistics.filter { $0.table == table.key }
        let sum = columns.reduce(0) { $0 + $1.width * (1 - $1.nullFraction) }
        return sum > 0 ? sum : table.bytes / max(1, table.rows)
    }

    /// The statement that the call sends: the same fingerprint, or the same table with the same comparisons.
    private func statement(of query: QueryText, _ table: Catalogue.Table) -> Catalogue.Statement? {
        if let text = query.statement, let name = SQLTree.fingerprint(text) {
            return catalogue.statements.first { SQLTree.fingerprint($0.text) == name }
        }
        let shape = source.schema.table(query.table)
        let wanted = Set(query.equal.map { shape?.column($0)?.name ?? $0 })
        return catalogue.statements.first { statement in
            guard let found = StatementShape(statement.text), found.verb == "select", found.table == table.name else {
                return false
            }
            return Set(found.equal) == wanted
        }
    }
}
