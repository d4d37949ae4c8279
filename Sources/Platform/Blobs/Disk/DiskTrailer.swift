import Base

/// The last 256 bytes of an object's file: what is known about it, written together with it.
///
/// Content first and facts last keeps an object one file, which one rename makes visible, and lets its content be
/// sent from offset 0. A file whose length does not agree with its trailer was damaged from outside.
///
/// | Offset | Bytes | What |
/// |---|---|---|
/// | 0 | 8 | `CAPBLOB1` |
/// | 8 | 8 | size of the content, big-endian |
/// | 16 | 8 | time of storing in microseconds since 1970, big-endian |
/// | 24 | 32 | SHA-256 of the content |
/// | 56 | 1 | length of the media type |
/// | 57 | 100 | the media type |
/// | 157 | 99 | zero |
struct DiskTrailer: Sendable, Hashable {
    static let length = 256
    private static let magic = Array("CAPBLOB1".utf8)

    var size: Int
    var hash: BlobHash
    var contentType: String
    var storedAt: Timestamp

    init(size: Int, hash: BlobHash, contentType: String, storedAt: Timestamp) {
        self.size = size
        self.hash = hash
        self.contentType = contentType
        self.storedAt = storedAt
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == Self.length, Array(bytes[0..<8]) == Self.magic,
            let hash = BlobHash(bytes: bytes[24..<56]), bytes[56] <= 100
        else { return nil }
        func number(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        guard let size = Int(exactly: number(8)) else { return nil }
        self.size = size
        self.hash = hash
        contentType = String(decoding: bytes[57..<57 + Int(bytes[56])], as: UTF8.self)
        storedAt = Timestamp(microseconds: Int64(bitPattern: number(16)))
    }

    var bytes: [UInt8] {
        func number(_ value: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - $0 * 8)) }
        }
        let type = Array(contentType.utf8.prefix(100))
        var bytes = Self.magic + number(UInt64(size)) + number(UInt64(bitPattern: storedAt.microseconds))
        bytes += hash.bytes
        bytes.append(UInt8(type.count))
        bytes += type
        return bytes + [UInt8](repeating: 0, count: Self.length - bytes.count)
    }

    func info(_ key: BlobKey) -> BlobInfo {
        BlobInfo(key: key, size: ByteCount(size), hash: hash, contentType: contentType, storedAt: storedAt)
    }
}
