import Foundation

/// A Swift file, with two more views of the same length in which comments, or comments and literals, are blank.
///
/// Rules search bytes, since a test that reads the whole tree should take less than a second even without optimisation.
struct SourceFile: Sendable {
    let path: String
    /// As written.
    let raw: [UInt8]
    /// Comments blank; literals as written.
    let text: [UInt8]
    /// Comments blank, and what stands in literals and raw identifiers.
    let code: [UInt8]
    /// Offset of the first byte of each line.
    let lineStarts: [Int]

    init(path: String, text source: String) {
        self.path = path
        raw = Array(source.utf8)
        var masker = Masker(raw)
        masker.run()
        text = masker.text
        code = masker.code
        var starts = [0]
        raw.withUnsafeBufferPointer { bytes in
            for offset in 0..<bytes.count where bytes[offset] == Byte.newline { starts.append(offset + 1) }
        }
        lineStarts = starts
    }

    /// The line, counted from 1, in which the byte at `offset` stands.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// The line `number`, counted from 1, of `view` without the blanks around it; empty beyond the ends.
    func line(_ number: Int, of view: [UInt8]) -> String {
        guard number >= 1, number <= lineStarts.count else { return "" }
        let end = number < lineStarts.count ? lineStarts[number] - 1 : view.count
        guard lineStarts[number - 1] < end else { return "" }
        return String(decoding: view[lineStarts[number - 1]..<end], as: UTF8.self)
            .trimmingCharacters(in: .whitespaces)
    }

    /// Lines of the file; a newline at the end starts no further one.
    var lineCount: Int { raw.last == Byte.newline ? lineStarts.count - 1 : lineStarts.count }

    /// Offsets of `token` in `view`; a token that starts or ends with a letter matches whole words only.
    func offsets(of token: String, in view: [UInt8]) -> [Int] {
        let wanted = Array(token.utf8)
        var found: [Int] = []
        view.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var start = 0
            while start + wanted.count <= bytes.count,
                let hit = memchr(base + start, Int32(wanted[0]), bytes.count - wanted.count - start + 1)
            {
                let offset = UnsafeRawPointer(hit) - base
                start = offset + 1
                guard memcmp(hit, wanted, wanted.count) == 0 else { continue }
                let before = offset > 0 ? bytes[offset - 1] : Byte.newline
                let after = offset + wanted.count < bytes.count ? bytes[offset + wanted.count] : Byte.newline
                if Byte.isWord(wanted[0]), Byte.isWord(before) || before == Byte.dot { continue }
                if let last = wanted.last, Byte.isWord(last), Byte.isWord(after) { continue }
                found.append(offset)
            }
        }
        return found
    }

    /// Whether the line or the comment lines right above it hold `mark` in a comment.
    func hasComment(_ mark: String, at line: Int) -> Bool {
        if let slashes = comment(of: line), slashes.contains(mark) { return true }
        var above = line - 1
        while above >= 1, self.line(above, of: raw).hasPrefix("//") {
            if self.line(above, of: raw).contains(mark) { return true }
            above -= 1
        }
        return false
    }

    private func comment(of line: Int) -> Substring? {
        let written = self.line(line, of: raw)
        let kept = self.line(line, of: text)
        guard written.count > kept.count, let slashes = written.range(of: "//", options: .backwards) else { return nil }
        return written[slashes.lowerBound...]
    }
}

/// Names for the bytes that the rules look for.
enum Byte {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let dot = UInt8(ascii: ".")
    static let slash = UInt8(ascii: "/")
    static let star = UInt8(ascii: "*")
    static let hash = UInt8(ascii: "#")
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let backtick = UInt8(ascii: "`")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
