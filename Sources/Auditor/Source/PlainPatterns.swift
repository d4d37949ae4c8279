import Foundation

/// Writes the regular expressions of a rule for ASCII only.
///
/// Rules say `\w`, `\s` and `\d`, which people read easily; ast-grep's engine then minds all of Unicode, with tables that
/// cost half of the memory and a sixth of the time of a search. Names in code are ASCII where it matters here.
enum PlainPatterns {
    /// The text with the expressions of its lines `regex: …` rewritten.
    static func rewrite(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let start = line.range(of: "regex: "),
                line[..<start.lowerBound].allSatisfy({ $0 == " " || $0 == "-" })
            else { return String(line) }
            return line[..<start.upperBound] + pattern(line[start.upperBound...])
        }.joined(separator: "\n")
    }

    private static func pattern(_ text: Substring) -> String {
        var result = ""
        var isInBrackets = false
        var rest = text
        while let character = rest.popFirst() {
            guard character == "\\", let next = rest.first else {
                if character == "[" { isInBrackets = true }
                if character == "]" { isInBrackets = false }
                result.append(character)
                continue
            }
            // `[\s\S]` is everything, as it stands.
            if isInBrackets, next == "s", rest.hasPrefix("s\\S") {
                result += "\\s\\S"
                rest = rest.dropFirst(3)
                continue
            }
            rest = rest.dropFirst()
            if let plain = classes[next] {
                result += isInBrackets ? plain : "[\(plain)]"
            } else if next == "b", !isInBrackets {
                result += "(?-u:\\b)"
            } else {
                result += "\\\(next)"
            }
        }
        return result
    }

    private static let classes: [Character: String] = ["w": "A-Za-z0-9_$", "d": "0-9", "s": " \\t\\r\\n"]
}
