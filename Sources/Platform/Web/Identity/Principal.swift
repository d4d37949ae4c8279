public import Base

/// Who a request comes from, as its session, API key or device key proves; known without a statement.
public struct Principal: Sendable, Hashable {
    /// Whose data the request may touch.
    public let tenant: Tenant
    /// The person with a session.
    public let person: ID<Person>?
    /// The browser's device key in this tenant.
    public let device: ID<Device>?
    /// The person's role in this tenant; `nil` without a session.
    public let role: Role?
    /// The person's session epoch, as the session carries it; zero without one.
    public let sessionVersion: Int
    /// What the API key may be used for; empty without one.
    public let scopes: Set<Scope>

    /// Describes who a request comes from.
    public init(
        tenant: Tenant, person: ID<Person>? = nil, device: ID<Device>? = nil, role: Role? = nil,
        sessionVersion: Int = 0, scopes: Set<Scope> = []
    ) {
        self.tenant = tenant
        self.person = person
        self.device = device
        self.role = role
        self.sessionVersion = sessionVersion
        self.scopes = scopes
    }

    /// Whether the person has at least the role.
    public func has(_ role: Role) -> Bool { self.role.map { $0 >= role } ?? false }
}

/// Who votes: a person, or else a browser by its device key, never an address.
public enum Voter: Sendable, Hashable {
    /// A person with a session.
    case person(ID<Person>)
    /// A browser without one.
    case device(ID<Device>)

    /// The number of either, for tables that keep both in one column with a kind beside it.
    public var id: ID<Voter> {
        switch self {
        case .person(let id): id.cast(to: ID<Voter>.self)
        case .device(let id): id.cast(to: ID<Voter>.self)
        }
    }
}
