/// Which of a cluster's 16,384 parts a key belongs to.
///
/// CRC16 (XMODEM: polynomial 0x1021, start 0) of the key, or of what stands between its first `{` and the next `}` when
/// that is not empty: keys with the same text there are together on one node.
enum HashSlot {
    /// How many there are.
    static let count = 16_384

    static func slot(of key: String) -> Int {
        var key = key
        return key.withUTF8 { bytes in
            guard let open = bytes.firstIndex(of: UInt8(ascii: "{")),
                let close = bytes[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
            else { return Int(crc(bytes[...])) % count }
            return Int(crc(bytes[(open + 1)..<close])) % count
        }
    }

    private static let table: [UInt16] = (0..<256).map { index in
        var crc = UInt16(index) << 8
        for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
        return crc
    }

    private static func crc(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> UInt16 {
        bytes.reduce(0) { $0 << 8 ^ table[Int(UInt8($0 >> 8) ^ $1)] }
    }
}
