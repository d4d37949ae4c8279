public import Base

/// A declared route: everything that the server, the list of routes, the description of the API and the console need.
///
/// ```swift
/// Route(
///     .post, "/votes", "tournament.castVote", "Votes for a clip.",
///     policy: .voter, limit: .per(.voter, "vote", 30), budget: 0,
///     failures: [Failure("tournament.capReached", 409, "Nothing is left of today's allowance.")]
/// ) { (request: Request<CastVote>) in
///     try await votes.cast(request.input, by: request.voter)
/// }
/// ```
public struct Route: Sendable {
    typealias Handler = @Sendable (JSONValue, RequestContext) async throws -> Answer

    /// The method; a `get` answers `HEAD` too.
    public let method: Method
    /// The address.
    public private(set) var path: PathTemplate
    /// The operation's unique name, written `product.verbNoun`.
    public let name: String
    /// One sentence for the reader of the API's description.
    public let summary: String
    /// Who may use it.
    public let policy: AccessPolicy
    /// How often.
    public let limit: RouteLimit
    /// How many statements one request may send.
    public let budget: StatementBudget
    /// What may be kept of its answers.
    public let cache: CacheRule
    /// The largest body that is read.
    public let bodyLimit: ByteCount
    /// How a body is written.
    public let accepts: BodyKind
    /// Longest time until the answer begins.
    public let deadline: Duration
    /// The status of success.
    public let status: Int
    /// The errors it declares.
    public let failures: [Failure]
    /// What it takes.
    public let fields: [Field]
    /// What it answers with.
    public let content: Content

    let handle: Handler

    /// Declares a route.
    ///
    /// - Parameters:
    ///   - method: the method; a `.get` answers `HEAD` too.
    ///   - path: the address, with holes that the input declares as path fields.
    ///   - name: the operation's unique name, written `product.verbNoun`.
    ///   - summary: one sentence for the reader of the API's description.
    ///   - policy: who may use it.
    ///   - limit: how often, and by whom it is counted.
    ///   - budget: how many statements one request may send to a database.
    ///   - cache: what may be kept of its answers. Defaults to nothing.
    ///   - bodyLimit: the largest body that is read. Defaults to 64 KiB; at most 64 MiB.
    ///   - accepts: how a body is written. Defaults to JSON.
    ///   - deadline: longest time until the answer begins. Defaults to 30 seconds; 10 milliseconds to 10 minutes.
    ///   - status: the status of success. Defaults to 200.
    ///   - failures: the errors it declares.
    ///   - handle: what it does.
    public init<Parameters: Input, Output: Answerable>(
        _ method: Method, _ path: PathTemplate, _ name: String, _ summary: String, policy: AccessPolicy,
        limit: RouteLimit, budget: StatementBudget, cache: CacheRule = .privateNoStore,
        bodyLimit: ByteCount = .kibibytes(64), accepts: BodyKind = .json, deadline: Duration = .seconds(30),
        status: Int = 200, failures: [Failure] = [],
        handle: @escaping @Sendable (Request<Parameters>) async throws -> Output
    ) {
        self.method = method
        self.path = path
        self.name = name
        self.summary = summary
        self.policy = policy
        self.limit = limit
        self.budget = budget
        self.cache = cache
        self.bodyLimit = bodyLimit
        self.accepts = accepts
        self.deadline = deadline
        self.status = status
        self.failures = failures
        fields = Parameters.fields
        content = Output.content
        self.handle = { values, context in
            let input: Parameters
            do {
                input = try ValueDecoder.decode(Parameters.self, from: values)
            } catch let error as DecodingError {
                throw Problem(decoding: error)
            }
            return try await handle(Request(input: input, context: context)).answer(in: context)
        }
    }

    /// The same route below `prefix`.
    public func mounted(under prefix: PathTemplate) -> Route {
        var copy = self
        copy.path = path.mounted(under: prefix)
        return copy
    }

    /// Whether a body is read.
    var readsBody: Bool { fields.contains { $0.place == .body } }
}

/// How the body of a request is written.
public enum BodyKind: String, Sendable, Hashable, CaseIterable {
    /// `application/json`.
    case json
    /// `application/x-www-form-urlencoded`, as a browser's form without script sends it; needs a form token.
    case form
    /// Either: one route for the page without script and for the program.
    case jsonOrForm
    /// Bytes of any kind, which the handler reads as they arrive; the route declares no body fields.
    case bytes
    /// `multipart/form-data`, as a browser's form with one file sends it: the fields stand before the file, whose bytes
    /// the handler reads as they arrive; needs a form token.
    case formWithFile
}

/// What a route answers with.
public struct Content: Sendable {
    /// The media type, as in `application/json`; `nil` for no body.
    public let mediaType: String?
    /// The shape of the value, when it is JSON.
    public let shape: Shape?

    /// Declares an answer.
    public init(mediaType: String?, shape: Shape? = nil) {
        self.mediaType = mediaType
        self.shape = shape
    }

    /// No body at all.
    public static let none = Content(mediaType: nil)
    /// Bytes of a media type that only the answer knows.
    public static let bytes = Content(mediaType: "*/*")
    /// A page.
    public static let html = Content(mediaType: "text/html; charset=utf-8")
}
