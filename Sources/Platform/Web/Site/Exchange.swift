import Base
import Foundation
import Limits
import NIOCore
import NIOHTTP1
import Telemetry

/// One request on its way through the site.
struct Exchange {
    let site: Site
    let head: RequestHead
    let peer: IPAddress
    let cost: Cost
    let trace: TraceContext
    let start: Duration
    private(set) var mounted: MountedRoute?
    private(set) var cookies: [Cookie] = []
    /// On whose account the request goes, once it is known.
    private(set) var tenant: Tenant?
    /// Who asks, once it is known; error pages show it.
    private(set) var chromeContext: RequestContext?
    private var isSecure = false
    private var hasCredentials = false

    init(site: Site, head: RequestHead, peer: IPAddress, cost: Cost, trace: TraceContext, start: Duration) {
        self.site = site
        self.head = head
        self.peer = peer
        self.cost = cost
        self.trace = trace
        self.start = start
    }

    /// The guard over all routes counts before any tenant is known.
    private static let everybody = Tenant(ID(high: 0, low: 0))

    /// Whether the client asked for the head alone.
    var isHead: Bool { head.method == "HEAD" }

    /// Everything between the head and the handler's answer, in the order in which it can fail most cheaply.
    mutating func run(
        _ allow: (Duration) -> Void, _ body: any BodySource
    ) async throws -> Answer {
        try checkHead()
        let address = site.addresses.find(peer: peer, forwardedFor: head.forwardedFor)
        if let guardian = site.guardian {
            try refuse(guardian.admit(LimitKey(Self.everybody, address.group.id)))
        }
        guard let match = site.table.find(head.path) else {
            throw Problem(.notFound, "Nothing is served at this address.")
        }
        guard let method = Method(rawValue: isHead ? "GET" : head.method),
            let mounted = match.endpoint.route(for: method)
        else { return try otherMethod(match.endpoint) }
        self.mounted = mounted
        let route = mounted.route
        allow(route.deadline)
        isSecure = site.addresses.isSecure(forwardedProto: head.forwardedProto)
        let (principal, keyName) = try await identify(route)
        tenant = principal.tenant
        try authorise(principal, route)
        try checkCosts(of: principal.tenant, route)
        try await limit(mounted, principal: principal, keyName: keyName, address: address)
        if let mediaType = mounted.mediaType, mediaType != "*/*", !head.accepts(mediaType) {
            throw Problem(.notAcceptable, "The answer is \(mediaType), which the request does not accept.")
        }
        let context = RequestContext(
            mounted: mounted, principal: principal, clientAddress: address, isSecure: isSecure, cost: cost,
            trace: trace, receivedAt: site.services.clock.now(), head: head, site: site,
            intake: BodyIntake(body, limit: route.bodyLimit.bytes))
        chromeContext = context
        let input = try await readInput(route, values: match.values, context: context, body)
        return try await route.handle(input, context)
    }

    private func checkHead() throws(Problem) {
        guard head.path.utf8.count + head.query.utf8.count <= site.settings.addressBytesMax else {
            throw Problem(
                .addressTooLong, "The address is longer than \(site.settings.addressBytesMax) bytes; shorten it.")
        }
        guard head.isHostRight else { throw Problem(.malformedRequest, "The header Host must be given once.") }
    }

    private func otherMethod(_ endpoint: RouteTable.Endpoint) throws(Problem) -> Answer {
        if head.method == "OPTIONS" {
            var answer = Answer(body: .none)
            answer.status = 204
            answer.headers = [("allow", endpoint.allow)]
            return answer
        }
        var problem = Problem(.methodNotAllowed, "This address is served for \(endpoint.allow) only.")
        problem.headers = [("allow", endpoint.allow)]
        throw problem
    }

    // MARK: Who

