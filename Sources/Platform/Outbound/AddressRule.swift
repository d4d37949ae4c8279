public import Base

/// Which addresses may be called: those of the public internet, and what an operator allows beside them.
///
/// Whoever can name an address (a webhook, a push endpoint, a link) must not get us to call our own database, a
/// neighbour, or the cloud's metadata service in his place.
public struct AddressRule: Sendable, Hashable {
    /// A block of addresses: those that share the first bits.
    struct Block: Sendable, Hashable {
        let base: IPAddress
        /// How many bits are shared, counted in IPv6's 128.
        let bits: Int

        func contains(_ address: IPAddress) -> Bool {
            let high = Self.mask(min(bits, 64))
            let low = Self.mask(max(0, bits - 64))
            return address.high & high == base.high & high && address.low & low == base.low & low
        }

        private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }
    }

    private enum Bounds {
        static let entries = 100
    }

    private let hosts: Set<String>
    private let blocks: [Block]

    /// Public addresses only.
    public static let publicOnly = AddressRule(hosts: [], blocks: [])

    private init(hosts: Set<String>, blocks: [Block]) {
        self.hosts = hosts
        self.blocks = blocks
    }

    /// Reads what is allowed beside public addresses; `nil` when an entry is none of these.
    ///
    /// - Parameter entries: At most 100: a host's name (`store.internal`), with or without port, whose addresses may
    ///   then be any; an address (`10.0.0.7`); or a block of addresses (`10.0.0.0/8`). Link-local addresses, where
    ///   clouds keep their metadata, are allowed only by an entry of that one address.
    public init?(allowing entries: [String]) {
        guard entries.count <= Bounds.entries else { return nil }
        var hosts: Set<String> = []
        var blocks: [Block] = []
        for entry in entries {
            if let block = Self.block(entry) {
                blocks.append(block)
            } else if !entry.contains("/"), let address = OutboundAddress("http://\(entry)/") {
                hosts.insert(entry.contains(":") ? "\(address.host):\(address.port)" : address.host)
            } else {
                return nil
            }
        }
        self.init(hosts: hosts, blocks: blocks)
    }

    /// Whether an address that a host's name led to may be called.
    public func allows(_ ip: IPAddress, of address: OutboundAddress) -> Bool {
        if Self.isPublic(ip) { return true }
        if blocks.contains(where: { $0.bits == 128 && $0.contains(ip) }) { return true }
        guard !Self.isLinkLocal(ip) else { return false }
        if hosts.contains(address.host) || hosts.contains("\(address.host):\(address.port)") { return true }
        return blocks.contains { $0.contains(ip) }
    }

    /// Whether an address is one of the public internet, by the registries of special addresses (RFC 6890).
    public static func isPublic(_ ip: IPAddress) -> Bool {
        if ip.isIPv4 { return !special4.contains { $0.contains(ip) } }
        if translated.contains(ip) {
            // An IPv4 address behind a translator is as public as itself.
            return isPublic(IPAddress(high: 0, low: 0xFFFF << 32 | ip.low & 0xFFFF_FFFF))
        }
        return global6.contains(ip) && !special6.contains { $0.contains(ip) }
    }

    private static func isLinkLocal(_ ip: IPAddress) -> Bool { linkLocal.contains { $0.contains(ip) } }

    private static let special4 = blocks([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ])
    private static let linkLocal = blocks(["169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "fd00:ec2::/32"])
    private static let translated = Block(base: IPAddress(high: 0x0064_FF9B_0000_0000, low: 0), bits: 96)
    private static let global6 = Block(base: IPAddress(high: 0x2000_0000_0000_0000, low: 0), bits: 3)
    private static let special6 = blocks(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"])

    private static func blocks(_ texts: [String]) -> [Block] { texts.compactMap(block) }

    static func block(_ text: String) -> Block? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let base = IPAddress(String(parts[0])) else { return nil }
        let before = base.isIPv4 ? 96 : 0
        guard parts.count == 2 else { return Block(base: base, bits: 128) }
        guard let bits = Int(parts[1]), (0...128 - before).contains(bits), parts[1].utf8.first != UInt8(ascii: "+")
        else { return nil }
        return Block(base: base, bits: before + bits)
    }
}
