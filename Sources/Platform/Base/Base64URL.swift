/// Bytes as text that may stand in an address, a header or a cookie: RFC 4648, section 5, without padding.
public enum Base64URL {
    private enum Bounds {
        /// Longer texts are none that we have made.
        static let textBytes = 65_536
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// The text of some bytes: four characters for three of them.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = ContiguousArray(bytes)
        let count = (bytes.count * 4 + 2) / 3
        return String(unsafeUninitializedCapacity: count) { text in
            var place = 0
            var held: UInt32 = 0
            var bits = 0
            for byte in bytes {
                held = held << 8 | UInt32(byte)
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    text[place] = digits[Int(held >> UInt32(bits) & 0x3F)]
                    place += 1
                }
            }
            if bits > 0 {
                text[place] = digits[Int(held << UInt32(6 - bits) & 0x3F)]
                place += 1
            }
            return place
        }
    }

    /// The bytes of a text of at most 64 KiB; `nil` for what ``encode(_:)`` never gives, so that one value has one text.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let fast = text.utf8.withContiguousStorageIfAvailable { decode($0) }
        return if let fast { fast } else { Array(text.utf8).withUnsafeBufferPointer { decode($0) } }
    }

    private static func decode(_ digits: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard digits.count <= Bounds.textBytes, digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var held: UInt32 = 0
        var bits = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value != 0xFF else { return nil }
            held = held << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
            }
        }
        return held & (1 << UInt32(bits) - 1) == 0 ? bytes : nil
    }
}
