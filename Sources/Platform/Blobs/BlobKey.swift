/// The name of an object within its tenant: up to 16 segments joined by `/`.
///
/// A segment has 1 to 128 of the characters `A–Z a–z 0–9 . _ -` and does not begin with a dot, so that no key can leave
/// its tenant's folder, hide, or need escaping in an address.
public struct BlobKey: Sendable, Hashable, Comparable, LosslessStringConvertible {
    /// How many characters a key may have.
    public static let charactersMax = 512
    static let segmentsMax = 16
    static let segmentCharactersMax = 128
    static let addressFolder = "sha256"

    /// The key as text.
    public let description: String

    /// Reads a key; `nil` when it breaks a rule.
    ///
    /// `sha256` alone is reserved for uploads by content.
    public init?(_ description: String) {
        guard description.utf8.count <= Self.charactersMax, description != Self.addressFolder else { return nil }
        let segments = description.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...Self.segmentsMax).contains(segments.count) else { return nil }
        for segment in segments {
            guard let first = segment.first, first != UInt8(ascii: "."),
                segment.count <= Self.segmentCharactersMax, segment.allSatisfy(Self.isAllowed)
            else { return nil }
        }
        self.description = description
    }

    /// The address of content: `sha256/ab/cdef…`.
    public init(contentAddress hash: BlobHash) {
        let hex = hash.description
        description = "\(Self.addressFolder)/\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    /// The hash that a content address promises; `nil` for other keys.
    public var promisedHash: BlobHash? {
        let segments = segments
        guard segments.count == 3, segments[0] == Self.addressFolder, segments[1].utf8.count == 2 else { return nil }
        return BlobHash(String(segments[1] + segments[2]))
    }

    var segments: [Substring] { description.split(separator: "/") }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
