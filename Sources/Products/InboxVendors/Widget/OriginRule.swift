/// On which sites a widget may stand: a list of origins, each matched exactly.
///
/// Not the referrer, not an end of a name: `evil-example.com` ends with `example.com`. An origin is scheme, host and,
/// where it is not the scheme's own, port.
public struct OriginRule: Sendable, Hashable {
    /// What holds for every list.
    public enum Bounds {
        /// Origins of one widget.
        public static let origins = 50
        /// The longest origin in bytes.
        public static let bytes = 300
    }

    /// The origins in the form browsers send.
    public let origins: Set<String>

    /// Takes a list as somebody wrote it; `nil` when an entry is no origin, or there are more than fifty.
    public init?(_ list: some Collection<String>) {
        guard list.count <= Bounds.origins else { return nil }
        var origins: Set<String> = []
        for entry in list {
            guard let origin = Self.normalised(entry) else { return nil }
            origins.insert(origin)
        }
        self.origins = origins
    }

    /// Whether a request with this `Origin` comes from one of the sites.
    ///
    /// No header is no site; nor is `null`, which files and frames without an origin send. An empty list allows none.
    public func allows(_ origin: String?) -> Bool {
        guard let origin, let normal = Self.normalised(origin), normal == origin else { return false }
        return origins.contains(normal)
    }

    /// An origin in the form browsers send: lower case, no port of the scheme's own, nothing behind; `nil` for all else.
    ///
    /// Names beyond ASCII must be given as browsers send them, in Punycode.
    static func normalised(_ text: String) -> String? {
        guard text.utf8.count <= Bounds.bytes, let colon = text.range(of: "://") else { return nil }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let parts = text[colon.upperBound...].split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2, isHost(host) else { return nil }
        let name = "\(scheme)://\(host.lowercased())"
        guard parts.count == 2 else { return name }
        guard (1...5).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let port = Int(parts[1]), (1...65_535).contains(port)
        else { return nil }
        return port == (scheme == "https" ? 443 : 80) ? name : "\(name):\(port)"
    }

    private static func isHost(_ host: Substring) -> Bool {
        guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(isOfHost) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
        }
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

extension String {
    /// Where a part stands first.
    fileprivate func range(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
