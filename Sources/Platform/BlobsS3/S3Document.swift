/// An element of one of S3's XML answers: its name, its text, and the elements within.
///
/// Reads exactly the XML that such answers are made of: elements, attributes (which are passed over), text, the five
/// named entities and numbered ones. No document types, no external anything. Bounded in size and depth.
struct S3Document: Sendable, Hashable {
    enum Bounds {
        static let bytes = 4 << 20
        static let depth = 12
    }

    var name: String
    var text = ""
    var children: [S3Document] = []

    /// The text of the first child of this name.
    subscript(name: String) -> String? { children.first { $0.name == name }?.text }

    /// All children of this name.
    func all(_ name: String) -> [S3Document] { children.filter { $0.name == name } }

    /// Reads a document; `nil` for anything that is not one.
    static func read(_ bytes: [UInt8]) -> S3Document? {
        guard bytes.count <= Bounds.bytes else { return nil }
        var reader = Reader(bytes: bytes)
        return reader.document()
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func document() -> S3Document? {
            while let next = skipToTag() {
                guard next == UInt8(ascii: "?") || next == UInt8(ascii: "!") else { return element(depth: 0) }
                guard next == UInt8(ascii: "?"), skip(through: UInt8(ascii: ">")) else { return nil }
            }
            return nil
        }

        /// Moves to the next `<` and returns the byte behind it.
        private mutating func skipToTag() -> UInt8? {
            guard let start = bytes[position...].firstIndex(of: UInt8(ascii: "<")), start + 1 < bytes.count else {
                return nil
            }
            position = start
            return bytes[start + 1]
        }

        private mutating func skip(through end: UInt8) -> Bool {
            guard let found = bytes[position...].firstIndex(of: end) else { return false }
            position = found + 1
            return true
        }

        /// Reads an element from its `<` on.
        private mutating func element(depth: Int) -> S3Document? {
            guard depth < Bounds.depth else { return nil }
            let start = position + 1
            guard skip(through: UInt8(ascii: ">")) else { return nil }
            var tag = bytes[start..<position - 1]
            let isEmpty = tag.last == UInt8(ascii: "/")
            if isEmpty { tag = tag.dropLast() }
            let name = tag.prefix { $0 > 0x20 }
            guard !name.isEmpty else { return nil }
            var element = S3Document(name: String(decoding: name, as: UTF8.self))
            if isEmpty { return element }
            while true {
                let from = position
                guard let next = skipToTag(), let text = Self.text(bytes[from..<position]) else { return nil }
                element.text += text
                guard next == UInt8(ascii: "/") else {
                    guard let child = self.element(depth: depth + 1) else { return nil }
                    element.children.append(child)
                    continue
                }
                let close = position + 2
                guard skip(through: UInt8(ascii: ">")) else { return nil }
                guard bytes[close..<position - 1].elementsEqual(name) else { return nil }
                return element
            }
        }

        private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
            var result: [UInt8] = []
            var rest = bytes
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "&") else {
                    result.append(byte)
                    continue
                }
                guard let end = rest.prefix(10).firstIndex(of: UInt8(ascii: ";")) else { return nil }
                let name = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
                guard let scalar = scalar(name) else { return nil }
                result += Array(String(scalar).utf8)
                rest = rest[(end + 1)...]
            }
            return String(decoding: result, as: UTF8.self)
        }

        private static func scalar(_ name: String) -> Unicode.Scalar? {
            switch name {
            case "amp": "&"
            case "lt": "<"
            case "gt": ">"
            case "quot": "\""
            case "apos": "'"
            default:
                if name.hasPrefix("#x") {
                    UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
                } else if name.hasPrefix("#") {
                    UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
                } else {
                    nil
                }
            }
        }
    }
}
