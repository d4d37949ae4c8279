import Base

/// A refusal or failure as HTTP tells it (RFC 9457): a code, one sentence, and members that help.
///
/// A handler throws one; its status comes from the route's declared failures or from the platform's table, never from
/// here.
public struct Problem: Error, Sendable {
    /// What is wrong, written `module.reason`.
    public var code: String
    /// What was attempted, what was found, what to do; shown to users.
    public var detail: String
    /// When trying again makes sense; becomes `Retry-After` and the member `retryAfter` in seconds.
    public var retryAfter: Duration?
    /// The fields of the input that were refused.
    public var errors: [FieldError]
    /// Further members, such as `left`.
    public var members: [JSONValue.Member]
    /// Headers that belong to the answer, such as `Allow`.
    var headers: [(name: String, value: String)] = []

    /// Describes what is wrong.
    ///
    /// - Parameters:
    ///   - code: the declared code, written `module.reason`.
    ///   - detail: what was attempted, what was found, what to do; shown to users.
    ///   - retryAfter: when trying again makes sense. Defaults to not saying.
    ///   - errors: the fields of the input that were refused.
    ///   - members: further members, such as `left`.
    public init(
        _ code: String, _ detail: String, retryAfter: Duration? = nil, errors: [FieldError] = [],
        members: [JSONValue.Member] = []
    ) {
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
        self.errors = errors
        self.members = members
    }

    init(_ code: WebError.Code, _ detail: String, retryAfter: Duration? = nil, errors: [FieldError] = []) {
        self.init(code.rawValue, detail, retryAfter: retryAfter, errors: errors)
    }

    /// A refused field that only decoding found, in the form that validation gives.
    init(decoding error: DecodingError) {
        let path: [any CodingKey]
        let reason: String
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (path, reason) = (context.codingPath, context.debugDescription)
        case .keyNotFound(let key, let context):
            (path, reason) = (context.codingPath + [key], context.debugDescription)
        @unknown default:
            (path, reason) = ([], "cannot be read")
        }
        let name = path.map(\.stringValue).joined(separator: ".")
        self = .invalid([FieldError(field: name, code: "invalid", detail: "\(name) \(reason).")])
    }

    static func invalid(_ errors: [FieldError]) -> Problem {
        let fields = errors.map(\.field).joined(separator: ", ")
        return Problem(
            .invalidInput,
            errors.count == 1
                ? "The value of \(fields) was refused: \(errors[0].detail)"
                : "\(errors.count) values were refused: \(fields). Each is explained in errors.",
            errors: errors)
    }
}

/// One refused field of an input.
public struct FieldError: Sendable, Hashable {
    /// The field's name; members of objects and lists after a dot.
    public let field: String
    /// What is wrong with it, from a small set: `missing`, `type`, `length`, `range`, `choice`, `format`, `invalid`.
    public let code: String
    /// One sentence with the limit and what to do.
    public let detail: String

    /// Describes a refused field.
    public init(field: String, code: String, detail: String) {
        self.field = field
        self.code = code
        self.detail = detail
    }
}
