import Foundation

/// Decides what in a catalogue is a fault; what the counters are too young for is not judged.
struct CatalogueJudge {
    enum Bounds {
        /// Below this many rows reading the whole table is what a good plan does.
        static let smallTableRows = 1_000.0
        /// A scan of so little takes a millisecond or two, whatever lies outside of the rows.
        static let smallTableBytes = 2_000_000.0
        static let outsideBytes = 16_000_000.0
        /// Zero scans say something only after a week.
        static let unusedAfterSeconds = 7 * 86_400.0
        static let unusedBytes = 1_000_000.0
        static let deadShare = 0.2
        static let deadRows = 10_000.0
        static let sequenceShare = 0.5
        static let xidLimit = 2_147_483_647.0
        static let connectionShare = 0.7
        static let idleSeconds = 60.0
    }

    let catalogue: Catalogue
    let book: RuleBook

    func findings() -> [Finding] {
        foreignKeys() + unused() + duplicates() + invalid() + sequences() + transactionIDs() + dead() + connections()
            + idle() + settings() + policies() + growing() + outside() + faults()
    }

    func notJudged() -> [NotJudged] {
        var entries = catalogue.gaps.map { gap in
            NotJudged(
                rule: gap.what, reason: gap.why,
                remedy: Self.remedies[gap.what] ?? "GRANT pg_monitor TO the role that the audit uses")
        }
        if catalogue.counterSeconds < Bounds.unusedAfterSeconds {
            entries.append(
                NotJudged(
                    rule: "unused-index",
                    reason:
                        "the counters are \(Figures.text(catalogue.counterSeconds / 3_600)) hours old: zero scans say nothing yet",
                    remedy: "audit again when they are a week old"))
        }
        return entries
    }

    private static let remedies = [
        "statements": "shared_preload_libraries = 'pg_stat_statements', then CREATE EXTENSION pg_stat_statements",
        "functions": "CREATE EXTENSION plpgsql_check in a copy, and audit that with --functions",
    ]

    func maker(_ rule: String) -> DatabaseFinding? {
        book.rules[rule].map { DatabaseFinding(rule: $0, window: catalogue.window) }
    }

    func quantity(_ name: String, _ value: Double, _ unit: String) -> Finding.Quantity {
        Finding.Quantity(name: name, value: value, unit: unit)
    }

    // MARK: Indexes

    private func shape(_ schema: String, _ table: String) -> TableShape {
        var shape = TableShape(name: table, model: table, file: "", line: 0)
        shape.indexes = catalogue.indexes.filter { $0.schema == schema && $0.table == table && $0.isValid }.map {
            TableShape.Index(
                name: $0.name, columns: $0.columns, isUnique: $0.isUnique, predicate: $0.predicate, method: $0.method)
        }
        return shape
    }

    /// A foreign key that no index serves.
    struct Uncovered {
        var key: Catalogue.ForeignKey
        var table: Catalogue.Table
        var proposal: IndexProposal

        var object: String { "\(table.key)(\(key.columns.joined(separator: ",")))" }

        /// What a delete of the parent asks for.
        var statement: String {
            let filter = key.columns.enumerated().map { "\(SchemaPass.quoted($0.element)) = $\($0.offset + 1)" }
            return "SELECT 1 FROM \(SchemaPass.quoted(table.schema)).\(SchemaPass.quoted(table.name)) WHERE "
                + filter.joined(separator: " AND ")
        }
    }

    /// Foreign keys that no index serves, each with the index that would.
    func uncovered() -> [Uncovered] {
        var taken = Set(catalogue.indexes.map(\.name))
        return catalogue.foreignKeys.compactMap { key in
            guard shape(key.schema, key.table).cover(for: key.columns) == nil,
                let table = catalogue.tables.first(where: { $0.schema == key.schema && $0.name == key.table })
            else { return nil }
            let proposal = IndexProposal(schema: key.schema, table: key.table, columns: key.columns, taken: taken)
            taken.insert(proposal.name)
            return Uncovered(key: key, table: table, proposal: proposal)
        }
    }

    private func foreignKeys() -> [Finding] {
        guard let maker = maker("missing-index") else { return [] }
        return uncovered().map { missing in
            let (key, table) = (missing.key, missing.table)
            let parent = catalogue.table(key.target)
            let isSmall = table.rows < Bounds.smallTableRows || table.heapBytes < Bounds.smallTableBytes
            return maker.make(
                object: missing.object,
                severity: isSmall ? .low : (parent?.deletes ?? 0) > 0 ? .high : .medium,
                summary: "the foreign key \(key.name) of \(table.key) has no index: each delete in \(key.target) reads "
                    + "all \(Figures.text(table.rows)) rows",
                numbers: [
                    quantity("rows", table.rows, "rows"),
                    quantity("pages that a scan reads", (table.heapBytes / 8_192).rounded(), "pages"),
                    quantity("deletes of the parent", parent?.deletes ?? 0, "deletes"),
                ],
                command: "SELECT * FROM pg_constraint WHERE conname = '\(key.name)'", table: table.key,
                projection: .measured(
                    .linear, with: "rows of \(table.key)", exhausting: "pages that each delete reads",
                    over: Projection.Measured(low: 0, high: max(1, table.rows), unit: "rows"),
                    cost: (table.heapBytes / 8_192)...(table.heapBytes / 8_192), unit: "pages",
                    at: [table.rows, table.rows * 2, table.rows * 10]),
                fix: Finding.Fix(
                    summary: maker.rule.fix, code: missing.proposal.code, undo: missing.proposal.undo))
        }
    }

