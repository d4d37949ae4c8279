/// A vendor's JSON as it came: every value knows its bytes, so that a part can be kept without a byte changed.
///
/// Nothing is decoded before it is asked for, and nothing can be relied on: whatever is missing or of another kind is
/// `nil`. Numbers may be texts and texts numbers. What JSON forbids and vendors send all the same is taken: halves of
/// surrogate pairs and bytes that are no UTF-8 become U+FFFD, control characters stand for themselves.
struct VendorJSON: Sendable {
    enum Bounds {
        /// Levels of lists and objects; the vendors' deepest form has nine.
        static let depth = 32
        /// Values in a document: memory of 16 bytes each.
        static let nodes = 200_000
    }

    enum Kind: UInt8, Sendable {
        case null, flag, number, text, list, object
    }

    /// A value in the order of the document; behind a list or an object stand its parts.
    struct Node: Sendable {
        var kind: Kind
        /// Whether a text has escapes.
        var isEscaped = false
        var start: Int32
        var end: Int32
        /// The node behind this one and all of its parts.
        var next: Int32
    }

    /// What all values of a document share.
    final class Document: Sendable {
        let bytes: [UInt8]
        let nodes: [Node]

        init(bytes: [UInt8], nodes: [Node]) {
            self.bytes = bytes
            self.nodes = nodes
        }
    }

    let document: Document
    let index: Int

    private init(_ document: Document, _ index: Int) {
        self.document = document
        self.index = index
    }

    /// Reads a document; `nil` when it is none, or beyond the bounds.
    init?(_ bytes: [UInt8]) {
        var reader = VendorJSONReader()
        guard let nodes = bytes.withUnsafeBufferPointer({ reader.read($0) }) else { return nil }
        self.init(Document(bytes: bytes, nodes: nodes), 0)
    }

    private var node: Node { document.nodes[index] }

    /// What kind of value it is.
    var kind: Kind { node.kind }

    /// The value's own bytes.
    var raw: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

    // MARK: Parts

    /// The member of a name, the last one if there are several; `nil` when it is not there, or null.
    subscript(name: StaticString) -> VendorJSON? {
        guard node.kind == .object else { return nil }
        var found: VendorJSON?
        var place = index + 1
        while place < node.next {
            let key = document.nodes[place]
            let value = Int(key.next)
            if isNamed(key, name), document.nodes[value].kind != .null { found = VendorJSON(document, value) }
            place = Int(document.nodes[value].next)
        }
        return found
    }

    private func isNamed(_ key: Node, _ name: StaticString) -> Bool {
        let range = Int(key.start) + 1..<Int(key.end) - 1
        return name.withUTF8Buffer { name in
            key.isEscaped
                ? VendorJSON(document, index).decoded(key).utf8.elementsEqual(name)
                : range.count == name.count && document.bytes[range].elementsEqual(name)
        }
    }

    /// The members of an object in order; none of anything else.
    var members: [(name: String, value: VendorJSON)] {
        guard node.kind == .object else { return [] }
        var members: [(String, VendorJSON)] = []
        var place = index + 1
        while place < node.next {
            let key = document.nodes[place]
            let value = VendorJSON(document, Int(key.next))
            members.append((decoded(key), value))
            place = Int(value.node.next)
        }
        return members
    }

    /// The elements of a list in order; none of anything else.
    var elements: [VendorJSON] {
        guard node.kind == .list else { return [] }
        var elements: [VendorJSON] = []
        var place = index + 1
        while place < node.next {
            elements.append(VendorJSON(document, place))
            place = Int(document.nodes[place].next)
        }
        return elements
    }

    // MARK: Values

    /// The text of a text.
    var text: String? { node.kind == .text ? decoded(node) : nil }

    /// The text of an id: a text that is not empty, or the digits of a number as they stand.
    var id: String? {
        switch node.kind {
        case .text:
            let text = decoded(node)
            return text.isEmpty ? nil : text
        case .number: return String(decoding: raw, as: UTF8.self)
        default: return nil
        }
    }

    /// Yes or no, also as 0, 1 and text.
    var flag: Bool? {
        switch node.kind {
        case .flag: raw.first == UInt8(ascii: "t")
        case .number: integer.map { $0 != 0 }
        case .text:
            switch decoded(node) {
            case "true", "1": true
            case "false", "0", "": false
            default: nil
            }
        default: nil
        }
    }

    /// A whole number within 64 bits, also as text or with a fraction of zero.
    var integer: Int64? {
        let digits: String
        switch node.kind {
        case .number: digits = String(decoding: raw, as: UTF8.self)
        case .text where raw.count <= 34: digits = decoded(node)
        default: return nil
        }
        if let whole = Int64(digits) { return whole }
        guard let value = Double(digits), let whole = Int64(exactly: value) else { return nil }
        return whole
    }

    /// A number, also as text.
    var number: Double? {
        switch node.kind {
        case .number: Double(String(decoding: raw, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
        case .text where raw.count <= 34: Double(decoded(node)).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    private func decoded(_ node: Node) -> String {
        let inner = document.bytes[Int(node.start) + 1..<Int(node.end) - 1]
        guard node.isEscaped else { return String(decoding: inner, as: UTF8.self) }
        return VendorJSONEscapes.decoded(inner)
    }
}

/// Turns escapes back into text.
enum VendorJSONEscapes {
    /// The text between the quotes, whose escapes have been found well formed.
    static func decoded(_ inner: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(inner.count)
        var place = inner.startIndex
        while place < inner.endIndex {
            guard inner[place] == UInt8(ascii: "\\"), place + 1 < inner.endIndex else {
                bytes.append(inner[place])
                place += 1
                continue
            }
            let letter = inner[place + 1]
            place += 2
            switch letter {
            case UInt8(ascii: "b"): bytes.append(8)
            case UInt8(ascii: "f"): bytes.append(12)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "u"): bytes += String(scalar(inner, &place)).utf8
            default: bytes.append(letter)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The scalar whose four digits begin here, with its second half behind it where there is one.
    private static func scalar(_ inner: ArraySlice<UInt8>, _ place: inout Int) -> Unicode.Scalar {
        let first = unit(inner, place) ?? 0xFFFD
        place = min(place + 4, inner.endIndex)
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        guard place + 1 < inner.endIndex, inner[place] == UInt8(ascii: "\\"), inner[place + 1] == UInt8(ascii: "u"),
            let second = unit(inner, place + 2), (0xDC00..<0xE000).contains(second)
        else { return "\u{FFFD}" }
        place += 6
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private static func unit(_ inner: ArraySlice<UInt8>, _ place: Int) -> UInt32? {
        guard place + 4 <= inner.endIndex else { return nil }
        var value: UInt32 = 0
        for byte in inner[place..<place + 4] {
            guard let digit = HexDigits.value(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}

/// Digits to the base sixteen.
enum HexDigits {
    /// What a digit stands for, in either case.
    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// Two digits for each byte, in lower case.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// As many bytes as half the digits of a text of exactly so many; `nil` for any other text.
    static func bytes(_ text: some StringProtocol, count: Int) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == count * 2 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[place]), let low = value(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
