import Limits

/// The statuses of the platform's error codes, the one place where they meet HTTP.
public enum StatusTable {
    /// What the platform's codes mean to a client: status and title.
    static let entries: [String: (status: Int, retryAfter: Duration?)] = {
        var table: [String: (status: Int, retryAfter: Duration?)] = [:]
        for code in WebError.Code.allCases { table[code.rawValue] = (status(of: code), nil) }
        table[WebError.Code.overloaded.rawValue]?.retryAfter = .seconds(1)
        table[WebError.Code.deadlineExceeded.rawValue]?.retryAfter = .seconds(5)
        for code in ["unavailable", "statementTimeout", "outcomeUnknown", "closed"] {
            table["storage.\(code)"] = (503, .seconds(5))
        }
        for code in ["exhausted", "lockTimeout", "serializationFailure", "deadlock", "cancelled"] {
            table["storage.\(code)"] = (503, .seconds(1))
        }
        table["storage.diskFull"] = (503, .seconds(30))
        table["storage.invalidCursor"] = (400, nil)
        table["storage.invalidValue"] = (400, nil)
        for reason in Refusal.Reason.allCases {
            table[reason.rawValue] = (429, nil)
        }
        table[Refusal.Reason.capacity.rawValue] = (503, .seconds(1))
        table[Refusal.Reason.circuitOpen.rawValue] = (503, .seconds(5))
        for code in ["truncated", "hashMismatch"] { table["blobs.\(code)"] = (400, nil) }
        table["blobs.tooLarge"] = (413, nil)
        table["blobs.typeInvalid"] = (415, nil)
        table["blobs.rangeInvalid"] = (416, nil)
        table["blobs.diskFull"] = (503, .seconds(30))
        for code in ["storeFailed", "cancelled"] { table["blobs.\(code)"] = (503, .seconds(5)) }
        table["jobs.notFound"] = (404, nil)
        for code in ["loadTimedOut", "tooManyLoads", "tooManyWaiters", "shutDown"] {
            table["caching.\(code)"] = (503, .seconds(1))
        }
        table.merge(models) { $1 }
        return table
    }()

    /// What language models and retrieval say.
    private static let models: [String: (status: Int, retryAfter: Duration?)] = [
        "ai.requestInvalid": (400, nil), "ai.answerNotFound": (404, nil), "ai.answerTaken": (409, nil),
        "ai.budgetSpent": (429, nil), "ai.busy": (503, .seconds(5)), "ai.circuitOpen": (503, .seconds(5)),
        "ai.failing": (503, .seconds(5)), "ai.timedOut": (503, .seconds(5)), "ai.cutOff": (503, .seconds(5)),
        "ai.unreadable": (503, .seconds(5)), "ai.cancelled": (503, .seconds(1)),
        "retrieval.queryInvalid": (400, nil), "retrieval.documentTooLarge": (413, nil),
        "retrieval.documentUnreadable": (415, nil), "retrieval.converterMissing": (415, nil),
        "retrieval.contended": (503, .seconds(1)),
    ]

    /// Every code of the platform that a client can see, with its status, ordered by code, for the reference page.
    public static var listing: [(code: String, status: Int)] {
        entries.map { ($0.key, $0.value.status) }
            .filter { $0.status != 500 || $0.code == WebError.Code.internal.rawValue }
            .sorted { $0.code < $1.code }
    }

    private static func status(of code: WebError.Code) -> Int {
        switch code {
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .bodyTooLarge: 413
        case .addressTooLong: 414
        case .unsupportedMediaType: 415
        case .rangeNotSatisfiable: 416
        case .headersTooLarge: 431
        case .malformedRequest, .malformedInput, .invalidInput: 400
        case .unauthenticated: 401
        case .forbidden, .crossSite: 403
        case .overloaded, .deadlineExceeded: 503
        case .internal, .cannotListen, .invalidDeclaration, .invalidResource: 500
        }
    }

    /// The words that go with a status (RFC 9110).
    static func title(of status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 422: "Unprocessable Content"
        case 423: "Locked"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: status < 500 ? "Refused" : "Failed"
        }
    }
}
