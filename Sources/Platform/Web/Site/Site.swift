import Base
import Limits
import NIOCore
import NIOHTTP1
import Telemetry

/// All routes of an installation, checked against each other, with what they need to answer: a pure function from
/// requests to answers that `WebServer` puts on a socket.
public final class Site: Sendable {
    /// The routes, as declared and mounted.
    public let routes: [Route]
    /// What the site was told.
    public let settings: SiteSettings

    let services: SiteServices
    let table: RouteTable
    let unmatched: CostLedger.Route
    let guardian: RateLimiter?
    let formTokens: FormTokens
    let traces: TraceSource
    let addresses: ClientAddress
    let pages: Pages?
    let security: SecurityHeaders

    /// Mounts routes.
    ///
    /// - Parameters:
    ///   - routes: the routes; names and addresses must be unique, holes and path fields must agree.
    ///   - services: what they need from the outside.
    ///   - settings: what the site is told. Defaults to the defaults.
    ///   - pages: what pages are made from. Defaults to nothing, for sites without pages.
    /// - Throws: `web.invalidDeclaration` with the first contradiction.
    public init(
        routes: [Route], services: SiteServices, settings: SiteSettings = SiteSettings(), pages: Pages? = nil
    ) throws(WebError) {
        try DeclarationCheck.check(routes)
        self.routes = routes
        self.services = services
        self.settings = settings
        table = RouteTable(
            routes.map {
                MountedRoute(
                    $0, ledger: services.ledger.route($0.name, statementBudget: $0.budget.statements),
                    limits: services.limits)
            })
        unmatched = services.ledger.route("web.unmatched")
        guardian =
            settings.guardPerMinute > 0
            ? services.limits.limiter(for: RateRule("web.guard", limit: settings.guardPerMinute, scope: .node)) : nil
        formTokens = FormTokens(keys: services.keys)
        traces = TraceSource(randomness: services.randomness)
        addresses = ClientAddress(trustedHops: settings.trustedHops)
        self.pages = pages
        security = SecurityHeaders(filesOrigin: settings.filesOrigin, uploadOrigin: settings.uploadOrigin)
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - head: the parsed head.
    ///   - peer: the socket's address.
    ///   - allow: is told how long the answer may take, once the route is known.
    ///   - body: where the body comes from.
    /// - Returns: the answer, also for whatever went wrong.
    func respond(
        to head: RequestHead, peer: IPAddress, allow: (Duration) -> Void, body: any BodySource
    ) async -> WireResponse {
        let start = services.clock.uptime()
        let trace = traces.begin(head.traceParent, head.traceState)
        let cost = Cost()
        return await TraceContext.$current.withValue(trace) {
            await Cost.$current.withValue(cost) {
                var exchange = Exchange(site: self, head: head, peer: peer, cost: cost, trace: trace, start: start)
                do {
                    let answer = try await exchange.run(allow, body)
                    return try exchange.finish(answer)
                } catch {
                    return exchange.finish(failing: error)
                }
            }
        }
    }
}

/// An answer as it goes onto the wire.
struct WireResponse: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: Body
    /// Whether the connection cannot be used after this answer.
    var closes = false

    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        case stream(@Sendable (any BodyWriter) async throws -> Void)
        case takeover(ConnectionTaker)
    }
}

/// Contradictions among declarations, found before the first request.
enum DeclarationCheck {
    static func check(_ routes: [Route]) throws(WebError) {
        var names: Set<String> = []
        var addresses: Set<String> = []
        for route in routes {
            guard names.insert(route.name).inserted else { throw bad(route, "its name is taken by another route") }
            guard addresses.insert("\(route.method.rawValue) \(route.path)").inserted else {
                throw bad(route, "its method and path are taken by another route")
            }
            try check(route)
        }
    }

    private static func check(_ route: Route) throws(WebError) {
        let fields = Set(route.fields.filter { $0.place == .path }.map(\.name))
        guard fields == Set(route.path.parameters) else {
            throw bad(
                route,
                "its path has the holes \(route.path.parameters) and its input the path fields \(fields.sorted())")
        }
        guard Set(route.fields.map(\.name)).count == route.fields.count else {
            throw bad(route, "two of its fields have the same name")
        }
        guard !(route.method == .get && (route.readsBody || route.accepts == .bytes)) else {
            throw bad(route, "a GET cannot read a body")
        }
        guard !(route.accepts == .bytes && route.readsBody) else {
            throw bad(route, "a body of bytes has no fields")
        }
        guard route.bodyLimit <= .mebibytes(64) else { throw bad(route, "its body limit is above 64 MiB") }
        guard route.deadline >= .milliseconds(10), route.deadline <= .seconds(600) else {
            throw bad(route, "its deadline is not between 10 milliseconds and 10 minutes")
        }
        if route.cache.isPublic, route.policy != .anyone {
            throw bad(route, "its answers depend on who asks, yet its cache rule lets everybody keep them")
        }
        guard route.name.contains("."), !route.summary.isEmpty else {
            throw bad(route, "its name must be written product.verbNoun and its summary must say something")
        }
    }

    private static func bad(_ route: Route, _ reason: String) -> WebError {
        WebError(
            .invalidDeclaration,
            "The route \(route.name) (\(route.method.rawValue) \(route.path)) is refused: \(reason).")
    }
}
