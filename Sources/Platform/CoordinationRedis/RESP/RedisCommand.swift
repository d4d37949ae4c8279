/// A command with its arguments, encoded once by whoever sends it.
public struct RedisCommand: Sendable {
    /// An argument.
    public enum Argument: Sendable, ExpressibleByStringLiteral {
        /// A key; the first one decides which node of a cluster is asked.
        case key(String)
        /// A text.
        case text(String)
        /// Bytes.
        case bytes([UInt8])
        /// A whole number.
        case number(Int)

        /// A text.
        public init(stringLiteral value: StaticString) { self = .text(value.description) }
    }

    /// The command's name.
    public let name: String
    let encoded: [UInt8]
    let key: String?

    /// Encodes a command.
    public init(_ name: StaticString, _ arguments: [Argument] = []) {
        self.name = name.description
        var key: String?
        var encoded: [UInt8] = []
        encoded.reserveCapacity(16 + name.utf8CodeUnitCount + arguments.reduce(0) { $0 + 16 + $1.bytesMax })
        Self.append(UInt8(ascii: "*"), arguments.count + 1, to: &encoded)
        Self.append(UInt8(ascii: "$"), name.utf8CodeUnitCount, to: &encoded)
        name.withUTF8Buffer { encoded.append(contentsOf: $0) }
        encoded.append(contentsOf: [13, 10])
        for argument in arguments {
            switch argument {
            case .key(let text):
                if key == nil { key = text }
                Self.append(text, to: &encoded)
            case .text(let text): Self.append(text, to: &encoded)
            case .number(let number): Self.append(String(number), to: &encoded)
            case .bytes(let bytes):
                Self.append(UInt8(ascii: "$"), bytes.count, to: &encoded)
                encoded.append(contentsOf: bytes)
                encoded.append(contentsOf: [13, 10])
            }
        }
        self.key = key
        self.encoded = encoded
    }

    private static func append(_ mark: UInt8, _ count: Int, to encoded: inout [UInt8]) {
        encoded.append(mark)
        if count < 10 {
            encoded.append(UInt8(ascii: "0") + UInt8(count))
        } else {
            encoded.append(contentsOf: String(count).utf8)
        }
        encoded.append(13)
        encoded.append(10)
    }

    private static func append(_ text: String, to encoded: inout [UInt8]) {
        append(UInt8(ascii: "$"), text.utf8.count, to: &encoded)
        encoded.append(contentsOf: text.utf8)
        encoded.append(13)
        encoded.append(10)
    }
}

extension RedisCommand.Argument {
    fileprivate var bytesMax: Int {
        switch self {
        case .key(let text), .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .number: 20
        }
    }
}
