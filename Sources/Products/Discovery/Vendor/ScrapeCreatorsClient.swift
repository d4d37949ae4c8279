import Base
import Limits
import NIOCore
import Outbound

/// ScrapeCreators over the one way out.
///
/// Everything it does is a `GET` with the key in a header. Retries belong to the jobs above, which outlive the process:
/// the dependency's own policy makes one attempt, its breaker leaves the vendor alone while it fails.
struct ScrapeCreatorsClient: CreatorDirectory {
    enum Bounds {
        static let responseMax = ByteCount.mebibytes(4)
        static let pictureMax = ByteCount.mebibytes(2)
        static let pictureTime: Duration = .seconds(15)
        static let profileTime: Duration = .seconds(60)
        /// Calls of a process at once, found by trying; the cluster's most is the jobs' limit.
        static let calls = 4...50
    }

    static let name = "scrapecreators"
    static let home = OutboundAddress("https://api.scrapecreators.com/")
    static let pictureTypes: Set<String> = ["image/jpeg", "image/png", "image/webp"]

    let vendor: Vendor
    private let origin: String
    private let key: Secret<String>
    private let calls: Dependency
    private let outbound: OutboundClient

    /// - Parameters:
    ///   - address: where the vendor is.
    ///   - key: what it knows us by.
    ///   - callCost: what a call costs, in millionths of a dollar.
    ///   - outbound: the way out.
    ///   - clock: what deadlines are measured by.
    ///   - randomness: draws pauses.
    ///   - registry: shows the vendor to operators and carries its pauses to the other nodes.
    init(
        at address: OutboundAddress, key: Secret<String>, callCost: Int64, through outbound: OutboundClient,
        clock: any WallClock, randomness: any Randomness, in registry: LimitRegistry? = nil
    ) {
        vendor = Vendor(name: Self.name, title: "ScrapeCreators", callCost: callCost)
        origin = address.origin
        self.key = key
        self.outbound = outbound
        calls = Dependency(
            Self.name, through: outbound,
            DependencyOptions(
                retries: RetryPolicy(attemptsMax: 1),
                breaker: CircuitBreakerOptions(
                    window: .seconds(30), callsMin: 20, failureRatio: 0.5, openTime: .seconds(30)),
                waitMax: .zero, concurrency: Bounds.calls), clock: clock, randomness: randomness, in: registry)
    }

    /// What was done so far, for the operator.
    var statistics: Dependency.Statistics { calls.statistics }

    // MARK: Calls

    func search(_ query: DirectoryQuery) async throws(DirectoryFailure) -> DirectoryPage {
        var items: [(String, String)] = [("query", query.keyword)]
        let path: String
        switch query.platform {
        case .tiktok:
            path = "/v1/tiktok/search/keyword"
            items += [("region", query.region), ("trim", "false")]
            if !query.cursor.isEmpty { items.append(("cursor", query.cursor)) }
        case .instagram:
            path = "/v2/instagram/reels/search"
            if !query.cursor.isEmpty { items.append(("page", query.cursor)) }
        case .youtube:
            path = "/v1/youtube/search"
            items += [("region", query.region)]
            if !query.cursor.isEmpty { items.append(("continuationToken", query.cursor)) }
        }
        guard let body = try await call(path, items, within: query.platform.callTime) else {
            // No results at all is told as 404 by some of its paths.
            return DirectoryPage(creators: [], next: nil, credits: 1)
        }
        return try ScrapeCreatorsShapes.page(body, for: query)
    }

    func profile(_ subject: DirectorySubject) async throws(DirectoryFailure) -> DirectoryProfile {
        let path: String
        switch subject.platform {
        case .tiktok: path = "/v1/tiktok/profile"
        case .instagram: path = "/v1/instagram/profile"
        case .youtube: path = "/v1/youtube/channel"
        }
        guard let body = try await call(path, [("handle", subject.handle)], within: Bounds.profileTime) else {
            return .gone(credits: 1)
        }
        return try ScrapeCreatorsShapes.profile(body, of: subject)
    }

