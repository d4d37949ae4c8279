public import Base

/// The answer to a request for a part of something limited.
public enum Admission: Sendable, Hashable {
    /// Go ahead.
    case granted(Grant)
    /// Not now. Nothing was consumed.
    case refused(Refusal)

    /// Whether it was granted.
    public var isGranted: Bool {
        if case .granted = self { true } else { false }
    }

    /// The refusal, if it is one.
    public var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

/// What was granted, and what is left.
public struct Grant: Sendable, Hashable {
    /// The rule that has the least left of those that were asked.
    public let rule: String
    /// What the rule allows per period.
    public let limit: Int
    /// What is left of it.
    public let remaining: Int
    /// When all of it will be there again; `nil` when that depends on what is settled.
    public let resetAfter: Duration?
    /// Whether the same reservation had been granted before: nothing further was reserved.
    public let isRepeat: Bool

    /// Makes a grant.
    public init(rule: String, limit: Int, remaining: Int, resetAfter: Duration?, isRepeat: Bool = false) {
        self.rule = rule
        self.limit = limit
        self.remaining = remaining
        self.resetAfter = resetAfter
        self.isRepeat = isRepeat
    }
}

/// Why something was not granted.
public struct Refusal: Sendable, Hashable {
    /// The closed set of reasons.
    public enum Reason: String, CaseIterable, Sendable {
        /// Too much in too short a time.
        case rate = "limits.rate"
        /// The allowance of the day or the month is used up.
        case quota = "limits.quota"
        /// The budget is used up; it does not renew itself.
        case budget = "limits.budget"
        /// As many at once as may be.
        case concurrency = "limits.concurrency"
        /// More was asked for at once than the rule ever grants.
        case amount = "limits.amount"
        /// The limiter itself keeps as many keys or reservations as it may.
        case capacity = "limits.capacity"
        /// The dependency has failed too often and is left alone for a while.
        case circuitOpen = "limits.circuitOpen"
    }

    /// Why.
    public let reason: Reason
    /// The rule that refused.
    public let rule: String
    /// What the rule allows per period.
    public let limit: Int
    /// What is left of it, less than what was asked for.
    public let remaining: Int
    /// When asking again makes sense; `nil` when waiting alone does not help.
    public let retryAfter: Duration?

    /// Makes a refusal.
    public init(reason: Reason, rule: String, limit: Int, remaining: Int, retryAfter: Duration?) {
        self.reason = reason
        self.rule = rule
        self.limit = limit
        self.remaining = remaining
        self.retryAfter = retryAfter
    }
}

extension Admission {
    /// The answer as HTTP header fields: `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After`
    /// (RFC 9110, section 10.2.3) in whole seconds, rounded up, for refusals that waiting helps against.
    public var headers: [(name: String, value: String)] {
        switch self {
        case .granted(let grant):
            let reset = grant.resetAfter.map { ";t=\(seconds($0))" } ?? ""
            return [("RateLimit", "\"\(grant.rule)\";r=\(grant.remaining)\(reset)")]
        case .refused(let refusal):
            guard let wait = refusal.retryAfter.map({ max(1, seconds($0)) }) else {
                return [("RateLimit", "\"\(refusal.rule)\";r=\(refusal.remaining)")]
            }
            return [
                ("RateLimit", "\"\(refusal.rule)\";r=\(refusal.remaining);t=\(wait)"), ("Retry-After", "\(wait)"),
            ]
        }
    }
}

private func seconds(_ duration: Duration) -> Int64 { (duration.microseconds + 999_999) / 1_000_000 }

/// A refusal thrown by the verbs that run work under a limit.
public struct LimitsError: CodedError {
    /// The closed set of reasons.
    public typealias Code = Refusal.Reason

    /// The refusal.
    public let refusal: Refusal

    /// Makes the error of a refusal.
    public init(_ refusal: Refusal) { self.refusal = refusal }

    /// Why.
    public var code: Code { refusal.reason }
    /// The rule and when to try again.
    public var message: String {
        let wait = refusal.retryAfter.map { "Try again in \(seconds($0)) s." } ?? "Waiting alone does not help."
        return "The limit \(refusal.rule) refused: \(refusal.remaining) of \(refusal.limit) are left. \(wait)"
    }
    /// Nothing beyond the message.
    public var context: [String: String] { [:] }
    /// None.
    public var underlying: (any Error)? { nil }
}
