/// A value of the protocol RESP3, as a server of Redis or Valkey sends it.
public indirect enum RESPValue: Sendable, Hashable {
    /// Nothing: RESP3's null, and RESP2's two null forms.
    case null
    /// A short text without line breaks, as in `OK`.
    case simple(String)
    /// A refusal.
    case error(RESPError)
    /// A whole number.
    case number(Int64)
    /// A number with a fraction, infinite or not a number.
    case double(Double)
    /// Yes or no.
    case boolean(Bool)
    /// A whole number of any size, in decimal digits.
    case bigNumber(String)
    /// Bytes.
    case bytes([UInt8])
    /// Bytes with a format of three letters, as in `txt`.
    case verbatim(format: String, [UInt8])
    /// Values in order.
    case array([RESPValue])
    /// Values in no order.
    case set([RESPValue])
    /// Pairs, in the order in which they were sent.
    case map([RESPPair])
    /// What the server tells by itself: messages of topics and confirmations.
    case push([RESPValue])
}

/// A key and its value in a map.
public struct RESPPair: Sendable, Hashable {
    /// The key.
    public let key: RESPValue
    /// What stands under it.
    public let value: RESPValue

    /// Makes a pair.
    public init(_ key: RESPValue, _ value: RESPValue) {
        self.key = key
        self.value = value
    }
}

/// A refusal of the server: its first word in capitals says the kind, as in `NOSCRIPT`.
public struct RESPError: Sendable, Hashable {
    /// The first word.
    public let kind: String
    /// All of it.
    ///
    /// May quote what was sent.
    public let text: String

    /// Takes the text as it was sent.
    public init(_ text: String) {
        self.text = text
        kind = String(text.prefix { $0 != " " })
    }
}

extension RESPValue {
    /// The text of a simple, verbatim or byte string; `nil` of anything else.
    public var text: String? {
        switch self {
        case .simple(let text): text
        case .bytes(let bytes), .verbatim(_, let bytes): String(decoding: bytes, as: UTF8.self)
        case .null, .error, .number, .double, .boolean, .bigNumber, .array, .set, .map, .push: nil
        }
    }

    /// The bytes of a byte string; `nil` of anything else.
    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes), .verbatim(_, let bytes): bytes
        case .simple(let text): Array(text.utf8)
        case .null, .error, .number, .double, .boolean, .bigNumber, .array, .set, .map, .push: nil
        }
    }

    /// A whole number, also one that is written as a text; `nil` of anything else.
    public var number: Int64? {
        if case .number(let number) = self { return number }
        return text.flatMap { Int64($0) }
    }

    /// The elements of an array, a set or a push; `nil` of anything else.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        case .null, .simple, .error, .number, .double, .boolean, .bigNumber, .bytes, .verbatim, .map: nil
        }
    }

    /// What stands under a key of a map; `nil` when it is not there or this is no map.
    public subscript(key: String) -> RESPValue? {
        guard case .map(let pairs) = self else { return nil }
        return pairs.first { $0.key.text == key }?.value
    }
}
