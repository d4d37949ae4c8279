import Foundation
import Storage
import StoragePostgres

/// Asks the server for plans, with and without an index that is only thought of; runs nothing.
///
/// What changes rows is planned as the reading of the rows that it would change: planning the change itself would take a
/// stronger lock than a reader's.
struct Planner {
    private enum Bounds {
        static let textBytes = 1 << 20
    }

    struct Plan {
        var cost: Double
        /// Tables that are read whole with a filter, each with the rows that remain.
        var filtered: [(table: String, rows: Double)]
    }

    /// What an index would change.
    struct Trial {
        var before: Double
        var after: Double
        var bytes: Double
    }

    let catalogue: Catalogue
    let inspection: PostgresInspection

    /// Whether a proposed index can be tried.
    var canTry: Bool { catalogue.extensions.contains("hypopg") }

    /// The plan that holds for any values; `nil` when the statement reads nothing, or cannot be told from what it changes.
    func plan(_ text: String, number: Int) async throws(StorageError) -> Plan? {
        guard let statement = Self.reading(text) else { return nil }
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

    /// The planner's cost without and with an index; `nil` where it cannot be tried.
    func tryIndex(_ definition: String, for text: String, before: Double? = nil) async -> Trial? {
        guard canTry else { return nil }
        var known = before
        // A plan that fails is no trial: the finding then says that nothing was tried.
        if known == nil { known = try? await plan(text, number: 9_998)?.cost }
        guard let before = known else { return nil }
        let quoted = definition.replacing("'", with: "''")
        let create = "SELECT indexrelid, hypopg_relation_size(indexrelid)::float8 FROM hypopg_create_index('\(quoted)')"
        // The same.
        guard let made = try? await inspection.look([create]) else { return nil }
        let bytes = made[0].first?[1].flatMap(Double.init) ?? 0
        let after = try? await plan(text, number: 9_999)  // The same.
        // Hypothetical indexes are memory of this session; the next trial must not see this one.
        // A session that ended has forgotten them too.
        _ = try? await inspection.look(["SELECT hypopg_reset()"])
        return after.map { Trial(before: before, after: $0.cost, bytes: bytes) }
    }

    // MARK: Text

    /// The largest `$n` of a statement.
    static func parameters(of text: String) -> Int {
        text.split(separator: "$").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }.max() ?? 0
    }

    /// The statement as one that only reads.
    static func reading(_ text: String) -> String? {
        let text = text.trimmed.hasSuffix(";") ? String(text.trimmed.dropLast()) : text.trimmed
        guard text.utf8.count <= Bounds.textBytes, let tree = SQLTree(text), tree.statements.count == 1,
            let kind = tree.statements[0].node.kind, let body = tree.statements[0].node[kind]
        else { return nil }
        let words = TopLevel(text)
        switch kind {
        case "SelectStmt":
            let plain = body["lockingClause"] == nil ? text : words.text(until: "for")
            guard let plain, let read = SQLTree(plain), !read.locksOrWrites else { return nil }
            return plain
        case "UpdateStmt", "DeleteStmt":
            guard body["fromClause"] == nil, body["usingClause"] == nil, body["withClause"] == nil,
                let relation = body["relation"], let table = relation["relname"]?.string,
                let filter = words.text(from: "where", until: "returning")
            else { return nil }
            let schema = relation["schemaname"]?.string.map { "\(SchemaPass.quoted($0))." } ?? ""
            let alias = relation["alias"]?["aliasname"]?.string.map { " AS \(SchemaPass.quoted($0))" } ?? ""
            let read = "SELECT 1 FROM \(schema)\(SchemaPass.quoted(table))\(alias) \(filter)"
            guard let tree = SQLTree(read), !tree.locksOrWrites else { return nil }
            return read
        default: return nil
        }
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
}

extension SQLTree {
    /// Whether any part takes a lock that is more than a reader's, or writes.
    var locksOrWrites: Bool {
        var found = false
        for statement in statements {
            statement.node.walk { kind, node in
                if ["LockingClause", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"].contains(kind) {
                    found = true
                }
                if kind == "SelectStmt", node["intoClause"] != nil || node["lockingClause"] != nil { found = true }
                return !found
            }
        }
        return found
    }
}

/// Words of a statement that stand outside of parentheses and quotes.
struct TopLevel {
    private let text: String
    private var words: [(word: String, range: Range<String.Index>)] = []

    init(_ text: String) {
        self.text = text
        var depth = 0
        var quote: Character?
        var start: String.Index?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            let isWord = quote == nil && (character.isLetter || character == "_")
            if let begun = start, !isWord {
                if depth == 0 { words.append((text[begun..<index].lowercased(), begun..<index)) }
                start = nil
            } else if isWord, start == nil {
                start = index
            }
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "(" {
                depth += 1
            } else if character == ")" {
                depth -= 1
            }
            index = text.index(after: index)
        }
        if let begun = start, depth == 0 { words.append((text[begun...].lowercased(), begun..<text.endIndex)) }
    }

    /// From the first such word to the first `end` after it, or to the end of the text.
    func text(from start: String, until end: String) -> String? {
        guard let first = words.first(where: { $0.word == start }) else { return nil }
        let last = words.first { $0.word == end && $0.range.lowerBound > first.range.lowerBound }
        return String(text[first.range.lowerBound..<(last?.range.lowerBound ?? text.endIndex)]).trimmed
    }

    /// What stands before the last such word.
    func text(until end: String) -> String? {
        words.last { $0.word == end }.map { String(text[..<$0.range.lowerBound]).trimmed }
    }
}