    private func unused() -> [Finding] {
        guard catalogue.counterSeconds >= Bounds.unusedAfterSeconds, let maker = maker("unused-index") else {
            return []
        }
        return catalogue.indexes.filter {
            $0.scans == 0 && !$0.isUnique && !$0.isPrimary && $0.isValid && $0.bytes >= Bounds.unusedBytes
        }.map { index in
            let table = catalogue.tables.first { $0.schema == index.schema && $0.name == index.table }
            return maker.make(
                object: "\(index.schema).\(index.name)", severity: .low,
                summary: "the index \(index.name) of \(index.table) was not used once",
                numbers: [
                    quantity("size", index.bytes / 1_000_000, "MB"), quantity("scans", 0, "scans"),
                    quantity("writes of the table", table?.writes ?? 0, "writes"),
                ],
                command: "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '\(index.name)'",
                table: index.table,
                fix: Finding.Fix(
                    summary: maker.rule.fix,
                    code:
                        "DROP INDEX CONCURRENTLY \(SchemaPass.quoted(index.schema)).\(SchemaPass.quoted(index.name));",
                    undo: index.definition + ";"))
        }
    }

    private func duplicates() -> [Finding] {
        guard let maker = maker("duplicate-index") else { return [] }
        return catalogue.indexes.compactMap { index in
            guard !index.isUnique, !index.isPrimary, !index.hasExpressions, index.isValid, index.includedCount == 0,
                let other = catalogue.indexes.first(where: { other in
                    other.name != index.name && other.table == index.table && other.schema == index.schema
                        && other.method == index.method && other.predicate == index.predicate && other.isValid
                        && !other.hasExpressions && Array(other.columns.prefix(index.columns.count)) == index.columns
                        && (other.columns.count > index.columns.count || other.isUnique || other.name < index.name)
                })
            else { return nil }
            return maker.make(
                object: "\(index.schema).\(index.name)", severity: .low,
                summary: "\(index.name) (\(index.columns.joined(separator: ", "))) is the beginning of \(other.name) "
                    + "(\(other.columns.joined(separator: ", ")))",
                numbers: [quantity("size", index.bytes / 1_000_000, "MB"), quantity("scans", index.scans, "scans")],
                command: "SELECT indexdef FROM pg_indexes WHERE tablename = '\(index.table)'", table: index.table,
                fix: Finding.Fix(
                    summary: maker.rule.fix,
                    code:
                        "DROP INDEX CONCURRENTLY \(SchemaPass.quoted(index.schema)).\(SchemaPass.quoted(index.name));",
                    undo: index.definition + ";"))
        }
    }

    private func invalid() -> [Finding] {
        guard let maker = maker("invalid-index") else { return [] }
        return catalogue.indexes.filter { !$0.isValid }.map { index in
            maker.make(
                object: "\(index.schema).\(index.name)", severity: .medium,
                summary: "the index \(index.name) was not built to its end: it is written and never read",
                numbers: [quantity("size", index.bytes / 1_000_000, "MB")],
                command: "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid", table: index.table,
                fix: Finding.Fix(
                    summary: maker.rule.fix,
                    code:
                        "REINDEX INDEX CONCURRENTLY \(SchemaPass.quoted(index.schema)).\(SchemaPass.quoted(index.name));",
                    undo: nil))
        }
    }

    // MARK: Ends of numbers

    private func sequences() -> [Finding] {
        guard let maker = maker("sequence-end") else { return [] }
        return catalogue.sequences.filter { $0.limit > 0 && $0.last / $0.limit >= Bounds.sequenceShare }.map {
            sequence in
            let share = sequence.last / sequence.limit
            let table = sequence.owner?.split(separator: ".").dropLast().last.map(String.init)
            let inserts = table.flatMap(catalogue.table)?.inserts ?? 0
            let perDay = inserts / max(1, catalogue.counterSeconds) * 86_400
            var numbers = [
                quantity("last value", sequence.last, "values"), quantity("limit", sequence.limit, "values"),
                quantity("used", share * 100, "%"),
            ]
            if perDay > 0, catalogue.counterSeconds >= 3_600 {
                numbers.append(quantity("days to the limit", (sequence.limit - sequence.last) / perDay, "days"))
            }
            return maker.make(
                object: sequence.name, severity: share >= 0.9 ? .critical : share >= 0.75 ? .high : .medium,
                summary:
                    "\(sequence.name) has used \(Figures.text(share * 100)) % of what \(sequence.owner ?? "it") can hold",
                numbers: numbers, command: "SELECT last_value FROM \(sequence.name)", table: table)
        }
    }

