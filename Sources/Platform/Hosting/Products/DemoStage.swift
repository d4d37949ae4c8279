import Accounts
public import Base

/// Where products put their demo: the tenants that they share.
public struct DemoStage: Sendable {
    /// The tenant that is served where no other is.
    public let home: Tenant
    private let directory: TenantDirectory

    init(home: Tenant, accounts: HostedAccounts) {
        self.home = home
        directory = accounts.directory
    }

    /// The tenant of a short name, made when it is not there yet.
    ///
    /// - Parameters:
    ///   - slug: the short name, which is also the host: `night-school.localhost`.
    ///   - name: the name for people.
    /// - Returns: the tenant.
    /// - Throws: errors of Accounts and of storage.
    public func tenant(slug: String, named name: String) async throws -> Tenant {
        if let tenant = directory.tenant(slug: slug) { return tenant }
        return try await directory.create(slug: slug, name: name, joining: .open).tenant
    }
}
