public import Base
public import Storage

/// The names of people, for products that show them.
public struct PersonNames: Sendable {
    private let storage: Storage

    /// Reads names from where people are.
    public init(storage: Storage) { self.storage = storage }

    /// The name of a person who has a place in the tenant or runs the installation; `nil` for others.
    ///
    /// One statement; callers keep what it gives for a while.
    public func name(of person: ID<Person>, in tenant: Tenant) async throws -> String? {
        try await storage.reader(bypassingTenant: AccountsSchema.peopleCapability).first(
            Name.self, "accounts.nameOf",
            """
            SELECT p.name FROM people p
            LEFT JOIN memberships m ON m.tenant_id = \(tenant) AND m.person_id = p.id
            WHERE p.id = \(person) AND p.banned_at IS NULL AND (p.is_operator OR m.person_id IS NOT NULL)
            """)?.text
    }

    private struct Name: RowDecodable {
        let text: String

        init(row: SQLRow) throws(StorageError) { text = try row.value(at: 0) }
    }
}
