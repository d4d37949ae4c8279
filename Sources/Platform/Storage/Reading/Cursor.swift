public import Base
import Crypto

/// A position in a list, as clients hold it: opaque, signed, of one tenant, list and order.
public struct Cursor: Sendable, Hashable, Codable, LosslessStringConvertible {
    /// The base64url text, at most 1,024 characters.
    public let description: String

    /// Takes a client's text; its signature is checked when a page is read.
    ///
    /// `nil` when it is empty or too long.
    public init?(_ description: String) {
        guard (1...1_024).contains(description.utf8.count) else { return nil }
        self.description = description
    }

    /// Decodes the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let cursor = Cursor(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a cursor of a page")
        }
        self = cursor
    }

    /// Encodes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Signs positions with HMAC-SHA-256, truncated to 16 bytes, over scope, list, order and position.
public struct CursorSigner: Sendable {
    private let key: SymmetricKey

    /// Takes the key, 32 bytes or more.
    public init(key: Secret<[UInt8]>) {
        self.key = key.reveal { bytes in
            precondition(bytes.count >= 32, "a key of \(bytes.count) bytes cannot sign: give 32 or more")
            return SymmetricKey(data: bytes)
        }
    }

    func cursor(at position: [SQLValue], list: String, order: PageOrder, scope: Scope) -> Cursor {
        let payload = position.flatMap(\.cursorBytes)
        let text = Base64URL.encode(signature(payload, list: list, order: order, scope: scope) + payload)
        guard let cursor = Cursor(text) else {
            preconditionFailure("\(list) is ordered by values too long for a cursor: page by an id or a time")
        }
        return cursor
    }

    func position(
        of cursor: Cursor, list: String, order: PageOrder, scope: Scope
    ) throws(StorageError) -> [SQLValue] {
        let refusal = StorageError(
            .invalidCursor, "the cursor does not belong to this list: start again from the first page",
            context: ["list": list])
        guard let bytes = Base64URL.decode(cursor.description), bytes.count > 16 else { throw refusal }
        let payload = Array(bytes[16...])
        let expected = signature(payload, list: list, order: order, scope: scope)
        guard ConstantTime.areEqual(expected, bytes[..<16]) else { throw refusal }
        guard let position = [SQLValue](cursorBytes: payload), position.count == order.columns.count else {
            throw refusal
        }
        return position
    }

    private func signature(_ payload: [UInt8], list: String, order: PageOrder, scope: Scope) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        switch scope {
        case .tenant(let tenant): code.update(data: tenant.id.bytes)
        case .system(let capability): code.update(data: Array(capability.name.utf8))
        }
        code.update(data: Array("\u{0}\(list)\u{0}\(order.signature)\u{0}".utf8))
        code.update(data: payload)
        return Array(code.finalize().prefix(16))
    }
}

extension SQLValue {
    fileprivate var cursorBytes: [UInt8] {
        func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
        func long(_ tag: String, _ bytes: [UInt8]) -> [UInt8] {
            Array(tag.utf8) + number(UInt64(bytes.count)).suffix(2) + bytes
        }
        switch self {
        case .null: preconditionFailure("null has no place in an order")
        case .bool(let value): return Array("b".utf8) + [value ? 1 : 0]
        case .integer(let value): return Array("i".utf8) + number(UInt64(bitPattern: value))
        case .double(let value): return Array("d".utf8) + number(value.bitPattern)
        case .timestamp(let value): return Array("t".utf8) + number(UInt64(bitPattern: value.microseconds))
        case .uuid(let high, let low): return Array("u".utf8) + number(high) + number(low)
        case .text(let value), .json(let value): return long("s", Array(value.utf8))
        case .bytes(let value): return long("x", value)
        }
    }
}

extension [SQLValue] {
    fileprivate init?(cursorBytes bytes: [UInt8]) {
        self = []
        var rest = bytes[...]
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number(_ count: Int = 8) -> UInt64? { take(count)?.reduce(0) { $0 << 8 | UInt64($1) } }
        while let tag = rest.popFirst() {
            switch tag {
            case UInt8(ascii: "b"):
                guard let value = number(1) else { return nil }
                append(.bool(value == 1))
            case UInt8(ascii: "i"):
                guard let value = number() else { return nil }
                append(.integer(Int64(bitPattern: value)))
            case UInt8(ascii: "d"):
                guard let value = number() else { return nil }
                append(.double(Double(bitPattern: value)))
            case UInt8(ascii: "t"):
                guard let value = number() else { return nil }
                append(.timestamp(Timestamp(microseconds: Int64(bitPattern: value))))
            case UInt8(ascii: "u"):
                guard let high = number(), let low = number() else { return nil }
                append(.uuid(high: high, low: low))
            case UInt8(ascii: "s"):
                guard let count = number(2),
                    let text = take(Int(count)).flatMap({ String(validating: $0, as: UTF8.self) })
                else { return nil }
                append(.text(text))
            case UInt8(ascii: "x"):
                guard let count = number(2), let value = take(Int(count)) else { return nil }
                append(.bytes(Array<UInt8>(value)))
            default: return nil
            }
        }
    }
}
