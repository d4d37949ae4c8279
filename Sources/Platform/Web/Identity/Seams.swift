public import Base

/// Which tenant a request belongs to; answered from memory for every request.
public protocol TenantResolver: Sendable {
    /// The tenant that is served at `host` (lower case, without port); `nil` when none is.
    func tenant(host: String) -> Tenant?
}

/// Every host belongs to one tenant: an installation for one team.
public struct SingleTenant: TenantResolver {
    private let tenant: Tenant

    /// Serves `tenant` at every host.
    public init(_ tenant: Tenant) { self.tenant = tenant }

    /// The one tenant.
    public func tenant(host: String) -> Tenant? { tenant }
}

/// Whether sessions are still good; answered from memory for every request with a session.
public protocol SessionRevocation: Sendable {
    /// Whether `version` is the person's current session epoch, as far as this node knows (within seconds).
    func isCurrent(_ person: ID<Person>, version: Int, in tenant: Tenant) -> Bool
}

/// Sessions end only by expiry.
public struct NoRevocation: SessionRevocation {
    /// Makes the value.
    public init() {}

    /// Always.
    public func isCurrent(_ person: ID<Person>, version: Int, in tenant: Tenant) -> Bool { true }
}

/// What an API key stands for.
public struct KeyGrant: Sendable, Hashable {
    /// Whose data the key opens.
    public let tenant: Tenant
    /// What it may be used for.
    public let scopes: Set<Scope>
    /// What limits count it by.
    public let name: String

    /// Describes a key.
    public init(tenant: Tenant, scopes: Set<Scope>, name: String) {
        self.tenant = tenant
        self.scopes = scopes
        self.name = name
    }
}

/// Which API keys there are.
public protocol APIKeyVerifier: Sendable {
    /// What the key stands for; `nil` when it is unknown, expired or revoked.
    func grant(for key: Secret<String>) async throws -> KeyGrant?
}

/// No API keys.
public struct NoAPIKeys: APIKeyVerifier {
    /// Makes the value.
    public init() {}

    /// Never.
    public func grant(for key: Secret<String>) async throws -> KeyGrant? { nil }
}
