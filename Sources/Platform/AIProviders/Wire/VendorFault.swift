import Base
import Limits
import Outbound

/// What a vendor's refusal means, whichever way it tells it.
enum VendorFault {
    private enum Bounds {
        /// The longest `Retry-After` that is believed.
        static let wait = Duration.seconds(3_600)
        static let detailBytes = 300
    }

    /// An error object within a stream or a 200.
    static func inStream(_ error: VendorJSON) -> AIError {
        let kind = error["type"]?.text ?? error["code"]?.text ?? ""
        let context = context(error, status: error["code"]?.count)
        if ["overloaded_error", "overloaded", "server_overloaded"].contains(kind) || error["code"]?.count == 529 {
            return AIError(.busy, "The vendor is overloaded.", context: context)
        }
        if kind.hasPrefix("rate_limit") || error["code"]?.count == 429 {
            return AIError(
                .busy, "The vendor refuses further calls for now.",
                context: context.merging(["status": "429"]) { $1 })
        }
        if ["invalid_request_error", "not_found_error", "request_too_large"].contains(kind) {
            return AIError(.requestInvalid, "The vendor does not take the request.", context: context)
        }
        if ["authentication_error", "permission_error", "invalid_api_key"].contains(kind) {
            return AIError(.keyRefused, "The vendor does not take our key.", context: context)
        }
        return AIError(.failing, "The vendor failed within its answer.", context: context)
    }

    /// A response that is not 200.
    static func answered(_ status: Int, _ headers: OutboundHeaders, _ body: [UInt8], now: Timestamp) -> AIError {
        let json = VendorJSON(body)
        let context = context(json?["error"] ?? json, status: status)
        let wait = headers["retry-after"].flatMap { RetryAfter.duration($0, now: now) }.map { min($0, Bounds.wait) }
        switch status {
        case 401, 403: return AIError(.keyRefused, "The vendor does not take our key.", context: context)
        case 402: return AIError(.keyRefused, "The vendor wants to be paid first.", context: context)
        case 429:
            return AIError(
                .busy, "The vendor refuses further calls for now.", retryAfter: wait, context: context)
        case 503, 529: return AIError(.busy, "The vendor is overloaded.", retryAfter: wait, context: context)
        case 408, 409, 500...599:
            return AIError(.failing, "The vendor fails with status \(status).", retryAfter: wait, context: context)
        default:
            return AIError(
                .requestInvalid, "The vendor does not take the request: status \(status).", context: context)
        }
    }

    /// A call that brought no response.
    static func unanswered(_ error: OutboundError) -> AIError {
        switch error.code {
        case .cancelled: AIError(.cancelled, "The task that asked was cancelled.")
        case .timedOut: AIError(.timedOut, "The vendor did not answer in time.", underlying: error)
        case .closed: AIError(.cutOff, "The connection to the vendor ended in the middle.", underlying: error)
        case .malformed, .tooLarge, .redirectRefused:
            AIError(.unreadable, "The vendor's answer breaks HTTP or its bound.", underlying: error)
        case .busy: AIError(.busy, "Too many calls to the vendor run already.", underlying: error)
        case .requestInvalid, .contentFailed:
            AIError(.requestInvalid, "The request cannot be sent as it is.", underlying: error)
        case .addressRefused, .unresolved, .unreachable, .tls:
            AIError(.failing, "The vendor cannot be reached.", underlying: error)
        }
    }

    private static func context(_ error: VendorJSON?, status: Int?) -> [String: String] {
        var context: [String: String] = [:]
        if let status { context["status"] = "\(status)" }
        if let detail = error?["message"]?.text {
            context["detail"] = String(decoding: detail.utf8.prefix(Bounds.detailBytes), as: UTF8.self)
        }
        if let kind = error?["type"]?.text { context["kind"] = String(kind.prefix(100)) }
        return context
    }
}
