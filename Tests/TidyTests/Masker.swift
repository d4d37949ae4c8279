/// Blanks comments and literals of Swift source, keeping every newline and every offset.
///
/// Knows nested comments, raw and multi-line strings with interpolation, raw identifiers and `#/regex/#`.
struct Masker {
    private enum Mode {
        case code(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    private let source: [UInt8]
    private(set) var text: [UInt8]
    private(set) var code: [UInt8]
    private var at = 0
    private var modes: [Mode] = [.code(depth: 0)]

    init(_ source: [UInt8]) {
        self.source = source
        text = source
        code = source
    }

    mutating func run() {
        while at < source.count {
            switch modes[modes.count - 1] {
            case .code(let depth): stepInCode(depth)
            case .string(let hashes, let isMultiline): stepInString(hashes, isMultiline)
            }
        }
    }

    private func byte(_ ahead: Int = 0) -> UInt8 { at + ahead < source.count ? source[at + ahead] : 0 }

    private mutating func blank(inText: Bool) {
        if source[at] != Byte.newline {
            code[at] = Byte.space
            if inText { text[at] = Byte.space }
        }
        at += 1
    }

    private mutating func stepInCode(_ depth: Int) {
        switch byte() {
        case Byte.slash where byte(1) == Byte.slash:
            while at < source.count, byte() != Byte.newline { blank(inText: true) }
        case Byte.slash where byte(1) == Byte.star: skipComment()
        case Byte.backtick:
            at += 1
            while at < source.count, byte() != Byte.backtick, byte() != Byte.newline { blank(inText: false) }
            at += 1
        case Byte.quote: openString(hashes: 0)
        case Byte.hash: stepAtHash()
        case Byte.open:
            modes[modes.count - 1] = .code(depth: depth + 1)
            at += 1
        case Byte.close:
            if depth == 0, modes.count > 1 {
                modes.removeLast()
            } else {
                modes[modes.count - 1] = .code(depth: depth - 1)
            }
            at += 1
        default: at += 1
        }
    }

    private mutating func skipComment() {
        var depth = 0
        repeat {
            if byte() == Byte.slash, byte(1) == Byte.star {
                depth += 1
                blank(inText: true)
            } else if byte() == Byte.star, byte(1) == Byte.slash {
                depth -= 1
                blank(inText: true)
            }
            blank(inText: true)
        } while depth > 0 && at < source.count
    }

    private mutating func stepAtHash() {
        var hashes = 0
        while byte(hashes) == Byte.hash { hashes += 1 }
        switch byte(hashes) {
        case Byte.quote:
            at += hashes
            openString(hashes: hashes)
        case Byte.slash:
            at += hashes + 1
            while at < source.count, !(byte() == Byte.slash && byte(1) == Byte.hash) { blank(inText: false) }
            at += 1 + hashes
        default: at += hashes
        }
    }

    private mutating func openString(hashes: Int) {
        let isMultiline = byte(1) == Byte.quote && byte(2) == Byte.quote
        at += isMultiline ? 3 : 1
        modes.append(.string(hashes: hashes, isMultiline: isMultiline))
    }

    private func hasHashes(_ count: Int, after ahead: Int) -> Bool {
        (0..<count).allSatisfy { byte(ahead + $0) == Byte.hash }
    }

    private mutating func stepInString(_ hashes: Int, _ isMultiline: Bool) {
        switch byte() {
        case Byte.backslash where hasHashes(hashes, after: 1):
            if byte(1 + hashes) == Byte.open {
                at += 2 + hashes
                modes.append(.code(depth: 0))
            } else {
                for _ in 0..<(2 + hashes) where at < source.count { blank(inText: false) }
            }
        case Byte.quote
        where (!isMultiline || (byte(1) == Byte.quote && byte(2) == Byte.quote))
            && hasHashes(hashes, after: isMultiline ? 3 : 1):
            at += (isMultiline ? 3 : 1) + hashes
            modes.removeLast()
        case Byte.newline where !isMultiline:
            modes.removeLast()
            at += 1
        default: blank(inText: false)
        }
    }
}
