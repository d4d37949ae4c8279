import Accounts
public import Base
import Storage
public import Web

/// Where products put their demo: the tenants that they share, and people to look at it.
public struct DemoStage: Sendable {
    /// The tenant that is served where no other is.
    public let home: Tenant
    private let directory: TenantDirectory
    private let doorkeeper: Doorkeeper
    private let password: Secret<String>?

    init(home: Tenant, accounts: HostedAccounts, password: Secret<String>?) {
        self.home = home
        self.password = password
        directory = accounts.directory
        doorkeeper = accounts.doorkeeper
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

    /// Who is at home in a tenant already: those who run it, then those who look after it, then the others.
    ///
    /// - Parameters:
    ///   - tenant: which.
    ///   - limit: how many at most, 1 to 50.
    /// - Returns: the people; within a role who joined last first, as the installation's operator is a tenant's first.
    /// - Throws: errors of storage.
    public func people(in tenant: Tenant, limit: Int) async throws -> [ID<Person>] {
        let members = try await doorkeeper.members(of: tenant, limit: 50).items
        let order: [Role] = [.administrator, .moderator, .operator, .member]
        let sorted = order.flatMap { role in members.reversed().filter { $0.role == role && $0.bannedAt == nil } }
        return sorted.prefix(limit).map(\.person)
    }

    /// Gives a person an account with the demo's password, where nobody else can reach the server.
    ///
    /// - Parameters:
    ///   - email: the address.
    ///   - name: the name that others see.
    ///   - role: what the person may do.
    ///   - tenant: where.
    /// - Returns: the person; `nil` when others could reach the server, or somebody has the address.
    /// - Throws: errors of Accounts and of storage.
    public func appoint(
        _ email: String, named name: String, as role: Role, in tenant: Tenant
    ) async throws -> ID<Person>? {
        guard let password else { return nil }
        return try await doorkeeper.appoint(email: email, password: password, name: name, in: tenant, as: role)?.id
    }
}
