/// A size in bytes.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number of bytes.
    public let bytes: Int

    /// Wraps a number of bytes, which must not be negative.
    public init(_ bytes: Int) {
        precondition(bytes >= 0, "a size of \(bytes) bytes does not exist")
        self.bytes = bytes
    }

    /// `count` bytes.
    public static func bytes(_ count: Int) -> ByteCount { ByteCount(count) }
    /// `count` × 1,024 bytes.
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
    /// `count` × 1,048,576 bytes.
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }

    /// Orders by size.
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    /// The size in the largest unit that divides it, as in `64 KiB`.
    public var description: String {
        switch bytes {
        case let size where size >= 1 << 30 && size % (1 << 30) == 0: "\(size >> 30) GiB"
        case let size where size >= 1 << 20 && size % (1 << 20) == 0: "\(size >> 20) MiB"
        case let size where size >= 1 << 10 && size % (1 << 10) == 0: "\(size >> 10) KiB"
        default: "\(bytes) bytes"
        }
    }
}
