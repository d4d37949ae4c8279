public import Base
public import Storage

/// The tenants in which a person has a place, for products that let people choose between them.
public struct PersonCompanies: Sendable {
    /// A tenant in which a person has a place.
    public struct Company: Sendable, Hashable {
        /// The tenant.
        public let tenant: Tenant
        /// Its short name, the first label of its host under the installation's domain.
        public let slug: String
        /// A host of its own; `nil` for none.
        public let host: String?
        /// Its name for people.
        public let name: String

        /// Describes a tenant in which a person has a place.
        public init(tenant: Tenant, slug: String, host: String?, name: String) {
            self.tenant = tenant
            self.slug = slug
            self.host = host
            self.name = name
        }
    }

    enum Bounds {
        /// Tenants of one person that are told.
        static let companies = 50
    }

    private let storage: Storage

    /// Reads from where people are.
    public init(storage: Storage) { self.storage = storage }

    /// The active tenants of a person by name, at most 50; those that have banned them are left out.
    ///
    /// One statement; callers keep what it gives for a while.
    public func companies(of person: ID<Person>) async throws -> [Company] {
        try await storage.reader(bypassingTenant: AccountsSchema.peopleCapability).list(
            Row.self, "accounts.companiesOf",
            """
            SELECT t.id, t.slug, t.host, t.name FROM memberships m JOIN tenants t ON t.id = m.tenant_id
            WHERE m.person_id = \(person) AND m.banned_at IS NULL AND t.state = 'active' ORDER BY t.name, t.id
            """, limit: Bounds.companies
        ).map(\.company)
    }

    private struct Row: RowDecodable {
        let company: Company

        init(row: SQLRow) throws(StorageError) {
            company = Company(
                tenant: try Tenant(row.value(at: 0)), slug: try row.value(at: 1), host: try row.optional(at: 2),
                name: try row.value(at: 3))
        }
    }
}
