import NIOHTTP1

/// The headers that the server reads, found in one pass.
struct KnownHeaders: Sendable {
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

    init(_ fields: HTTPHeaders) {
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

    /// Walks over the bytes, which are all that separates cookies; at most 64 are looked at.
    private mutating func readCookies(_ header: String) {
        for pair in header.utf8.split(separator: UInt8(ascii: ";"), maxSplits: 64) {
            let pair = pair.drop { $0 == UInt8(ascii: " ") }
            guard let sign = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = pair[..<sign]
            if name.elementsEqual(Sessions.cookieName.utf8) {
                session = String(Substring(pair[pair.index(after: sign)...]))
            } else if name.elementsEqual(DeviceKeys.cookieName.utf8) {
                device = String(Substring(pair[pair.index(after: sign)...]))
            }
        }
    }
}
