/// Whose data a piece of work may touch.
///
/// No product can open a transaction, read a cache or take from a limit without naming one.
public struct Tenant: Sendable, Hashable, Codable {
    /// The tenant's id, the first column of every tenant table.
    public let id: ID<Tenant>

    /// Names a tenant that is known to exist, as found in a session, a key or the directory.
    public init(_ id: ID<Tenant>) { self.id = id }
}
