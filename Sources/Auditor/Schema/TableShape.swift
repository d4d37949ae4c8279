/// A table as a schema declares it, wherever it was read.
struct TableShape: Sendable, Hashable {
    struct Column: Sendable, Hashable {
        /// In the database.
        var name: String
        /// In the code, where that differs.
        var field: String
        var type: String
        var isOptional = false
        var isList = false
    }

    struct Index: Sendable, Hashable {
        var name: String?
        var columns: [String]
        var isUnique = false
        /// Whether only some rows are in it.
        var predicate: String?
        var method = "btree"
    }

    struct ForeignKey: Sendable, Hashable {
        var columns: [String]
        var target: String
        var action: String?
        var line: Int
    }

    /// In the database.
    var name: String
    /// In the code: model, variable.
    var model: String
    var file: String
    var line: Int
    var columns: [Column] = []
    var indexes: [Index] = []
    var foreignKeys: [ForeignKey] = []

    /// The column of that name in database or code.
    func column(_ name: String) -> Column? { columns.first { $0.field == name || $0.name == name } }

    /// A whole index that serves a look-up by exactly these columns.
    ///
    /// Its leading columns are the wanted ones in any order. One that holds only some rows does not count, unless it leaves
    /// out only rows where the column is null; neither does one whose leading column is another, nor one for vectors.
    func cover(for wanted: [String]) -> Index? {
        guard !wanted.isEmpty else { return nil }
        return indexes.first { index in
            guard index.method == "btree" || index.method == "hash", index.columns.count >= wanted.count,
                Set(index.columns.prefix(wanted.count)) == Set(wanted)
            else { return false }
            return index.predicate.map { Self.leavesOutNulls($0, of: wanted) } ?? true
        }
    }

    /// An index that narrows a look-up by these columns: its first column is one of them.
    func narrowing(for wanted: [String]) -> Index? {
        indexes.first { index in
            guard index.method == "btree" || index.method == "hash", let first = index.columns.first else {
                return false
            }
            return wanted.contains(first) && (index.predicate.map { Self.leavesOutNulls($0, of: wanted) } ?? true)
        }
    }

    /// Whether an index of some rows is made for looks by one of these columns, as far as its condition says.
    func isPartlyCovered(for wanted: [String]) -> Bool {
        indexes.contains { index in
            guard let text = index.predicate?.lowercased() else { return false }
            let words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
            return wanted.contains { words.contains($0.lowercased()) }
        }
    }

    /// Whether these columns hold a whole unique key: then the look-up is one row.
    func isUnique(_ wanted: [String]) -> Bool {
        indexes.contains { $0.isUnique && $0.predicate == nil && Set($0.columns).isSubset(of: Set(wanted)) }
    }

    private static func leavesOutNulls(_ predicate: String, of columns: [String]) -> Bool {
        let text = predicate.lowercased().filter { $0 != "(" && $0 != ")" && $0 != "\"" }
        return columns.contains { text.trimmed == "\($0.lowercased()) is not null" }
    }
}

/// All tables of an application.
struct SchemaShape: Sendable {
    private(set) var tables: [TableShape] = []
    /// Types with few values.
    var enumerations: Set<String> = []

    /// Whether a column is none of the table but stands for rows of another.
    func isRelation(_ column: TableShape.Column) -> Bool { tables.contains { $0.model == column.type } }

    /// Whether a column has few values, so that it narrows nothing by itself.
    func isFlag(_ column: TableShape.Column) -> Bool {
        let type = column.type.lowercased()
        if ["boolean", "bool", "json", "jsonb"].contains(type) || enumerations.contains(column.type) { return true }
        let name = column.name.lowercased()
        return ["status", "type", "kind", "state", "role", "active", "enabled"].contains { name.hasSuffix($0) }
    }

    mutating func add(_ table: TableShape) {
        if let index = tables.firstIndex(where: { $0.name == table.name }) {
            // A schema file names columns and models; migrations know indexes that it cannot say, such as partial ones.
            for other in table.indexes
            where !tables[index].indexes.contains(where: {
                $0.columns == other.columns && $0.predicate == other.predicate && $0.method == other.method
            }) {
                tables[index].indexes.append(other)
            }
            // A key whose columns the schema file does not know is one that was: names change over migrations.
            for key in table.foreignKeys
            where !tables[index].foreignKeys.contains(where: { $0.columns == key.columns })
                && key.columns.allSatisfy({ tables[index].column($0) != nil })
            {
                tables[index].foreignKeys.append(key)
            }
        } else {
            tables.append(table)
        }
    }

    mutating func update(_ name: String, _ change: (inout TableShape) -> Void) {
        guard let index = tables.firstIndex(where: { $0.name == name }) else { return }
        change(&tables[index])
    }

    mutating func remove(_ name: String) { tables.removeAll { $0.name == name } }

    /// The table that a call names: by model, variable or table; Prisma's calls begin with a small letter.
    func table(_ name: String) -> TableShape? {
        let plain = name.split(separator: ".").last.map(String.init) ?? name
        return tables.first { $0.name == plain || $0.model == plain }
            ?? tables.first { $0.model.prefix(1).lowercased() + $0.model.dropFirst() == plain }
    }
}
