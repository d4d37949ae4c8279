import Base

extension Board {
    /// Bytes of one entry in a stored board.
    private static let stride = 40

    /// The board in a form to be stored: 16 bytes of heading, then the entries in order, all big-endian.
    var blob: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16 + entries.count * Self.stride) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var place = 0
            func put(_ number: UInt64) {
                raw.storeBytes(of: number.bigEndian, toByteOffset: place, as: UInt64.self)
                place += 8
            }
            put(UInt64(bitPattern: version))
            put(UInt64(bitPattern: builtAt.microseconds))
            for entry in entries {
                put(entry.id.high)
                put(entry.id.low)
                put(UInt64(bitPattern: entry.score))
                put(UInt64(bitPattern: entry.tie))
                put(UInt64(bitPattern: entry.voters))
            }
            count = place
        }
    }

    /// Reads a stored board; `nil` when it is damaged.
    convenience init?(blob: [UInt8]) {
        guard blob.count >= 16, (blob.count - 16) % Self.stride == 0 else { return nil }
        func number(_ place: Int) -> UInt64 {
            blob.withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
        }
        let entries = (0..<(blob.count - 16) / Self.stride).map { index in
            let place = 16 + index * Self.stride
            return Entry(
                id: ID(high: number(place), low: number(place + 8)), score: Int64(bitPattern: number(place + 16)),
                tie: Int64(bitPattern: number(place + 24)), voters: Int64(bitPattern: number(place + 32)))
        }
        self.init(
            entries, version: Int64(bitPattern: number(0)),
            builtAt: Timestamp(microseconds: Int64(bitPattern: number(8))))
    }
}
