public import Base
import NIOHTTP1
public import Telemetry

/// Everything a handler may know about the request besides its input.
public final class RequestContext: Sendable {
    let mounted: MountedRoute
    /// Who the request comes from.
    public let principal: Principal
    /// The client's address, behind the proxies that are ours.
    public let clientAddress: IPAddress
    /// Whether the client's connection is encrypted, as far as it can be known.
    public let isSecure: Bool
    /// What the request has cost so far.
    public let cost: Cost
    /// The request's place in a trace across processes.
    public let trace: TraceContext
    /// When the request arrived.
    public let receivedAt: Timestamp

    let head: RequestHead
    let site: Site
    let intake: BodyIntake

    init(
        mounted: MountedRoute, principal: Principal, clientAddress: IPAddress, isSecure: Bool, cost: Cost,
        trace: TraceContext,
        receivedAt: Timestamp, head: RequestHead, site: Site, intake: BodyIntake
    ) {
        self.mounted = mounted
        self.principal = principal
        self.clientAddress = clientAddress
        self.isSecure = isSecure
        self.cost = cost
        self.trace = trace
        self.receivedAt = receivedAt
        self.head = head
        self.site = site
        self.intake = intake
    }

    /// The route, as declared.
    public var route: Route { mounted.route }

    /// Whose data the request may touch.
    public var tenant: Tenant { principal.tenant }

    /// The first header of the name, in any case.
    public func header(_ name: String) -> String? { head.fields.first(name: name) }

    /// The host that the client asked for, in lower case without port.
    public var host: String { head.hostName }

    /// The path that the client asked for, as it was sent.
    public var path: String { String(head.path) }

    /// Whether the client is a browser that shows pages.
    public var prefersHTML: Bool { head.prefersHTML }

    /// The body as it arrives, or the file of a form; empty for routes that accept neither bytes nor a form with a file.
    public var body: RequestBody { RequestBody(intake) }

    /// The size of the body that the client announced; `nil` when it did not say.
    public var announcedLength: ByteCount? { head.contentLength.map { ByteCount($0) } }

    /// Whether the input came by a form, so that the answer should lead to a page.
    public var isForm: Bool {
        guard let type = head.contentType?.prefix(while: { $0 != ";" }) else { return false }
        return type.isLike("application/x-www-form-urlencoded") || type.isLike("multipart/form-data")
    }

    /// Whether the client asked for the head alone.
    var isHead: Bool { head.method == "HEAD" }

    /// Who votes: the person, or else the device key, which routes with the policy `voter` always have.
    public func voter() throws(Problem) -> Voter {
        if let person = principal.person { return .person(person) }
        if let device = principal.device { return .device(device) }
        throw Problem(.unauthenticated, "This needs an account or a browser that keeps cookies.")
    }

    /// The person with a session.
    public func person() throws(Problem) -> ID<Person> {
        guard let person = principal.person else { throw Problem(.unauthenticated, "Sign in first.") }
        return person
    }

    /// The value of the hidden field `formToken` for forms shown to whom this request comes from.
    ///
    /// Empty when neither a session nor a device key is there to bind it to.
    public var formToken: String {
        guard let subject = formSubject else { return "" }
        return site.formTokens.token(for: subject)
    }

    var formSubject: String? {
        if let session = principal.person { return "person:\(session):\(principal.sessionVersion)" }
        return principal.device.map { "device:\($0)" }
    }

    /// The cookie that signs `person` in to this tenant.
    public func signIn(_ person: ID<Person>, role: Role, version: Int) async throws(WebError) -> Cookie {
        let token = try await site.services.sessions.sign(person, in: tenant, role: role, version: version)
        return Cookie(header: site.services.sessions.cookie(token, isSecure: isSecure))
    }

    /// The cookie that ends the session in this browser.
    public var signOut: Cookie { Cookie(header: site.services.sessions.endingCookie(isSecure: isSecure)) }
}

/// A cookie to be kept by the client.
public struct Cookie: Sendable, Hashable {
    let header: String

    init(header: String) { self.header = header }

    /// A cookie for this host that scripts cannot read and other sites cannot send.
    ///
    /// - Parameters:
    ///   - name: letters, digits and underscores.
    ///   - value: characters that need no quoting (base64url, ids, words).
    ///   - maxAge: how long it is kept; a positive number of seconds.
    ///   - isSecure: whether it is only sent over encrypted connections; give the context's `isSecure`.
    public init(name: String, value: String, maxAge: Duration, isSecure: Bool) {
        precondition(
            value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",") },
            "the value of the cookie \(name) needs quoting")
        header =
            "\(name)=\(value); Path=/; Max-Age=\(maxAge.components.seconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }
}

/// A request as its handler sees it: the checked input, and the context through the same value.
@dynamicMemberLookup
public struct Request<Parameters: Input>: Sendable {
    /// What was sent, checked.
    public let input: Parameters
    /// Who sent it, and from where.
    public let context: RequestContext

    /// Reads a property of the context.
    public subscript<Value>(dynamicMember member: KeyPath<RequestContext, Value>) -> Value {
        context[keyPath: member]
    }

    /// Who votes: the person, or else the device key.
    public func voter() throws(Problem) -> Voter { try context.voter() }

    /// The person with a session.
    public func person() throws(Problem) -> ID<Person> { try context.person() }
}