    private mutating func identify(
        _ route: Route
    ) async throws -> (principal: Principal, keyName: String?) {
        if let authorization = head.authorization {
            guard authorization.utf8.count <= 256, authorization.prefix(7).isLike("bearer ") else {
                throw Problem(.unauthenticated, "The header Authorization must be 'Bearer' and an API key.")
            }
            guard let grant = try await site.services.apiKeys.grant(for: Secret(String(authorization.dropFirst(7))))
            else {
                throw Problem(.unauthenticated, "The API key is unknown, expired or revoked.")
            }
            hasCredentials = true
            return (Principal(tenant: grant.tenant, scopes: grant.scopes), grant.name)
        }
        guard let tenant = site.services.tenants.tenant(host: head.hostName) else {
            throw Problem(.notFound, "Nothing is served at this host.")
        }
        var session: Session?
        if let token = head.session, let found = await site.services.sessions.verify(token), found.tenant == tenant,
            site.services.revocation.isCurrent(found.person, version: found.version, in: tenant)
        {
            session = found
            hasCredentials = true
            if site.services.sessions.isDueForRenewal(found), !route.cache.isPublic {
                let renewed = try await site.services.sessions.sign(
                    found.person, in: tenant, role: found.role, version: found.version)
                cookies.append(Cookie(header: site.services.sessions.cookie(renewed, isSecure: isSecure)))
            }
        }
        var device = head.device.flatMap { site.services.devices.verify($0, in: tenant) }
        if device != nil { hasCredentials = true }
        if device == nil, session == nil, route.policy == .voter {
            let minted = site.services.devices.mint(in: tenant)
            device = minted.device
            cookies.append(Cookie(header: site.services.devices.cookie(minted.token, isSecure: isSecure)))
        }
        let principal = Principal(
            tenant: tenant, person: session?.person, device: device, role: session?.role,
            sessionVersion: session?.version ?? 0)
        return (principal, nil)
    }

    private func authorise(_ principal: Principal, _ route: Route) throws(Problem) {
        let isKnown = principal.person != nil
        func signedIn() throws(Problem) {
            guard isKnown else { throw Problem(.unauthenticated, "Sign in first.") }
        }
        switch route.policy {
        case .anyone, .voter: return
        case .signedIn: try signedIn()
        case .role(let role):
            try signedIn()
            guard principal.has(role) else {
                throw Problem(.forbidden, "This needs the role \(role.rawValue).")
            }
        case .operator:
            try signedIn()
            guard principal.has(.operator) else { throw Problem(.forbidden, "This needs the role operator.") }
        case .apiKey(let scope):
            guard head.authorization != nil else { throw Problem(.unauthenticated, "Send an API key.") }
            guard principal.scopes.contains(scope) else {
                throw Problem(.forbidden, "This needs an API key with the scope \(scope.rawValue).")
            }
        case .roleOrKey(let role, let scope):
            if head.authorization == nil { try signedIn() }
            guard principal.has(role) || principal.scopes.contains(scope) else {
                throw Problem(
                    .forbidden, "This needs the role \(role.rawValue), or an API key with the scope \(scope.rawValue).")
            }
        }
    }

    private func limit(
        _ mounted: MountedRoute, principal: Principal, keyName: String?, address: IPAddress
    ) async throws(Problem) {
        guard let limiter = mounted.limiter else { return }
        let tenant = principal.tenant
        let byAddress = LimitKey(tenant, address.group.id)
        let key =
            switch mounted.route.limit.subject {
            case .voter, .person: subject(principal, keyName, counts: mounted.route.limit.subject) ?? byAddress
            case .address: byAddress
            case .tenant: LimitKey(tenant)
            }
        // Suspends only where the answer is the common bank's.
        try refuse(await limiter.admitWaiting(key))
        guard let outer = mounted.outerLimiter, keyName == nil else { return }
        do {
            try refuse(await outer.admitWaiting(byAddress))
        } catch {
            limiter.giveBack(key)
            throw error
        }
    }

    /// Refuses what a tenant asks for that has cost today what it may.
    private func checkCosts(of tenant: Tenant, _ route: Route) throws(Problem) {
        guard let wait = site.services.costs?.wait(for: tenant, before: route.name) else { return }
        throw Problem(Refusal(reason: .quota, rule: "costs.day", limit: 0, remaining: 0, retryAfter: wait))
    }

    private func subject(
        _ principal: Principal, _ keyName: String?, counts subject: RouteLimit.Subject
    ) -> LimitKey? {
        if let person = principal.person { return LimitKey(principal.tenant, person) }
        if let keyName { return LimitKey(principal.tenant, named: keyName) }
        return subject == .voter ? principal.device.map { LimitKey(principal.tenant, $0) } : nil
    }

    private func refuse(_ admission: Admission) throws(Problem) {
        if case .refused(let refusal) = admission { throw Problem(refusal) }
    }

    // MARK: What

