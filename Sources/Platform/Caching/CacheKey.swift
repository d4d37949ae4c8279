public import Base

/// Under what a value is kept: whose it is, and its name.
///
/// The scope is a part of the key, so that a value of one tenant or viewer is never found by another.
public struct CacheKey<Name: Hashable & Sendable>: Hashable, Sendable {
    /// Whose value it is.
    public let scope: CacheScope
    /// Its name within the scope.
    public let name: Name

    /// Makes a key.
    public init(scope: CacheScope, name: Name) {
        self.scope = scope
        self.name = name
    }
}

/// Who shares a cached value.
public enum CacheScope: Hashable, Sendable {
    /// Everybody, whatever the tenant.
    case platform
    /// Everybody in a tenant.
    case tenant(Tenant)
    /// One viewer of a tenant.
    case viewer(Tenant, Viewer)

    /// The tenant, if there is one.
    public var tenant: Tenant? {
        switch self {
        case .platform: nil
        case .tenant(let tenant), .viewer(let tenant, _): tenant
        }
    }
}

/// The one person, device or key that a private value was made for.
public struct Viewer: Hashable, Sendable {
    private enum Identity: Hashable, Sendable {
        case id(high: UInt64, low: UInt64)
        case name(String)
    }

    private let identity: Identity

    /// The viewer with this id.
    public init<Entity>(_ id: ID<Entity>) { identity = .id(high: id.high, low: id.low) }

    /// The viewer known by this name, such as a device key.
    public init(named name: String) { identity = .name(name) }
}
