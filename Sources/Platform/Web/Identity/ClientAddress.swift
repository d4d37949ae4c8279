import Base

/// Finds the client behind the proxies that are ours.
///
/// Every element of `X-Forwarded-For` left of our own proxies was written by the client and is never believed.
struct ClientAddress {
    /// How many proxies of ours stand before this server; zero believes no header.
    let trustedHops: Int

    /// The address at the trusted distance from the right; the socket's when there are fewer elements.
    func find(peer: IPAddress, forwardedFor: String?) -> IPAddress {
        guard trustedHops > 0, let forwardedFor else { return peer }
        let elements = forwardedFor.split(separator: ",", maxSplits: 64, omittingEmptySubsequences: false)
        guard elements.count >= trustedHops else { return peer }
        return IPAddress(Self.bare(elements[elements.count - trustedHops])) ?? peer
    }

    /// Whether the client's connection to the outermost proxy of ours was encrypted.
    func isSecure(forwardedProto: String?) -> Bool {
        guard trustedHops > 0, let forwardedProto else { return false }
        let elements = forwardedProto.split(separator: ",").map { Self.trimmed($0) }
        guard !elements.isEmpty else { return false }
        return elements[max(0, elements.count - trustedHops)].lowercased() == "https"
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    /// Without the port that some proxies add and the brackets of IPv6.
    private static func bare(_ element: Substring) -> String {
        let text = trimmed(element)
        if text.first == "[" { return String(text.dropFirst().prefix { $0 != "]" }) }
        if text.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1 { return String(text.prefix { $0 != ":" }) }
        return String(text)
    }
}