    private func transactionIDs() -> [Finding] {
        guard let maker = maker("xid-age"), catalogue.xidAge > Bounds.xidLimit * 0.25 else { return [] }
        let share = catalogue.xidAge / Bounds.xidLimit
        return [
            maker.make(
                object: "database", severity: share > 0.75 ? .critical : share > 0.5 ? .high : .medium,
                summary:
                    "the oldest transaction id is \(Figures.text(catalogue.xidAge)) old: writes stop near two thousand million",
                numbers: [quantity("age", catalogue.xidAge, "transactions"), quantity("used", share * 100, "%")],
                command: "SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()", table: nil)
        ]
    }

    // MARK: Upkeep

    private func dead() -> [Finding] {
        guard let maker = maker("table-bloat") else { return [] }
        return catalogue.tables.filter { table in
            table.deadRows >= Bounds.deadRows && table.deadRows >= (table.liveRows + table.deadRows) * Bounds.deadShare
        }.map { table in
            let share = table.deadRows / (table.liveRows + table.deadRows) * 100
            return maker.make(
                object: table.key, severity: share > 50 ? .high : .medium,
                summary: "\(Figures.text(share)) % of the rows of \(table.key) are dead; "
                    + (table.lastAutovacuum.map { "last vacuumed \($0)" } ?? "it was never vacuumed by itself"),
                numbers: [
                    quantity("dead rows", table.deadRows, "rows"), quantity("live rows", table.liveRows, "rows"),
                    quantity("size", table.bytes / 1_000_000, "MB"),
                ],
                command:
                    "SELECT n_dead_tup, n_live_tup, last_autovacuum FROM pg_stat_user_tables WHERE relname = '\(table.name)'",
                table: table.key,
                fix: Finding.Fix(
                    summary: maker.rule.fix,
                    code:
                        "ALTER TABLE \(SchemaPass.quoted(table.schema)).\(SchemaPass.quoted(table.name)) SET (autovacuum_vacuum_scale_factor = 0.02);",
                    undo:
                        "ALTER TABLE \(SchemaPass.quoted(table.schema)).\(SchemaPass.quoted(table.name)) RESET (autovacuum_vacuum_scale_factor);"
                ))
        }
    }

    // MARK: Connections and settings

    private func connections() -> [Finding] {
        guard let maker = maker("connection-limit"),
            let limit = catalogue.settings["max_connections"].flatMap(Double.init)
        else { return [] }
        let used = catalogue.connections.reduce(0) { $0 + $1.count }
        guard used >= limit * Bounds.connectionShare else { return [] }
        return [
            maker.make(
                object: "connections", severity: used >= limit * 0.9 ? .critical : .high,
                summary: "\(Figures.text(used)) of \(Figures.text(limit)) connections are in use at this moment",
                numbers: [quantity("connections", used, "connections"), quantity("limit", limit, "connections")],
                command: "SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2", table: nil,
                projection: .measured(
                    .little, with: "requests at the same moment", exhausting: "connections of the server",
                    over: Projection.Measured(low: 0, high: used, unit: "connections"), cost: used...used,
                    unit: "connections", at: [used, limit]))
        ]
    }

    private func idle() -> [Finding] {
        guard let maker = maker("idle-in-transaction") else { return [] }
        return catalogue.connections.filter {
            $0.state.hasPrefix("idle in transaction") && $0.longestSeconds >= Bounds.idleSeconds
        }.map { entry in
            maker.make(
                object: entry.application, severity: .high,
                summary:
                    "\(entry.application) holds a transaction open for \(Figures.text(entry.longestSeconds)) s and does nothing in it",
                numbers: [
                    quantity("longest", entry.longestSeconds, "s"), quantity("connections", entry.count, "connections"),
                ],
                command:
                    "SELECT pid, state_change, query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'",
                table: nil)
        }
    }

    private func settings() -> [Finding] {
        guard let maker = maker("db-settings") else { return [] }
        let wrong: [(String, (String) -> Bool, Severity, String)] = [
            (
                "autovacuum", { $0 == "off" }, .critical,
                "nothing vacuums by itself: tables grow and transaction ids run out"
            ),
            ("fsync", { $0 == "off" }, .critical, "a crash of the machine loses the database"),
            ("full_page_writes", { $0 == "off" }, .high, "a crash of the machine may leave torn pages"),
            (
                "statement_timeout", { $0 == "0" }, .low,
                "no statement ends by itself, so a slow one holds its connection"
            ),
            (
                "idle_in_transaction_session_timeout", { $0 == "0" }, .low,
                "a forgotten transaction holds its locks for ever"
            ),
        ]
        return wrong.compactMap { name, isWrong, severity, text in
            guard let value = catalogue.settings[name], isWrong(value) else { return nil }
            return maker.make(
                object: name, severity: severity, summary: "\(name) is \(value): \(text)", numbers: [],
                command: "SHOW \(name)", table: nil)
        }
    }
}
