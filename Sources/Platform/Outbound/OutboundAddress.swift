public import Base

/// An absolute `http` or `https` address in the one form in which it is checked, resolved and sent.
///
/// Parsers that read an address differently are how checks are got around. So this one is strict, takes no user names,
/// no fragments and nothing that would need escaping, and what it took apart is put together again before it is used.
public struct OutboundAddress: Sendable, Hashable, LosslessStringConvertible {
    private enum Bounds {
        static let bytes = 8 << 10
        static let hostBytes = 253
    }

    /// How the other side is spoken to.
    public enum Scheme: String, CaseIterable, Sendable {
        /// In the clear.
        case http
        /// Encrypted, with the other side's certificate verified.
        case https

        /// The port when none is named.
        public var port: Int { self == .http ? 80 : 443 }
    }

    /// How the other side is spoken to.
    public let scheme: Scheme
    /// The host's name in lower case, or its address without brackets.
    public let host: String
    /// The port, 1 to 65,535.
    public let port: Int
    /// The path with its leading slash, escaped as it was.
    public let path: String
    /// What stands behind the question mark, escaped as it was; `nil` when there is none.
    public let query: String?

    /// Reads an address; `nil` for anything that is not one, or not of the web.
    public init?(_ description: String) {
        guard description.utf8.count <= Bounds.bytes, description.utf8.allSatisfy(Self.isPlain),
            let colon = description.firstIndex(of: ":"),
            let scheme = Scheme(rawValue: description[..<colon].lowercased())
        else { return nil }
        var rest = description[description.index(after: colon)...]
        guard rest.hasPrefix("//") else { return nil }
        rest = rest.dropFirst(2)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else { return nil }
        let target = rest[end...]
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.port
        path = target[..<mark].isEmpty ? "/" : String(target[..<mark])
        query = mark == target.endIndex ? nil : String(target[target.index(after: mark)...])
        guard Self.isEscapedWell(target) else { return nil }
    }

    /// The same place with another path and query, which must be escaped already; `nil` when they are not.
    public func with(path: String, query: String? = nil) -> OutboundAddress? {
        OutboundAddress(origin + path + (query.map { "?" + $0 } ?? ""))
    }

    /// Scheme, host and, unless it is the scheme's own, port.
    public var origin: String {
        let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(shown)" + (port == scheme.port ? "" : ":\(port)")
    }

    /// Host and, unless it is the scheme's own, port, as the header `Host` has it.
    public var authority: String { String(origin.dropFirst(scheme.rawValue.utf8.count + 3)) }

    /// The whole address.
    public var description: String { origin + path + (query.map { "?" + $0 } ?? "") }

    /// The host as an address, when it is one.
    public var ip: IPAddress? { IPAddress(host) }

    /// Where a redirect from here leads; `nil` when it cannot be read.
    func following(_ location: String) -> OutboundAddress? {
        // A fragment is for people's browsers and never sent.
        let target = location.prefix { $0 != "#" }
        if target.hasPrefix("//") { return OutboundAddress("\(scheme.rawValue):\(target)") }
        if target.hasPrefix("/") { return OutboundAddress(origin + target) }
        if target.hasPrefix("?") { return OutboundAddress(origin + path + target) }
        if let colon = target.firstIndex(of: ":"), !target[..<colon].contains("/") {
            return OutboundAddress(String(target))
        }
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        return target.isEmpty ? nil : OutboundAddress("\(origin)\(folder)/\(target)")
    }

    private static func authority(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var port: Int?
        let tail = text.lastIndex(of: "]").map { text.index(after: $0) } ?? text.startIndex
        if let colon = text[tail...].lastIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits), (1...65_535).contains(number)
            else { return nil }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.dropFirst().dropLast()
            guard inner.contains(":"), IPAddress(String(inner)) != nil else { return nil }
            return (inner.lowercased(), port)
        }
        guard (1...Bounds.hostBytes).contains(host.utf8.count), host.utf8.allSatisfy(isOfName) else { return nil }
        return (host.lowercased(), port)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        guard (0x21...0x7E).contains(byte) else { return false }
        return !"\"#<>\\^`{|}".utf8.contains(byte)
    }

    /// Each `%` is followed by two hexadecimal digits, and brackets, which a path may not have, are escaped.
    private static func isEscapedWell(_ target: Substring) -> Bool {
        let bytes = Array(target.utf8)
        return bytes.indices.allSatisfy { index in
            if bytes[index] == UInt8(ascii: "[") || bytes[index] == UInt8(ascii: "]") { return false }
            guard bytes[index] == UInt8(ascii: "%") else { return true }
            return index + 2 < bytes.count && bytes[(index + 1)...(index + 2)].allSatisfy(isHexadecimal)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...70, 97...102: true
        default: false
        }
    }
}
