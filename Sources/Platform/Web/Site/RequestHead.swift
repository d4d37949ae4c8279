import Foundation
import NIOHTTP1

/// The head of a request with the headers that the server reads, found in one pass.
///
/// A class, since it is handed on many times: a copy of two dozen strings costs as much as reading them.
@dynamicMemberLookup
final class RequestHead: Sendable {
    let method: String
    let path: Substring
    let query: Substring
    let fields: HTTPHeaders
    private let known: KnownHeaders
    /// Whether there must be exactly one host (HTTP/1.1), or at most one.
    private let isHostRequired: Bool

    /// Whether the host is given as often as it must be.
    var isHostRight: Bool { known.hostCount == 1 || known.hostCount == 0 && !isHostRequired }

    init(method: String, target: String, fields: HTTPHeaders, isHostRequired: Bool = false) {
        self.isHostRequired = isHostRequired
        self.method = method
        self.fields = fields
        var rest = target[...]
        if !rest.hasPrefix("/"), let scheme = rest.range(of: "://") {
            // The absolute form that clients send to proxies (RFC 9112, section 3.2.2).
            rest = rest[scheme.upperBound...]
            rest = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = rest[..<mark]
            query = rest[rest.utf8.index(after: mark)...]
        } else {
            path = rest
            query = ""
        }
        known = KnownHeaders(fields)
    }

    subscript<Value>(dynamicMember member: KeyPath<KnownHeaders, Value>) -> Value { known[keyPath: member] }

    /// The host in lower case without its port.
    var hostName: String {
        let host = known.host
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        return name.lowercased()
    }

    /// Whether the client takes an answer of the media type.
    func accepts(_ mediaType: String) -> Bool {
        guard let accept = known.accept, !accept.isEmpty else { return true }
        let wanted = mediaType.prefix { $0 != ";" }
        let family = wanted.prefix { $0 != "/" }
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let type = parts.first else { continue }
            if parts.dropFirst().contains(where: { $0 == "q=0" || $0 == "q=0.0" }) { continue }
            if type == "*/*" || type == wanted || type == family + "/*" { return true }
        }
        return false
    }

    /// Whether the client is a browser that shows pages, and so wants its errors as pages too.
    var prefersHTML: Bool {
        guard let accept = known.accept, let html = accept.range(of: "text/html") else { return false }
        guard let json = accept.range(of: "json") else { return true }
        return html.lowerBound < json.lowerBound
    }

    /// Whether the client takes gzip.
    var acceptsGzip: Bool {
        guard let acceptEncoding = known.acceptEncoding else { return false }
        return acceptEncoding.split(separator: ",").contains { element in
            let element = element.filter { $0 != " " }
            return (element.hasPrefix("gzip") || element.hasPrefix("*")) && !element.hasSuffix(";q=0")
        }
    }
}

extension StringProtocol {
    /// Whether this is `word` (which is in lower case) whatever the case of its ASCII letters.
    func isLike(_ word: StaticString) -> Bool {
        guard utf8.count == word.utf8CodeUnitCount else { return false }
        var position = word.utf8Start
        for byte in utf8 {
            let lower = (65...90).contains(byte) ? byte | 0x20 : byte
            guard lower == position.pointee else { return false }
            position += 1
        }
        return true
    }
}
