/// Reads pieces of JavaScript that ast-grep has already found to be whole: chains of calls, objects, arguments.
///
/// Not a parser: it counts brackets outside of strings, templates and comments, and takes names between them.
struct ScriptText {
    /// A step of a chain: `select` with what stands in its brackets, or a plain member.
    struct Link: Hashable {
        var name: String
        var arguments: String?
    }

    /// A property of an object; `value` is the key again when it is written short, and `nil` keys are spreads.
    struct Property: Hashable {
        var key: String?
        var value: String
    }

    private let bytes: [UInt8]

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    // MARK: Chains

    /// The steps of `db.select().from(lists).where(…)`.
    func chain() -> [Link] {
        var links: [Link] = []
        var index = skipSpace(0)
        if word(at: index) == "await" { index = skipSpace(index + 5) }
        while index < bytes.count {
            let start = index
            while index < bytes.count, Self.isName(bytes[index]) { index += 1 }
            if index > start { links.append(Link(name: string(start..<index))) }
            index = skipSpace(index)
            guard index < bytes.count else { break }
            switch bytes[index] {
            case UInt8(ascii: "<"):
                index = end(of: index, open: UInt8(ascii: "<"), close: UInt8(ascii: ">"))
            case UInt8(ascii: "("):
                let close = end(of: index)
                if !links.isEmpty {
                    links[links.count - 1].arguments = string((index + 1)..<max(index + 1, close - 1))
                }
                index = close
            case UInt8(ascii: "`"):
                let close = endOfString(index)
                if !links.isEmpty { links[links.count - 1].arguments = string(index..<close) }
                index = close
            case UInt8(ascii: "["): index = end(of: index)
            case UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: "!"): index += 1
            default: return links
            }
            index = skipSpace(index)
        }
        return links
    }

    // MARK: Objects and arguments

    /// The properties of an object that begins the text; empty for anything else.
    func properties() -> [Property] {
        let open = skipSpace(0)
        guard open < bytes.count, bytes[open] == UInt8(ascii: "{") else { return [] }
        let close = end(of: open)
        return parts((open + 1)..<max(open + 1, close - 1)).compactMap { part in
            let whole = ScriptText(part)
            let text = ScriptText(whole.string(whole.skipSpace(0)..<whole.bytes.count))
            let part = text.string(0..<text.bytes.count)
            if part.hasPrefix("...") { return Property(key: nil, value: part) }
            var index = 0
            while index < text.bytes.count, text.bytes[index] != UInt8(ascii: ":"),
                text.bytes[index] != UInt8(ascii: "(")
            {
                index += 1
            }
            let key = text.string(0..<index).filter { $0 != "'" && $0 != "\"" && !$0.isWhitespace }
            guard !key.isEmpty, key.utf8.allSatisfy(Self.isName) else { return nil }
            guard index < text.bytes.count else { return Property(key: key, value: key) }
            return Property(key: key, value: text.string((index + 1)..<text.bytes.count).trimmed)
        }
    }

    /// What stands between commas.
    func arguments() -> [String] { parts(0..<bytes.count) }

    /// The elements of an array that begins the text.
    func elements() -> [String] {
        let open = skipSpace(0)
        guard open < bytes.count, bytes[open] == UInt8(ascii: "[") else { return [] }
        return parts((open + 1)..<max(open + 1, end(of: open) - 1))
    }

    /// The text of a string or template that begins the text, with `$1` for what is put into it.
    func literal() -> String? {
        let start = skipSpace(0)
        guard start < bytes.count, Self.isQuote(bytes[start]) else { return nil }
        let close = endOfString(start)
        guard close - 1 > start else { return "" }
        var text: [UInt8] = []
        var index = start + 1
        while index < close - 1 {
            if bytes[start] == UInt8(ascii: "`"), bytes[index] == UInt8(ascii: "$"), index + 1 < close,
                bytes[index + 1] == UInt8(ascii: "{")
            {
                index = end(of: index + 1)
                text += Array("$1".utf8)
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func parts(_ range: Range<Int>) -> [String] {
        var parts: [String] = []
        var start = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if Self.isQuote(byte) {
                index = endOfString(index)
            } else if isComment(index) {
                index = endOfComment(index)
            } else if Self.closers[byte] != nil {
                index = end(of: index)
            } else {
                if byte == UInt8(ascii: ",") {
                    parts.append(string(start..<index).trimmed)
                    start = index + 1
                }
                index += 1
            }
        }
        parts.append(string(start..<min(range.upperBound, bytes.count)).trimmed)
        return parts.filter { !$0.isEmpty }
    }

    // MARK: Brackets

    private static let closers: [UInt8: UInt8] = [
        UInt8(ascii: "("): UInt8(ascii: ")"), UInt8(ascii: "["): UInt8(ascii: "]"),
        UInt8(ascii: "{"): UInt8(ascii: "}"),
    ]

    /// The index behind the bracket that closes the one at `start`.
    private func end(of start: Int) -> Int {
        guard let close = Self.closers[bytes[start]] else { return start + 1 }
        return end(of: start, open: bytes[start], close: close)
    }

    private func end(of start: Int, open: UInt8, close: UInt8) -> Int {
        var depth = 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if Self.isQuote(byte) {
                index = endOfString(index)
                continue
            }
            if isComment(index) {
                index = endOfComment(index)
                continue
            }
            if byte == open { depth += 1 }
            if byte == close {
                depth -= 1
                if depth == 0 { return index + 1 }
            }
            index += 1
        }
        return bytes.count
    }

    private func endOfString(_ start: Int) -> Int {
        let quote = bytes[start]
        var index = start + 1
        while index < bytes.count, bytes[index] != quote {
            if bytes[index] == UInt8(ascii: "\\") { index += 1 }
            index += 1
        }
        return min(index + 1, bytes.count)
    }

    private func isComment(_ index: Int) -> Bool {
        bytes[index] == UInt8(ascii: "/") && index + 1 < bytes.count
            && (bytes[index + 1] == UInt8(ascii: "/") || bytes[index + 1] == UInt8(ascii: "*"))
    }

    private func endOfComment(_ start: Int) -> Int {
        var index = start + 2
        let isBlock = bytes[start + 1] == UInt8(ascii: "*")
        while index < bytes.count {
            if !isBlock, bytes[index] == 0x0A { return index }
            if isBlock, bytes[index] == UInt8(ascii: "/"), bytes[index - 1] == UInt8(ascii: "*"), index > start + 2 {
                return index + 1
            }
            index += 1
        }
        return bytes.count
    }

    private func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index] <= 0x20 {
                index += 1
            } else if isComment(index) {
                index = endOfComment(index)
            } else {
                break
            }
        }
        return index
    }

    private func word(at start: Int) -> String {
        var index = start
        while index < bytes.count, Self.isName(bytes[index]) { index += 1 }
        return string(start..<index)
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private static func isName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || (48...57).contains(byte) || (65...90).contains(byte)
            || (97...122).contains(byte)
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`")
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }

    /// Names as identifiers of a text: letters, digits, `_` and `$`.
    var identifiers: Set<String> {
        let words = self.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "$") })
        return Set(words.map { String($0) }.filter { !($0.first?.isNumber ?? true) })
    }
}

extension String {
    /// The text with the first occurrence of a word, in any case, put another way.
    func replacingFirst(_ word: String, with other: String) -> String {
        let parts = split(separator: " ", omittingEmptySubsequences: false)
        guard let index = parts.firstIndex(where: { $0.uppercased() == word }) else { return self }
        return (parts[..<index].map(String.init) + [other] + parts[(index + 1)...].map(String.init)).joined(
            separator: " ")
    }
}
