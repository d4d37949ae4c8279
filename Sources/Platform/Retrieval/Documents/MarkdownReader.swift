/// Takes the text out of Markdown: headings become sections, marks and addresses go, words stay.
enum MarkdownReader {
    static func read(_ text: String, into builder: inout DocumentText.Builder) {
        var isCode = false
        // CRLF is one character to Swift, which a line feed alone does not find.
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.hasPrefix("```") || trimmed.hasPrefix("~~~") {
                isCode.toggle()
                continue
            }
            if isCode {
                builder.add(line)
                builder.endLine()
            } else if let heading = heading(trimmed) {
                builder.begin(inline(heading))
                builder.add(inline(heading))
                builder.endParagraph()
            } else if trimmed.isEmpty {
                builder.endParagraph()
            } else if !isRule(trimmed) {
                builder.add(inline(unmarked(trimmed)))
                builder.endLine()
            }
        }
    }

    private static func heading(_ line: Substring) -> Substring? {
        let marks = line.prefix { $0 == "#" }
        guard (1...6).contains(marks.count), line[marks.endIndex...].first == " " else { return nil }
        var heading = line[marks.endIndex...].drop { $0 == " " }
        while heading.last == "#" || heading.last == " " { heading.removeLast() }
        return heading.isEmpty ? nil : heading
    }

    /// A line of dashes or a table's second line.
    private static func isRule(_ line: Substring) -> Bool {
        line.count >= 3 && line.allSatisfy { "-*_=|: ".contains($0) }
    }

    /// A line without the mark of a list, a quotation or a table.
    private static func unmarked(_ line: Substring) -> Substring {
        var line = line
        while line.first == ">" || line.first == " " || line.first == "|" { line.removeFirst() }
        if let first = line.first, "-*+".contains(first), line.dropFirst().first == " " { line = line.dropFirst(2) }
        return line
    }

    /// Words without emphasis, and of links and pictures only what is shown.
    private static func inline(_ line: Substring) -> String {
        var shown = ""
        var rest = line
        while let character = rest.first {
            if character == "[", let end = rest.firstIndex(of: "]"), rest[rest.index(after: end)...].first == "(",
                let close = rest[end...].firstIndex(of: ")")
            {
                shown += rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: close)...]
            } else if character == "!", rest.dropFirst().first == "[" {
                rest.removeFirst()
            } else {
                if character == "|" {
                    shown.append(" ")
                } else if character != "`", character != "*" {
                    shown.append(character)
                }
                rest.removeFirst()
            }
        }
        return shown
    }
}
