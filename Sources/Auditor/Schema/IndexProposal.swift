/// An index that is proposed: its name, its statement, and how to take it back.
struct IndexProposal: Sendable, Hashable {
    private enum Bounds {
        /// What PostgreSQL keeps of a name.
        static let nameBytes = 63
        static let columns = 3
    }

    let schema: String?
    let table: String
    let columns: [String]
    /// The access method with what it needs after each column, where it is no B-tree.
    let method: (name: String, operators: String)?
    let name: String

    /// Makes one whose name is none of `taken`, which are there.
    init(
        schema: String? = nil, table: String, columns: [String], method: (name: String, operators: String)? = nil,
        taken: Set<String> = []
    ) {
        self.schema = schema
        self.table = table
        self.columns = Array(columns.prefix(Bounds.columns))
        self.method = method
        let stem = Self.cut("\(table)_\(self.columns.joined(separator: "_"))", to: Bounds.nameBytes - 6)
        var name = "\(stem)_idx"
        var number = 2
        while taken.contains(name) {
            name = "\(stem)_idx\(number)"
            number += 1
        }
        self.name = name
    }

    /// The statement that builds it while others write.
    var code: String { "CREATE INDEX CONCURRENTLY \(SchemaPass.quoted(name)) ON \(target);" }

    /// The statement that takes it back.
    var undo: String { "DROP INDEX CONCURRENTLY \(place)\(SchemaPass.quoted(name));" }

    /// The statement that a planner is asked about.
    var hypothetical: String { "CREATE INDEX ON \(target)" }

    private var place: String { schema.map { "\(SchemaPass.quoted($0))." } ?? "" }

    private var target: String {
        let using = method.map { " USING \($0.name)" } ?? ""
        let operators = method.map { " \($0.operators)" } ?? ""
        let list = columns.map { SchemaPass.quoted($0) + operators }.joined(separator: ", ")
        return "\(place)\(SchemaPass.quoted(table))\(using) (\(list))"
    }

    private static func cut(_ name: String, to bytes: Int) -> String {
        var name = name
        while name.utf8.count > bytes { name.removeLast() }
        return name
    }

    static func == (left: IndexProposal, right: IndexProposal) -> Bool {
        left.hypothetical == right.hypothetical && left.name == right.name
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hypothetical) }
}
