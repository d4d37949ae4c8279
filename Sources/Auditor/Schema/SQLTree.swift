import CPgQuery
import Foundation

/// What PostgreSQL's own parser makes of a text: a tree of nodes, each a name and its parts.
struct SQLTree {
    /// One statement of a text.
    struct Statement {
        var node: SQLNode
        /// The statement's text, without what separates it from its neighbours.
        var text: String
        /// The line it begins in, from 1.
        var line: Int
    }

    private enum Bounds {
        static let textBytes = 8 << 20
    }

    let statements: [Statement]

    /// Parses a text of one or more statements; `nil` when PostgreSQL would not.
    init?(_ text: String) {
        guard text.utf8.count <= Bounds.textBytes else { return nil }
        let result = pg_query_parse(text)
        defer { pg_query_free_parse_result(result) }
        guard result.error == nil, let json = result.parse_tree else { return nil }
        // The parser's own output is whole; were it not, the text counts as one that cannot be read.
        guard let tree = try? JSONSerialization.jsonObject(with: Data(bytes: json, count: strlen(json))),
            let list = SQLNode(tree)["stmts"]?.list
        else { return nil }
        let bytes = Array(text.utf8)
        statements = list.compactMap { entry in
            guard let node = entry["stmt"] else { return nil }
            var start = entry["stmt_location"]?.int ?? 0
            let end = min(bytes.count, (entry["stmt_len"]?.int).map { start + $0 } ?? bytes.count)
            while start < end, bytes[start] <= 0x20 { start += 1 }
            let line = bytes[..<start].reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
            return Statement(node: node, text: String(decoding: bytes[start..<end], as: UTF8.self), line: line)
        }
    }

    /// A name for all statements that differ only in their values; `nil` for what cannot be parsed.
    static func fingerprint(_ text: String) -> String? {
        let result = pg_query_fingerprint(text)
        defer { pg_query_free_fingerprint_result(result) }
        guard result.error == nil, let name = result.fingerprint_str else { return nil }
        return String(cString: name)
    }
}

/// A part of a tree.
struct SQLNode {
    let value: Any

    init(_ value: Any) { self.value = value }

    subscript(_ key: String) -> SQLNode? { (value as? [String: Any])?[key].map(SQLNode.init) }

    /// The elements; empty for what is no list.
    var list: [SQLNode] { (value as? [Any])?.map(SQLNode.init) ?? [] }
    var string: String? { value as? String }
    var int: Int? { (value as? NSNumber)?.intValue }
    var isTrue: Bool { (value as? NSNumber)?.boolValue ?? false }

    /// The name of a node such as `{"SelectStmt": {…}}`.
    var kind: String? { (value as? [String: Any]).flatMap { $0.count == 1 ? $0.keys.first : nil } }

    /// Names in a list of `{"String": {"sval": …}}`.
    var names: [String] { list.compactMap { $0["String"]?["sval"]?.string } }

    /// Calls `body` with this node and all below it that have a name; `false` from it spares what is below.
    func walk(_ body: (_ kind: String, SQLNode) -> Bool) {
        if let fields = value as? [String: Any] {
            for key in fields.keys.sorted() {
                let node = SQLNode(fields[key] as Any)
                if key.first?.isUppercase ?? false, !body(key, node) { continue }
                node.walk(body)
            }
        } else if let list = value as? [Any] {
            for element in list { SQLNode(element).walk(body) }
        }
    }
}

/// What a statement asks for, as far as an index is concerned.
struct StatementShape {
    var verb: String
    var table: String
    var equal: [String] = []
    var listed: [String] = []
    var ranged: [String] = []
    var order: [QueryText.Order] = []
    var isOpen = false
    /// Whether it gives few rows by what it is: a limit, or sums without groups.
    var isBounded = false
    /// Whether it changes a column by what the column is: `used = used + 1`.
    var adds = false

