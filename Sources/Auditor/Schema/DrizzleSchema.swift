import Foundation

/// Reads tables that Drizzle declares: columns, references, indexes.
struct DrizzleSchema {
    private(set) var tables: [TableShape] = []
    /// Variables by the tables that they are, for references.
    private var references: [(table: String, columns: [String], variable: String, line: Int)] = []

    /// Reads `export const lists = pgTable('creator_lists', {…}, (table) => …)`.
    mutating func read(_ match: Match) {
        guard let variable = match.variable("NAME"), let call = match.variable("CALL"),
            let arguments = ScriptText(call).chain().first(where: { $0.arguments != nil })?.arguments
        else { return }
        let parts = ScriptText(arguments).arguments()
        guard parts.count >= 2, let name = ScriptText(parts[0]).literal() else { return }
        var table = TableShape(name: name, model: variable, file: match.file, line: match.line)
        for property in ScriptText(parts[1]).properties() {
            guard let field = property.key else { continue }
            read(field, property.value, into: &table, match)
        }
        if parts.count > 2 { readExtras(parts[2], into: &table) }
        tables.append(table)
    }

    /// All tables, references put to the names of their tables.
    var shapes: [TableShape] {
        var shapes = tables
        let names = Dictionary(tables.map { ($0.model, $0.name) }) { first, _ in first }
        for reference in references {
            guard let index = shapes.firstIndex(where: { $0.name == reference.table }) else { continue }
            shapes[index].foreignKeys.append(
                TableShape.ForeignKey(
                    columns: reference.columns, target: names[reference.variable] ?? reference.variable, action: nil,
                    line: reference.line))
        }
        return shapes
    }

    private mutating func read(_ field: String, _ text: String, into table: inout TableShape, _ match: Match) {
        let links = ScriptText(text).chain()
        guard let first = links.first else { return }
        let column =
            first.arguments.flatMap { ScriptText($0).arguments().first }.flatMap { ScriptText($0).literal() } ?? field
        table.columns.append(
            TableShape.Column(
                name: column, field: field, type: first.name, isOptional: !links.contains { $0.name == "notNull" },
                isList: links.contains { $0.name == "array" }))
        for link in links {
            switch link.name {
            case "primaryKey", "unique": table.indexes.append(TableShape.Index(columns: [column], isUnique: true))
            case "references":
                let target = (link.arguments ?? "").split(separator: ">").dropFirst().first?.split(separator: ".").first
                guard let target else { continue }
                references.append((table.name, [column], String(target).trimmed, match.line))
            default: break
            }
        }
    }

    private func readExtras(_ text: String, into table: inout TableShape) {
        // `index('name').on(table.a, table.b)`, wherever it stands in the object or array that the function returns.
        for part in text.components(separatedBy: ".on(").enumerated().dropFirst() {
            let before = text.components(separatedBy: ".on(")[part.offset - 1]
            let isUnique = before.split(separator: "\n").last?.contains("unique") ?? before.contains("unique")
            let columns = part.element.prefix { $0 != ")" }.split(separator: ",").compactMap { name in
                name.split(separator: ".").dropFirst().first.map { String($0).trimmed }
            }
            guard !columns.isEmpty else { continue }
            let names = columns.map { table.column($0)?.name ?? $0 }
            let rest = part.element.drop { $0 != ")" }.dropFirst()
            let predicate = rest.hasPrefix(".where(") ? String(rest.dropFirst(7).prefix { $0 != "\n" }) : nil
            table.indexes.append(TableShape.Index(columns: names, isUnique: isUnique, predicate: predicate))
        }
        if let start = text.range(of: "primaryKey({") {
            let properties = ScriptText(text[text.index(before: start.upperBound)...]).properties()
            let columns = properties.first { $0.key == "columns" }.map { ScriptText($0.value).elements() } ?? []
            let names = columns.compactMap { $0.split(separator: ".").last.map(String.init) }
            if !names.isEmpty {
                table.indexes.append(
                    TableShape.Index(columns: names.map { table.column($0)?.name ?? $0 }, isUnique: true))
            }
        }
    }
}
