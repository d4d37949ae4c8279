public import Base

/// What a topic is called within its tenant, as in `inbox/list/open`: parts between slashes.
public struct TopicName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Bounds of names.
    public enum Bounds {
        /// Bytes of a name: 200.
        public static let bytes = 200
    }

    /// The name.
    public let description: String

    /// Takes a name of 1 to ``Bounds/bytes`` bytes; anything else is `nil`.
    ///
    /// ASCII letters, digits, `-`, `_`, `.`, `:` and, between parts that are not empty, `/`.
    public init?(_ text: String) {
        guard (1...Bounds.bytes).contains(text.utf8.count) else { return nil }
        var previous = UInt8(ascii: "/")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "/"): guard previous != UInt8(ascii: "/") else { return nil }
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ":"):
                break
            default: return nil
            }
            previous = byte
        }
        guard previous != UInt8(ascii: "/") else { return nil }
        description = text
    }

    /// In the order of their bytes.
    public static func < (left: TopicName, right: TopicName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    /// The parts between the slashes.
    var parts: [Substring] { description.split(separator: "/") }
}

/// A topic of a tenant.
///
/// Two tenants' topics of one name have nothing in common.
public struct TopicKey: Sendable, Hashable {
    /// Whose topic it is.
    public let tenant: Tenant
    /// What it is called.
    public let name: TopicName

    /// Names a topic.
    public init(_ tenant: Tenant, _ name: TopicName) {
        self.tenant = tenant
        self.name = name
    }
}
