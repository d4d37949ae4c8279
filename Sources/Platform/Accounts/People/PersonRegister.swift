public import Base
public import Storage
public import Web

/// What is written of a person at this moment, for deeds so sensitive that the session is not believed alone: uploads,
/// moderation, the end of an account.
public struct PersonRegister: Sendable {
    private let people: PeopleStore

    /// Opens the register.
    public init(storage: Storage) { people = PeopleStore(storage: storage) }

    /// What is written of a person in a tenant; `nil` for who has no place there.
    ///
    /// One statement.
    public func standing(of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> PersonStanding? {
        guard let found = try await people.credentials(of: person, in: tenant), let role = found.roleInForce else {
            return nil
        }
        return PersonStanding(
            name: found.profile.name, role: role, isBanned: found.profile.bannedAt != nil || found.isBannedHere,
            isVerified: found.profile.verifiedAt != nil)
    }

    /// Those who have a place in a tenant and are not banned from it, by name.
    ///
    /// One statement; callers keep what it gives for a while.
    ///
    /// - Parameters:
    ///   - tenant: Where.
    ///   - limit: How many at most, 1 to 5,000.
    /// - Returns: Their places in the tenant.
    /// - Throws: A `StorageError`.
    public func members(of tenant: Tenant, limit: Int) async throws(StorageError) -> [Membership] {
        try await people.members(of: tenant, limit: limit)
    }
}

/// What is written of a person in a tenant.
public struct PersonStanding: Sendable, Hashable {
    /// The name that others see.
    public let name: String
    /// What the person may do.
    public let role: Role
    /// Whether the person is banned, from the tenant or from the installation.
    public let isBanned: Bool
    /// Whether the person's address was shown to be theirs.
    public let isVerified: Bool

    /// Puts the facts together.
    public init(name: String, role: Role, isBanned: Bool, isVerified: Bool) {
        self.name = name
        self.role = role
        self.isBanned = isBanned
        self.isVerified = isVerified
    }
}
