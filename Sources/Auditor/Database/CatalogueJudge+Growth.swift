import Foundation

/// What grows, what lies outside of rows, what is decided for each row, and functions that fail.
extension CatalogueJudge {
    func growing() -> [Finding] {
        guard let maker = maker("no-retention"), catalogue.counterSeconds >= 86_400 else { return [] }
        let names = ["log", "event", "audit", "webhook", "history", "visit"]
        return catalogue.tables.filter { table in
            table.inserts >= 1_000 && table.deletes == 0 && names.contains(where: table.name.contains)
        }.map { table in
            let perDay = table.inserts / catalogue.counterSeconds * 86_400
            let rowBytes = table.bytes / max(1, table.rows)
            return maker.make(
                object: table.key, severity: .low,
                summary: "\(table.key) gets \(Figures.text(perDay)) rows a day and loses none",
                numbers: [
                    quantity("rows", table.rows, "rows"), quantity("inserts a day", perDay, "rows"),
                    quantity("size", table.bytes / 1_000_000, "MB"),
                    quantity("growth a month", perDay * 30 * rowBytes / 1_000_000, "MB"),
                ],
                command: "SELECT n_tup_ins, n_tup_del FROM pg_stat_user_tables WHERE relname = '\(table.name)'",
                table: table.key,
                projection: .measured(
                    .accumulation, with: "days", exhausting: "disk, and time of vacuum and backups",
                    over: Projection.Measured(low: 0, high: catalogue.counterSeconds / 86_400, unit: "days"),
                    cost: (table.inserts * rowBytes / 1_000_000)...(table.inserts * rowBytes / 1_000_000), unit: "MB",
                    at: [catalogue.counterSeconds / 43_200, 365]),
                fix: Finding.Fix(summary: maker.rule.fix, code: sweep(table)))
        }
    }

    /// Deletes what is old in batches, where statistics know key and time.
    private func sweep(_ table: Catalogue.Table) -> String? {
        var shape = TableShape(name: table.name, model: table.name, file: "", line: 0)
        shape.columns = catalogue.statistics.filter { $0.table == table.key }.map {
            TableShape.Column(name: $0.column, field: $0.column, type: "")
        }
        shape.indexes = catalogue.indexes.filter { $0.schema == table.schema && $0.table == table.name }.map {
            TableShape.Index(name: $0.name, columns: $0.columns, isUnique: $0.isUnique, predicate: $0.predicate)
        }
        return SchemaPass.sweep(shape, schema: table.schema)
    }

    /// Tables that lie outside of their rows, and change.
    func outside() -> [Finding] {
        guard let maker = maker("toast-growth") else { return [] }
        return catalogue.tables.filter { table in
            table.toastBytes >= Bounds.outsideBytes && table.toastBytes >= table.bytes * 0.5
                && table.updates >= max(1_000, table.rows)
        }.map { table in
            let perRow = table.toastBytes / max(1, table.rows)
            return maker.make(
                object: table.key, severity: .medium,
                summary:
                    "\(Figures.text(table.toastBytes / max(1, table.bytes) * 100)) % of \(table.key) lies outside of its "
                    + "rows, and its rows were changed \(Figures.text(table.updates)) times",
                numbers: [
                    quantity("outside of the rows", table.toastBytes / 1_000_000, "MB"),
                    quantity("for each row", perRow / 1_000, "kB"), quantity("rows", table.rows, "rows"),
                    quantity("updates", table.updates, "updates"),
                ],
                command:
                    "SELECT pg_total_relation_size(reltoastrelid) FROM pg_class WHERE oid = '\(table.key)'::regclass",
                table: table.key)
        }
    }

    /// Functions that fail when they are called, as the server's own checker says.
    func faults() -> [Finding] {
        guard let maker = maker("plpgsql-fault") else { return [] }
        return catalogue.faults.map { fault in
            maker.make(
                object: "\(fault.function)#\(fault.line)", fingerprint: Fingerprint.of(fault.message), severity: .high,
                summary: "\(fault.function) fails at line \(fault.line) with \(fault.state): \(fault.message)"
                    + (fault.hint.map { " (\($0))" } ?? ""),
                numbers: [quantity("line", Double(fault.line), "")],
                command: "SELECT * FROM plpgsql_check_function_tb('\(fault.function)')", table: nil,
                trial: Finding.Trial(method: "plpgsql_check", result: "the fault as it stands: \(fault.statement)"))
        }
    }

    func policies() -> [Finding] {
        guard let maker = maker("rls-per-row") else { return [] }
        return catalogue.policies.compactMap { policy in
            let text = [policy.using, policy.check].compactMap { $0 }.joined(separator: " ").lowercased()
            for call in ["auth.uid()", "auth.jwt()", "auth.role()"] {
                let all = text.components(separatedBy: call).count - 1
                let wrapped = text.components(separatedBy: "select \(call)").count - 1
                guard all > wrapped else { continue }
                let rows = catalogue.table(policy.table)?.rows ?? 0
                let change = Self.change(of: policy, call)
                return maker.make(
                    object: "\(policy.table).\(policy.name)", severity: rows < Bounds.smallTableRows ? .low : .high,
                    summary:
                        "the policy \(policy.name) of \(policy.table) calls \(call) for each row that is looked at",
                    numbers: [quantity("rows", rows, "rows")],
                    command: "SELECT qual, with_check FROM pg_policies WHERE policyname = '\(policy.name)'",
                    table: policy.table,
                    fix: Finding.Fix(summary: maker.rule.fix, code: change.code, undo: change.undo))
            }
            return nil
        }
    }

    /// The policy with its call in a sub-select, and as it is.
    private static func change(of policy: Catalogue.Policy, _ call: String) -> (code: String, undo: String) {
        let head =
            "ALTER POLICY \(SchemaPass.quoted(policy.name)) ON \(SchemaPass.quoted(policy.schema)).\(SchemaPass.quoted(policy.table))"
        func text(_ change: (String) -> String) -> String {
            head + (policy.using.map { " USING (\(change($0)))" } ?? "")
                + (policy.check.map { " WITH CHECK (\(change($0)))" } ?? "") + ";"
        }
        let wrapped = text { part in
            part.replacing("SELECT \(call)", with: "\u{1}").replacing(call, with: "(SELECT \(call))")
                .replacing("\u{1}", with: "SELECT \(call)")
        }
        return (wrapped, text { $0 })
    }
}
