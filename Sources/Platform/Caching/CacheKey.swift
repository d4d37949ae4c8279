public import Base
import Coordination

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

    /// The viewer as a shared store knows it; its length stands before it, so that no name runs into what follows.
    var sharedName: String {
        switch identity {
        case .id(let high, let low): "i\(ID<Viewer>(high: high, low: low))"
        case .name(let name): "n\(name.utf8.count).\(name)"
        }
    }
}

extension CacheScope {
    /// The key under which a value of this scope is shared; `nil` when it is longer than a shared store allows.
    func sharedName(cache: String, version: Int, key: String) -> String? {
        let whose =
            switch self {
            case .platform: "p"
            case .tenant(let tenant): "t\(tenant.id)"
            case .viewer(let tenant, let viewer): "v\(tenant.id):\(viewer.sharedName)"
            }
        let name = "c:\(cache):\(version):\(whose):\(key)"
        return name.utf8.count <= CoordinationBounds.nameBytesMax ? name : nil
    }
}

/// Names of tags in a shared store.
enum SharedNames {
    /// What a value with these tags is fenced by: its tenant's tag, that of all tenants, and that of everything.
    static func tags(_ tags: [String], of tenant: Tenant?) -> [String] {
        var names = [SharedStore.everything]
        for tag in tags {
            names.append(name(tag, of: nil))
            if let tenant { names.append(name(tag, of: tenant)) }
        }
        return names
    }

    /// A tag of a tenant, or with `nil` of all.
    static func name(_ tag: String, of tenant: Tenant?) -> String {
        let whose = tenant.map { "t\($0.id)" } ?? "*"
        guard tag.utf8.count > 400 else { return "\(whose):\(tag)" }
        // Two long tags of one beginning share a name: a needless reload, never an old value.
        return "\(whose):\(String(decoding: tag.utf8.prefix(400), as: UTF8.self).prefix(390))"
    }
}
