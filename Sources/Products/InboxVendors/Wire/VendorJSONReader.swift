/// Finds where the values of a JSON document stand, in one pass without recursion.
struct VendorJSONReader {
    private typealias Node = VendorJSON.Node

    private var nodes: [VendorJSON.Node] = []
    /// Lists and objects that are open.
    private var open: [Int] = []

    /// The nodes of a document that is one value; `nil` when it is not.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) -> [VendorJSON.Node]? {
        guard bytes.count <= Int(Int32.max) else { return nil }
        nodes.reserveCapacity(min(bytes.count / 8 + 1, 1_024))
        var place = 0
        while true {
            guard Self.skipSpace(bytes, &place), begin(bytes, &place) else { return nil }
            guard let isDone = close(bytes, &place) else { return nil }
            if isDone { break }
        }
        // Spaces and line ends may follow, nothing else.
        return Self.skipSpace(bytes, &place) ? nil : nodes
    }

    /// Takes one value, or the beginning of a list or an object up to its first value.
    private mutating func begin(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        while true {
            guard nodes.count < VendorJSON.Bounds.nodes else { return false }
            switch bytes[place] {
            case UInt8(ascii: "{"):
                guard enter(.object, at: &place), Self.skipSpace(bytes, &place) else { return false }
                if bytes[place] == UInt8(ascii: "}") { return true }
                guard key(bytes, &place) else { return false }
            case UInt8(ascii: "["):
                guard enter(.list, at: &place), Self.skipSpace(bytes, &place) else { return false }
                if bytes[place] == UInt8(ascii: "]") { return true }
            case UInt8(ascii: "\""): return text(bytes, &place)
            case UInt8(ascii: "t"): return word("true", .flag, bytes, &place)
            case UInt8(ascii: "f"): return word("false", .flag, bytes, &place)
            case UInt8(ascii: "n"): return word("null", .null, bytes, &place)
            default: return number(bytes, &place)
            }
        }
    }

    /// Behind a value: closes what ends here, and goes to the place where the next value begins.
    ///
    /// - Returns: Whether the document is complete; `nil` when it is broken.
    private mutating func close(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool? {
        while let outer = open.last {
            guard Self.skipSpace(bytes, &place) else { return nil }
            let isObject = nodes[outer].kind == .object
            switch bytes[place] {
            case UInt8(ascii: ","):
                place += 1
                guard Self.skipSpace(bytes, &place) else { return nil }
                if isObject, !key(bytes, &place) { return nil }
                return false
            case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
                place += 1
                nodes[outer].end = Int32(place)
                nodes[outer].next = Int32(nodes.count)
                open.removeLast()
            default: return nil
            }
        }
        return true
    }

    private mutating func enter(_ kind: VendorJSON.Kind, at place: inout Int) -> Bool {
        guard open.count < VendorJSON.Bounds.depth else { return false }
        open.append(nodes.count)
        nodes.append(Node(kind: kind, start: Int32(place), end: 0, next: 0))
        place += 1
        return true
    }

    /// A member's name, its colon, and the spaces before its value.
    private mutating func key(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        guard nodes.count < VendorJSON.Bounds.nodes, bytes[place] == UInt8(ascii: "\""), text(bytes, &place),
            Self.skipSpace(bytes, &place), bytes[place] == UInt8(ascii: ":")
        else { return false }
        place += 1
        return Self.skipSpace(bytes, &place)
    }

    private mutating func append(_ kind: VendorJSON.Kind, _ start: Int, _ end: Int, isEscaped: Bool = false) {
        nodes.append(
            Node(
                kind: kind, isEscaped: isEscaped, start: Int32(start), end: Int32(end), next: Int32(nodes.count + 1)))
    }

    private mutating func text(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        let start = place
        var isEscaped = false
        place += 1
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place += 1
                append(.text, start, place, isEscaped: isEscaped)
                return true
            case UInt8(ascii: "\\"):
                isEscaped = true
                guard place + 1 < bytes.count else { return false }
                switch bytes[place + 1] {
                case UInt8(ascii: "u"):
                    guard place + 5 < bytes.count,
                        bytes[place + 2...place + 5].allSatisfy({ HexDigits.value($0) != nil })
                    else { return false }
                    place += 6
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    place += 2
                default: return false
                }
            default: place += 1
            }
        }
        return false
    }

    private mutating func word(
        _ word: StaticString, _ kind: VendorJSON.Kind, _ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int
    ) -> Bool {
        let end = place + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[place..<end]) }) else { return false }
        append(kind, place, end)
        place = end
        return true
    }

    private mutating func number(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        let start = place
        if place < bytes.count, bytes[place] == UInt8(ascii: "-") { place += 1 }
        guard Self.skipDigits(bytes, &place) else { return false }
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            place += 1
            guard Self.skipDigits(bytes, &place) else { return false }
        }
        if place < bytes.count, bytes[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[place]) { place += 1 }
            guard Self.skipDigits(bytes, &place) else { return false }
        }
        append(.number, start, place)
        return true
    }

    private static func skipDigits(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        let start = place
        while place < bytes.count, (48...57).contains(bytes[place]) { place += 1 }
        return place > start
    }

    /// Goes to the next byte that is no space; `false` at the end.
    private static func skipSpace(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> Bool {
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x0A, 0x0D, 0x09: place += 1
            default: return true
            }
        }
        return false
    }
}
