import Limits
import Telemetry

/// A route with everything that can be computed before the first request.
final class MountedRoute: Sendable {
    let route: Route
    let statuses: [String: Int]
    let cacheControl: String
    let mediaType: String?
    let isCompressible: Bool
    let ledger: CostLedger.Route
    let limiter: RateLimiter?
    let outerLimiter: RateLimiter?

    init(_ route: Route, ledger: CostLedger.Route, limits: LimitRegistry) {
        limiter = route.limit.rule.map(limits.limiter)
        outerLimiter = route.limit.outer.map(limits.limiter)
        self.route = route
        self.ledger = ledger
        statuses = Dictionary(route.failures.map { ($0.code, $0.status) }, uniquingKeysWith: { first, _ in first })
        cacheControl = route.cache.header
        mediaType = route.content.mediaType
        isCompressible = route.content.mediaType.map(MediaTypes.isCompressible) ?? false
    }
}

/// Finds the route of a path: whole paths by one look-up, paths with holes segment by segment.
struct RouteTable: Sendable {
    final class Endpoint: Sendable {
        let routes: [MountedRoute]
        let allow: String

        init(_ routes: [MountedRoute]) {
            self.routes = routes
            var methods = routes.map(\.route.method.rawValue)
            if methods.contains("GET") { methods.append("HEAD") }
            allow = (methods + ["OPTIONS"]).sorted().joined(separator: ", ")
        }

        func route(for method: Method) -> MountedRoute? { routes.first { $0.route.method == method } }
    }

    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var endpoint: Endpoint?
        var rest: Endpoint?
    }

    struct Match {
        var endpoint: Endpoint
        var values: [String]
    }

    private var whole: [Substring: Endpoint] = [:]
    private var nodes = [Node()]

    init(_ routes: [MountedRoute]) {
        let groups = Dictionary(grouping: routes) { $0.route.path.segments.map(Self.kind) }
        for group in groups.values {
            let endpoint = Endpoint(group)
            let path = group[0].route.path
            if path.parameters.isEmpty {
                whole[path.description[...]] = endpoint
            } else {
                insert(path, endpoint)
            }
        }
    }

    /// Two templates that differ only in the names of their holes are one address.
    private static func kind(_ segment: PathTemplate.Segment) -> PathTemplate.Segment {
        switch segment {
        case .literal: segment
        case .parameter: .parameter("")
        case .rest: .rest("")
        }
    }

    private mutating func insert(_ path: PathTemplate, _ endpoint: Endpoint) {
        var index = 0
        for segment in path.segments {
            switch segment {
            case .literal(let text):
                if nodes[index].literals[text] == nil {
                    nodes[index].literals[text] = nodes.count
                    nodes.append(Node())
                }
                index = nodes[index].literals[text] ?? 0
            case .parameter:
                if nodes[index].parameter == nil {
                    nodes[index].parameter = nodes.count
                    nodes.append(Node())
                }
                index = nodes[index].parameter ?? 0
            case .rest:
                nodes[index].rest = endpoint
                return
            }
        }
        nodes[index].endpoint = endpoint
    }

    /// The endpoint at `path` and the raw values of its holes; literals win over holes.
    func find(_ path: Substring) -> Match? {
        if let endpoint = whole[path] { return Match(endpoint: endpoint, values: []) }
        guard path.first == "/", path.utf8.count > 1 else { return nil }
        let segments = path.dropFirst().split(separator: "/", maxSplits: 32, omittingEmptySubsequences: false)
        guard segments.count <= 32 else { return nil }
        return find(segments[...], from: 0, values: [])
    }

    private func find(_ segments: ArraySlice<Substring>, from index: Int, values: [String]) -> Match? {
        let node = nodes[index]
        guard let segment = segments.first else {
            return node.endpoint.map { Match(endpoint: $0, values: values) }
        }
        if let next = node.literals[String(segment)],
            let match = find(segments.dropFirst(), from: next, values: values)
        {
            return match
        }
        if let next = node.parameter, !segment.isEmpty,
            let match = find(segments.dropFirst(), from: next, values: values + [String(segment)])
        {
            return match
        }
        return node.rest.map { Match(endpoint: $0, values: values + [segments.joined(separator: "/")]) }
    }
}

/// What the server knows about media types.
enum MediaTypes {
    static func isCompressible(_ type: String) -> Bool {
        type.hasPrefix("text/") || type.hasPrefix("application/json") || type.hasPrefix("application/problem+json")
            || type.hasPrefix("image/svg") || type.hasPrefix("application/openapi")
    }

    static func of(fileNamed name: String) -> String {
        switch name.split(separator: ".").last ?? "" {
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "json": "application/json"
        case "txt": "text/plain; charset=utf-8"
        case "mp4": "video/mp4"
        case "webm": "video/webm"
        default: "application/octet-stream"
        }
    }
}