    private func readInput(
        _ route: Route, values: [String], context: RequestContext, _ source: any BodySource
    ) async throws -> JSONValue {
        let isForm = head.contentType?.prefix { $0 != ";" }.isLike("application/x-www-form-urlencoded") ?? false
        if !route.method.isSafe { try checkOrigin(route, isForm: isForm || route.accepts == .formWithFile) }
        if route.accepts == .bytes || route.accepts == .formWithFile { try checkLength(route) }
        guard !route.fields.isEmpty || isForm && !route.method.isSafe || route.accepts == .formWithFile else {
            return .object([])
        }
        var path: [(name: String, value: String)] = []
        for (name, raw) in zip(route.path.parameters, values) {
            guard let value = PercentEncoding.decode(raw[...], plusIsSpace: false) else {
                throw Problem.invalid([
                    FieldError(field: name, code: "format", detail: "\(name) is not percent-encoded UTF-8.")
                ])
            }
            path.append((name, value))
        }
        let query = try FormValue.parse(head.query)
        var body: JSONValue?
        var form: [FormValue]?
        if route.accepts == .formWithFile {
            form = try await readForm(withFileIn: context)
        } else if route.readsBody || isForm && !route.method.isSafe && route.accepts != .bytes {
            let buffer = try await bodyBytes(route, isForm: isForm, source)
            if isForm {
                form = try readForm(buffer, context)
            } else {
                body = try readJSON(buffer, route)
            }
        }
        return try Validation.check(route.fields, path: path, query: query, body: body, form: form)
    }

    private func bodyBytes(
        _ route: Route, isForm: Bool, _ source: any BodySource
    ) async throws -> ByteBuffer {
        guard head.hasBody else { return ByteBuffer() }
        let isJSON = head.contentType?.prefix { $0 != ";" }.isLike("application/json") ?? false
        let isRight =
            switch route.accepts {
            case .json: isJSON
            case .form: isForm
            case .jsonOrForm: isJSON || isForm
            case .bytes, .formWithFile: false
            }
        guard isRight else {
            let wanted = route.accepts == .form ? "application/x-www-form-urlencoded" : "application/json"
            throw Problem(.unsupportedMediaType, "The body must be written as \(wanted).")
        }
        try checkLength(route)
        return try await source.collect(route.bodyLimit.bytes)
    }

    private func checkLength(_ route: Route) throws(Problem) {
        guard let length = head.contentLength, length > route.bodyLimit.bytes else { return }
        throw Problem(.bodyTooLarge, "The body is larger than \(route.bodyLimit).")
    }

    private func readForm(withFileIn context: RequestContext) async throws -> [FormValue] {
        guard let boundary = head.contentType.flatMap(MultipartParser.boundary) else {
            throw Problem(.unsupportedMediaType, "The body must be written as multipart/form-data.")
        }
        return try checkToken(of: try await context.intake.readFields(boundary: boundary), context)
    }

    private func readJSON(_ buffer: ByteBuffer, _ route: Route) throws(Problem) -> JSONValue? {
        guard buffer.readableBytes > 0 else {
            if route.fields.contains(where: { $0.place == .body && $0.isRequired }) {
                throw Problem(.malformedInput, "The body is empty; send a JSON object.")
            }
            return nil
        }
        let value: JSONValue
        do {
            value = try buffer.withUnsafeReadableBytes { try JSONParser.parse($0) }
        } catch let failure as JSONParser.Failure {
            throw Problem(.malformedInput, "The body is not JSON: \(failure.reason) at byte \(failure.offset).")
        } catch {
            throw Problem(.malformedInput, "The body is not JSON.")
        }
        guard case .object = value else { throw Problem(.malformedInput, "The body must be a JSON object.") }
        return value
    }

    private func readForm(_ buffer: ByteBuffer, _ context: RequestContext) throws(Problem) -> [FormValue] {
        guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
            throw Problem(.malformedInput, "The form is not UTF-8.")
        }
        return try checkToken(of: try FormValue.parse(text[...]), context)
    }

    private func checkToken(of values: [FormValue], _ context: RequestContext) throws(Problem) -> [FormValue] {
        guard let subject = context.formSubject,
            let token = values.first(where: { $0.name == FormTokens.fieldName })?.value,
            site.formTokens.isValid(token, for: subject)
        else {
            throw Problem(.crossSite, "The form is out of date; open the page again and repeat what you did.")
        }
        return values.filter { $0.name != FormTokens.fieldName }
    }

    /// Refuses what another site made the browser send.
    private func checkOrigin(_ route: Route, isForm: Bool) throws(Problem) {
        if let site = head.fetchSite, site != "same-origin", site != "none" {
            throw Problem(.crossSite, "This request comes from another site.")
        }
        if let origin = head.origin, hasCredentials || isForm {
            let host = origin.range(of: "://").map { origin[$0.upperBound...] } ?? ""
            guard host == head.host else { throw Problem(.crossSite, "This request comes from another site.") }
        }
        if isForm, route.accepts == .json {
            throw Problem(.unsupportedMediaType, "The body must be written as application/json.")
        }
    }
}