    /// Reads a statement over one table; `nil` when it is none or has several that no name tells apart.
    init?(_ text: String) {
        // `?` is another client's placeholder; it stands where a number would.
        guard let tree = SQLTree(text) ?? SQLTree(text.replacing("?", with: "$1")), let first = tree.statements.first,
            let kind = first.node.kind, let statement = first.node[kind]
        else { return nil }
        switch kind {
        case "SelectStmt":
            guard let range = statement["fromClause"]?.list.first?["RangeVar"], let name = range["relname"]?.string
            else {
                return nil
            }
            verb = "select"
            table = name
            if (statement["fromClause"]?.list.count ?? 0) > 1 { isOpen = true }
        case "UpdateStmt", "DeleteStmt", "InsertStmt":
            guard let name = statement["relation"]?["relname"]?.string else { return nil }
            verb = String(kind.dropLast(4)).lowercased()
            table = name
        default: return nil
        }
        if verb == "update" { adds = statement["targetList"]?.list.contains(where: Self.adds) ?? false }
        // What a common table expression gives is bounded in it or not at all, and the server's own views are small.
        let parts =
            statement["withClause"]?["ctes"]?.list.compactMap { $0["CommonTableExpr"]?["ctename"]?.string } ?? []
        isBounded =
            statement["limitCount"] != nil || Self.isSum(statement) || parts.contains(table) || table.hasPrefix("pg_")
        if let filter = statement["whereClause"] { read(filter) }
        for sort in statement["sortClause"]?.list ?? [] {
            guard let column = Self.column(sort["SortBy"]?["node"]) else { continue }
            order.append(
                QueryText.Order(column: column, isDescending: sort["SortBy"]?["sortby_dir"]?.string == "SORTBY_DESC"))
        }
    }

    private mutating func read(_ filter: SQLNode) {
        if let both = filter["BoolExpr"] {
            guard both["boolop"]?.string == "AND_EXPR" else {
                isOpen = true
                return
            }
            for part in both["args"]?.list ?? [] { read(part) }
        } else if let expression = filter["A_Expr"], let column = Self.column(expression["lexpr"]) {
            let name = expression["name"]?.names.last
            switch (expression["kind"]?.string, name) {
            case ("AEXPR_OP", "="): equal.append(column)
            case ("AEXPR_IN", "="), ("AEXPR_OP_ANY", "="): listed.append(column)
            case ("AEXPR_OP", "<"), ("AEXPR_OP", ">"), ("AEXPR_OP", "<="), ("AEXPR_OP", ">="), ("AEXPR_BETWEEN", _):
                ranged.append(column)
            default: isOpen = true
            }
        } else if let test = filter["NullTest"], let column = Self.column(test["arg"]) {
            if test["nulltesttype"]?.string == "IS_NULL" { equal.append(column) } else { isOpen = true }
        } else {
            isOpen = true
        }
    }

    private static func isSum(_ statement: SQLNode) -> Bool {
        guard statement["groupClause"] == nil, let targets = statement["targetList"]?.list, !targets.isEmpty else {
            return false
        }
        let sums: Set<String> = ["count", "sum", "min", "max", "avg", "bool_or", "bool_and"]
        return targets.allSatisfy { target in
            var found = false
            target.walk { kind, node in
                if kind == "SubLink" { return false }
                if kind == "FuncCall", let name = node["funcname"]?.names.last, sums.contains(name) { found = true }
                return !found
            }
            return found
        }
    }

    private static func adds(_ target: SQLNode) -> Bool {
        guard let part = target["ResTarget"], let name = part["name"]?.string,
            let sum = part["val"]?["A_Expr"], ["+", "-"].contains(sum["name"]?.names.last ?? "")
        else { return false }
        return column(sum["lexpr"]) == name || column(sum["rexpr"]) == name
    }

    private static func column(_ node: SQLNode?) -> String? { node?["ColumnRef"]?["fields"]?.names.last }
}
