/// Who may use a route.
public enum AccessPolicy: Sendable, Hashable, CustomStringConvertible {
    /// Everybody, known or not.
    case anyone
    /// A person, or a browser with a device key; a browser without one is given one.
    case voter
    /// A person with a session of this tenant.
    case signedIn
    /// A person whose role in this tenant is at least this one.
    case role(Role)
    /// A program with an API key that has the scope.
    case apiKey(Scope)
    /// A person with at least the role, or a program with an API key that has the scope.
    case roleOrKey(Role, Scope)
    /// Someone who runs this installation.
    case `operator`

    /// The policy in a word, for the list of routes.
    public var description: String {
        switch self {
        case .anyone: "anyone"
        case .voter: "voter"
        case .signedIn: "signed in"
        case .role(let role): "role \(role.rawValue)"
        case .apiKey(let scope): "key \(scope.rawValue)"
        case .roleOrKey(let role, let scope): "role \(role.rawValue) or key \(scope.rawValue)"
        case .operator: "operator"
        }
    }
}

/// What a person may do in a tenant; each role includes the ones before it.
public enum Role: String, Sendable, Hashable, CaseIterable, Comparable, Codable {
    /// Has an account.
    case member
    /// Looks after what others post.
    case moderator
    /// Runs the tenant.
    case administrator
    /// Runs the installation, across tenants.
    case `operator`

    private var rank: Int {
        switch self {
        case .member: 0
        case .moderator: 1
        case .administrator: 2
        case .operator: 3
        }
    }

    /// Orders by what is allowed.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// What an API key may be used for, written `product.verb`.
public struct Scope: RawRepresentable, Sendable, Hashable, Codable, ExpressibleByStringLiteral {
    /// The scope's name.
    public let rawValue: String

    /// Names a scope.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Names a scope.
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}
