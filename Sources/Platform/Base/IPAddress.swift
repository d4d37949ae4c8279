#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An address of IPv4 or IPv6; an IPv4 address mapped into IPv6 is the IPv4 address.
public struct IPAddress: Sendable, Hashable, LosslessStringConvertible {
    /// The first 64 bits; zero for an address of IPv4.
    public let high: UInt64
    /// The last 64 bits; of an address of IPv4 the last 32 behind 16 ones, as it is mapped into IPv6.
    public let low: UInt64

    /// Reads an address in text, without port or zone; `nil` for anything else.
    public init?(_ description: String) {
        guard description.utf8.count <= 45 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if description.utf8.contains(UInt8(ascii: ":")) {
            guard inet_pton(AF_INET6, description, &bytes) == 1 else { return nil }
        } else {
            var four = [UInt8](repeating: 0, count: 4)
            guard inet_pton(AF_INET, description, &four) == 1 else { return nil }
            bytes[10] = 0xFF
            bytes[11] = 0xFF
            bytes.replaceSubrange(12..<16, with: four)
        }
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Puts an address together from its bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// No address: requests that did not come through a network.
    public static let none = IPAddress(high: 0, low: 0)

    /// Whether this is an address of IPv4.
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// What limits count by: an IPv4 address itself, of IPv6 the first 64 bits, which one subscriber has.
    public var group: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

    /// The address's bits, as what limits count by.
    public var id: ID<IPAddress> { ID(high: high, low: low) }

    /// The usual text.
    public var description: String {
        if isIPv4 {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: low >> UInt64(24 - $0 * 8)) }
            return bytes.map { String($0) }.joined(separator: ".")
        }
        let words: [UInt16] = [high, low].flatMap { half in
            (0..<4).map { UInt16(truncatingIfNeeded: half >> UInt64(48 - $0 * 16)) }
        }
        return words.map { String($0, radix: 16) }.joined(separator: ":")
    }
}
