/// What a statement of a migration does, as far as rules need to know: read from its words.
struct SchemaText {
    /// The words in upper case; punctuation stands by itself, text in quotes is one word.
    let words: [String]
    private let original: [String]

    init(_ text: String) {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isComment = false
        var previous: Character = " "
        func end() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for character in text {
            if isComment {
                isComment = character != "\n"
            } else if isQuoted {
                word.append(character)
                if character == "'" {
                    isQuoted = false
                    end()
                }
            } else if character == "-", previous == "-" {
                word.removeLast()
                end()
                isComment = true
            } else if character == "'" {
                end()
                word = "'"
                isQuoted = true
            } else if character.isWhitespace {
                end()
            } else if "(),;".contains(character) {
                end()
                words.append(String(character))
            } else {
                word.append(character)
            }
            previous = character
        }
        end()
        original = words
        self.words = words.map { $0.uppercased() }
    }

    /// The table that the statement creates.
    var createdTable: String? {
        guard words.first == "CREATE", let place = words.firstIndex(of: "TABLE"), place <= 2 else { return nil }
        return name(after: place, skipping: ["IF", "NOT", "EXISTS"])
    }

    /// The table on which the statement builds an index.
    var indexedTable: String? {
        guard words.first == "CREATE", let index = words.firstIndex(of: "INDEX"), index <= 2 else { return nil }
        return words.firstIndex(of: "ON").flatMap { name(after: $0, skipping: ["ONLY"]) }
    }

    /// The table that the statement alters.
    var alteredTable: String? {
        guard words.starts(with: ["ALTER", "TABLE"]) else { return nil }
        return name(after: 1, skipping: ["IF", "EXISTS", "ONLY"])
    }

    /// The table whose rows the statement changes.
    var rewrittenTable: String? {
        if words.first == "UPDATE" { return name(after: 0, skipping: ["ONLY"]) }
        if words.starts(with: ["DELETE", "FROM"]) { return name(after: 1, skipping: ["ONLY"]) }
        return nil
    }

    /// The columns of the primary key that a `CREATE TABLE` declares.
    var primaryKey: [String] {
        guard let place = place(of: ["PRIMARY", "KEY"]) else { return [] }
        if words.indices.contains(place + 2), words[place + 2] == "(" {
            return original[(place + 3)...].prefix { $0 != ")" }.filter { $0 != "," }.map { $0.lowercased() }
        }
        // Declared with a column: its name stands behind the last comma or bracket at this depth.
        var depth = 0
        for index in (0..<place).reversed() {
            if words[index] == ")" { depth += 1 }
            if words[index] == "(" { depth -= 1 }
            if depth < 0 || depth == 0 && words[index] == "," { return [original[index + 1].lowercased()] }
        }
        return []
    }

    /// Whether the words follow each other somewhere.
    func contains(_ sequence: String...) -> Bool { place(of: sequence) != nil }

    private func place(of sequence: [String]) -> Int? {
        words.indices.first { words[$0...].starts(with: sequence) }
    }

    private func name(after place: Int, skipping skipped: Set<String>) -> String? {
        original[(place + 1)...].first { !skipped.contains($0.uppercased()) }
            .map { $0.replacing("\"", with: "").lowercased() }
    }
}
