public import Base

/// For whom a limit counts: a tenant, or somebody or something within one.
public struct LimitKey: Hashable, Sendable {
    private enum Subject: Hashable, Sendable {
        case all
        case id(high: UInt64, low: UInt64)
        case name(String)
    }

    /// The tenant; `nil` for what is counted before the tenant is known.
    public let tenant: Tenant?
    private let subject: Subject

    private init(tenant: Tenant?, subject: Subject) {
        self.tenant = tenant
        self.subject = subject
    }

    /// The whole tenant.
    public init(_ tenant: Tenant) { self.init(tenant: tenant, subject: .all) }

    /// The person, voter, key or thing with this id.
    public init<Entity>(_ tenant: Tenant, _ id: ID<Entity>) {
        self.init(tenant: tenant, subject: .id(high: id.high, low: id.low))
    }

    /// Whoever is known by this name, such as a device key.
    public init(_ tenant: Tenant, named name: String) { self.init(tenant: tenant, subject: .name(name)) }

    /// What is counted across tenants, such as an address.
    public static func bypassingTenant(named name: String) -> LimitKey {
        LimitKey(tenant: nil, subject: .name(name))
    }

    /// The key as a row names it, within its tenant: empty for the tenant itself.
    var storedName: String {
        switch subject {
        case .all: ""
        case .id(let high, let low): "id:\(ID<LimitKey>(high: high, low: low))"
        case .name(let name): "name:\(name)"
        }
    }
}
