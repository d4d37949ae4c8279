import Foundation
import NIOHTTP1

/// The head of a request with the headers that the server reads, found in one pass.
struct RequestHead: Sendable {
    let method: String
    let path: Substring
    let query: Substring
    let fields: HTTPHeaders
    private(set) var host = ""
    private(set) var hostCount = 0
    private(set) var session: String?
    private(set) var device: String?
    private(set) var authorization: String?
    private(set) var contentType: String?
    private(set) var contentLength: Int?
    private(set) var accept: String?
    private(set) var acceptEncoding: String?
    private(set) var ifNoneMatch: String?
    private(set) var ifRange: String?
    private(set) var range: String?
    private(set) var origin: String?
    private(set) var fetchSite: String?
    private(set) var forwardedFor: String?
    private(set) var forwardedProto: String?
    private(set) var traceParent: String?
    private(set) var traceState: String?
    private(set) var expectsContinue = false
    private(set) var hasBody = false

    /// Whether there must be exactly one host (HTTP/1.1), or at most one.
    private let isHostRequired: Bool

    /// Whether the host is given as often as it must be.
    var isHostRight: Bool { hostCount == 1 || hostCount == 0 && !isHostRequired }

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
        for (name, value) in fields { read(name, value) }
    }

    private mutating func read(_ name: String, _ value: String) {
        switch name.utf8.count {
        case 4 where name.isLike("host"):
            host = value
            hostCount += 1
        case 5 where name.isLike("range"): range = value
        case 6 where name.isLike("cookie"): readCookies(value)
        case 6 where name.isLike("accept"): accept = accept.map { $0 + "," + value } ?? value
        case 6 where name.isLike("origin"): origin = value
        case 6 where name.isLike("expect"): expectsContinue = value.isLike("100-continue")
        case 8 where name.isLike("if-range"): ifRange = value
        case 10 where name.isLike("tracestate"): traceState = traceState.map { $0 + "," + value } ?? value
        case 11 where name.isLike("traceparent"): traceParent = value
        case 12 where name.isLike("content-type"): contentType = value
        case 13 where name.isLike("authorization"): authorization = value
        case 13 where name.isLike("if-none-match"): ifNoneMatch = ifNoneMatch.map { $0 + "," + value } ?? value
        case 14 where name.isLike("content-length"):
            contentLength = Int(value)
            hasBody = contentLength != 0
        case 14 where name.isLike("sec-fetch-site"): fetchSite = value
        case 15 where name.isLike("accept-encoding"): acceptEncoding = value
        case 15 where name.isLike("x-forwarded-for"): forwardedFor = forwardedFor.map { $0 + "," + value } ?? value
        case 17 where name.isLike("x-forwarded-proto"):
            forwardedProto = forwardedProto.map { $0 + "," + value } ?? value
        case 17 where name.isLike("transfer-encoding"): hasBody = true
        default: break
        }
    }

    private mutating func readCookies(_ header: String) {
        for pair in header.split(separator: ";", maxSplits: 64) {
            let pair = pair.drop { $0 == " " }
            if let value = pair.value(after: Sessions.cookieName) { session = value }
            if let value = pair.value(after: DeviceKeys.cookieName) { device = value }
        }
    }

    /// The host in lower case without its port.
    var hostName: String {
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        return name.lowercased()
    }

    /// Whether the client takes an answer of the media type.
    func accepts(_ mediaType: String) -> Bool {
        guard let accept, !accept.isEmpty else { return true }
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
        guard let accept, let html = accept.range(of: "text/html") else { return false }
        guard let json = accept.range(of: "json") else { return true }
        return html.lowerBound < json.lowerBound
    }

    /// Whether the client takes gzip.
    var acceptsGzip: Bool {
        guard let acceptEncoding else { return false }
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

extension Substring {
    fileprivate func value(after name: String) -> String? {
        guard utf8.count > name.utf8.count, hasPrefix(name) else { return nil }
        let rest = dropFirst(name.count)
        return rest.first == "=" ? String(rest.dropFirst()) : nil
    }
}
