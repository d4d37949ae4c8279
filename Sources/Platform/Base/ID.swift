/// An identifier that is distinct per entity: an `ID<Clip>` is never accepted where an `ID<Voter>` is wanted.
///
/// The value is a UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits. Ids made
/// later sort later, so that indexes grow at their end. 16 bytes in memory and on disk; 36 characters in text.
public struct ID<Entity>: Sendable, Hashable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The last eight bytes, big-endian.
    public let low: UInt64

    /// Wraps the two halves of a UUID as they are.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Makes a new id for an entity that is created at `time`.
    public init(at time: Timestamp, using randomness: some Randomness) {
        let milliseconds = UInt64(clamping: time.microseconds / 1_000) & 0xFFFF_FFFF_FFFF
        let first = randomness.next()
        let second = randomness.next()
        self.init(
            high: milliseconds << 16 | 0x7000 | first & 0x0FFF,
            low: 0x8000_0000_0000_0000 | second & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// Reads 16 big-endian bytes; `nil` when there are more or fewer.
    public init?(bytes: some Collection<UInt8>) {
        self.init(bytes: Array(bytes))
    }

    /// Reads 16 big-endian bytes; `nil` when there are more or fewer.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self = bytes.withUnsafeBytes {
            Self(
                high: UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The 16 bytes, big-endian.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            raw.storeBytes(of: high.bigEndian, as: UInt64.self)
            raw.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            count = 16
        }
    }

    /// The millisecond in which an id of version 7 was made.
    public var madeAt: Timestamp { Timestamp(microseconds: Int64(high >> 16) * 1_000) }

    /// The same number as the id of another entity, where two tables share their key on purpose.
    public func cast<Other>(to other: ID<Other>.Type) -> ID<Other> { ID<Other>(high: high, low: low) }
}

extension ID: Comparable {
    /// Orders as the bytes and the text do.
    public static func < (left: Self, right: Self) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

extension ID: LosslessStringConvertible {
    /// Reads `8-4-4-4-12` hexadecimal digits in either case; `nil` for anything else.
    public init?(_ description: String) {
        var digits: (UInt64, UInt64) = (0, 0)
        var count = 0
        var text = description.utf8.makeIterator()
        var position = 0
        while let character = text.next() {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
            } else {
                guard let value = hexDigitValue(character), count < 32 else { return nil }
                if count < 16 { digits.0 = digits.0 << 4 | value } else { digits.1 = digits.1 << 4 | value }
                count += 1
            }
            position += 1
        }
        guard position == 36, count == 32 else { return nil }
        self.init(high: digits.0, low: digits.1)
    }

    /// 36 lower-case characters, as in `0198c2a4-91d2-7c3b-a111-0242ac120002`.
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let half = nibble < 16 ? high : low
                let value = UInt8(truncatingIfNeeded: half >> UInt64(60 - nibble % 16 * 4)) & 0xF
                buffer[position] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                position += 1
            }
            return 36
        }
    }
}

extension ID: Codable {
    /// Decodes the 36-character form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an id of 36 characters")
        }
        self = value
    }

    /// Encodes the 36-character form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

private func hexDigitValue(_ character: UInt8) -> UInt64? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(character - UInt8(ascii: "A") + 10)
    default: nil
    }
}
