import Foundation

/// Reads SQL migrations in their order: what the schema is after them, and what they do to tables that are in use.
struct Migrations {
    /// A thing a migration does that holds up others, or does not do what it seems to.
    struct Remark: Hashable {
        var rule: String
        var table: String
        var file: String
        var line: Int
        var statement: String
        var summary: String
        var severity: Severity
        var fix: String
        var code: String?
    }

    private(set) var schema = SchemaShape()
    private(set) var remarks: [Remark] = []
    /// Files that PostgreSQL's parser would not take.
    private(set) var unread: [String] = []
    private(set) var statements = 0
    /// Columns with vectors, each with its table.
    private(set) var vectors: [(table: String, column: String, file: String, line: Int, dimensions: Int?)] = []

    /// Triggers, each with its table.
    private(set) var triggers: [String] = []
    /// Tables whose rows policies guard.
    private(set) var guarded: [String] = []

    private var made: Set<String> = []
    private var file = ""

    /// Reads one more file.
    mutating func read(_ text: String, file: String, isOptional: Bool = false) {
        self.file = file
        made = []
        guard let tree = SQLTree(text) else {
            if !isOptional { unread.append(file) }
            return
        }
        for statement in tree.statements {
            statements += 1
            guard let kind = statement.node.kind, let body = statement.node[kind] else { continue }
            switch kind {
            case "CreateStmt": create(body, statement)
            case "IndexStmt": index(body, statement)
            case "AlterTableStmt": alter(body, statement)
            case "CreatePolicyStmt": policy(body, statement)
            case "CreateFunctionStmt": function(statement)
            case "CreateTrigStmt":
                triggers.append("\(body["trigname"]?.string ?? "") on \(body["relation"]?["relname"]?.string ?? "")")
            case "DropStmt": drop(body)
            case "RenameStmt": rename(body)
            default: break
            }
        }
    }

    // MARK: Tables

    private mutating func create(_ body: SQLNode, _ statement: SQLTree.Statement) {
        guard let name = body["relation"]?["relname"]?.string else { return }
        var table = TableShape(name: name, model: name, file: file, line: statement.line)
        for element in body["tableElts"]?.list ?? [] {
            if let column = element["ColumnDef"] { add(column, to: &table, statement) }
            if let constraint = element["Constraint"] { add(constraint, columns: [], to: &table, statement.line) }
        }
        made.insert(name)
        schema.add(table)
    }

    private mutating func add(_ column: SQLNode, to table: inout TableShape, _ statement: SQLTree.Statement) {
        guard let name = column["colname"]?.string else { return }
        let type = column["typeName"]?["names"]?.names.last ?? ""
        let isRequired = column["constraints"]?.list.contains {
            ["CONSTR_NOTNULL", "CONSTR_PRIMARY"].contains($0["Constraint"]?["contype"]?.string ?? "")
        }
        table.columns.append(
            TableShape.Column(
                name: name, field: name, type: type, isOptional: !(isRequired ?? false),
                isList: column["typeName"]?["arrayBounds"] != nil))
        if ["vector", "halfvec"].contains(type) {
            let dimensions = column["typeName"]?["typmods"]?.list.first?["A_Const"]?["ival"]?["ival"]?.int
            vectors.append((table.name, name, file, statement.line, dimensions))
        }
        for entry in column["constraints"]?.list ?? [] {
            guard let constraint = entry["Constraint"] else { continue }
            add(constraint, columns: [name], to: &table, statement.line)
        }
    }

    private func add(_ constraint: SQLNode, columns: [String], to table: inout TableShape, _ line: Int) {
        switch constraint["contype"]?.string {
        case "CONSTR_PRIMARY", "CONSTR_UNIQUE":
            let keys = constraint["keys"]?.names ?? []
            table.indexes.append(
                TableShape.Index(
                    name: constraint["conname"]?.string, columns: keys.isEmpty ? columns : keys, isUnique: true))
        case "CONSTR_FOREIGN":
            let keys = constraint["fk_attrs"]?.names ?? []
            table.foreignKeys.append(
                TableShape.ForeignKey(
                    columns: keys.isEmpty ? columns : keys, target: constraint["pktable"]?["relname"]?.string ?? "",
                    action: constraint["fk_del_action"]?.string, line: line))
        default: break
        }
    }

    private mutating func drop(_ body: SQLNode) {
        for object in body["objects"]?.list ?? [] {
            guard let name = object["List"]?["items"]?.names.last else { continue }
            switch body["removeType"]?.string {
            case "OBJECT_TABLE": schema.remove(name)
            case "OBJECT_INDEX":
                for table in schema.tables.map(\.name) {
                    schema.update(table) { shape in shape.indexes.removeAll { $0.name == name } }
                }
            default: break
            }
        }
    }

