import Foundation

/// Statements in Swift source that stands on this platform: literals that begin as SQL does, with where they stand.
///
/// Reads tokens, not types: strings, comments, parentheses and braces are told apart, so that a literal is known together
/// with the call that it is an argument of and the loops around it.
struct SwiftStatements {
    struct Found: Hashable {
        /// The statement, with a placeholder for each value.
        var text: String
        /// From 1.
        var line: Int
        /// The name of the call that it is an argument of: `first`, `list`, `execute`.
        var call: String
        /// Whether it is in the body of a loop over elements.
        var isInLoop: Bool
        /// Whether parts of it are put in from elsewhere, so that it cannot be parsed.
        var isPartial: Bool
    }

    private enum Block {
        case loop
        case function
        case other
    }

    private static let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE"]
    /// Words of a loop's head that say that it takes many elements at a time, or goes on where it stopped.
    private static let chunked = ["chunk", "batch", "page", "stride", "slice", "shard", "attempt", "lane", "..<"]

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var calls: [String] = []
    private var blocks: [Block] = []
    private var word = ""
    /// What a `{` that comes next opens.
    private var pending = Block.other
    private var head = ""
    private var isHead = false
    private(set) var found: [Found] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
        while index < bytes.count { step() }
    }

    private func at(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

    private mutating func step() {
        let byte = bytes[index]
        if byte == UInt8(ascii: "\n") { line += 1 }
        if byte == UInt8(ascii: "/"), at(1) == byte { return skipLine() }
        if byte == UInt8(ascii: "\"") { return readString() }
        if Self.isName(byte) { return readWord() }
        switch byte {
        case UInt8(ascii: "("): calls.append(word)
        case UInt8(ascii: ")"): _ = calls.popLast()
        case UInt8(ascii: "{"): open()
        case UInt8(ascii: "}"): _ = blocks.popLast()
        default: break
        }
        if isHead { head.append(Character(UnicodeScalar(byte))) }
        if byte > 0x20, byte != UInt8(ascii: "("), byte != UInt8(ascii: "<") { word = "" }
        index += 1
    }

    private mutating func open() {
        let isChunked = Self.chunked.contains { head.lowercased().contains($0) }
        blocks.append(pending == .loop && isChunked ? .other : pending)
        (pending, head, isHead) = (.other, "", false)
    }

    private mutating func readWord() {
        let start = index
        while index < bytes.count, Self.isName(bytes[index]) { index += 1 }
        word = String(decoding: bytes[start..<index], as: UTF8.self)
        if isHead { head += word }
        if word == "for", isLoop {
            (pending, head, isHead) = (.loop, "", true)
        } else if word == "func" || word == "init" {
            (pending, head, isHead) = (.function, "", false)
        }
    }

    /// Whether what follows is `for … in …`, and not the label of an argument.
    private var isLoop: Bool {
        var end = index
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n"), bytes[end] != UInt8(ascii: "{") { end += 1 }
        let head = String(decoding: bytes[index..<end], as: UTF8.self).components(separatedBy: " in ")
        return head.count > 1 && !head[0].contains(":")
    }

    private mutating func skipLine() {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
    }

    // MARK: Strings

    private mutating func readString() {
        let begun = line
        let isLong = at(1) == UInt8(ascii: "\"") && at(2) == UInt8(ascii: "\"")
        index += isLong ? 3 : 1
        var text: [UInt8] = []
        var values = 0
        var isPartial = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\"), at(1) == UInt8(ascii: "(") {
                let part = skipInterpolation()
                if part.hasPrefix("sql:") || part.hasPrefix("raw:") {
                    isPartial = true
                    text += Array(" ".utf8)
                } else {
                    values += 1
                    text += Array("$\(values)".utf8)
                }
                continue
            }
            if byte == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            let isEnd = byte == UInt8(ascii: "\"") && (!isLong || (at(1) == byte && at(2) == byte))
            if isEnd || (!isLong && byte == UInt8(ascii: "\n")) { break }
            if byte == UInt8(ascii: "\n") { line += 1 }
            text.append(byte)
            index += 1
        }
        index += isLong ? 3 : 1
        let statement = String(decoding: text, as: UTF8.self).trimmed
        guard let verb = statement.split(whereSeparator: { $0.isWhitespace }).first.map(String.init),
            Self.verbs.contains(verb)
        else { return }
        found.append(
            Found(
                text: statement, line: begun, call: calls.last ?? "", isInLoop: isInLoop, isPartial: isPartial))
    }

    private var isInLoop: Bool {
        let own = blocks.lastIndex { $0 == .function } ?? 0
        return blocks[min(own, blocks.count)...].contains { $0 == .loop }
    }

    /// Skips `\(…)` and gives what stands in it.
    private mutating func skipInterpolation() -> String {
        index += 2
        let start = index
        var depth = 1
        while index < bytes.count, depth > 0 {
            if bytes[index] == UInt8(ascii: "(") { depth += 1 }
            if bytes[index] == UInt8(ascii: ")") { depth -= 1 }
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
        return String(decoding: bytes[start..<max(start, index - 1)], as: UTF8.self).trimmed
    }

    private static func isName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
