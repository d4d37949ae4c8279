public import Limits

/// How often a route may be used, and by whom it is counted.
///
/// Routes whose limits have the same name draw from one allowance.
public struct RouteLimit: Sendable, Hashable {
    /// Whom a limit counts.
    public enum Subject: String, Sendable, Hashable, CaseIterable {
        /// The person, else the device key, else the address.
        case voter
        /// The person or API key, else the address.
        case person
        /// The client's address; addresses of IPv6 by /64.
        case address
        /// All clients of the tenant together.
        case tenant
    }

    enum Bounds {
        /// How often the allowance of one address holds the allowance of one voter or person.
        static let outerFactor = 10
    }

    /// The rate; `nil` when there is none.
    public let rule: RateRule?
    /// Whom the limit counts.
    public let subject: Subject
    /// Why there is no rate, when there is none.
    public let exemption: String?

    /// The same rate ten times for the whole address, against clients that take a new device key for each request.
    let outer: RateRule?

    /// At most `count` requests per `period`, counted by `subject`, from the allowance `name`.
    ///
    /// - Parameters:
    ///   - subject: whom the limit counts; by `voter` and `person` the address is counted too, ten times as high.
    ///   - name: the allowance, as in `tournament.vote`; limits of the same name share it.
    ///   - count: requests per period, at least 1.
    ///   - period: the time in which they come back. Defaults to 1 minute.
    /// - Returns: the limit.
    public static func per(
        _ subject: Subject, _ name: String, _ count: Int, in period: Duration = .seconds(60)
    ) -> RouteLimit {
        let outer: RateRule? =
            switch subject {
            case .voter, .person: RateRule("\(name).address", limit: count * Bounds.outerFactor, per: period)
            case .address, .tenant: nil
            }
        return RouteLimit(
            rule: RateRule(name, limit: count, per: period), subject: subject, exemption: nil, outer: outer)
    }

    /// No limit of its own, with the reason; the guard over all routes remains.
    public static func exempt(because reason: String) -> RouteLimit {
        RouteLimit(rule: nil, subject: .address, exemption: reason, outer: nil)
    }
}

extension RouteLimit: CustomStringConvertible {
    /// The limit in words, for the list of routes.
    public var description: String {
        guard let rule else { return "none: \(exemption ?? "")" }
        return "\(rule.name): \(rule.limit) per \(rule.period.components.seconds) s and \(subject.rawValue)"
    }
}