    private mutating func rename(_ body: SQLNode) {
        guard let old = body["relation"]?["relname"]?.string, let new = body["newname"]?.string else { return }
        switch body["renameType"]?.string {
        case "OBJECT_TABLE":
            schema.update(old) { shape in
                if shape.model == shape.name { shape.model = new }
                shape.name = new
            }
        case "OBJECT_COLUMN":
            let column = body["subname"]?.string ?? ""
            schema.update(old) { shape in
                for index in shape.columns.indices where shape.columns[index].name == column {
                    shape.columns[index].name = new
                    shape.columns[index].field = new
                }
                for index in shape.indexes.indices {
                    shape.indexes[index].columns = shape.indexes[index].columns.map { $0 == column ? new : $0 }
                }
                for index in shape.foreignKeys.indices {
                    shape.foreignKeys[index].columns = shape.foreignKeys[index].columns.map { $0 == column ? new : $0 }
                }
            }
        default: break
        }
    }

    // MARK: Indexes

    private mutating func index(_ body: SQLNode, _ statement: SQLTree.Statement) {
        guard let table = body["relation"]?["relname"]?.string else { return }
        let elements = body["indexParams"]?.list.map { $0["IndexElem"] } ?? []
        let columns = elements.map { $0?["name"]?.string ?? "(expression)" }
        let method = body["accessMethod"]?.string ?? "btree"
        var predicate: String?
        if body["whereClause"] != nil,
            let found = statement.text.range(of: "where", options: [.caseInsensitive, .backwards])
        {
            predicate = String(statement.text[found.upperBound...]).trimmed
        }
        let shape = TableShape.Index(
            name: body["idxname"]?.string, columns: columns, isUnique: body["unique"]?.isTrue ?? false,
            predicate: predicate, method: method)
        schema.update(table) { $0.indexes.append(shape) }
        remarkWide(body, columns, on: table, statement)
        guard !(body["concurrent"]?.isTrue ?? false), !made.contains(table) else { return }
        remark(
            "migration-locks", table, statement, .medium,
            "CREATE INDEX without CONCURRENTLY holds up every write to \(table) until it is built",
            fix: "Build it concurrently, in a migration of its own outside of a transaction.",
            code: statement.text.replacingFirst("INDEX", with: "INDEX CONCURRENTLY"))
    }

    private mutating func remarkWide(
        _ body: SQLNode, _ columns: [String], on table: String, _ statement: SQLTree.Statement
    ) {
        guard body["accessMethod"]?.string ?? "btree" == "btree" else { return }
        let included = body["indexIncludingParams"]?.list.compactMap { $0["IndexElem"]?["name"]?.string } ?? []
        for column in columns + included {
            guard let vector = vectors.first(where: { $0.table == table && $0.column == column }) else { continue }
            let bytes = (vector.dimensions ?? 1_536) * 4 + 8
            guard bytes > 2_704 else { continue }
            remark(
                "index-too-wide", table, statement, .high,
                "the B-tree holds \(table).\(column), about \(bytes) bytes a row: its limit is 2,704, so inserts fail",
                fix: "Index the tenant alone; the vector gets an HNSW or IVFFlat index of its own.", code: nil)
        }
    }

    // MARK: Changes

    private mutating func alter(_ body: SQLNode, _ statement: SQLTree.Statement) {
        guard let table = body["relation"]?["relname"]?.string else { return }
        for entry in body["cmds"]?.list ?? [] {
            guard let command = entry["AlterTableCmd"], let subtype = command["subtype"]?.string else { continue }
            switch subtype {
            case "AT_EnableRowSecurity": guarded.append(table)
            case "AT_AddColumn": addColumn(command, to: table, statement)
            case "AT_AddConstraint": addConstraint(command, to: table, statement)
            case "AT_AlterColumnType":
                remarkRewrite(
                    table, statement,
                    "changing the type of \(table).\(command["name"]?.string ?? "") rewrites the table while nobody reads it",
                    fix: "Add a column, fill it in batches, switch the code, drop the old one.")
            case "AT_SetNotNull":
                remarkRewrite(
                    table, statement,
                    "SET NOT NULL on \(table).\(command["name"]?.string ?? "") reads the whole table while nobody uses it",
                    fix: "First CHECK (… IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT, then SET NOT NULL.")
            case "AT_DropColumn":
                let column = command["name"]?.string ?? ""
                schema.update(table) { shape in
                    shape.columns.removeAll { $0.name == column }
                    shape.indexes.removeAll { $0.columns.contains(column) }
                    shape.foreignKeys.removeAll { $0.columns.contains(column) }
                }
            default: break
            }
        }
    }

