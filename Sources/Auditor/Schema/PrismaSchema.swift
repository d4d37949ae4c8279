/// Reads `schema.prisma`: models with their fields, keys, indexes and relations.
struct PrismaSchema {
    private(set) var tables: [TableShape] = []
    /// `provider`, `url`, `relationMode` of the data source.
    private(set) var source: [String: String] = [:]
    /// Types with few values.
    private(set) var enumerations: Set<String> = []

    private struct Attribute {
        var name: String
        var arguments: String
    }

    init(_ text: String, file: String) {
        var table: TableShape?
        var isSource = false
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Self.withoutComment(raw).trimmed
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let first = words.first else { continue }
            if line.hasSuffix("{"), words.count >= 2 {
                isSource = first == "datasource"
                if first == "enum" { enumerations.insert(words[1]) }
                if first == "model" {
                    table = TableShape(name: words[1], model: words[1], file: file, line: index + 1)
                }
            } else if first == "}" {
                if let table { tables.append(Self.mapped(table)) }
                table = nil
                isSource = false
            } else if isSource, words.count >= 3, words[1] == "=" {
                source[first] = words[2...].joined(separator: " ").filter { $0 != "\"" }
            } else if table != nil {
                if first.hasPrefix("@@") {
                    Self.read(block: line, into: &table)
                } else if words.count >= 2 {
                    Self.read(field: line, words: words, line: index + 1, into: &table)
                }
            }
        }
    }

    // MARK: Lines

    private static func read(block line: String, into table: inout TableShape?) {
        for attribute in attributes(line) {
            let parts = ScriptText(attribute.arguments).arguments()
            let fields = parts.first { $0.hasPrefix("[") || $0.hasPrefix("fields:") } ?? ""
            let columns = ScriptText(fields.hasPrefix("fields:") ? fields.dropFirst(7).trimmed : fields).elements().map
            {
                String($0.prefix { $0 != "(" }).trimmed
            }
            switch attribute.name {
            case "@@map": table?.name = attribute.arguments.filter { $0 != "\"" }
            case "@@id", "@@unique":
                table?.indexes.append(TableShape.Index(columns: columns, isUnique: true))
            case "@@index":
                let type = parts.first { $0.hasPrefix("type:") }?.dropFirst(5).trimmed.lowercased() ?? "btree"
                table?.indexes.append(TableShape.Index(columns: columns, method: type))
            default: break
            }
        }
    }

    private static func read(field line: String, words: [String], line number: Int, into table: inout TableShape?) {
        let name = words[0]
        var type = words[1]
        let isList = type.hasSuffix("[]")
        let isOptional = type.hasSuffix("?")
        if type.hasPrefix("Unsupported(") {
            type = line.split(separator: "\"").dropFirst().first.map(String.init) ?? "Unsupported"
        } else {
            type = String(type.prefix { $0 != "?" && $0 != "[" })
        }
        var column = TableShape.Column(name: name, field: name, type: type, isOptional: isOptional, isList: isList)
        for attribute in attributes(line) {
            switch attribute.name {
            case "@id", "@unique":
                table?.indexes.append(TableShape.Index(columns: [name], isUnique: true))
            case "@map": column.name = attribute.arguments.filter { $0 != "\"" }
            case "@relation":
                let parts = ScriptText(attribute.arguments).arguments()
                guard let fields = parts.first(where: { $0.hasPrefix("fields:") }) else { continue }
                let columns = ScriptText(fields.dropFirst(7).trimmed).elements()
                let action = parts.first { $0.hasPrefix("onDelete:") }?.dropFirst(9).trimmed
                table?.foreignKeys.append(
                    TableShape.ForeignKey(columns: columns, target: type, action: action, line: number))
            default: break
            }
        }
        table?.columns.append(column)
    }

    /// `@name(arguments)`, each of a line.
    private static func attributes(_ line: String) -> [Attribute] {
        var found: [Attribute] = []
        var rest = Substring(line)
        while let start = rest.firstIndex(of: "@") {
            rest = rest[start...]
            let isBlock = rest.hasPrefix("@@")
            let name = rest.dropFirst(isBlock ? 2 : 1).prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
            rest = rest[name.endIndex...]
            var arguments = ""
            if rest.first == "(" {
                var depth = 0
                var isQuoted = false
                var end = rest.endIndex
                for index in rest.indices {
                    if rest[index] == "\"" { isQuoted.toggle() }
                    guard !isQuoted else { continue }
                    if rest[index] == "(" { depth += 1 }
                    if rest[index] == ")" {
                        depth -= 1
                        if depth == 0 {
                            end = index
                            break
                        }
                    }
                }
                arguments = String(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[end...]
            }
            found.append(Attribute(name: (isBlock ? "@@" : "@") + name, arguments: arguments))
        }
        return found
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        var isQuoted = false
        for index in line.indices {
            if line[index] == "\"" { isQuoted.toggle() }
            if !isQuoted, line[index...].hasPrefix("//") { return line[..<index] }
        }
        return line
    }

    /// Indexes and keys name fields; the database knows them by their columns.
    private static func mapped(_ table: TableShape) -> TableShape {
        var copy = table
        let names = Dictionary(table.columns.map { ($0.field, $0.name) }) { first, _ in first }
        for index in copy.indexes.indices {
            copy.indexes[index].columns = copy.indexes[index].columns.map { names[$0] ?? $0 }
        }
        for index in copy.foreignKeys.indices {
            copy.foreignKeys[index].columns = copy.foreignKeys[index].columns.map { names[$0] ?? $0 }
        }
        return copy
    }
}