    /// What the vendor says; `nil` when it says that there is nothing of the kind.
    private func call(
        _ path: String, _ items: [(String, String)], within time: Duration
    ) async throws(DirectoryFailure) -> LooseJSON? {
        let query = items.map { "\($0)=\(Self.escaped($1))" }.joined(separator: "&")
        guard let address = OutboundAddress("\(origin)\(path)?\(query)") else {
            throw .unreadable("the address of a call cannot be written")
        }
        let response: OutboundResponse
        do throws(DependencyError) {
            response = try await calls.send(
                OutboundRequest(
                    .get, address, headers: ["x-api-key": key.reveal { $0 }, "accept": "application/json"],
                    deadline: time, responseMax: Bounds.responseMax))
        } catch {
            throw Self.failure(error)
        }
        switch response.status {
        case 200..<300:
            guard let body = LooseJSON(Array(response.content.readableBytesView)) else {
                throw .unreadable("the response is no JSON")
            }
            // An error within a 200 says so by its status, where it says anything.
            if let status = body["statusCode", "status_code", "error.status"]?.count, status >= 400 {
                return try Self.judge(Int(clamping: status), retryAfter: nil)
            }
            return body
        default: return try Self.judge(response.status, retryAfter: response.headers["retry-after"])
        }
    }

    /// What a status means; returns for "there is none", throws for everything else.
    private static func judge(_ status: Int, retryAfter: String?) throws(DirectoryFailure) -> LooseJSON? {
        switch status {
        case 404, 410: return nil
        case 401, 403: throw .keyRefused
        case 402: throw .creditSpent
        case 429: throw .unavailable(reason: .overloaded, retryAfter: wait(retryAfter))
        case 500...599: throw .unavailable(reason: .failing, retryAfter: wait(retryAfter))
        default: throw .unreadable("status \(status)")
        }
    }

    /// Whole seconds of a `Retry-After`, at most an hour.
    private static func wait(_ header: String?) -> Duration? {
        guard let seconds = header.flatMap({ Int($0) }), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 3_600))
    }

    private static func failure(_ error: DependencyError) -> DirectoryFailure {
        switch error.code {
        case .circuitOpen, .busy: return .unavailable(reason: .circuitOpen, retryAfter: error.retryAfter)
        case .cancelled: return .cancelled
        case .refused: return .unavailable(reason: .unreachable, retryAfter: nil)
        case .failed:
            switch error.outbound?.code {
            case .timedOut: return .unavailable(reason: .timedOut, retryAfter: nil)
            case .malformed, .tooLarge: return .unreadable("the response breaks HTTP or its bound")
            default: return .unavailable(reason: .unreachable, retryAfter: nil)
            }
        }
    }

    /// RFC 3986: everything but letters, digits and `-._~` is escaped.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 0x2D, 0x2E, 0x5F, 0x7E: escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }

    // MARK: Pictures

    /// A picture of the network itself: the address comes from a profile, so only public hosts and pictures are taken.
    func picture(at address: String) async throws(DirectoryFailure) -> DirectoryPicture? {
        guard let address = OutboundAddress(address) else { return nil }
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await outbound.send(
                OutboundRequest(
                    .get, address, headers: ["accept": Self.pictureTypes.sorted().joined(separator: ", ")],
                    deadline: Bounds.pictureTime, responseMax: Bounds.pictureMax, redirectsMax: 2))
        } catch {
            if error.code == .cancelled { throw .cancelled }
            throw .unavailable(reason: error.code == .timedOut ? .timedOut : .unreachable, retryAfter: nil)
        }
        let type = response.headers["content-type"]?.prefix { $0 != ";" }.lowercased() ?? ""
        guard response.status == 200, Self.pictureTypes.contains(type) else { return nil }
        return DirectoryPicture(bytes: Array(response.content.readableBytesView), mediaType: type)
    }
}