    private mutating func addColumn(_ command: SQLNode, to table: String, _ statement: SQLTree.Statement) {
        guard let column = command["def"]?["ColumnDef"] else { return }
        if let shape = schema.table(table) {
            var copy = shape
            add(column, to: &copy, statement)
            schema.update(table) { $0 = copy }
        }
        let constraints = column["constraints"]?.list.compactMap { $0["Constraint"] } ?? []
        let kinds = Set(constraints.compactMap { $0["contype"]?.string })
        let name = column["colname"]?.string ?? ""
        if kinds.contains("CONSTR_NOTNULL"), !kinds.contains("CONSTR_DEFAULT"), !kinds.contains("CONSTR_GENERATED") {
            remarkRewrite(
                table, statement, "\(table).\(name) is NOT NULL without a default: it fails as soon as there is a row",
                fix: "Give it a default, or add it without NOT NULL, fill it, then set NOT NULL.")
        }
        let volatile: Set<String> = ["gen_random_uuid", "uuid_generate_v4", "random", "clock_timestamp", "nextval"]
        for constraint in constraints where constraint["contype"]?.string == "CONSTR_DEFAULT" {
            let name = constraint["raw_expr"]?["FuncCall"]?["funcname"]?.names.last ?? ""
            guard volatile.contains(name) else { continue }
            remarkRewrite(
                table, statement, "the default \(name)() differs for each row of \(table), so the table is rewritten",
                fix: "Add the column without a default, set the default, fill old rows in batches.")
        }
    }

    private mutating func addConstraint(_ command: SQLNode, to table: String, _ statement: SQLTree.Statement) {
        guard let constraint = command["def"]?["Constraint"] else { return }
        if let shape = schema.table(table) {
            var copy = shape
            add(constraint, columns: [], to: &copy, statement.line)
            schema.update(table) { $0 = copy }
        }
        let isLater = constraint["skip_validation"]?.isTrue ?? false
        switch constraint["contype"]?.string {
        case "CONSTR_FOREIGN" where !isLater, "CONSTR_CHECK" where !isLater:
            remarkRewrite(
                table, statement, "a constraint is added to \(table) and checked against every row under its lock",
                fix: "Add it NOT VALID, then VALIDATE CONSTRAINT in a migration of its own.")
        case "CONSTR_UNIQUE", "CONSTR_PRIMARY":
            guard constraint["indexname"] == nil else { return }
            remarkRewrite(
                table, statement, "a unique constraint builds its index while nobody uses \(table)",
                fix: "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX.")
        default: break
        }
    }

    // MARK: Policies and functions

    private mutating func policy(_ body: SQLNode, _ statement: SQLTree.Statement) {
        guard let table = body["table"]?["relname"]?.string else { return }
        var found: Set<String> = []
        for side in [body["qual"], body["with_check"]] {
            side?.walk { kind, node in
                if kind == "SubLink" { return false }
                if kind == "FuncCall", let names = node["funcname"]?.names {
                    let name = names.joined(separator: ".")
                    if name.hasPrefix("auth.") || name == "current_setting" { found.insert(name) }
                }
                return true
            }
        }
        for name in found.sorted() {
            remark(
                "rls-per-row", table, statement, .high,
                "the policy on \(table) calls \(name)() for each row that is looked at",
                fix: "Put the call into a sub-select, which is run once a statement.",
                code: "(SELECT \(name)(…))")
        }
    }

    private mutating func function(_ statement: SQLTree.Statement) {
        let text = statement.text
        for record in ["NEW.", "OLD."] {
            for part in text.components(separatedBy: record).dropFirst() {
                let name = part.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                guard name.contains(where: \.isUppercase), name.contains(where: \.isLowercase) else { continue }
                remark(
                    "folded-name", String(name), statement, .high,
                    "\(record)\(name) without quotes is \(record)\(name.lowercased()): the trigger fails with 42703",
                    fix: "Write the name between double quotes, as the column was made.", code: "\(record)\"\(name)\"")
                return
            }
        }
    }

    // MARK: Remarks

    private mutating func remarkRewrite(
        _ table: String, _ statement: SQLTree.Statement, _ summary: String, fix: String
    ) {
        guard !made.contains(table) else { return }
        remark("migration-locks", table, statement, .medium, summary, fix: fix, code: nil)
    }

    private mutating func remark(
        _ rule: String, _ table: String, _ statement: SQLTree.Statement, _ severity: Severity, _ summary: String,
        fix: String, code: String?
    ) {
        remarks.append(
            Remark(
                rule: rule, table: table, file: file, line: statement.line, statement: statement.text, summary: summary,
                severity: severity, fix: fix, code: code))
    }
}
