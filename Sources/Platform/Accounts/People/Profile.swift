public import Base
public import Storage
public import Web

/// What is known about a person, in the whole installation.
public struct Profile: Sendable, Hashable {
    /// The person.
    public let id: ID<Person>
    /// The address by which the person signs in.
    public let email: EmailAddress
    /// The name that others see.
    public let name: String
    /// Whether the person runs the installation.
    public let isOperator: Bool
    /// When the address was shown to be the person's; `nil` until then.
    public let verifiedAt: Timestamp?
    /// When the person was banned from the installation; `nil` for the others.
    public let bannedAt: Timestamp?
    /// When the person signed up.
    public let createdAt: Timestamp
}

extension Profile: RowDecodable {
    static let columns: SQL = "p.id, p.email, p.name, p.is_operator, p.verified_at, p.banned_at, p.created_at"

    /// Reads the row of `people`.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value("id")
        let text = try row.value("email", as: String.self)
        guard let address = EmailAddress(text) else {
            throw StorageError(.rowMismatch, "the column email of people holds what is no address")
        }
        email = address
        name = try row.value("name")
        isOperator = try row.value("is_operator")
        verifiedAt = try row.optional("verified_at")
        bannedAt = try row.optional("banned_at")
        createdAt = try row.value("created_at")
    }
}

/// A person's place in a tenant.
public struct Membership: Sendable, Hashable {
    /// The person.
    public let person: ID<Person>
    /// What the person may do.
    public let role: Role
    /// Whether the tenant is the person's: owners cannot be banned or lose their role.
    public let isOwner: Bool
    /// When the person was banned from the tenant; `nil` for the others.
    public let bannedAt: Timestamp?
    /// When the person joined.
    public let joinedAt: Timestamp
    /// The name that others see.
    public let name: String
}

extension Membership: RowDecodable {
    /// Reads the row of `memberships` with the person's name.
    public init(row: SQLRow) throws(StorageError) {
        person = try row.value("person_id")
        role = try Role(column: row.value("role"))
        isOwner = try row.value("is_owner")
        bannedAt = try row.optional("banned_at")
        joinedAt = try row.value("joined_at")
        name = try row.value("name")
    }
}

extension Role {
    init(column text: String) throws(StorageError) {
        guard let role = Role(rawValue: text) else {
            throw StorageError(.rowMismatch, "the column role holds a word that is no role")
        }
        self = role
    }
}

/// What signing in has to know, read in one statement.
struct Credentials: RowDecodable {
    let profile: Profile
    let password: String
    let role: Role?
    let isBannedHere: Bool
    let version: Int

    init(row: SQLRow) throws(StorageError) {
        profile = try Profile(row: row)
        password = try row.value("password")
        let text = try row.optional("role", as: String.self)
        if let text { role = try Role(column: text) } else { role = nil }
        isBannedHere = try row.optional("banned_here", as: Timestamp.self) != nil
        version = try row.value("version")
    }

    /// The role in force: who runs the installation does so in every tenant.
    var roleInForce: Role? { profile.isOperator ? .operator : role }
}
